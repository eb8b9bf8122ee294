package node_test

import (
	"errors"
	"strings"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

func openLibrary(t *testing.T, dir string) *library.Library {
	t.Helper()
	l, err := library.Open(dir)
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// ask asks and closes the client again.
func ask(t *testing.T, m node.Memory, link netproto.Link) error {
	t.Helper()
	c, err := node.Ask(deadline(t), m, link)
	if err == nil {
		check(t, c.Close())
	}
	return err
}

// at is a link with nothing but an address and perhaps a key.
func at(address string, key netproto.Fingerprint) netproto.Link {
	return netproto.Link{Tracker: address, Fingerprint: key}
}

// wantKnown checks which key is trusted; the zero one is none.
func wantKnown(t *testing.T, m node.Memory, address string, key netproto.Fingerprint) {
	t.Helper()
	if known, trusted := m.KnownTracker(address); known != key || trusted == key.IsZero() {
		t.Errorf("the known key of %s is %s (%t), not %s", address, known, trusted, key)
	}
}

// wantBothKeys checks that an error stops with the known key and the shown one.
func wantBothKeys(t *testing.T, err error, known, shown netproto.Fingerprint) {
	t.Helper()
	refused(t, err, netproto.CodeKeyChanged)
	changed, ok := errors.AsType[*trackerclient.KeyChanged](err)
	if !ok || changed.Known != known || changed.Shown != shown {
		t.Errorf("the cause is %+v, not %s and %s", changed, known, shown)
	}
	for _, key := range []netproto.Fingerprint{known, shown} {
		if !strings.Contains(err.Error(), key.String()) {
			t.Errorf("%s is missing in %q", key, err)
		}
	}
}

// another puts a tracker with another key in the place of one.
func another(t *testing.T, old *node.OwnTracker) *node.OwnTracker {
	t.Helper()
	check(t, old.Close())
	return startTracker(t, "", old.Address)
}

func TestTheFirstContactIsRemembered(t *testing.T) {
	tracker, dir := startTracker(t, "", ""), t.TempDir()
	l := openLibrary(t, dir)
	wantKnown(t, l, tracker.Address, netproto.Fingerprint{})
	check(t, ask(t, l, at(tracker.Address, netproto.Fingerprint{})))
	wantKnown(t, l, tracker.Address, tracker.Fingerprint)
	check(t, l.Close())
	l = openLibrary(t, dir)
	wantKnown(t, l, tracker.Address, tracker.Fingerprint)
	known, err := l.Trackers()
	if err != nil || len(known) != 1 || known[0].Name != "town" {
		t.Errorf("after a restart the known trackers are %v, %v", known, err)
	}
}

func TestALinkWithAFingerprintPinsTheKeyAtTheFirstContact(t *testing.T) {
	tracker, l := startTracker(t, "", ""), openLibrary(t, t.TempDir())
	wrong := netproto.Fingerprint{1}
	wantBothKeys(t, ask(t, l, at(tracker.Address, wrong)), wrong, tracker.Fingerprint)
	wantKnown(t, l, tracker.Address, netproto.Fingerprint{})
	check(t, ask(t, l, at(tracker.Address, tracker.Fingerprint)))
	wantKnown(t, l, tracker.Address, tracker.Fingerprint)
}

func TestAChangedKeyStopsWithBothFingerprints(t *testing.T) {
	first, l := startTracker(t, "", ""), openLibrary(t, t.TempDir())
	check(t, ask(t, l, at(first.Address, netproto.Fingerprint{})))
	second := another(t, first)
	for name, err := range map[string]error{
		"asked by its address":             ask(t, l, at(first.Address, netproto.Fingerprint{})),
		"asked with the known key":         ask(t, l, at(first.Address, first.Fingerprint)),
		"asked with the key that it has":   ask(t, l, at(first.Address, second.Fingerprint)),
		"joined later, by its address":     joinLater(t, l, at(first.Address, netproto.Fingerprint{})),
		"joined later, with the new key":   joinLater(t, l, at(first.Address, second.Fingerprint)),
		"one of several":                   askAll(t, l, node.Choice{Link: at(first.Address, netproto.Fingerprint{})}),
		"one of several, in a file's link": askAll(t, l, node.Choice{Link: at(first.Address, second.Fingerprint)}),
	} {
		t.Run(name, func(t *testing.T) {
			wantBothKeys(t, err, first.Fingerprint, second.Fingerprint)
			wantKnown(t, l, first.Address, first.Fingerprint)
		})
	}
}

// joinLater is what an engine does with a client that was not asked.
func joinLater(t *testing.T, m node.Memory, link netproto.Link) error {
	t.Helper()
	c, err := node.Client(m, link)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Info(deadline(t))
	return err
}

func askAll(t *testing.T, m node.Memory, chosen ...node.Choice) error {
	t.Helper()
	ts, _, err := node.AskAll(deadline(t), m, chosen, nil)
	if err == nil {
		ts.Close()
	}
	return err
}

func TestALinkCannotMakeAKnownTrackerLookChanged(t *testing.T) {
	tracker, l := startTracker(t, "", ""), openLibrary(t, t.TempDir())
	check(t, ask(t, l, at(tracker.Address, netproto.Fingerprint{})))
	wrong := netproto.Fingerprint{1}
	err := ask(t, l, at(tracker.Address, wrong))
	refused(t, err, netproto.CodeInvalid)
	for _, key := range []netproto.Fingerprint{wrong, tracker.Fingerprint} {
		if !strings.Contains(err.Error(), key.String()) {
			t.Errorf("%s is missing in %q", key, err)
		}
	}
	refused(t, askAll(t, l, node.Choice{Link: at(tracker.Address, wrong)}), netproto.CodeInvalid)
	wantKnown(t, l, tracker.Address, tracker.Fingerprint)
}

func TestANewLinkOfThePersonReplacesTheKey(t *testing.T) {
	first, dir := startTracker(t, "", ""), t.TempDir()
	l := openLibrary(t, dir)
	check(t, ask(t, l, at(first.Address, netproto.Fingerprint{})))
	second := another(t, first)

	// Not with a key that the tracker does not show, and not by a link to a file.
	wrong := netproto.Fingerprint{1}
	wantBothKeys(t, node.ReplaceKey(deadline(t), l, first.Address, wrong), wrong, second.Fingerprint)
	wantBothKeys(t, askAll(t, l, node.Choice{Link: at(first.Address, wrong), Vouched: true}), wrong, second.Fingerprint)
	wantBothKeys(t, askAll(t, l, node.Choice{Link: at(first.Address, second.Fingerprint)}), first.Fingerprint, second.Fingerprint)
	wantKnown(t, l, first.Address, first.Fingerprint)

	var replaced []node.Replaced
	ts, failures, err := node.AskAll(deadline(t), l, []node.Choice{{Link: at(first.Address, second.Fingerprint), Vouched: true}}, func(r node.Replaced) { replaced = append(replaced, r) })
	check(t, errors.Join(append(failures, err)...))
	ts.Close()
	if len(replaced) != 1 || replaced[0] != (node.Replaced{Address: first.Address, Old: first.Fingerprint, New: second.Fingerprint}) {
		t.Errorf("what was replaced is %+v", replaced)
	}
	check(t, l.Close())
	l = openLibrary(t, dir)
	wantKnown(t, l, first.Address, second.Fingerprint)
	check(t, ask(t, l, at(first.Address, netproto.Fingerprint{})))
}

func TestAKeyThatCannotBeReplacedStaysTrusted(t *testing.T) {
	first, l := startTracker(t, "", ""), openLibrary(t, t.TempDir())
	check(t, ask(t, l, at(first.Address, netproto.Fingerprint{})))
	second := another(t, first)
	refused(t, node.ReplaceKey(deadline(t), &fullDisk{Memory: l, full: true}, first.Address, second.Fingerprint), netproto.CodeStore)
	wantKnown(t, l, first.Address, first.Fingerprint)
	check(t, second.Close())
	refused(t, node.ReplaceKey(deadline(t), l, first.Address, second.Fingerprint), netproto.CodeUnreachable)
	wantKnown(t, l, first.Address, first.Fingerprint)
}

// fullDisk is a memory that cannot save while its disk is full.
type fullDisk struct {
	node.Memory
	full bool
}

func (m *fullDisk) TrackerReached(address string, key netproto.Fingerprint, name string, ports []int, addresses []string) error {
	if m.full {
		return netproto.Errorf(netproto.CodeStore, "no space left on device")
	}
	return m.Memory.TrackerReached(address, key, name, ports, addresses)
}

func (m *fullDisk) ReplaceTracker(address string, key netproto.Fingerprint, name string) error {
	if m.full {
		return netproto.Errorf(netproto.CodeStore, "no space left on device")
	}
	return m.Memory.ReplaceTracker(address, key, name)
}

func TestAFirstContactThatCannotBeSavedIsNoneYet(t *testing.T) {
	tracker := startTracker(t, "", "")
	m := &fullDisk{Memory: openLibrary(t, t.TempDir()), full: true}
	refused(t, ask(t, m, at(tracker.Address, netproto.Fingerprint{})), netproto.CodeStore)

	// An engine that has a client tries again, until the key is saved.
	c, err := node.Client(m, at(tracker.Address, netproto.Fingerprint{}))
	check(t, err)
	defer c.Close()
	for range 2 {
		_, err = c.Info(deadline(t))
		refused(t, err, netproto.CodeStore)
		wantKnown(t, m, tracker.Address, netproto.Fingerprint{})
	}
	m.full = false
	_, err = c.Info(deadline(t))
	check(t, err)
	wantKnown(t, m, tracker.Address, tracker.Fingerprint)
}

func TestAKeyThatWasSeenButNotSavedIsPinnedAllTheSame(t *testing.T) {
	first := startTracker(t, "", "")
	m := &fullDisk{Memory: openLibrary(t, t.TempDir()), full: true}
	c, err := node.Client(m, at(first.Address, netproto.Fingerprint{}))
	check(t, err)
	defer c.Close()
	_, err = c.Info(deadline(t))
	refused(t, err, netproto.CodeStore)
	m.full = false
	second := another(t, first)
	_, err = c.Info(deadline(t))
	wantBothKeys(t, err, first.Fingerprint, second.Fingerprint)
	wantKnown(t, m, first.Address, netproto.Fingerprint{})
}

func TestASearchBesideARunningProgramSavesNothing(t *testing.T) {
	known, fresh, dir := startTracker(t, "", ""), startTracker(t, "", ""), t.TempDir()
	l := openLibrary(t, dir)
	check(t, ask(t, l, at(known.Address, netproto.Fingerprint{})))
	glance, err := library.GlanceAt(dir)
	check(t, err)
	check(t, ask(t, glance, at(fresh.Address, netproto.Fingerprint{})))
	changed := another(t, known)
	wantBothKeys(t, ask(t, glance, at(known.Address, netproto.Fingerprint{})), known.Fingerprint, changed.Fingerprint)
	check(t, node.ReplaceKey(deadline(t), glance, known.Address, changed.Fingerprint))
	wantKnown(t, glance, fresh.Address, fresh.Fingerprint) // while it searches
	wantKnown(t, glance, known.Address, changed.Fingerprint)

	wantKnown(t, l, fresh.Address, netproto.Fingerprint{})
	wantKnown(t, l, known.Address, known.Fingerprint)
	later, err := library.GlanceAt(dir)
	check(t, err)
	wantKnown(t, later, fresh.Address, netproto.Fingerprint{})
	wantKnown(t, later, known.Address, known.Fingerprint)
}
