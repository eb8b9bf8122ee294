package localengine

import (
	"context"
	"errors"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// goodbyeTimeout bounds the wait for a goodbye; the peer engine allows less.
const goodbyeTimeout = 5 * time.Second

// trackers implements [face.Trackers].
type trackers struct {
	*core
	own    *ownTracker
	nearby *nearby

	turn chan struct{} // full while the trackers are being changed

	mu      sync.Mutex
	changed *face.ChangedKey // shown by a known tracker that is not in use
}

// start goes on with the trackers of the last time.
func (ts *trackers) start(settings library.Settings) {
	if err := ts.startMain(settings); err != nil {
		ts.log.Warn("the tracker of the last time is not used", "error", err)
	}
	for _, address := range settings.MoreTrackers {
		c, err := node.Client(ts.library, netproto.Link{Tracker: address})
		if err != nil {
			ts.log.Warn("a tracker of the last time is not used", "tracker", address, "error", err)
			continue
		}
		ts.engine.Trackers.Add(c)
	}
	if ts.nearby.browse != nil {
		ts.begin(ts.nearby.look)
	}
}

// startMain goes on with the main tracker. One on this computer is known by its
// key: its address may be another one today.
func (ts *trackers) startMain(settings library.Settings) error {
	if settings.OwnTracker {
		own, err := ts.own.start()
		if err != nil {
			ts.log.Warn("the tracker on this computer does not start", "error", err)
		} else if key, ok := ts.library.KnownTracker(settings.Tracker); ok && key == own.Fingerprint {
			return ts.useOwn(own)
		}
	}
	if settings.Tracker == "" {
		return nil
	}
	c, err := node.Client(ts.library, netproto.Link{Tracker: settings.Tracker})
	if err != nil {
		return err
	}
	ts.join(c)
	return nil
}

// Tracker returns what the Tracker page shows.
func (ts *trackers) Tracker(context.Context) (face.TrackerView, error) {
	known, err := ts.library.Trackers()
	if err != nil {
		return face.TrackerView{}, netproto.Errorf(netproto.CodeStore, "the known trackers in %s: %w", ts.library.Dir(), err)
	}
	t := ts.engine.Trackers.Status()
	v := face.TrackerView{Reach: ts.reach(), LeaseSeconds: int(t.Lease / time.Second),
		RoundTripMilli: int((t.RoundTrip + time.Millisecond - 1) / time.Millisecond)} // 0 is not known
	if t.State == membership.StateConnected {
		v.PeersOnline, v.Resources = t.Stats.PeersOnline, t.Stats.Resources
	}
	v.Address, v.Name, v.Fingerprint = t.Address, t.Name, t.Fingerprint
	v.LinkAddress = ts.engine.Trackers.LinkAddress()
	beside := map[string]membership.Status{}
	for _, other := range ts.engine.Trackers.Statuses() {
		if other.Address != t.Address {
			beside[other.Address] = other
		}
	}
	for _, k := range known {
		other, used := beside[k.Address]
		v.Known = append(v.Known, face.KnownTracker{Address: k.Address, Name: k.Name, Fingerprint: k.Fingerprint,
			Beside: used, Connection: face.Connection(other.State), Failure: face.FailureOf(other.Err)})
		if k.Address == t.Address && v.Fingerprint.IsZero() {
			v.Name, v.Fingerprint = k.Name, k.Fingerprint
		}
	}
	v.ChangedKey = ts.changedKey(t)
	own, ownErr := ts.own.state()
	v.Own = viewOf(own, ownErr)
	v.Nearby = ts.nearby.others(own)
	if own != nil && v.Fingerprint == own.Fingerprint {
		v.Own.Peers, v.Own.Resources = v.PeersOnline, v.Resources
	}
	return v, nil
}

// changedKey returns the changed key that the person is asked about, if any. What
// the person tried last comes first.
func (ts *trackers) changedKey(inUse membership.Status) *face.ChangedKey {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.changed != nil {
		changed := *ts.changed
		return &changed
	}
	if shown, ok := errors.AsType[*trackerclient.KeyChanged](inUse.Err); ok {
		return &face.ChangedKey{Address: inUse.Address, Known: shown.Known, Shown: shown.Shown}
	}
	return nil
}

// takeTurn begins the caller's turn, which ends with done: trackers are changed
// one after another. "cancelled" if ctx ends first.
func (ts *trackers) takeTurn(ctx context.Context) (done func(), err error) {
	select {
	case ts.turn <- struct{}{}:
		return func() { <-ts.turn }, nil
	case <-ctx.Done():
		return nil, coded(ctx.Err())
	}
}

// inTurn does something in the caller's turn.
func (ts *trackers) inTurn(ctx context.Context, do func() error) error {
	done, err := ts.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return do()
}

// join makes a tracker the main one; the peer engine tries until it answers.
func (ts *trackers) join(c *trackerclient.Client) { ts.engine.Trackers.Use(c) }

// leave leaves the main tracker and waits for the goodbye.
func (ts *trackers) leave(ctx context.Context) { waitFor(ctx, ts.engine.Trackers.Use(nil)) }

// leaveBeside leaves a tracker beside the main one and waits for the goodbye.
func (ts *trackers) leaveBeside(ctx context.Context, address string) error {
	err := ts.changeSettings(func(s *library.Settings) { node.LeaveBeside(s, address) })
	if err == nil {
		waitFor(ctx, ts.engine.Trackers.Drop(address))
	}
	return err
}

// waitFor waits for a goodbye.
func waitFor(ctx context.Context, left <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	select {
	case <-left:
	case <-ctx.Done():
	}
}

// UseTracker switches to a tracker once it has answered.
func (ts *trackers) UseTracker(ctx context.Context, text string) error {
	link, err := node.ParseTracker(text)
	if err != nil {
		return err
	}
	return ts.inTurn(ctx, func() error { return ts.use(ctx, link) })
}

// use makes a tracker the main one if it answers.
func (ts *trackers) use(ctx context.Context, link netproto.Link) error {
	c, err := ts.ask(ctx, link)
	if err != nil {
		return err
	}
	return ts.adopt(c, false)
}

// ask returns the client of a tracker that answered with the right key. If a
// known tracker shows another key, that is kept for the person to decide.
func (ts *trackers) ask(ctx context.Context, link netproto.Link) (*trackerclient.Client, error) {
	c, err := node.Ask(ctx, ts.library, link)
	if err != nil {
		ts.noteChangedKey(link.Tracker, err)
		return nil, coded(err)
	}
	return c, nil
}

// adopt saves a tracker as the main one and joins it. own means that it is the
// tracker on this computer, which starts with the program from now on.
func (ts *trackers) adopt(c *trackerclient.Client, own bool) error {
	err := ts.changeSettings(func(s *library.Settings) {
		node.MakeMain(s, c.Address())
		s.OwnTracker = s.OwnTracker || own
	})
	if err != nil {
		c.Close()
		return err
	}
	ts.setChanged(nil)
	ts.join(c)
	return nil
}

// AlsoUseTracker uses a tracker beside the main one once it has answered, or
// leaves it.
func (ts *trackers) AlsoUseTracker(ctx context.Context, text string, on bool) error {
	link, err := node.ParseTracker(text)
	if err != nil {
		return err
	}
	return ts.inTurn(ctx, func() error {
		if on {
			return ts.useBeside(ctx, link)
		}
		return ts.leaveBeside(ctx, link.Tracker)
	})
}

func (ts *trackers) useBeside(ctx context.Context, link netproto.Link) error {
	c, err := ts.ask(ctx, link)
	if err != nil {
		return err
	}
	if !ts.engine.Trackers.Add(c) {
		return nil // it is in use already
	}
	err = ts.changeSettings(func(s *library.Settings) { node.MakeBeside(s, link.Tracker) })
	if err != nil {
		ts.engine.Trackers.Drop(link.Tracker)
	}
	return err
}

// ForgetTracker ends the trust in a tracker, and leaves it if it is in use.
func (ts *trackers) ForgetTracker(ctx context.Context, address string) error {
	return ts.inTurn(ctx, func() error { return ts.forget(ctx, address) })
}

func (ts *trackers) forget(ctx context.Context, address string) error {
	if t := ts.engine.Trackers.Main(); t != nil && t.Address() == address {
		if err := ts.changeSettings(func(s *library.Settings) { s.Tracker = "" }); err != nil {
			return err
		}
		ts.leave(ctx) // otherwise its next answer would make it a known one again
	}
	if err := ts.leaveBeside(ctx, address); err != nil {
		return err
	}
	if err := ts.library.ForgetTracker(address); err != nil {
		return coded(err)
	}
	ts.mu.Lock()
	if ts.changed != nil && ts.changed.Address == address {
		ts.changed = nil
	}
	ts.mu.Unlock()
	ts.news.tell()
	return nil
}

// Reconnect tries the main tracker now.
func (ts *trackers) Reconnect(context.Context) error {
	ts.engine.Trackers.Reconnect()
	return nil
}

// AcceptTrackerKey trusts the key that the person saw, if the tracker still
// shows it.
func (ts *trackers) AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error {
	return ts.inTurn(ctx, func() error {
		if err := node.ReplaceKey(ctx, ts.library, address, key); err != nil {
			ts.noteChangedKey(address, err)
			return coded(err)
		}
		return ts.use(ctx, netproto.Link{Tracker: address, Fingerprint: key})
	})
}

// noteChangedKey keeps another key that a known tracker showed for the person to
// decide.
func (ts *trackers) noteChangedKey(address string, err error) {
	shown, ok := errors.AsType[*trackerclient.KeyChanged](err)
	known, trusted := ts.library.KnownTracker(address)
	switch {
	case !ok || !trusted:
	case shown.Shown == known: // it has its old key again
		ts.setChanged(nil)
	default:
		ts.setChanged(&face.ChangedKey{Address: address, Known: known, Shown: shown.Shown})
	}
}

func (ts *trackers) setChanged(changed *face.ChangedKey) {
	ts.mu.Lock()
	ts.changed = changed
	ts.mu.Unlock()
	ts.news.tell()
}

// of returns the tracker of a link, to which this peer switches if it uses none
// of that name and loses nothing by that. While there are shares or downloads it
// does not switch: they would go from the tracker where their owner put them to
// one that a link names.
func (ts *trackers) of(ctx context.Context, link netproto.Link) (membership.Tracker, error) {
	done, err := ts.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	t := ts.engine.Trackers.Main()
	if t != nil && (t.Address() == link.Tracker || !link.Fingerprint.IsZero() && t.Fingerprint() == link.Fingerprint) {
		return t, nil
	}
	for _, other := range ts.engine.Trackers.Active() {
		if other.Address() == link.Tracker {
			return other, nil
		}
	}
	if t != nil && ts.bound() {
		return nil, netproto.Errorf(netproto.CodeInvalid, "the link is of the tracker %s, but your shares and downloads are on %s: "+
			"use the other one too, on the Tracker page, and then the link works", link.Tracker, t.Address())
	}
	if err := ts.use(ctx, link); err != nil {
		return nil, err
	}
	return ts.engine.Trackers.Main(), nil
}

// bound reports whether there is anything that another tracker does not know.
func (ts *trackers) bound() bool {
	return ts.engine.Shares.Count() > 0 || ts.engine.Downloads.Counts().Unfinished > 0
}
