package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

// listed is a store that counts how many lists are made, and at once.
type listed struct {
	store.Store
	rows          []store.SeedRow
	made          atomic.Int32
	running, most atomic.Int32
}

func (l *listed) SeedRows(ctx context.Context, name string, limit int) ([]store.SeedRow, error) {
	if name != "" {
		return l.Store.SeedRows(ctx, name, limit)
	}
	l.made.Add(1)
	now := l.running.Add(1)
	defer l.running.Add(-1)
	for most := l.most.Load(); now > most && !l.most.CompareAndSwap(most, now); most = l.most.Load() {
	}
	if l.rows == nil {
		return l.Store.SeedRows(ctx, name, limit)
	}
	return l.rows[:min(len(l.rows), limit)], nil
}

// dataOf returns what is in an answer to a seed client, and expects it to be whole.
func dataOf(t *testing.T, body string) (rows []netproto.SeedResource) {
	t.Helper()
	var envelope struct {
		Success bool
		Data    string
	}
	if err := json.Unmarshal([]byte(body), &envelope); err != nil || !envelope.Success {
		t.Fatalf("%v: %.200s", err, body)
	}
	if err := json.Unmarshal([]byte(envelope.Data), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheListForSeedClientsHasBounds(t *testing.T) {
	l := &listed{}
	for i := range 10_000 {
		l.rows = append(l.rows, store.SeedRow{SeedResource: netproto.SeedResource{
			PeerIP: "127.0.0.1", PeerPort: 3000, ResourcePath: strings.Repeat("ü", 512), ResourceName: strings.Repeat("\x01", 255), ResourceHash: fmt.Sprintf("%0128d", i),
		}})
	}
	tr := startTracker(t, func(c *server.Config) {
		l.Store, c.Store, c.Limits = c.Store, l, &admission.Limits{}
	})
	began := time.Now()
	var all sync.WaitGroup
	for n := range 32 {
		c := tr.plain("")
		all.Go(func() {
			got := c.send("GET", "/resource", "{}")
			if got.status != http.StatusOK || len(got.body) > 2<<20 || len(got.body) < 2<<20-20_000 {
				t.Errorf("%d, %d bytes", got.status, len(got.body))
			}
			if rows := dataOf(t, got.body); n == 0 && rows[0].ResourceName != l.rows[0].ResourceName {
				t.Errorf("%+v", rows[0])
			}
		})
	}
	all.Wait()
	// A list lasts a second, so a slow computer needs more than one.
	if most := 2 + int32(time.Since(began)/time.Second); l.most.Load() != 1 || l.made.Load() > most {
		t.Errorf("%d lists were made for 32 clients, %d at once, want at most %d", l.made.Load(), l.most.Load(), most)
	}
}

func TestTheListForSeedClientsIsChargedByItsBytes(t *testing.T) {
	l := &listed{}
	for i := range 10_000 {
		l.rows = append(l.rows, store.SeedRow{SeedResource: netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: 1, ResourceName: strings.Repeat("n", 200), ResourceHash: fmt.Sprint(i)}})
	}
	tr := limitedWith(t, func(c *server.Config) {
		l.Store, c.Store, c.Limits = c.Store, l, &admission.Limits{RateAddress: 10}
	})
	greedy, other := tr.plain("192.168.1.4"), tr.plain("192.168.1.5")
	if got := greedy.send("GET", "/resource", ""); got.status != http.StatusOK {
		t.Fatal(got.status)
	}
	if got := greedy.send("GET", "/resource", ""); got.status != http.StatusTooManyRequests { // 100 requests may come at once, a list is 128
		t.Error(got.status)
	}
	if got := other.send("GET", "/resource", ""); got.status != http.StatusOK {
		t.Error(got.status)
	}
}

func TestASeedClientFindsWhatItRegisteredAtOnce(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.plain("")
	for n := range 5 {
		if got := c.send("POST", "/resource", registration(seedClientID, "127.0.0.1", 3000, "", "f", fmt.Sprint(n))); got.status != http.StatusOK {
			t.Fatal(got)
		}
		if rows := dataOf(t, c.send("GET", "/resource", "").body); len(rows) != n+1 {
			t.Errorf("%d rows after %d", len(rows), n+1)
		}
	}
}

func TestAPathOfASeedClientIsShortAndVisible(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.plain("")
	for path, want := range map[string]string{
		strings.Repeat("p", 1025): "Longer than maximum length 1024.", `a\u0001b`: "Not a valid string.", `a\u202eb`: "Not a valid string.", `a\nb`: "Not a valid string.",
	} {
		body := strings.Replace(testCSV, "./tests", path, 1)
		c.wantSeed("POST", "/resource", body, 422, `{"success": false, "data": {"resource_path": ["`+want+`"]}}`)
	}
	for _, path := range []string{"", "./tests", strings.Repeat("p", 1024), `C:\\Dokumente und Übungen\\北京`} {
		if got := c.send("POST", "/resource", strings.Replace(testCSV, "./tests", path, 1)); got.status != http.StatusOK {
			t.Errorf("%q: %d %s", path, got.status, got.body)
		}
	}
}
