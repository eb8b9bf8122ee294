package localengine

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/netproto/version"
)

// overview implements [face.Overview].
type overview struct {
	*core
	own      *ownTracker
	checking chan struct{} // full while a checkup runs
}

// ownRateEvery is how often the request rate of the tracker on this computer is
// looked at; the peer engine does not tell when it changes.
const ownRateEvery = 2 * time.Second

// Watch returns a channel that receives after a change, here or in the peer
// engine.
func (o *overview) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	here, end := o.news.watch()
	ctx, cancel := context.WithCancel(ctx)
	there := o.engine.Watch(ctx)
	done := func() {
		end()
		cancel()
		close(changed)
	}
	begun := o.begin(func() {
		defer done()
		tick := time.NewTicker(ownRateEvery)
		defer tick.Stop()
		var rate float64
		for {
			select {
			case <-o.ctx.Done():
				return
			case <-ctx.Done():
				return
			case <-here:
			case <-there:
			case <-tick.C:
				before := rate
				if rate = o.own.rate(); rate == before {
					continue
				}
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	})
	if !begun {
		done()
	}
	return changed
}

// Totals returns what came and went.
func (o *overview) Totals(context.Context) (face.Totals, error) {
	today, ever := o.engine.Ledger.Totals()
	return face.Totals{Today: face.Amounts(today), Ever: face.Amounts(ever)}, nil
}

// Status returns the state of the whole peer.
func (o *overview) Status(context.Context) (face.Status, error) {
	t := o.engine.Trackers.Status()
	s := face.Status{Tracker: t.Name, Connection: face.Connection(t.State), Failure: face.FailureOf(t.Err), Reach: o.reach()}
	if s.Tracker == "" {
		s.Tracker = t.Address
	}
	switch t.State {
	case membership.StateConnected:
		s.PeersOnline = t.Stats.PeersOnline
	case membership.StateReconnecting:
		s.RetrySeconds = max(int(time.Until(t.Retry).Round(time.Second)/time.Second), 0)
	}
	s.Stopped = face.FailureOf(o.engine.Err())
	s.DownRate, s.UpRate = o.engine.Rates()
	s.QuickLimit = o.engine.QuickLimit()
	counts := o.engine.Downloads.Counts()
	s.Counts.Downloads, s.Counts.Failed = counts.Unfinished, counts.Failed
	s.Counts.Uploads, s.Counts.Shares = o.engine.Uploads.Running(), o.engine.Shares.Count()
	s.Counts.Requests = o.engine.People.Waiting()
	return s, nil
}

// Diagnostics returns text for a problem report.
func (o *overview) Diagnostics(ctx context.Context) (face.Diagnostics, error) {
	s, err := o.Status(ctx)
	if err != nil {
		return face.Diagnostics{}, err
	}
	t := o.engine.Trackers.Status()
	var b strings.Builder
	fmt.Fprintf(&b, "CentralizedP2P %s, %s, %s/%s\n", version.Here(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "Peer %s, port %d\n", o.library.Identity().PeerID(), o.engine.Port())
	o.diagnoseReach(&b)
	fmt.Fprintf(&b, "Tracker %s: %s", t.Address, s.Connection)
	if t.Err != nil {
		fmt.Fprintf(&b, " (%v)", t.Err)
	}
	fmt.Fprintf(&b, ", round trip %s, seen as %s\n", t.RoundTrip.Round(time.Millisecond), t.Observed)
	switch own, err := o.own.state(); {
	case own != nil:
		fmt.Fprintf(&b, "Tracker on this computer: %s\n", own.Address)
	case err != nil:
		fmt.Fprintf(&b, "Tracker on this computer: %v\n", err)
	}
	if err := o.engine.Err(); err != nil {
		fmt.Fprintf(&b, "Stopped: %v\n", err)
	}
	states := map[queue.State]int{}
	for _, d := range o.engine.Downloads.List() {
		states[d.State]++
	}
	fmt.Fprintf(&b, "Shares %d, uploads %d, downloads %v\n", s.Counts.Shares, s.Counts.Uploads, states)
	fmt.Fprintf(&b, "Down %d B/s, up %d B/s\n", s.DownRate, s.UpRate)
	return face.Diagnostics{Text: b.String(), Profile: o.library.Dir()}, nil
}

// diagnoseReach writes how others reach this peer, what the router says, and how the
// connections at work came about.
func (o *overview) diagnoseReach(b *strings.Builder) {
	r, router := o.reach(), o.engine.RouterPort()
	fmt.Fprintf(b, "Reachability: %s", r.Verdict)
	for _, more := range []string{string(r.Reason), string(r.Advice)} {
		if more != "" {
			fmt.Fprintf(b, ", %s", more)
		}
	}
	fmt.Fprintf(b, "\nRouter: %s", cmp.Or(router.Verdict, portmap.Off))
	if router.ExternalPort != 0 {
		fmt.Fprintf(b, " by %s, port %d", router.Protocol, router.ExternalPort)
	}
	if router.Reason != "" {
		fmt.Fprintf(b, ", %s", router.Reason)
	}
	if settings, err := o.settings(); err == nil {
		fmt.Fprintf(b, "\nAllowed: port on the router %t, calls %t, relay %t", settings.RouterPort, settings.Calls, settings.Relay)
	}
	ways := o.engine.Ways()
	fmt.Fprintf(b, "\nConnections at work: lan %d, direct %d, router %d, called %d, relayed %d\n",
		ways.LAN, ways.Direct, ways.Router, ways.Called, ways.Relayed)
}

// askedAtOnce is how many contents the tracker is asked about at a time.
const askedAtOnce = 8

// Leaving returns what others lose if this peer goes now. While nobody else is
// online they lose nothing; what the tracker does not answer is not counted.
func (o *overview) Leaving(ctx context.Context) (face.Leaving, error) {
	var leaving face.Leaving
	var contents []content
	for _, u := range o.engine.Uploads.List() {
		if !u.Ended {
			leaving.Uploads++
			contents = addContent(contents, u.Hash, o.engine.NameOf(u.Hash))
		}
	}
	tracker := o.engine.Trackers.Main()
	if o.engine.Trackers.Status().State != membership.StateConnected {
		return leaving, nil
	}
	if stats, err := tracker.Stats(ctx); err != nil || stats.PeersOnline < 2 {
		return leaving, nil
	}
	for _, s := range slices.Backward(o.engine.Shares.List()) { // the newest are the likeliest to be here alone
		contents = addContent(contents, s.Hash, s.Name)
	}
	leaving.Alone = onlyHere(ctx, tracker, o.library.Identity().PeerID(), contents)
	return leaving, nil
}

type content struct {
	hash netproto.ContentHash
	name string
}

// addContent adds a content that is hashed and not in the list yet, while there
// is room.
func addContent(list []content, hash netproto.ContentHash, name string) []content {
	if len(list) == face.MaxLeavingAsked || hash.IsZero() || slices.ContainsFunc(list, func(c content) bool { return c.hash == hash }) {
		return list
	}
	return append(list, content{hash, name})
}

// onlyHere asks a tracker which of the contents no other peer has as a whole,
// and returns their names.
func onlyHere(ctx context.Context, tracker membership.Tracker, self netproto.PeerID, contents []content) []string {
	alone := make([]bool, len(contents))
	var group errgroup.Group
	group.SetLimit(askedAtOnce)
	for i, c := range contents {
		group.Go(func() error {
			sources, err := tracker.Sources(ctx, c.hash)
			elsewhere := slices.ContainsFunc(sources, func(s netproto.Source) bool { return !s.Part && s.PeerID != self })
			alone[i] = err == nil && !elsewhere
			return nil
		})
	}
	_ = group.Wait() // no question fails the others
	var names []string
	for i, c := range contents {
		if alone[i] {
			names = append(names, c.name)
		}
	}
	return names
}
