package localengine

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// webPage waits for a page that is as it should be.
func webPageThat(t *testing.T, e face.Engine, id, what string, is func(face.WebPage) bool) face.WebPage {
	t.Helper()
	var last []face.WebPage
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		list, err := e.WebPages(deadline(t))
		check(t, err)
		for _, p := range list {
			if p.ID == id && is(p) {
				return p
			}
		}
		last = list
	}
	t.Fatalf("%s: %+v", what, last)
	return face.WebPage{}
}

func fetchPage(t *testing.T, url string) (status int, body string) {
	t.Helper()
	_, rest, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:"+rest, nil)
	check(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	check(t, err)
	return response.StatusCode, string(got)
}

func TestAShareGoesToABrowserUntilItsPageIsClosed(t *testing.T) {
	e := newHouse(t)
	file := filepath.Join(t.TempDir(), "song.flac")
	check(t, os.WriteFile(file, []byte("la la"), 0o644))
	id, err := e.OfferWeb(deadline(t), face.WebOffer{Items: []face.ShareItem{{Path: file}}})
	check(t, err)
	page := webPageThat(t, e, id, "it opens", func(p face.WebPage) bool { return p.State == face.WebOpen })
	if page.Name != "song.flac" || page.Size != 5 || page.Files != 1 {
		t.Errorf("%+v", page)
	}
	if again, err := e.OfferWeb(deadline(t), face.WebOffer{Items: []face.ShareItem{{Path: file}}}); again != id || err != nil {
		t.Errorf("the same again is page %q: %v", again, err)
	}
	shares, err := e.Shares(deadline(t))
	check(t, err)
	if len(shares) != 1 || shares[0].Visible != face.VisiblePeople || shares[0].To != "" {
		t.Errorf("it is shared with others: %+v", shares)
	}
	check(t, e.SetWebTerms(deadline(t), id, face.WebTerms{Count: 1}))
	if status, body := fetchPage(t, page.URL+"download"); status != 200 || body != "la la" {
		t.Errorf("%d %s", status, body)
	}
	page = webPageThat(t, e, id, "it is counted out", func(p face.WebPage) bool { return p.State == face.WebCounted })
	if status, _ := fetchPage(t, page.URL); status != http.StatusGone || page.Downloads != 1 {
		t.Errorf("%d %+v", status, page)
	}
	check(t, e.CloseWeb(deadline(t), []string{id, "99"}))
	if status, _ := fetchPage(t, page.URL); status != 0 {
		t.Errorf("a closed page answers %d", status)
	}
	if shares, err = e.Shares(deadline(t)); err != nil || len(shares) != 0 {
		t.Errorf("what was shared for the page is left: %+v %v", shares, err)
	}
	refused(t, e.SetWebTerms(deadline(t), id, face.WebTerms{}), netproto.CodeNotFound)
}

func TestWhatABrowserGetsIsCountedForItsShares(t *testing.T) {
	e := newHouse(t)
	dir := t.TempDir()
	var request face.ShareRequest
	for name, text := range map[string]string{"a.txt": "12345", "b.txt": "1234567"} {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(text), 0o644))
		request.Items = append(request.Items, face.ShareItem{Path: path})
	}
	check(t, e.Share(deadline(t), request))
	shares, err := e.Shares(deadline(t))
	check(t, err)
	first, second := filepath.Base(request.Items[0].Path), filepath.Base(request.Items[1].Path)
	size := map[string]int64{"a.txt": 5, "b.txt": 7}
	id, err := e.OfferWeb(deadline(t), face.WebOffer{Shares: []string{shares[0].ID, shares[1].ID}})
	check(t, err)
	page := webPageThat(t, e, id, "it opens", func(p face.WebPage) bool { return p.State == face.WebOpen })
	get := func(path string, fetched int, sent map[string]int64) {
		t.Helper()
		if status, _ := fetchPage(t, page.URL+path); status != http.StatusOK {
			t.Fatalf("%s answers %d", path, status)
		}
		webPageThat(t, e, id, "the answer is over", func(p face.WebPage) bool { return p.Running == 0 })
		shares, err := e.Shares(deadline(t))
		check(t, err)
		for _, s := range shares {
			if s.Fetched != fetched || s.Sent != sent[s.Name] {
				t.Errorf("after %q %s was downloaded %d times, %d bytes", path, s.Name, s.Fetched, s.Sent)
			}
		}
	}
	get("", 0, nil)
	get("file/1", 0, map[string]int64{second: size[second]})
	get("download", 1, map[string]int64{first: size[first], second: 2 * size[second]})
}

func TestAPageTellsWhyItFailed(t *testing.T) {
	e := newHouse(t)
	_, err := e.OfferWeb(deadline(t), face.WebOffer{Items: []face.ShareItem{{Path: filepath.Join(t.TempDir(), "none")}}})
	refused(t, err, netproto.CodeFileUnreadable)
	_, err = e.OfferWeb(deadline(t), face.WebOffer{})
	refused(t, err, netproto.CodeInvalid)
	_, err = e.OfferWeb(deadline(t), face.WebOffer{Shares: []string{"99"}})
	refused(t, err, netproto.CodeNotFound)
	id, err := e.OfferWeb(deadline(t), face.WebOffer{Items: []face.ShareItem{{Path: t.TempDir()}}})
	check(t, err)
	if page := webPageThat(t, e, id, "an empty folder fails", func(p face.WebPage) bool { return p.State == face.WebFailed }); page.Failure.Code != netproto.CodeInvalid {
		t.Errorf("%+v", page)
	}
}

func TestAnInboxOpensAndCloses(t *testing.T) {
	e := newHouse(t)
	folder := filepath.Join(t.TempDir(), "from the phone")
	id, err := e.ReceiveWeb(deadline(t), folder)
	check(t, err)
	page := webPageThat(t, e, id, "it opens", func(p face.WebPage) bool { return p.State == face.WebOpen })
	if !page.Inbox || len(page.PIN) != 6 || page.Folder != folder {
		t.Errorf("%+v", page)
	}
	if status, body := fetchPage(t, page.URL); status != 200 || !strings.Contains(body, "Type the PIN") {
		t.Errorf("%d %s", status, body)
	}
	check(t, e.CloseWeb(deadline(t), []string{id}))
	if status, _ := fetchPage(t, page.URL); status != 0 {
		t.Errorf("a closed page answers %d", status)
	}
}
