package trackerclient_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

func TestWhatAContentIsAndWhoHasItIsOneQuestion(t *testing.T) {
	hash, key := netproto.ContentHash{1}, netproto.PublicKey(slices.Repeat([]byte{2}, 32))
	described := fmt.Sprintf(`{"hash":%q,"name":"a.txt","sources":1,"added":"2026-01-01T00:00:00Z","names":["a.txt"]`, hash)
	source := fmt.Sprintf(`[{"peer_id":%q,"key":%q,"addresses":["127.0.0.1:4000","victim.example:22"]}]`, netproto.PeerIDOf(key[:]), strings.Repeat("02", 32))
	const resource, sources = "what it is", "who has it"
	for name, c := range map[string]struct {
		peers string // what stands in the description
		then  func(c *trackerclient.Client)
		asked []string
	}{
		"of a tracker that names them": {peers: `,"peers":` + source, asked: []string{resource}},
		"of an older one":              {asked: []string{resource, sources}},
		"of one that names nobody yet": {peers: `,"peers":[]`, asked: []string{resource, sources}},
		"after a change of the network": {peers: `,"peers":` + source, then: func(c *trackerclient.Client) { c.Reset() },
			asked: []string{resource, sources}},
		"after a while": {peers: `,"peers":` + source, then: func(c *trackerclient.Client) { c.SetTellsFor(0) },
			asked: []string{resource, sources}},
		"after another content": {peers: `,"peers":` + source, then: func(c *trackerclient.Client) { c.Sources(t.Context(), netproto.ContentHash{3}) },
			asked: []string{resource, sources}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/peers") {
					asked = append(asked, sources)
					says(200, jsonType, `{"sources":`+source+`}`)(w, r)
					return
				}
				asked = append(asked, resource)
				says(200, jsonType, described+c.peers+"}")(w, r)
			})
			client := s.client(t, netproto.Fingerprint{}, newMemory())
			client.SetTellsFor(time.Hour)
			if known, err := client.Resource(t.Context(), hash); err != nil || known.Name != "a.txt" {
				t.Fatalf("%+v, %v", known, err)
			}
			if c.then != nil {
				c.then(client)
			}
			found, err := client.Sources(t.Context(), hash)
			if err != nil || len(found) != 1 || found[0].Key != key || !slices.Equal(found[0].Addresses, []string{"127.0.0.1:4000"}) {
				t.Fatalf("%+v, %v", found, err)
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("it was asked %q, not %q", asked, c.asked)
			}
		})
	}
}

func TestTheSameQuestionAskedAgainAtOnceIsNotSent(t *testing.T) {
	hash, asked := netproto.ContentHash{1}, 0
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		says(200, jsonType, fmt.Sprintf(`{"hash":%q,"name":"a.txt","sources":1,"added":"2026-01-01T00:00:00Z","names":["a.txt","b.txt"]}`, hash))(w, r)
	})
	client := s.client(t, netproto.Fingerprint{}, newMemory())
	client.SetTellsFor(time.Hour)
	for range 2 {
		known, err := client.Resource(t.Context(), hash)
		if err != nil || !slices.Equal(known.Names, []string{"a.txt", "b.txt"}) {
			t.Fatalf("%+v, %v", known, err)
		}
		known.Names[0] = "changed by whoever asked"
	}
	if asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
}
