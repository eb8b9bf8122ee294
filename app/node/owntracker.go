package node

import (
	"context"
	"io"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
)

// TrackerData returns the folder in which the tracker of a profile keeps its
// data.
func TrackerData(profile string) string { return filepath.Join(profile, "tracker") }

// TrackerOptions returns the options that a tracker has by default.
func TrackerOptions() daemon.Options { return daemon.DefaultOptions() }

// RunTracker runs a tracker until ctx ends; again returns its options of later, see
// [daemon.Run].
func RunTracker(ctx context.Context, o daemon.Options, again func() (daemon.Options, error), stdout, stderr io.Writer) error {
	return daemon.Run(ctx, o, again, pgstore.Or(boltstore.Open), stdout, stderr)
}

// SystemdSockets is daemon.SystemdSockets.
const SystemdSockets = daemon.SystemdSockets

// OutwardAddress returns the address under which others are most likely to reach
// this computer; a loopback address if it has no network.
func OutwardAddress() netip.Addr { return daemon.OutwardAddress(false) }

// ErrTrackerEnded is the reason of a tracker that ended by itself and does not
// know why.
var ErrTrackerEnded error = &netproto.Error{Code: netproto.CodeInternal, Detail: "the tracker on this computer ended by itself"}

// OwnTracker is a tracker in this process: the switch "Run a tracker on this computer".
type OwnTracker struct {
	Address     string // of the listener, ip:port
	Fingerprint netproto.Fingerprint
	Link        netproto.Link // as this computer and its household reach it

	tracker *daemon.Tracker
	stop    context.CancelFunc
	ended   chan struct{}
	err     error // why it ended; valid once ended is closed

	mu       sync.Mutex
	asked    time.Time // when Rate was last called
	requests uint64    // answered until then
	rate     float64
}

// StartTracker starts a tracker on an address of this computer, [HOST]:PORT,
// with its data in the folder data. It runs until [OwnTracker.Close], or until
// it fails. Errors: "port-in-use", and "store-unusable" for the folder.
func StartTracker(data, listen, name string, logs io.Writer) (*OwnTracker, error) {
	o := TrackerOptions()
	o.Listen, o.Data, o.Name = listen, data, name
	opened, err := daemon.Open(o, boltstore.Open, logs)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &OwnTracker{Address: opened.Address(), Fingerprint: opened.Fingerprint(), Link: opened.Link(),
		tracker: opened, stop: stop, ended: make(chan struct{}), asked: time.Now()}
	go func() {
		defer close(t.ended)
		if t.err = opened.Serve(ctx); t.err == nil && ctx.Err() == nil {
			t.err = ErrTrackerEnded
		}
	}()
	return t, nil
}

// MapPort says whether the router is to pass the tracker's port on; it is not asked
// before.
func (t *OwnTracker) MapPort(on bool) { t.tracker.MapPort(on) }

// Mapping returns what the router says about the tracker's port.
func (t *OwnTracker) Mapping() portmap.State { return t.tracker.Mapping() }

// MappingChanged receives after Mapping, and with it Invite, has changed.
func (t *OwnTracker) MappingChanged() <-chan struct{} { return t.tracker.MappingChanged() }

// Invite returns the link for others: over the router, while that passes the port on.
func (t *OwnTracker) Invite() netproto.Link { return t.tracker.Link() }

// LinkProblem says why others cannot use the invite, see [daemon.LinkProblem]; "" if they
// can.
func (t *OwnTracker) LinkProblem() string { return string(t.tracker.LinkProblem()) }

// Ended is closed when the tracker no longer runs, by Close or by itself.
func (t *OwnTracker) Ended() <-chan struct{} { return t.ended }

// Err waits for the end of the tracker and returns why it ended; nil after a
// Close in order.
func (t *OwnTracker) Err() error {
	<-t.ended
	return t.err
}

// Close stops the tracker and waits for its end. It may be called again and
// then returns the same error.
func (t *OwnTracker) Close() error {
	t.stop()
	return t.Err()
}

// rateSpan is the shortest time that a rate is measured over.
const rateSpan = 2 * time.Second

// Rate returns how many requests per second the tracker answers, measured since
// it was last asked.
func (t *OwnTracker) Rate() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if span := time.Since(t.asked); span >= rateSpan {
		n := t.tracker.Requests()
		t.rate = float64(n-t.requests) / span.Seconds()
		t.asked, t.requests = time.Now(), n
	}
	return t.rate
}
