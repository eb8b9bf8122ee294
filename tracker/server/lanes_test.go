package server_test

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
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

// heavy is a store in which a search for "heavy" takes more looks than one may
// have, and takes them until it is let go.
type heavy struct {
	store.Store
	running, most atomic.Int32
	looks         int
	ended         chan error // the context of each, when it was let go
	release       chan struct{}
}

func (h *heavy) Search(ctx context.Context, q store.Query) (store.Found, error) {
	if q.Text != "heavy" {
		return h.Store.Search(ctx, q)
	}
	found := store.Found{SearchResponse: netproto.SearchResponse{Items: []netproto.Hit{}, Next: "more"}, Looks: min(q.Looks, h.looks), Short: q.Looks < h.looks}
	if found.Short {
		return found, nil
	}
	now := h.running.Add(1)
	defer h.running.Add(-1)
	for most := h.most.Load(); now > most && !h.most.CompareAndSwap(most, now); most = h.most.Load() {
	}
	for running := true; running; {
		q.Yield()
		select {
		case <-h.release:
			running = false
		case <-ctx.Done():
			running = false
		case <-time.After(time.Millisecond):
		}
	}
	h.ended <- ctx.Err()
	return found, ctx.Err()
}

func startHeavy(t *testing.T, limits admission.Limits) (*tracker, *heavy) {
	h := &heavy{looks: 100_000, ended: make(chan error, 1000), release: make(chan struct{})}
	tr := limitedWith(t, func(c *server.Config) {
		h.Store, c.Store, c.Limits = c.Store, h, &limits
	})
	return tr, h
}

func (h *heavy) await(t *testing.T, running int32) {
	t.Helper()
	for deadline := time.Now().Add(patience); h.running.Load() != running; {
		if time.Now().After(deadline) {
			t.Fatalf("%d are running, want %d", h.running.Load(), running)
		}
		runtime.Gosched()
	}
}

func TestHeavySearchesLeaveRoomForOthers(t *testing.T) {
	tr, h := startHeavy(t, admission.Limits{})
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("song.mp3"))
	var all sync.WaitGroup
	refused := atomic.Int32{}
	asks := []*client{}
	for range 24 + 4*runtime.GOMAXPROCS(0) {
		asks = append(asks, tr.plain(""))
	}
	for _, c := range asks {
		all.Go(func() {
			got := c.send("GET", "/?q=heavy", "")
			if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "2" && strings.Contains(got.body, string(netproto.CodeFull)) {
				refused.Add(1)
			} else if got.status != http.StatusOK {
				t.Errorf("%d: %s", got.status, got.body)
			}
		})
	}
	slow := int32(4 * runtime.GOMAXPROCS(0))
	h.await(t, slow)
	for range 20 { // meanwhile
		if got := peer.search("q=song"); len(got.Items) != 1 {
			t.Fatalf("%+v", got)
		}
		peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	}
	for deadline := time.Now().Add(patience); refused.Load() < 24-16; runtime.Gosched() { // 16 may wait
		if time.Now().After(deadline) {
			t.Fatalf("%d were refused", refused.Load())
		}
	}
	close(h.release)
	all.Wait()
	if h.most.Load() > slow {
		t.Errorf("%d ran at once", h.most.Load())
	}
	if !tr.counted("searches") {
		t.Error("the refusals are not counted")
	}
}

func TestASearchIsChargedForWhatItCost(t *testing.T) {
	tr, h := startHeavy(t, admission.Limits{RateAddress: 10})
	close(h.release)
	neighbour, greedy := tr.client("10.0.0.1"), tr.client("10.0.0.1")
	neighbour.join(netproto.JoinRequest{Port: 4000})
	for range 3 { // more than 100 requests each, of 100 at once
		greedy.send("GET", netproto.RouteResources+"?q=heavy", "")
	}
	greedy.refused("GET", netproto.RouteResources+"?q=song", "", netproto.CodeTooMany)
	if got := tr.plain("10.0.0.1").send("GET", "/?q=song", ""); got.status != http.StatusTooManyRequests {
		t.Errorf("the status page: %d", got.status)
	}
	neighbour.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	tr.client("10.0.0.2").search("q=song")
}

func TestASearchEndsWithItsClient(t *testing.T) {
	tr, h := startHeavy(t, admission.Limits{})
	ctx, hangUp := context.WithCancel(t.Context())
	c := tr.plain("")
	gone := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/?q="+url.QueryEscape("heavy"), nil)
		if err == nil {
			_, err = c.http.Do(req)
		}
		gone <- err
	}()
	h.await(t, 1)
	hangUp()
	if <-gone == nil {
		t.Error("there was an answer")
	}
	select {
	case err := <-h.ended:
		if err == nil {
			t.Error("it was not told")
		}
	case <-time.After(patience):
		t.Error("it goes on")
	}
}

// popular is a store in which every content has so many holders that it takes
// looks to go through them.
type popular struct{ store.Store }

const popularLooks = 60_000

func (p popular) Sources(ctx context.Context, hash netproto.ContentHash, limit int) ([]store.Source, int, error) {
	found, _, err := p.Store.Sources(ctx, hash, limit)
	return found, popularLooks, err
}

func (p popular) Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, int, error) {
	found, _, err := p.Store.Resource(ctx, hash)
	return found, popularLooks, err
}

func TestSourcesAndResourcesAreChargedForWhatTheyCost(t *testing.T) {
	tr := limitedWith(t, func(c *server.Config) { c.Store, c.Limits = popular{c.Store}, &admission.Limits{RateAddress: 10} })
	for n, path := range []string{sourcesPath("a"), resourcePath("a")} {
		peer := tr.client("10.0.0." + string(rune('1'+n)))
		peer.join(netproto.JoinRequest{Port: 4000})
		peer.announce(file("a"))
		for range 2 { // 60 requests each, of 100 at once
			if got := peer.send("GET", path, ""); got.status != http.StatusOK {
				t.Fatalf("%s: %+v", path, got)
			}
		}
		peer.refused("GET", path, "", netproto.CodeTooMany)
	}
}
