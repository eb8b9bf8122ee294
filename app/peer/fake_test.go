package peer_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"testing"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/netproto"
)

// fakeTracker is a tracker that answers what a test wants and keeps what peers
// announce to it.
type fakeTracker struct {
	address   string         // "" stands for 127.0.0.1:5000
	hits      []netproto.Hit // of every search; the cursor says where to go on
	mu        sync.Mutex
	key       netproto.Fingerprint
	fail      error // of every call
	sources   []netproto.Source
	held      map[netproto.ContentHash]netproto.Resource
	refuse    map[netproto.ContentHash]netproto.Code
	beats     []netproto.HeartbeatStatus // the next answers; ok after them
	interval  int                        // seconds between heartbeats
	joins     int
	joined    netproto.JoinRequest // the last one
	resets    int
	leaves    int
	announces []netproto.AnnounceRequest
	closed    bool
}

var _ membership.Tracker = (*fakeTracker)(nil)

func newFakeTracker() *fakeTracker {
	return &fakeTracker{key: netproto.Fingerprint{1}, held: map[netproto.ContentHash]netproto.Resource{}, interval: 1}
}

// with runs do under the lock, to change what the tracker answers or to see what it
// was told.
func (f *fakeTracker) with(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *fakeTracker) Address() string {
	if f.address != "" {
		return f.address
	}
	return "127.0.0.1:5000"
}
func (f *fakeTracker) Fingerprint() netproto.Fingerprint { return f.key }

func (f *fakeTracker) Info(context.Context) (netproto.TrackerInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return netproto.TrackerInfo{Name: "fake"}, f.fail
}

func (f *fakeTracker) Join(_ context.Context, request netproto.JoinRequest) (netproto.JoinResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins++
	f.joined = request
	answer := netproto.JoinResponse{HeartbeatSeconds: f.interval, LeaseSeconds: 3 * f.interval, Count: len(f.held)}
	for h := range f.held {
		answer.Digest = answer.Digest.Toggle(h)
	}
	return answer, f.fail
}

func (f *fakeTracker) Heartbeat(context.Context, netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status := netproto.HeartbeatOK
	if len(f.beats) > 0 {
		status, f.beats = f.beats[0], f.beats[1:]
	}
	return netproto.HeartbeatResponse{Status: status}, f.fail
}

func (f *fakeTracker) Goodbye(ctx context.Context) error { return f.Leave(ctx) }

func (f *fakeTracker) Leave(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaves++
	return nil
}

func (f *fakeTracker) Announce(_ context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return netproto.AnnounceResponse{}, f.fail
	}
	f.announces = append(f.announces, request)
	if request.Reset {
		clear(f.held)
	}
	var answer netproto.AnnounceResponse
	for i, r := range request.Resources {
		if code, no := f.refuse[r.Hash]; no {
			answer.Refused = append(answer.Refused, netproto.Refusal{Index: i, Code: code, Detail: "not that one"})
			continue
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
	return f.fail
}

func (f *fakeTracker) Search(_ context.Context, r netproto.SearchRequest) (netproto.SearchResponse, error) {
	from, _ := strconv.Atoi(r.Cursor)
	page := netproto.SearchResponse{Items: f.hits[from:min(from+r.Limit, len(f.hits))]}
	if from+r.Limit < len(f.hits) {
		page.Next = strconv.Itoa(from + r.Limit)
	}
	return page, f.fail
}

func (f *fakeTracker) Resource(context.Context, netproto.ContentHash) (netproto.ResourceResponse, error) {
	return netproto.ResourceResponse{}, netproto.Errorf(netproto.CodeNotFound, "this one searches nothing")
}

func (f *fakeTracker) Sources(context.Context, netproto.ContentHash) ([]netproto.Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]netproto.Source(nil), f.sources...), f.fail
}

func (f *fakeTracker) Stats(context.Context) (netproto.Stats, error) { return netproto.Stats{}, nil }

func (f *fakeTracker) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resets++
}

func (f *fakeTracker) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fakeTracker) Families(context.Context) []string    { return nil }
func (f *fakeTracker) Dialable(addresses []string) []string { return addresses }

func (f *fakeTracker) Line(context.Context, string, func(context.Context, string, string) (net.Conn, error)) (net.Conn, error) {
	return nil, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

func (f *fakeTracker) Call(context.Context, netproto.CallRequest) (netproto.CallResponse, error) {
	return netproto.CallResponse{}, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

func (f *fakeTracker) Relay(context.Context, netproto.RelayToken) (net.Conn, error) {
	return nil, netproto.Errorf(netproto.CodeNotFound, "an older tracker")
}

// holds returns how the tracker lists a content now.
func (f *fakeTracker) holds(h netproto.ContentHash) (netproto.Resource, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.held[h]
	return r, ok
}

// startPeerAt starts a peer that uses a fake tracker.
func startPeerAt(t testing.TB, f *fakeTracker) *testPeer {
	t.Helper()
	p := startPeer(t, nil)
	p.Trackers.Use(f)
	return p
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
