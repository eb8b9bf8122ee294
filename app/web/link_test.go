package web

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

func TestAFileIsDownloadedAndGoesOnAfterABreak(t *testing.T) {
	s := newShelf(t)
	content := randomBytes(3*step + 77)
	s.put(t, "holiday & 'rain'.mkv", content)
	link, at := linkTo(t, s, "holiday & 'rain'.mkv", Terms{})
	page := get(t, at)
	if !strings.Contains(string(page.body), "<bdi>holiday &amp; &#39;rain&#39;.mkv</bdi>") || !strings.Contains(string(page.body), hashOf(content).String()) {
		t.Errorf("%s", page.body)
	}
	whole := get(t, at+"download")
	if !bytes.Equal(whole.body, content) || whole.status != 200 {
		t.Fatalf("%d, %d bytes", whole.status, len(whole.body))
	}
	tag := whole.header.Get("ETag")
	if rest := get(t, at+"download", "Range", "bytes=700000-", "If-Range", tag); rest.status != 206 || !bytes.Equal(rest.body, content[700000:]) {
		t.Errorf("%d, %d bytes", rest.status, len(rest.body))
	}
	for _, headers := range [][]string{{"Range", "bytes=5-", "If-Range", `"another"`}, {"Range", "bytes=0-1,5-9"}, {"Range", "lines=1-2"}} {
		if again := get(t, at+"download", headers...); again.status == 206 || again.status == 200 && !bytes.Equal(again.body, content) {
			t.Errorf("%q: %d, %d bytes", headers, again.status, len(again.body))
		}
	}
	if got := get(t, at+"download", "Range", "bytes=99999999-"); got.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %d", got.status)
	}
	if head := ask(t, "HEAD", at+"download", nil); head.header.Get("Content-Length") != fmt.Sprint(len(content)) {
		t.Errorf("%v", head.header)
	}
	for _, bad := range []string{"file/1", "file/-1", "file/x", "file/", "file/0/1", "..%2f", "nowhere"} {
		if got := get(t, at+bad); got.status != 404 {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	if status := link.Status(); status.Running != 0 || status.Sent < int64(len(content)) {
		t.Errorf("%+v", status)
	}
}

func TestWhatCountsIsAWholeDownload(t *testing.T) {
	s := newShelf(t)
	content := randomBytes(10_000)
	s.put(t, "a.bin", content)
	link, at := linkTo(t, s, "a.bin", Terms{Count: 3})
	downloads := func(want int) {
		t.Helper()
		// The answer is there before it is counted.
		for until := time.Now().Add(time.Minute); link.Status().Running > 0 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		if got := link.Status().Downloads; got != want {
			t.Errorf("%d downloads, not %d", got, want)
		}
	}
	get(t, at)
	ask(t, "HEAD", at+"download", nil)
	downloads(0)
	get(t, at+"download", "Range", "bytes=0-5000")
	get(t, at+"download", "Range", "bytes=0-5000")
	downloads(0)
	get(t, at+"download", "Range", "bytes=5001-")
	downloads(1)
	get(t, at+"download", "Range", "bytes=0-8000") // given up
	get(t, at+"download")
	downloads(2)
	if link.Status().State != LinkOpen {
		t.Error("it ended early")
	}
	if last := get(t, at+"download"); !bytes.Equal(last.body, content) {
		t.Error("the last download was cut")
	}
	downloads(3)
	if gave, all := s.book.bytes.Load(), s.book.all.Load(); gave != 2*5001+4999+8001+2*10_000 || all != 3 {
		t.Errorf("the account says %d bytes and %d downloads", gave, all)
	}
	if got := get(t, at+"download"); got.status != http.StatusGone || link.Status().State != LinkCounted {
		t.Errorf("%d %s", got.status, link.Status().State)
	}
	if got := get(t, at); got.status != http.StatusGone || !strings.Contains(string(got.body), "This link has ended") {
		t.Errorf("%d %s", got.status, got.body)
	}
	link.SetTerms(Terms{})
	if link.Status().State != LinkCounted {
		t.Error("an ended link came back")
	}
}

// The end of a link breaks off what runs, but not the download that ends it, though all
// of a small one is still in the server's buffer then.
func TestTheLastDownloadIsWholeHoweverSmall(t *testing.T) {
	s := newShelf(t)
	s.put(t, "a.txt", []byte("la la"))
	for range 50 {
		_, at := linkTo(t, s, "a.txt", Terms{Count: 1})
		if got := get(t, at+"download"); got.status != http.StatusOK || string(got.body) != "la la" {
			t.Fatalf("%d %q", got.status, got.body)
		}
	}
}

func TestALinkEndsInTime(t *testing.T) {
	s := newShelf(t)
	s.put(t, "a.bin", randomBytes(64<<20)) // more than sockets hold
	link, at := linkTo(t, s, "a.bin", Terms{})
	conn, err := net.Dial("tcp", strings.Split(at, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /%s/download HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", strings.Split(at, "/")[3])
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	link.SetTerms(Terms{Expires: time.Now().Add(50 * time.Millisecond)})
	select {
	case <-link.Over():
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, _ := io.Copy(io.Discard, conn); n >= 64<<20 {
		t.Error("a download that ran goes on")
	}
	if got := get(t, at); got.status != http.StatusGone || link.Status().State != LinkExpired {
		t.Errorf("%d %s", got.status, link.Status().State)
	}
}

func TestAChangedFileIsNeverServedMixed(t *testing.T) {
	s := newShelf(t)
	f := s.put(t, "a.bin", randomBytes(1000))
	_, at := linkTo(t, s, "a.bin", Terms{})
	delete(s.paths, f.Hash)
	if got := get(t, at+"download"); got.status != http.StatusGone || !strings.Contains(string(got.body), "Ask for a new link") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// picnic is a folder with what ZIPs get wrong.
func picnic(t *testing.T) (*shelf, map[string][]byte) {
	s, want := newShelf(t), map[string][]byte{}
	for path, size := range map[string]int{"Picnic/empty.txt": 0, "Picnic/Ærø – sommer.flac": 100_000, "Picnic/deep/er/one": 1, "Picnic/large.bin": 2*step + 1} {
		want[path] = randomBytes(size)
		s.put(t, path, want[path])
	}
	s.files = append(s.files, File{Path: "Picnic/nothing in it", Dir: true})
	return s, want
}

func TestAFolderIsAZIPThatGoesOnAnywhere(t *testing.T) {
	s, want := picnic(t)
	link, at := linkTo(t, s, "Picnic", Terms{})
	whole := get(t, at+"download")
	opened, err := zip.NewReader(bytes.NewReader(whole.body), int64(len(whole.body)))
	if err != nil {
		t.Fatal(err)
	}
	if len(opened.File) != len(want)+1 {
		t.Errorf("%d files", len(opened.File))
	}
	for _, f := range opened.File {
		if f.FileInfo().IsDir() {
			if f.Name != "Picnic/nothing in it/" {
				t.Errorf("the folder %q", f.Name)
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r) // which checks the checksum
		if err != nil || !bytes.Equal(got, want[f.Name]) {
			t.Errorf("%s: %d bytes, %v", f.Name, len(got), err)
		}
	}
	if link.Status().Downloads != 1 {
		t.Errorf("%d downloads", link.Status().Downloads)
	}
	size := int64(len(whole.body))
	for range 200 {
		// A new archive has read nothing yet.
		a := newArchive(s.files, s, link.archive.made)
		from := rand.Int64N(size)
		z := &zipReader{ctx: t.Context(), archive: a}
		if _, err := z.Seek(from-size, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, min(size-from, 1+rand.Int64N(2000)))
		if _, err := io.ReadFull(z, part); err != nil || !bytes.Equal(part, whole.body[from:from+int64(len(part))]) {
			t.Fatalf("from %d: %v", from, err)
		}
		z.Close()
	}
	tag := whole.header.Get("ETag")
	if rest := get(t, at+"download", "Range", fmt.Sprintf("bytes=%d-", size/2), "If-Range", tag); rest.status != 206 || !bytes.Equal(rest.body, whole.body[size/2:]) {
		t.Errorf("%d, %d bytes", rest.status, len(rest.body))
	}
}

// nowhere has files of any size, full of zeros.
type nowhere struct{}

func (nowhere) OpenContent(netproto.ContentHash) (Reader, error) { return nowhere{}, nil }
func (nowhere) ReadAt(b []byte, _ int64) (int, error)            { clear(b); return len(b), nil }
func (nowhere) Close() error                                     { return nil }

func TestALargeZIPIsZIP64(t *testing.T) {
	huge := []File{{Path: "a/first", Size: math.MaxUint32}, {Path: "a/second", Size: 7 << 32}, {Path: "a/third", Size: 5}}
	var many []File
	for i := range math.MaxUint16 + 2 {
		many = append(many, File{Path: fmt.Sprint("f", i)})
	}
	for _, files := range [][]File{huge, many} {
		a := newArchive(files, nowhere{}, time.Now())
		for i := range files {
			a.learn(i, uint32(i))
		}
		z := &zipAt{a}
		opened, err := zip.NewReader(z, a.size)
		if err != nil {
			t.Fatal(err)
		}
		if len(opened.File) != len(files) {
			t.Fatalf("%d files", len(opened.File))
		}
		for i, f := range opened.File {
			begin, err := f.DataOffset()
			if f.Name != files[i].Path || f.UncompressedSize64 != uint64(files[i].Size) || err != nil || begin != a.starts[i]+int64(len(a.header(i))) {
				t.Fatalf("%s has %d bytes at %d: %v", f.Name, f.UncompressedSize64, begin, err)
			}
		}
	}
}

// zipAt reads an archive at random.
type zipAt struct{ archive *archive }

func (z *zipAt) ReadAt(b []byte, offset int64) (int, error) {
	r := &zipReader{archive: z.archive, at: offset}
	return io.ReadFull(r, b)
}

func TestWhatIsOfferedIsChecked(t *testing.T) {
	t.Parallel()
	for _, files := range [][]File{nil, {{Path: "../up"}}, {{Path: "a", Size: -1}}, {{Path: "a", Size: 1 << 62}, {Path: "b", Size: 1 << 62}}, {{Path: "a", Dir: true, Size: 1}}} {
		if _, err := NewOffering("x", files); err == nil {
			t.Errorf("%v", files)
		}
	}
}

func TestHostileNamesAreSafeInHeadersAndPages(t *testing.T) {
	for _, c := range nametest.Names() {
		name := netproto.SafeName(c.Text)
		header := attachment(name)
		if strings.ContainsFunc(header, func(c rune) bool { return c < 0x20 || c > 0x7e }) {
			t.Errorf("%q", header)
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%q: %v %v", header, params, err)
		}
	}
	nametest.Tried(t, len(nametest.Names()), "headers of the pages for browsers")
	for name, kind := range map[string]string{"a.html": "", "a.svg": "", "a.js": "", "a": "", "a.JPG": "image/jpeg", "a.pdf": "application/pdf"} {
		if kind == "" {
			kind = "application/octet-stream"
		}
		if got := mediaType(name); got != kind {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestVisitorsHaveABound(t *testing.T) {
	t.Parallel()
	l := NewLink(Offering{Name: "a", Files: []File{{Path: "a", Size: 1}}}, "s", Terms{}, nowhere{}, free{}, &book{}, func() {})
	defer l.Close()
	a := netip.MustParseAddr("10.0.0.1")
	for range 3 * mostVisitors {
		l.visitor(a)
		a = a.Next()
	}
	if len(l.visitors) != mostVisitors {
		t.Errorf("%d visitors", len(l.visitors))
	}
}

func FuzzCoverage(f *testing.F) {
	f.Add([]byte{0, 10, 10, 20, 5, 15, 30, 31})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var c coverage
		var there [256]bool
		for i := 0; i+1 < len(raw); i += 2 {
			c.add(span{int64(raw[i]), int64(raw[i+1])})
			for at := int(raw[i]); at < int(raw[i+1]); at++ {
				there[at] = true
			}
		}
		var got [256]bool
		last := int64(-1)
		for _, s := range c.spans {
			if s.from <= last || s.from >= s.to {
				t.Fatalf("%v", c.spans)
			}
			last = s.to
			for at := s.from; at < s.to; at++ {
				got[at] = true
			}
		}
		if got != there {
			t.Fatalf("%v", c.spans)
		}
	})
}

func FuzzAttachment(f *testing.F) {
	f.Add(`a"; filename="b\`)
	f.Add("Ærø – %41\r\nX: 1")
	f.Fuzz(func(t *testing.T, text string) {
		name := netproto.SafeName(text)
		_, params, err := mime.ParseMediaType(attachment(name))
		if err != nil || params["filename"] != name || strings.ContainsAny(attachment(name), "\r\n") {
			t.Fatalf("%q: %q %v", name, params["filename"], err)
		}
	})
}
