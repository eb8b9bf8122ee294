package localengine

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/command"
	"centralizedp2p/app/desktop"
	"centralizedp2p/app/library"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// ownListen is where the tracker on this computer listens: where others look
// for one.
const ownListen = ":5000"

// Tracker is what the Tracker page shows.
func (e *Engine) Tracker(context.Context) (desktop.TrackerView, error) {
	known, err := e.library.Trackers()
	if err != nil {
		return desktop.TrackerView{}, err
	}
	t := e.engine.TrackerStatus()
	v := desktop.TrackerView{LeaseSeconds: int(t.Lease / time.Second), RoundTripMilli: int(t.RoundTrip.Round(time.Millisecond) / time.Millisecond),
		PeersOnline: t.Stats.PeersOnline, Resources: t.Stats.Resources}
	v.Address, v.Name, v.Fingerprint = t.Address, t.Name, t.Fingerprint
	for _, k := range known {
		v.Known = append(v.Known, desktop.KnownTracker{Address: k.Address, Name: k.Name, Fingerprint: k.Fingerprint})
		if k.Address == t.Address && v.Fingerprint.IsZero() {
			v.Name, v.Fingerprint = k.Name, k.Fingerprint
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	v.ChangedKey = e.changed
	if changed, ok := errors.AsType[*trackerclient.KeyChanged](t.Err); ok {
		v.ChangedKey = &desktop.ChangedKey{Address: t.Address, Known: changed.Known, Shown: changed.Shown}
	}
	v.Own.Failure = desktop.FailureOf(e.ownErr)
	if e.own != nil {
		v.Own = desktop.OwnTracker{Running: true, Addresses: ownAddresses(e.own), Invite: e.own.Link.String(), Rate: e.own.Rate()}
		if t.Address == e.own.Link.Tracker {
			v.Own.Peers, v.Own.Resources = t.Stats.PeersOnline, t.Stats.Resources
		}
	}
	return v, nil
}

// ownAddresses are those under which others may reach the tracker on this
// computer, the likeliest first.
func ownAddresses(own *command.OwnTracker) []string {
	addresses := []string{own.Link.Tracker}
	_, port, err := net.SplitHostPort(own.Address)
	if err != nil {
		return addresses
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return addresses
	}
	for _, a := range all {
		prefix, ok := a.(*net.IPNet)
		if !ok || prefix.IP.IsLoopback() || prefix.IP.IsLinkLocalUnicast() {
			continue
		}
		if address := net.JoinHostPort(prefix.IP.String(), port); !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// UseTracker switches to a tracker once it has answered.
func (e *Engine) UseTracker(ctx context.Context, text string) error {
	address, key, err := command.ChooseTracker(text)
	if err != nil {
		return err
	}
	return e.use(ctx, address, key)
}

// use asks a tracker who it is, and stays with it when it answers.
func (e *Engine) use(ctx context.Context, address string, key netproto.Fingerprint) error {
	e.switching.Lock()
	defer e.switching.Unlock()
	client, err := trackerclient.New(e.library.Identity(), address, key, e.library)
	if err == nil {
		if _, err = client.Info(ctx); err != nil {
			client.Close()
		}
	}
	if err != nil {
		e.noteChangedKey(address, err)
		return err
	}
	err = e.changeSettings(func(s *library.Settings) { s.Tracker = address })
	if err != nil {
		client.Close()
		return err
	}
	e.mu.Lock()
	e.changed = nil
	e.mu.Unlock()
	e.engine.UseTracker(client)
	return nil
}

func (e *Engine) noteChangedKey(address string, err error) {
	changed, ok := errors.AsType[*trackerclient.KeyChanged](err)
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changed = &desktop.ChangedKey{Address: address, Known: changed.Known, Shown: changed.Shown}
}

func (e *Engine) changeSettings(change func(*library.Settings)) error {
	settings, err := e.library.Settings()
	if err != nil {
		return err
	}
	change(&settings)
	return e.library.SaveSettings(settings)
}

// ForgetTracker ends the trust in a tracker, and leaves it if it is in use.
func (e *Engine) ForgetTracker(_ context.Context, address string) error {
	if err := e.library.ForgetTracker(address); err != nil {
		return err
	}
	e.mu.Lock()
	if e.changed != nil && e.changed.Address == address {
		e.changed = nil
	}
	e.mu.Unlock()
	if t := e.engine.Tracker(); t != nil && t.Address() == address {
		e.engine.UseTracker(nil)
		return e.changeSettings(func(s *library.Settings) { s.Tracker = "" })
	}
	return nil
}

// Reconnect tries the tracker in use now.
func (e *Engine) Reconnect(context.Context) error {
	e.engine.Reconnect()
	return nil
}

// AcceptTrackerKey trusts a tracker's new key, if it is still the one that the
// person saw.
func (e *Engine) AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error {
	if err := e.library.ForgetTracker(address); err != nil {
		return err
	}
	return e.use(ctx, address, key)
}

// StartTracker runs a tracker on this computer and uses it.
func (e *Engine) StartTracker(ctx context.Context) error {
	e.mu.Lock()
	running := e.own != nil
	e.mu.Unlock()
	if running {
		return nil
	}
	settings, err := e.library.Settings()
	if err != nil {
		return err
	}
	name := strings.TrimSpace(settings.Name)
	own, err := command.StartTracker(ctx, command.TrackerData(e.library.Dir()), ownListen, name, e.logs)
	e.mu.Lock()
	e.own, e.ownErr = own, err
	e.mu.Unlock()
	if err != nil {
		return err
	}
	if err := e.changeSettings(func(s *library.Settings) { s.OwnTracker = true }); err != nil {
		return err
	}
	return e.use(ctx, own.Link.Tracker, own.Fingerprint)
}

// StopTracker stops the tracker on this computer.
func (e *Engine) StopTracker(context.Context) error {
	e.mu.Lock()
	own := e.own
	e.own, e.ownErr = nil, nil
	e.mu.Unlock()
	if own == nil {
		return nil
	}
	if err := e.changeSettings(func(s *library.Settings) { s.OwnTracker = false }); err != nil {
		return err
	}
	if t := e.engine.Tracker(); t != nil && t.Address() == own.Link.Tracker {
		e.engine.UseTracker(nil) // goodbye before the tracker is gone
		if err := e.changeSettings(func(s *library.Settings) { s.Tracker = "" }); err != nil {
			return err
		}
	}
	return own.Close()
}
