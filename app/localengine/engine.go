// Package localengine is the engine behind the window when both are one
// process: it turns what the window asks for into calls of the peer engine,
// and what that knows into the plain values that the window shows.
package localengine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/lan"
)

// Engine implements face.Engine.
type Engine struct {
	node      *node.Node
	engine    *peer.Engine
	library   *library.Library
	log       *slog.Logger
	logs      io.Writer // of the tracker on this computer
	ownListen string    // where it listens, [HOST]:PORT

	// browse asks the local network for trackers until ctx ends; nil asks nobody.
	browse func(ctx context.Context) ([]lan.Tracker, error)

	closing   sync.Once
	closed    chan struct{}
	watching  sync.WaitGroup
	switching chan struct{} // full while the tracker is being changed
	saving    sync.Mutex    // the settings are changed by one at a time

	mu       sync.Mutex
	own      *node.OwnTracker
	ownErr   error               // why it could not start
	changed  *face.ChangedKey    // shown by a tracker that is not in use
	nearby   []face.KnownTracker // in the local network
	watchers map[chan struct{}]struct{}
	stopped  map[string]face.ShareItem // shares that were taken back, by id
}

var _ face.Engine = (*Engine)(nil)

// New takes over a node and lets it work: shares, downloads and the tracker go
// on as they were left. A tracker that cannot be reached or started is no
// error, but is shown. logs is for the tracker on this computer. When New
// fails, the node is still the caller's.
func New(n *node.Node, logs io.Writer) (*Engine, error) {
	e := newEngine(n, logs)
	e.browse = lan.Browse
	return e, e.start()
}

func newEngine(n *node.Node, logs io.Writer) *Engine {
	return &Engine{node: n, engine: n.Engine, library: n.Library, log: n.Log, logs: logs, ownListen: ownListen,
		closed: make(chan struct{}), switching: make(chan struct{}, 1), watchers: map[chan struct{}]struct{}{}, stopped: map[string]face.ShareItem{}}
}

func (e *Engine) start() error {
	settings, err := e.settings()
	if err != nil {
		return err
	}
	if err := e.engine.RunShares(); err != nil {
		return coded(err)
	}
	e.engine.RunDownloads()
	if err := e.startTrackers(settings); err != nil {
		e.log.Warn("the tracker of the last time is not used", "error", err)
	}
	e.startOthers(settings)
	if e.browse != nil {
		e.watching.Go(e.lookNearby)
	}
	return nil
}

// Close ends the peer, which says goodbye to its tracker, and then the tracker
// on this computer. Another call waits for the end too, and does nothing.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		close(e.closed)
		err = e.node.Close()
		e.watching.Wait()
		err = errors.Join(err, e.closeOwn())
	})
	return err
}

// ownRateEvery is how often it is looked whether the tracker on this computer
// has become busier or quieter, which is no event of the peer engine.
const ownRateEvery = 2 * time.Second

// Watch tells that something changed, here or in the peer engine.
func (e *Engine) Watch(ctx context.Context) <-chan struct{} {
	told, here := make(chan struct{}, 1), make(chan struct{}, 1)
	e.mu.Lock()
	e.watchers[here] = struct{}{}
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	there := e.engine.Watch(ctx)
	e.watching.Go(func() {
		defer close(told)
		defer cancel()
		defer e.unwatch(here)
		tick := time.NewTicker(ownRateEvery)
		defer tick.Stop()
		var rate float64
		for {
			select {
			case <-e.closed:
				return
			case <-ctx.Done():
				return
			case <-here:
			case <-there:
			case <-tick.C:
				before := rate
				if rate = e.ownRate(); rate == before {
					continue
				}
			}
			select {
			case told <- struct{}{}:
			default:
			}
		}
	})
	return told
}

// ownRate is how many requests the tracker on this computer answers a second.
func (e *Engine) ownRate() float64 {
	if own := e.running(); own != nil {
		return own.Rate()
	}
	return 0
}

func (e *Engine) unwatch(c chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.watchers, c)
}

// notifyLocked tells the watchers of a change that the peer engine knows
// nothing of; the caller holds the lock.
func (e *Engine) notifyLocked() {
	for c := range e.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Status is what the frame shows.
func (e *Engine) Status(context.Context) (face.Status, error) {
	t := e.engine.TrackerStatus()
	s := face.Status{Tracker: t.Name, Connection: face.Connection(t.State), Failure: face.FailureOf(t.Err), Reachable: t.Reachable}
	if s.Tracker == "" {
		s.Tracker = t.Address
	}
	switch t.State {
	case peer.TrackerConnected:
		s.PeersOnline = t.Stats.PeersOnline
	case peer.TrackerReconnecting:
		s.RetrySeconds = max(int(time.Until(t.Retry).Round(time.Second)/time.Second), 0)
	}
	s.DownRate, s.UpRate = e.engine.Rates()
	s.QuickLimit = e.engine.QuickLimit()
	counts := e.engine.DownloadCounts()
	s.Counts.Downloads, s.Counts.Failed = counts.Unfinished, counts.Failed
	for _, u := range e.engine.Uploads() {
		if !u.Ended && u.Place == 0 {
			s.Counts.Uploads++
		}
	}
	s.Counts.Shares = len(e.engine.Shares())
	return s, nil
}

// Diagnostics is text for a report about a problem.
func (e *Engine) Diagnostics(ctx context.Context) (face.Diagnostics, error) {
	s, err := e.Status(ctx)
	if err != nil {
		return face.Diagnostics{}, err
	}
	t := e.engine.TrackerStatus()
	var b strings.Builder
	fmt.Fprintf(&b, "CentralizedP2P %s, %s, %s/%s\n", node.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "Peer %s, port %d, reachable: %s\n", e.library.Identity().PeerID(), e.engine.Port(), s.Reachable)
	fmt.Fprintf(&b, "Tracker %s: %s", t.Address, s.Connection)
	if t.Err != nil {
		fmt.Fprintf(&b, " (%v)", t.Err)
	}
	fmt.Fprintf(&b, ", round trip %s, seen as %s\n", t.RoundTrip.Round(time.Millisecond), t.Observed)
	e.mu.Lock()
	own, ownErr := e.own, e.ownErr
	e.mu.Unlock()
	switch {
	case own != nil:
		fmt.Fprintf(&b, "Tracker on this computer: %s\n", own.Address)
	case ownErr != nil:
		fmt.Fprintf(&b, "Tracker on this computer: %v\n", ownErr)
	}
	states := map[peer.DownloadState]int{}
	for _, d := range e.engine.Downloads() {
		states[d.State]++
	}
	fmt.Fprintf(&b, "Shares %d, uploads %d, downloads %v\nDown %d B/s, up %d B/s\n", s.Counts.Shares, s.Counts.Uploads, states, s.DownRate, s.UpRate)
	return face.Diagnostics{Text: b.String(), Profile: e.library.Dir()}, nil
}

// coded gives an error without a code one, so that the window finds words for it.
func coded(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*netproto.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return netproto.Errorf(netproto.CodeCancelled, "%w", err)
	}
	return netproto.Errorf(netproto.CodeInternal, "%w", err)
}
