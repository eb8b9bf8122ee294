package trackerclient

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/nametest"
)

// quote makes a JSON string of any bytes, those that are no UTF-8 included.
func quote(text string) string {
	var b bytes.Buffer
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"', c == '\\', c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

func TestATrackerAnswersWithHostileNames(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	table := nametest.Names()
	for _, n := range table {
		ask := func(status int, media, body string) *Client {
			c, err := New(id, "192.0.2.7:5000", netproto.Fingerprint{1}, anyTracker{})
			if err != nil {
				t.Fatal(err)
			}
			c.main.http.SetTransport(sameAnswer{status, media, []byte(body)})
			return c
		}
		hash, name := netproto.ContentHash{7}, quote(n.Text)
		hit := fmt.Sprintf(`{"hash":%q,"name":%s,"size":3,"sources":1}`, hash, name)
		found, err := ask(200, "application/json", fmt.Sprintf(`{"items":[%s],"suggestions":[%s]}`, hit, name)).Search(t.Context(), netproto.SearchRequest{Words: "x"})
		checkShown(t, err)
		if n.Accept != (len(found.Items) == 1 && found.Items[0].Name == n.Text && len(found.Suggestions) == 1) {
			// Bytes that are no UTF-8 have become U+FFFD, which is a name like another.
			if n.Accept || len(found.Items) == 1 && netproto.CheckName(found.Items[0].Name) != nil {
				t.Errorf("%.100q comes out as %+v", n.Text, found)
			}
		}
		if r, err := ask(200, "application/json", hit[:len(hit)-1]+fmt.Sprintf(`,"names":[%s]}`, name)).Resource(t.Context(), hash); err == nil {
			if netproto.CheckName(r.Name) != nil || len(r.Names) != 1 || netproto.CheckName(r.Names[0]) != nil {
				t.Errorf("%.100q comes out as %+v", n.Text, r)
			}
		} else {
			checkShown(t, err)
		}
		sources, err := ask(200, "application/json", fmt.Sprintf(`{"sources":[{"name":%s,"addresses":[%s]}]}`, name, name)).Sources(t.Context(), hash)
		for _, s := range sources {
			nametest.Shown(t, "the name of a source", s.Name)
		}
		if err == nil && (len(sources) != 1 || len(sources[0].Addresses) != 0 || len(sources[0].Name) > netproto.MaxPeerName) || err != nil && len(n.Text) < 4<<10 {
			t.Errorf("%.100q: %+v, %v", n.Text, sources, err)
		}
		info, err := ask(200, "application/json", fmt.Sprintf(`{"name":%s,"version":%s}`, name, name)).Info(t.Context())
		checkShown(t, err)
		nametest.Shown(t, "the name of a tracker", info.Name+info.Version)
		_, err = ask(403, netproto.MediaTypeProblem, fmt.Sprintf(`{"code":%s,"detail":%s}`, name, name)).Stats(t.Context())
		if err == nil {
			t.Errorf("%.100q is no error", n.Text)
		}
		checkShown(t, err)
		raw, _ := json.Marshal(fmt.Sprintf(`{"resource_name":%s,"resource_path":%s}`, name, name))
		_, _, err = NewSeedOver("http://192.0.2.7:5000", sameAnswer{200, "application/json", fmt.Appendf(nil, `{"success":true,"data":%s}`, raw)}).Find(t.Context(), "x")
		checkShown(t, err)
		row := fmt.Sprintf(`[{"resource_name":%s,"resource_path":%s,"peer_ip":%s,"resource_hash":%s}]`, name, name, name, name)
		raw, _ = json.Marshal(row)
		rows, err := NewSeedOver("http://192.0.2.7:5000", sameAnswer{200, "application/json", fmt.Appendf(nil, `{"success":true,"data":%s}`, raw)}).List(t.Context())
		checkShown(t, err)
		if len(rows) > 0 && len(n.Text) > netproto.SeedMaxRequest {
			t.Errorf("a row of %d bytes is believed", len(row))
		}
		_, err = NewSeedOver("http://192.0.2.7:5000", sameAnswer{422, "application/json", fmt.Appendf(nil, `{"success":false,"data":%s}`, name)}).List(t.Context())
		checkShown(t, err)
	}
	nametest.Tried(t, 8*len(table), "the answers of a tracker")
}

func checkShown(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		nametest.Shown(t, "an error", err.Error())
		if len(err.Error()) > 8<<10 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	}
}
