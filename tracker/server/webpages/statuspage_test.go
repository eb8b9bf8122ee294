package webpages_test

import (
	"context"
	"html"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// hostile answers every search with names that no store would take.
type hostile struct{ nothing }

var hostileNames = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "</td></table><h1>owned", "{{.Fingerprint}}", "x\u202e"}

func (hostile) Search(_ context.Context, _ origin.Caller, q store.Query) (page netproto.SearchResponse, err error) {
	if q.Text != "" {
		return netproto.SearchResponse{Suggestions: hostileNames}, nil
	}
	for _, name := range hostileNames {
		page.Items = append(page.Items, netproto.Hit{Name: name, Size: -1, Sources: 1})
	}
	return page, nil
}

func TestAHostileHitDoesNothingOnThePage(t *testing.T) {
	p := empty()
	p.Name, p.Searches = `<b onclick="x">`, hostile{}
	body := show(t, p).get(nil, "/?q=x").body
	for _, raw := range []string{"<script>", "<img", "<h1>owned", "<b onclick", "\u202e", "ZgotmplZ"} {
		if strings.Contains(body, raw) {
			t.Errorf("%q came through", raw)
		}
	}
	for _, name := range hostileNames {
		if n := strings.Count(html.UnescapeString(body), netproto.Printable(name)); n < 2 {
			t.Errorf("%q is shown %d times, want it as a hit and as a suggestion", name, n)
		}
	}
}

func TestAPageForMembersListsNothing(t *testing.T) {
	p := empty()
	p.Private, p.Searches = true, hostile{}
	if body := show(t, p).get(nil, "/?q=x").body; strings.Contains(body, "alert") || !strings.Contains(body, "This tracker is private.") {
		t.Error(body)
	}
}
