package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// profile is what is remembered of trackers: a library, or what can be seen of
// one that another process has.
type profile interface {
	trackerclient.Trust
	Identity() *identity.Identity
	Settings() (library.Settings, error)
	SaveSettings(library.Settings) error
	ForgetTracker(address string) error
}

// trackers are the clients of the trackers that a command uses. The first one
// answered, and is the main one; the others did or may later.
type trackers struct {
	all      []*trackerclient.Client
	answered peer.Trackers
}

func (ts trackers) main() *trackerclient.Client { return ts.all[0] }

func (ts trackers) close() {
	for _, c := range ts.all {
		c.Close()
	}
}

// use lets an engine stay with the trackers; it closes them in the end.
func (ts trackers) use(e *peer.Engine) {
	e.UseTracker(ts.all[0])
	for _, c := range ts.all[1:] {
		e.AddTracker(c)
	}
}

// openTrackers makes the clients of the trackers that --tracker, a link or the
// settings name, and asks them whether they are there. One that is not is told
// on stderr; only where none answers there is an error, of the first. The first
// one named is remembered as the default.
func (p *program) openTrackers(ctx context.Context, known profile, link *netproto.Link) (trackers, error) {
	settings, err := known.Settings()
	if err != nil {
		return trackers{}, err
	}
	chosen, err := p.chosenTrackers(settings, link)
	if err != nil {
		return trackers{}, err
	}
	var ts trackers
	var silent []*trackerclient.Client
	var failures []error
	for _, c := range chosen {
		client, err := p.openTracker(ctx, known, c)
		if err == nil {
			ts.all, ts.answered = append(ts.all, client), append(ts.answered, client)
			continue
		}
		failures = append(failures, err)
		if client != nil {
			silent = append(silent, client)
		}
	}
	ts.all = append(ts.all, silent...)
	if len(ts.answered) == 0 {
		ts.close()
		return trackers{}, failures[0]
	}
	for _, err := range failures {
		fmt.Fprintln(p.Err, "centralizedp2p: going on without a tracker: "+Sentence(err))
	}
	// What the person named is the default from now on; a link is a visit.
	if first := chosen[0].Tracker; settings.Tracker == "" || len(p.trackers) > 0 && settings.Tracker != first {
		settings.Tracker = first
		settings.MoreTrackers = slices.DeleteFunc(settings.MoreTrackers, func(a string) bool { return a == first })
		if err := known.SaveSettings(settings); err != nil {
			ts.close()
			return trackers{}, err
		}
	}
	return ts, nil
}

// chosenTrackers are those to use, each once; explicit is one whose key the
// person gave.
func (p *program) chosenTrackers(settings library.Settings, link *netproto.Link) ([]namedTracker, error) {
	var list []namedTracker
	add := func(t netproto.Link, explicit bool) {
		if !slices.ContainsFunc(list, func(o namedTracker) bool { return o.Tracker == t.Tracker }) {
			list = append(list, namedTracker{t, explicit})
		}
	}
	for _, text := range p.trackers {
		t, err := parseTracker(text)
		if err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--tracker: %w", err)
		}
		explicit := !t.Fingerprint.IsZero()
		if !explicit && link != nil && link.Tracker == t.Tracker {
			t.Fingerprint = link.Fingerprint
		}
		add(t, explicit)
	}
	switch {
	case len(list) > 0:
	case link != nil:
		add(*link, false)
	case settings.Tracker != "" || len(settings.MoreTrackers) > 0:
		for _, address := range append([]string{settings.Tracker}, settings.MoreTrackers...) {
			if address != "" {
				add(netproto.Link{Tracker: address}, false)
			}
		}
	default:
		add(netproto.Link{Tracker: localTracker}, false)
	}
	return list, nil
}

// namedTracker is one to use; explicit where the person gave its key with it.
type namedTracker struct {
	netproto.Link
	explicit bool
}

// openTracker asks one tracker. With an error there may be a client, which can
// try again.
func (p *program) openTracker(ctx context.Context, known profile, t namedTracker) (*trackerclient.Client, error) {
	if t.explicit {
		if err := p.replaceKey(ctx, known, t.Link); err != nil {
			return nil, err
		}
	}
	client, err := trackerclient.New(known.Identity(), t.Tracker, t.Fingerprint, known)
	if err != nil {
		return nil, err
	}
	if _, err = client.Info(ctx); err == nil {
		err = client.Redeem(ctx, t.Invite)
	}
	if e, ok := errors.AsType[*netproto.Error](err); ok && e.Code == netproto.CodeKeyChanged {
		err = netproto.Errorf(e.Code, "%s; a link with the new key, given with --tracker, replaces the known one", e.Detail)
	}
	return client, err
}

// replaceKey trusts the key that the person gave with --tracker in place of the
// known one, if the tracker shows it. A link to a file cannot do that: it comes
// from somebody else.
func (p *program) replaceKey(ctx context.Context, known profile, t netproto.Link) error {
	old, trusted := known.KnownTracker(t.Tracker)
	if !trusted || old == t.Fingerprint {
		return nil
	}
	asked, err := trackerclient.New(known.Identity(), t.Tracker, t.Fingerprint, forgetful{})
	if err != nil {
		return err
	}
	defer asked.Close()
	info, err := asked.Info(ctx)
	if err != nil {
		return err
	}
	if err := known.ForgetTracker(t.Tracker); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "centralizedp2p: the tracker %s has the key %s now, as the link after --tracker says; it is trusted from now on, and %s no more.\n", t.Tracker, t.Fingerprint, old)
	return known.TrackerReached(t.Tracker, t.Fingerprint, info.Name)
}

// forgetful knows no tracker and remembers none.
type forgetful struct{}

func (forgetful) KnownTracker(string) (netproto.Fingerprint, bool) {
	return netproto.Fingerprint{}, false
}

func (forgetful) TrackerReached(string, netproto.Fingerprint, string) error { return nil }
