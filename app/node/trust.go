package node

import (
	"context"
	"errors"
	"sync"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Memory is what a profile remembers of trackers: a library, or a glance at one
// that another process has.
type Memory interface {
	trackerclient.Trust
	Identity() *identity.Identity
	// ReplaceTracker trusts key from now on in place of the known one, in one
	// step: there is no moment in which any key would be trusted.
	ReplaceTracker(address string, key netproto.Fingerprint, name string) error
}

// Ask returns a client of the tracker that link names, once the tracker has
// answered with the right key:
//
//   - the known key if the tracker was reached before, whatever the link says: a
//     link comes from anybody and must not make a tracker look changed;
//   - otherwise the key in the link;
//   - otherwise the first key that the tracker shows.
//
// The key is saved before Ask returns, and no other key is accepted from then
// on until [ReplaceKey]. An invite in the link makes this peer a member. If the link
// names a content, the tracker is asked for that at the same time: the client answers at
// once what it is and who has it.
//
// Errors: "tracker-key-changed" with both fingerprints and the cause
// [trackerclient.KeyChanged]; "invalid" if the tracker shows the known key but
// the link has another; "tracker-unreachable"; "store-unusable" if the key
// cannot be saved; what the tracker says about the invite; and that of ctx.
func Ask(ctx context.Context, m Memory, link netproto.Link) (*trackerclient.Client, error) {
	known, trusted := m.KnownTracker(link.Tracker)
	expected := link.Fingerprint
	if trusted {
		expected = known
	}
	c, err := trackerclient.New(m.Identity(), link.Tracker, expected, m)
	if err != nil {
		return nil, err
	}
	var asked sync.WaitGroup
	if !link.Hash.IsZero() && link.Invite.IsZero() {
		asked.Go(func() { c.Resource(ctx, link.Hash) }) // why it fails is said to whoever asks again
	}
	_, err = c.Info(ctx)
	asked.Wait()
	switch {
	case err != nil:
	case trusted && !link.Fingerprint.IsZero() && link.Fingerprint != known:
		err = netproto.Errorf(netproto.CodeInvalid, "the link says that the tracker %s has the key %s, but it shows %s, as it always did: "+
			"ask for a new link", link.Tracker, link.Fingerprint, known)
	default:
		err = c.Redeem(ctx, link.Invite)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Client returns a client of the tracker that link names without asking it: for
// one that was used before, or that does not answer now but may later. It
// accepts the keys that [Ask] accepts. "tracker-key-changed" if the link has
// another key than the known one.
func Client(m Memory, link netproto.Link) (*trackerclient.Client, error) {
	return trackerclient.New(m.Identity(), link.Tracker, link.Fingerprint, m)
}

// ReplaceKey trusts key as that of the tracker at address from now on, in place
// of the known one, if the tracker shows it now. Only the person may say so,
// never a link to a file. Until the tracker has shown the key and it is saved,
// the known one stays trusted. "tracker-key-changed" with the cause
// [trackerclient.KeyChanged] if the tracker shows another key.
func ReplaceKey(ctx context.Context, m Memory, address string, key netproto.Fingerprint) error {
	asked, err := trackerclient.New(m.Identity(), address, key, forgetful{})
	if err != nil {
		return err
	}
	defer asked.Close()
	info, err := asked.Info(ctx)
	if changed, ok := errors.AsType[*trackerclient.KeyChanged](err); ok {
		refused := netproto.Errorf(netproto.CodeKeyChanged, "%s shows the key %s now, not %s", address, changed.Shown, key)
		refused.Cause = changed
		return refused
	}
	if err != nil {
		return err
	}
	return m.ReplaceTracker(address, key, info.Name)
}

// forgetful knows no tracker and remembers none: a tracker is only asked.
type forgetful struct{}

func (forgetful) KnownTracker(string) (netproto.Fingerprint, bool) {
	return netproto.Fingerprint{}, false
}

func (forgetful) TrackerReached(string, netproto.Fingerprint, string, []int, []string) error {
	return nil
}

func (forgetful) TrackerPlaces(string) ([]int, []string) { return nil, nil }
