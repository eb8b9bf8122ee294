package trackerclient_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

// TestAHostileAnswerTakesNoMemory: 8 MiB of JSON held 2.8 million hits and took
// more than a gigabyte.
func TestAHostileAnswerTakesNoMemory(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		ask  func(t *testing.T, s *standIn) error
	}{
		"hits": {`{"items":[` + strings.Repeat("{},", 2<<20) + `{}]}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "x", Limit: 50})
			return err
		}},
		"a few hits too many": {`{"items":[` + strings.Repeat("{},", 50) + `{}]}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "x", Limit: 50})
			return err
		}},
		"suggestions": {`{"items":[],"suggestions":[` + strings.Repeat(`"a",`, 10_000) + `"a"]}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "x"})
			return err
		}},
		"sources": {`{"sources":[` + strings.Repeat("{},", 200) + `{}]}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Sources(t.Context(), netproto.ContentHash{1})
			return err
		}},
		"names": {`{"names":[` + strings.Repeat(`"a",`, 2000) + `"a"]}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Resource(t.Context(), netproto.ContentHash{1})
			return err
		}},
		"counts": {`{"peers_online":1` + strings.Repeat(" ", 1<<20) + `}`, func(t *testing.T, s *standIn) error {
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Stats(t.Context())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStandIn(t, says(200, jsonType, c.body))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := c.ask(t, s)
			runtime.ReadMemStats(&after)
			wantCode(t, err, netproto.CodeProtocol)
			if took := after.TotalAlloc - before.TotalAlloc; took > 20<<20 {
				t.Errorf("it took %d bytes", took)
			}
		})
	}
}

func TestHitsThatNobodyCouldHaveAnnouncedAreLeftOut(t *testing.T) {
	hash := netproto.ContentHash{7}
	hit := func(name string, size, sources int) string {
		return fmt.Sprintf(`{"hash":"%s","name":%q,"size":%d,"sources":%d}`, hash, name, size, sources)
	}
	s := startStandIn(t, says(200, jsonType, `{"items":[`+strings.Join([]string{
		hit("good.flac", 5, 1), hit("../../etc/passwd", 5, 1), hit("x", -5, 1), hit("x", 5, -1), hit("", 5, 1), hit("a\u202eb", 5, 1), `{"name":"no hash"}`,
	}, ",")+`],"suggestions":["fine","../not"],"next":"`+strings.Repeat("x", 2000)+`"}`))
	found, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "x"})
	if err != nil || len(found.Items) != 1 || found.Items[0].Name != "good.flac" || !slices.Equal(found.Suggestions, []string{"fine"}) || found.Next != "" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTheNameOfATrackerIsCutWhereItComesIn(t *testing.T) {
	s := startStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"name":"%s\u202e"}`, strings.Repeat("x", 50_000))
	})
	trust := newMemory()
	info, err := s.client(t, netproto.Fingerprint{}, trust).Info(t.Context())
	if err != nil || len(info.Name) > netproto.MaxPeerName || len(trust.names[s.address()]) > netproto.MaxPeerName {
		t.Errorf("%d bytes, %d remembered, %v", len(info.Name), len(trust.names[s.address()]), err)
	}
}

func TestASourceHasLiteralAddressesAndAShortName(t *testing.T) {
	s := startStandIn(t, says(200, jsonType, `{"sources":[{"peer_id":"42bb7fb8-8f8d-8c1c-b4df-d97c2e78eb7c","key":"`+strings.Repeat("00", 32)+
		`","name":"`+strings.Repeat("x", 5000)+`","addresses":["victim.example:80","192.0.2.1:0",":0","192.0.2.1:5","[2001:db8::1]:6",":4000",":99999","no"`+
		strings.Repeat(`,"192.0.2.1:7"`, 1000)+`]}]}`))
	found, err := s.client(t, netproto.Fingerprint{}, newMemory()).Sources(t.Context(), netproto.ContentHash{1})
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	if got := strings.Join(found[0].Addresses, " "); !strings.HasPrefix(got, "192.0.2.1:5 [2001:db8::1]:6 127.0.0.1:4000 192.0.2.1:7") || len(found[0].Addresses) > 16 {
		t.Errorf("it is at %s", got)
	}
	if len(found[0].Name) > netproto.MaxPeerName {
		t.Errorf("its name has %d bytes", len(found[0].Name))
	}
}
