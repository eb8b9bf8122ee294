package membership

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// fakeTracker says what a test wants, and keeps what it was told.
type fakeTracker struct {
	address string
	stats   *netproto.Stats                                 // with every heartbeat; nil for an older tracker
	asked   func() (netproto.Stats, error)                  // answers Stats; nil: with an error
	join    func(ctx context.Context) error                 // runs in Join; nil: it succeeds
	refuse  func(r netproto.Resource) (netproto.Code, bool) // nil: nothing is refused

	most    int           // resources in one request: after more it asks to wait ten seconds; 0 is any number
	crowded int           // requests that had more
	pause   time.Duration // how long an announce takes
	outside string        // where others reach it
	unknown int           // heartbeats in which it does not know yet whether the peer can be reached

	leave func() // runs in Leave; nil: it does not wait
	// families and line are how lines are opened; nil: an older tracker.
	families []string
	line     func(network string) (net.Conn, error)

	mu     sync.Mutex
	held   map[netproto.ContentHash]netproto.Resource
	counts int // calls of Stats, as below
	joins  int
	beats  int
	leaves int
	closes int
	lost   int   // the heartbeat that is not answered
	fail   error // of joins and heartbeats; nil: they succeed
	ways   []netproto.Ways
}

var _ Tracker = (*fakeTracker)(nil)

func newFakeTracker(address string) *fakeTracker {
	return &fakeTracker{address: address, held: map[netproto.ContentHash]netproto.Resource{}}
}

func (f *fakeTracker) Address() string                   { return f.address }
func (f *fakeTracker) Fingerprint() netproto.Fingerprint { return netproto.Fingerprint{1} }
func (f *fakeTracker) Reset()                            {}

func (f *fakeTracker) Info(context.Context) (netproto.TrackerInfo, error) {
	return netproto.TrackerInfo{Name: "fake"}, nil
}

func (f *fakeTracker) Join(ctx context.Context, _ netproto.JoinRequest) (netproto.JoinResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins++
	if f.fail != nil {
		return netproto.JoinResponse{}, f.fail
	}
	if f.join != nil {
		if err := f.join(ctx); err != nil {
			return netproto.JoinResponse{}, err
		}
	}
	answer := netproto.JoinResponse{HeartbeatSeconds: 30, LeaseSeconds: 90, Count: len(f.held), Line: f.line != nil, TrackerAt: f.outside}
	for h := range f.held {
		answer.Digest = answer.Digest.Toggle(h)
	}
	return answer, nil
}

func (f *fakeTracker) Heartbeat(_ context.Context, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.beats++
	if f.fail != nil {
		return netproto.HeartbeatResponse{}, f.fail
	}
	if f.beats == f.lost {
		return netproto.HeartbeatResponse{}, netproto.Errorf(netproto.CodeUnreachable, "the answer is lost")
	}
	if request.Ways != nil {
		f.ways = append(f.ways, *request.Ways)
	}
	reachable := netproto.ReachableYes
	if f.beats <= f.unknown {
		reachable = netproto.ReachableUnknown
	}
	return netproto.HeartbeatResponse{Status: netproto.HeartbeatOK, Reachable: reachable, Stats: f.stats, TrackerAt: f.outside}, nil
}

func (f *fakeTracker) Stats(context.Context) (netproto.Stats, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts++
	if f.asked == nil {
		return netproto.Stats{}, netproto.Errorf(netproto.CodeInternal, "this tracker cannot count")
	}
	return f.asked()
}

func (f *fakeTracker) Goodbye(ctx context.Context) error { return f.Leave(ctx) }

func (f *fakeTracker) Leave(context.Context) error {
	if f.leave != nil {
		f.leave()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaves++
	return nil
}

func (f *fakeTracker) Announce(_ context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error) {
	time.Sleep(f.pause)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.most > 0 && len(request.Resources) > f.most {
		f.crowded++
		return netproto.AnnounceResponse{}, &netproto.Error{Code: netproto.CodeTooMany, RetryAfter: 10 * time.Second}
	}
	if request.Reset {
		clear(f.held)
	}
	var answer netproto.AnnounceResponse
	for i, r := range request.Resources {
		if f.refuse != nil {
			if code, refused := f.refuse(r); refused {
				answer.Refused = append(answer.Refused, netproto.Refusal{Index: i, Code: code})
				continue
			}
		}
		f.held[r.Hash] = r
		answer.Accepted++
	}
	return answer, nil
}

func (f *fakeTracker) Withdraw(_ context.Context, hashes []netproto.ContentHash) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range hashes {
		delete(f.held, h)
	}
	return nil
}

func (f *fakeTracker) Search(context.Context, netproto.SearchRequest) (netproto.SearchResponse, error) {
	return netproto.SearchResponse{}, nil
}

func (f *fakeTracker) Resource(context.Context, netproto.ContentHash) (netproto.ResourceResponse, error) {
	return netproto.ResourceResponse{}, nil
}

func (f *fakeTracker) Sources(context.Context, netproto.ContentHash) ([]netproto.Source, error) {
	return nil, nil
}

func (f *fakeTracker) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closes++
	return nil
}

func (f *fakeTracker) Families(context.Context) []string    { return f.families }
func (f *fakeTracker) Dialable(addresses []string) []string { return addresses }

func (f *fakeTracker) Line(_ context.Context, network string, _ func(context.Context, string, string) (net.Conn, error)) (net.Conn, error) {
	if f.line != nil {
		return f.line(network)
	}
	return nil, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

func (f *fakeTracker) Call(context.Context, netproto.CallRequest) (netproto.CallResponse, error) {
	return netproto.CallResponse{}, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

func (f *fakeTracker) Relay(context.Context, netproto.RelayToken) (net.Conn, error) {
	return nil, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

// with looks at what the tracker was told.
func (f *fakeTracker) with(look func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	look()
}

// start returns memberships without a tracker.
func start(t testing.TB) *Memberships {
	return New(context.WithoutCancel(t.Context()), Config{
		Self: func() netproto.JoinRequest { return netproto.JoinRequest{} }, Changed: func() {}, Leads: func(string) bool { return true }, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Calls: func() bool { return true }, Notes: func(Tracker) {}, Joined: func(Tracker, bool) {}, Finds: func(Tracker) {}, Back: func() {},
	})
}

func resource(n int) netproto.Resource {
	r := netproto.Resource{Name: "song.flac", Size: int64(n)}
	r.Hash[0], r.Hash[1], r.Hash[2] = byte(n), byte(n>>8), byte(n>>16)
	return r
}

func (f *fakeTracker) People(context.Context, string, string) (netproto.PeopleResponse, error) {
	return netproto.PeopleResponse{}, nil
}

func (f *fakeTracker) Person(context.Context, netproto.PeerID) (netproto.Person, error) {
	return netproto.Person{}, &netproto.Error{Code: netproto.CodeNotFound}
}

func (f *fakeTracker) Browse(context.Context, netproto.PeerID, string) (netproto.SearchResponse, error) {
	return netproto.SearchResponse{}, nil
}

func (f *fakeTracker) LeaveNote(context.Context, netproto.PeerID, []byte) (netproto.NoteResponse, error) {
	return netproto.NoteResponse{}, nil
}

func (f *fakeTracker) Notes(context.Context) ([]netproto.SealedNote, error) { return nil, nil }

func (f *fakeTracker) ConfirmNote(context.Context, netproto.NoteID) error { return nil }

func (f *fakeTracker) SetWishes(context.Context, []netproto.Wish) error { return nil }

func (f *fakeTracker) Finds(context.Context, uint64) (int, []netproto.Find, error) {
	return 0, nil, nil
}
