package trackerclient

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// sameAnswer is a transport over which every request gets the same answer.
type sameAnswer struct {
	status int
	kind   string // its content type
	body   []byte
}

func (s sameAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: http.StatusText(s.status), StatusCode: s.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {s.kind}}, Body: io.NopCloser(bytes.NewReader(s.body)), ContentLength: int64(len(s.body)),
	}, nil
}

// anyTracker is a trust that knows no tracker and remembers none.
type anyTracker struct{}

func (anyTracker) KnownTracker(string) (netproto.Fingerprint, bool) {
	return netproto.Fingerprint{}, false
}
func (anyTracker) TrackerReached(string, netproto.Fingerprint, string, []int, []string) error {
	return nil
}
func (anyTracker) TrackerPlaces(string) ([]int, []string) { return nil, nil }

// FuzzAnswer has a tracker answer anything to every question: only what other rooms
// may rely on comes through.
func FuzzAnswer(f *testing.F) {
	hash := netproto.ContentHash{7}
	hit := `{"hash":"` + hash.String() + `","name":"a.txt","size":3,"sources":1,"mime":"text/plain"}`
	for _, body := range []string{
		`{"items":[` + hit + `],"next":"x","suggestions":["b.txt","../x"]}`, hit[:len(hit)-1] + `,"names":["a.txt","a\u202e"]}`, `{"sources":[{"name":"\u001b[2J","addresses":["10.0.0.1:1",":7","[::1]:2","x"]}]}`,
		`{"code":"denied","detail":"\u001b[2J"}`, `{"code":"\u001b[2J"}`, `{"items":null}`, `[]`, `{"items":[`, `null`, `{"items":{"a":1}}`, `{"sources":[null]}`, `{"peers_online":-1}`, `{"name":"\ud800"}`,
	} {
		for _, status := range []int{200, 403, 204, 301, 599} {
			f.Add(status, netproto.MediaTypeProblem, []byte(body))
		}
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		c, err := New(id, "192.0.2.7:5000", netproto.Fingerprint{1}, anyTracker{})
		if err != nil {
			t.Fatal(err)
		}
		c.main.http.SetTransport(sameAnswer{status, kind, body})
		c.seen = viewpoint{tracker: netip.MustParseAddr("192.0.2.7"), observed: netip.MustParseAddr("198.51.100.1")}
		known := func(err error) bool {
			if err != nil && netproto.Printable(err.Error()) != err.Error() {
				t.Fatalf("an error that steers a terminal: %q", err)
			}
			return err == nil
		}
		if found, err := c.Search(t.Context(), netproto.SearchRequest{Words: "a", Limit: 5}); known(err) {
			if len(found.Items) > 5 || len(found.Suggestions) > netproto.MaxSuggestions || len(found.Next) > netproto.MaxCursorBytes {
				t.Fatalf("more than was asked for: %+v", found)
			}
			for _, item := range found.Items {
				checkHit(t, item)
			}
		}
		if r, err := c.Resource(t.Context(), hash); known(err) {
			checkHit(t, r.Hit)
			for _, name := range r.Names {
				if err := netproto.CheckName(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if list, err := c.Sources(t.Context(), hash); known(err) {
			for _, s := range list {
				checkSource(t, s)
			}
		}
		if info, err := c.Info(t.Context()); known(err) && (netproto.Printable(info.Name) != info.Name || netproto.Printable(info.Version) != info.Version || len(info.Name) > netproto.MaxPeerName) {
			t.Fatalf("%+v", info)
		}
		_, err = c.Stats(t.Context())
		known(err)
		_, err = c.Heartbeat(t.Context(), netproto.HeartbeatRequest{})
		known(err)
		_, err = c.Announce(t.Context(), netproto.AnnounceRequest{})
		known(err)
		_, err = c.Join(t.Context(), netproto.JoinRequest{})
		known(err)
	})
}

func checkHit(t *testing.T, h netproto.Hit) {
	t.Helper()
	if err := netproto.CheckName(h.Name); err != nil || h.Hash.IsZero() || h.Size < 0 || h.Sources < 0 {
		t.Fatalf("%+v, %v", h, err)
	}
}

func checkSource(t *testing.T, s netproto.Source) {
	t.Helper()
	if netproto.Printable(s.Name) != s.Name || len(s.Name) > netproto.MaxPeerName || len(s.Addresses) > maxAddresses {
		t.Fatalf("%+v", s)
	}
	for _, a := range s.Addresses {
		at, err := netip.ParseAddrPort(a)
		if err != nil || at.Port() == 0 || isLocal(at.Addr()) && !at.Addr().IsPrivate() || at.Addr().IsMulticast() || at.Addr().IsUnspecified() {
			t.Fatalf("%q can be dialled, %v", a, err)
		}
	}
}

// FuzzSeedAnswer has a seed tracker answer anything. Its rows are words of a stranger
// for whoever uses them; here it counts that nothing is believed that was not asked for,
// and that an error can be shown.
func FuzzSeedAnswer(f *testing.F) {
	row := `{"peer_ip":"127.0.0.1","peer_port":3000,"resource_path":"./tests","resource_name":"test.csv","resource_hash":"dea3"}`
	wrapped := func(data string) string {
		text, _ := json.Marshal(data)
		return `{"success":true,"data":` + string(text) + `}`
	}
	for _, body := range []string{wrapped(row), wrapped("[" + row + "]"), wrapped("{}"), `{"success":false,"data":{"x":["y\u001b"]}}`, `{"success":false,"data":"z"}`,
		`{"data":5}`, ``, `{"success":true,"data":"`, wrapped(`{"peer_port":1e99}`), `{"success":true,"data":null}`} {
		for _, status := range []int{200, 400, 422, 500, 302} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		s := NewSeedOver("http://192.0.2.7:5000", sameAnswer{status, "application/json", body})
		shown := func(err error) {
			if err != nil && netproto.Printable(err.Error()) != err.Error() {
				t.Fatalf("an error that steers a terminal: %q", err)
			}
		}
		rows, err := s.List(t.Context())
		shown(err)
		if len(rows) > maxSeedRows {
			t.Fatalf("%d rows", len(rows))
		}
		r, found, err := s.Find(t.Context(), "test.csv")
		shown(err)
		if found && r.ResourceName != "test.csv" {
			t.Fatalf("%+v was not asked for", r)
		}
		shown(s.Register(t.Context(), netproto.SeedRegistration{}))
		shown(s.Heartbeat(t.Context(), "x"))
	})
}
