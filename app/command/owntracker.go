package command

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
)

// TrackerData is where a tracker of this profile keeps its data.
func TrackerData(profile string) string { return filepath.Join(profile, "tracker") }

func runTracker(ctx context.Context, o server.Options, stdout, stderr io.Writer) error {
	return server.Run(ctx, o, boltstore.Open, stdout, stderr)
}

// OwnTracker is a tracker in this process: the switch "Be the tracker".
type OwnTracker struct {
	Address     string // of the listener, ip:port
	Fingerprint netproto.Fingerprint
	Link        netproto.Link

	tracker *server.Tracker
	stop    context.CancelFunc
	ended   chan error

	mu       sync.Mutex
	asked    time.Time // when Rate was asked last
	requests uint64    // answered until then
	rate     float64
}

// rateSpan is the least time that a rate is taken over.
const rateSpan = 2 * time.Second

// Rate is how many requests the tracker answers a second, taken over the time
// since it was asked last.
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

// StartTracker starts a tracker on an address of this computer, with its data
// in that folder.
func StartTracker(ctx context.Context, data, listen, name string, logs io.Writer) (*OwnTracker, error) {
	o := server.DefaultOptions()
	o.Listen, o.Data, o.Name, o.Version = listen, data, name, Version
	opened, err := server.OpenTracker(o, boltstore.Open, logs)
	if err != nil {
		return nil, err
	}
	t := &OwnTracker{tracker: opened, asked: time.Now(), Address: opened.Address(), Fingerprint: opened.Fingerprint(), Link: opened.Link(), ended: make(chan error, 1)}
	ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { t.ended <- opened.Serve(ctx) }()
	return t, nil
}

// Close stops the tracker and waits for its end.
func (t *OwnTracker) Close() error {
	t.stop()
	return <-t.ended
}
