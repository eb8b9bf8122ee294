package server

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"mime"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

// FuzzRequest sends any method, address and body to every route, with a key and
// without one: the answer is a documented status, and whatever it says in JSON is JSON.
func FuzzRequest(f *testing.F) {
	st, err := boltstore.Open(filepath.Join(f.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { st.Close() })
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	id, err := identity.New(private)
	if err != nil {
		f.Fatal(err)
	}
	s := New(Config{Store: st, Identity: id, Name: "a tracker", Limits: &admission.Limits{}, SeedClients: netproto.SeedOpen})
	plain, secure := s.plainRoutes(), s.secureRoutes()
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{PublicKey: public}}}
	hash := strings.Repeat("ab", 32)
	for _, q := range [][3]string{
		{"PUT", "/v1/peers/self", `{"port":4000,"name":"Zoë"}`}, {"POST", "/v1/resources", `{"resources":[{"hash":"` + hash + `","size":1,"name":"a.txt"}]}`},
		{"GET", "/v1/resources?q=a&limit=5&cursor=x&sort=name&offline=true", ``}, {"GET", "/v1/resources?q=a+b&sort=best&since=2026-03-01T12:00:00Z&until=x&owner=42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c", ``},
		{"GET", "/v1/resources?q=%ff&type=film&min_size=-1", ``},
		{"GET", "/v1/resources/" + hash, ``}, {"GET", "/v1/resources/" + hash + "/peers", ``}, {"GET", "/v1/peers/42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c/resources?limit=1", ``},
		{"POST", "/v1/heartbeat", `{"count":1,"digest":"00"}`}, {"DELETE", "/v1/resources", `{"hashes":["` + hash + `"]}`}, {"DELETE", "/v1/peers/self", ``},
		{"GET", "/v1/peers?q=Zo&limit=1&cursor=x", ``}, {"GET", "/v1/peers/42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c", ``}, {"GET", "/v1/notes", ``},
		{"POST", "/v1/peers/42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c/notes", `{"note":"c2VhbGVk"}`}, {"DELETE", "/v1/notes/aaaqeayeaudaocajbifqydiob4", ``},
		{"GET", "/v1/tracker", ``}, {"GET", "/v1/stats", ``}, {"GET", "/?q=<b>", ``}, {"GET", "/healthz", ``}, {"GET", "//", ``}, {"GET", "/v1/../x", ``}, {"\x00", "/", ``},
		{"GET", "/resource", `{"resource_name":"a.txt"}`}, {"POST", "/heartbeat", `{"peer_id":"42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c"}`},
		{"POST", "/resource", `{"peer_id":"42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c","peer_ip":"127.0.0.1","peer_port":3000,"resource_name":"t","resource_path":".","resource_hash":"x"}`},
	} {
		f.Add(q[0], q[1], []byte(q[2]), true)
		f.Add(q[0], q[1], []byte(q[2]), false)
	}
	f.Fuzz(func(t *testing.T, method, address string, body []byte, known bool) {
		path, query, _ := strings.Cut(address, "?")
		r := httptest.NewRequest("GET", "http://127.0.0.1:5000/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery, r.RemoteAddr = method, path, query, "127.0.0.1:4001"
		routes := plain
		if known {
			routes, r.TLS = secure, state
		}
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, r)
		switch {
		case w.Code >= 500 && w.Code != http.StatusServiceUnavailable, w.Code < 200, w.Code >= 300 && w.Code < 400:
			t.Fatalf("%q %q %q: %d %s", method, address, body, w.Code, w.Body)
		case w.Body.Len() == 0:
			return
		}
		media, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
		if err != nil {
			t.Fatalf("%q %q: the content type is %q", method, address, w.Header().Get("Content-Type"))
		}
		if strings.HasSuffix(media, "json") && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%q %q %q: %d %s", method, address, body, w.Code, w.Body)
		}
	})
}
