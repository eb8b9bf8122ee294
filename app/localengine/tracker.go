package localengine

import (
	"context"
	"errors"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// goodbyeTimeout bounds the wait for a goodbye; the peer engine gives it less.
const goodbyeTimeout = 5 * time.Second

// Tracker is what the Tracker page shows.
func (e *Engine) Tracker(context.Context) (face.TrackerView, error) {
	known, err := e.library.Trackers()
	if err != nil {
		return face.TrackerView{}, netproto.Errorf(netproto.CodeStore, "the known trackers in %s: %w", e.library.Dir(), err)
	}
	t := e.engine.TrackerStatus()
	v := face.TrackerView{LeaseSeconds: int(t.Lease / time.Second), RoundTripMilli: int(t.RoundTrip.Round(time.Millisecond) / time.Millisecond)}
	if t.State == peer.TrackerConnected {
		v.PeersOnline, v.Resources = t.Stats.PeersOnline, t.Stats.Resources
	}
	v.Address, v.Name, v.Fingerprint = t.Address, t.Name, t.Fingerprint
	beside := map[string]peer.TrackerStatus{}
	for _, other := range e.engine.TrackerStatuses() {
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if shown, ok := errors.AsType[*trackerclient.KeyChanged](t.Err); ok {
		v.ChangedKey = &face.ChangedKey{Address: t.Address, Known: shown.Known, Shown: shown.Shown}
	}
	if e.changed != nil { // what the person tried last comes first
		changed := *e.changed
		v.ChangedKey = &changed
	}
	v.Nearby = e.nearbyLocked()
	v.Own.Failure = face.FailureOf(e.ownErr)
	if e.own != nil {
		v.Own = viewOf(e.own)
		if v.Fingerprint == e.own.Fingerprint {
			v.Own.Peers, v.Own.Resources = v.PeersOnline, v.Resources
		}
	}
	return v, nil
}

// client is the tracker in use. The peer engine closes it after its goodbye.
type client struct {
	*trackerclient.Client
	once sync.Once
	left chan struct{}
}

func (c *client) Close() error {
	err := c.Client.Close()
	c.once.Do(func() { close(c.left) })
	return err
}

// changeTracker waits for its turn: trackers are changed one after another.
// The caller ends its turn with done.
func (e *Engine) changeTracker(ctx context.Context) (done func(), err error) {
	select {
	case e.switching <- struct{}{}:
		return func() { <-e.switching }, nil
	case <-ctx.Done():
		return nil, coded(ctx.Err())
	}
}

// startTrackers goes on with the tracker of the last time. One on this
// computer is known by its key: the address may be another one today.
func (e *Engine) startTrackers(settings library.Settings) error {
	if settings.OwnTracker {
		own, err := e.startOwn()
		if err != nil {
			e.log.Warn("the tracker on this computer", "error", err)
		} else if key, ok := e.library.KnownTracker(settings.Tracker); ok && key == own.Fingerprint {
			return e.useOwn(own)
		}
	}
	if settings.Tracker == "" {
		return nil
	}
	c, err := node.Client(e.library, netproto.Link{Tracker: settings.Tracker})
	if err != nil {
		return err
	}
	e.join(c)
	return nil
}

// startOthers goes on with the trackers beside the main one.
func (e *Engine) startOthers(settings library.Settings) {
	for _, address := range settings.MoreTrackers {
		c, err := node.Client(e.library, netproto.Link{Tracker: address})
		if err != nil {
			e.log.Warn("a tracker of the last time is not used", "tracker", address, "error", err)
			continue
		}
		e.engine.AddTracker(c)
	}
}

// AlsoUseTracker uses a tracker beside the main one once it has answered, or
// leaves it.
func (e *Engine) AlsoUseTracker(ctx context.Context, text string, on bool) error {
	link, err := node.ParseTracker(text)
	if err != nil {
		return err
	}
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	if !on {
		return e.leaveBeside(ctx, link.Tracker)
	}
	c, err := e.ask(ctx, link)
	if err != nil {
		return err
	}
	if !e.engine.AddTracker(c) {
		return nil // it is used already
	}
	err = e.changeSettings(func(s *library.Settings) { node.MakeBeside(s, link.Tracker) })
	if err != nil {
		e.engine.DropTracker(link.Tracker)
	}
	return err
}

// leaveBeside leaves a tracker beside the main one, and waits until it was told so.
func (e *Engine) leaveBeside(ctx context.Context, address string) error {
	err := e.changeSettings(func(s *library.Settings) { node.LeaveBeside(s, address) })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	select {
	case <-e.engine.DropTracker(address):
	case <-ctx.Done():
	}
	return nil
}

// join makes a tracker the one in use; the peer engine tries until it answers.
func (e *Engine) join(c *trackerclient.Client) {
	e.engine.UseTracker(&client{Client: c, left: make(chan struct{})})
}

// leave ends the use of a tracker, and waits until it was told so.
func (e *Engine) leave(ctx context.Context) {
	c, ok := e.engine.Tracker().(*client)
	e.engine.UseTracker(nil)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	select {
	case <-c.left:
	case <-ctx.Done():
	}
}

// UseTracker switches to a tracker once it has answered.
func (e *Engine) UseTracker(ctx context.Context, text string) error {
	link, err := node.ParseTracker(text)
	if err != nil {
		return err
	}
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	return e.use(ctx, link)
}

// use stays with a tracker as the main one when it answers.
func (e *Engine) use(ctx context.Context, link netproto.Link) error {
	c, err := e.ask(ctx, link)
	if err != nil {
		return err
	}
	return e.adopt(c, false)
}

// ask returns the client of a tracker that answered with the right key. Another
// key of a known one is kept for the person to decide.
func (e *Engine) ask(ctx context.Context, link netproto.Link) (*trackerclient.Client, error) {
	c, err := node.Ask(ctx, e.library, link)
	if err != nil {
		e.noteChangedKey(link.Tracker, err)
		return nil, coded(err)
	}
	return c, nil
}

// adopt saves a tracker as the main one and joins it. own means that it is the
// tracker on this computer, which is started with the program from now on.
func (e *Engine) adopt(c *trackerclient.Client, own bool) error {
	err := e.changeSettings(func(s *library.Settings) {
		node.MakeMain(s, c.Address())
		s.OwnTracker = s.OwnTracker || own
	})
	if err != nil {
		c.Close()
		return err
	}
	e.setChanged(nil)
	e.join(c)
	return nil
}

// noteChangedKey remembers that a known tracker showed another key, for the
// person to decide.
func (e *Engine) noteChangedKey(address string, err error) {
	shown, ok := errors.AsType[*trackerclient.KeyChanged](err)
	known, trusted := e.library.KnownTracker(address)
	if !ok || !trusted {
		return
	}
	if shown.Shown == known {
		e.setChanged(nil)
		return
	}
	e.setChanged(&face.ChangedKey{Address: address, Known: known, Shown: shown.Shown})
}

func (e *Engine) setChanged(changed *face.ChangedKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changed = changed
	e.notifyLocked()
}

// ForgetTracker ends the trust in a tracker, and leaves it if it is in use.
func (e *Engine) ForgetTracker(ctx context.Context, address string) error {
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	if t := e.engine.Tracker(); t != nil && t.Address() == address {
		if err := e.changeSettings(func(s *library.Settings) { s.Tracker = "" }); err != nil {
			return err
		}
		e.leave(ctx) // else its next answer would make it a known one again
	}
	if err := e.leaveBeside(ctx, address); err != nil {
		return err
	}
	if err := e.library.ForgetTracker(address); err != nil {
		return coded(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.changed != nil && e.changed.Address == address {
		e.changed = nil
	}
	e.notifyLocked()
	return nil
}

// Reconnect tries the tracker in use now.
func (e *Engine) Reconnect(context.Context) error {
	e.engine.Reconnect()
	return nil
}

// AcceptTrackerKey trusts a tracker's new key, if it is still the one that the
// person saw. Until the tracker has shown it the old one stays trusted.
func (e *Engine) AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error {
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := node.ReplaceKey(ctx, e.library, address, key); err != nil {
		e.noteChangedKey(address, err)
		return coded(err)
	}
	return e.use(ctx, netproto.Link{Tracker: address, Fingerprint: key})
}
