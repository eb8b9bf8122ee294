package library

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/identity"
)

// trackersFile lies beside the library and lists the trackers that this peer uses
// and trusts, so that a second process can ask them while the first one has the
// profile open.
const trackersFile = "trackers.json"

// maxTrackersFile bounds how much of it is read, in bytes.
const maxTrackersFile = 1 << 20

type trackerList struct {
	Tracker  string    `json:"tracker,omitempty"`
	Trackers []string  `json:"more_trackers,omitempty"`
	Known    []Tracker `json:"known"`
	Changes  int64     `json:"changes"` // of the known ones, ever
}

// Glance is the part of a profile that can be used while another process has it
// open: the key of the installation, the trackers in use and those that are
// trusted. What it learns is forgotten with it.
type Glance struct {
	identity *identity.Identity

	mu   sync.Mutex
	list trackerList
}

// GlanceAt looks at the profile in dir. It may have no trackers yet. If nothing can be
// written there and it has no key, the Glance has one of its own.
func GlanceAt(dir string) (*Glance, error) {
	file := filepath.Join(dir, "peer.key")
	id, err := identity.LoadOrCreate(file)
	if _, missing := os.Stat(file); err != nil && missing != nil { // and it cannot be made
		_, key, failed := ed25519.GenerateKey(nil)
		if failed != nil {
			return nil, failed
		}
		id, err = identity.New(key)
	}
	if err != nil {
		return nil, err
	}
	g := &Glance{identity: id}
	file = filepath.Join(dir, trackersFile)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err == nil && info.Size() > maxTrackersFile {
		return nil, netproto.Errorf(netproto.CodeStore, "%s has %d bytes, too many for a list of trackers", file, info.Size())
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &g.list)
	}
	if err == nil {
		err = g.settings().Validate()
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeStore, "%s: %w", file, err)
	}
	return g, nil
}

// Identity returns the key of this installation.
func (g *Glance) Identity() *identity.Identity { return g.identity }

// Settings returns the defaults with the trackers in use.
func (g *Glance) Settings() (Settings, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings(), nil
}

func (g *Glance) settings() Settings {
	s := DefaultSettings()
	s.Tracker, s.MoreTrackers = g.list.Tracker, slices.Clone(g.list.Trackers)
	return s
}

// SaveSettings does nothing: the settings belong to the process that has the
// profile open.
func (g *Glance) SaveSettings(Settings) error { return nil }

// KnownTracker returns the fingerprint of a tracker that was reached before.
func (g *Glance) KnownTracker(address string) (netproto.Fingerprint, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		return g.list.Known[i].Fingerprint, true
	}
	return netproto.Fingerprint{}, false
}

// Trackers returns the trackers that are trusted.
func (g *Glance) Trackers() ([]Tracker, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.list.Known), nil
}

func (g *Glance) index(address string) int {
	return slices.IndexFunc(g.list.Known, func(t Tracker) bool { return t.Address == address })
}

// TrackerReached trusts a tracker's key from now on, as [Library.TrackerReached]
// does.
func (g *Glance) TrackerReached(address string, key netproto.Fingerprint, name string, ports []int, addresses []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.index(address)
	if i < 0 {
		g.list.Known = append(g.list.Known, Tracker{Address: address, Fingerprint: key, Name: name, Ports: ports, Addresses: addresses})
		return nil
	}
	if known := g.list.Known[i].Fingerprint; known != key {
		return netproto.Errorf(netproto.CodeKeyChanged, "%s: known is %s, shown is %s", address, known, key)
	}
	g.list.Known[i].Ports, g.list.Known[i].Addresses = ports, addresses
	return nil
}

// ReplaceTracker trusts a tracker's key from now on, in place of the known one.
func (g *Glance) ReplaceTracker(address string, key netproto.Fingerprint, name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		g.list.Known[i].Fingerprint, g.list.Known[i].Name = key, name
	} else {
		g.list.Known = append(g.list.Known, Tracker{Address: address, Fingerprint: key, Name: name})
	}
	return nil
}

// TrackerPlaces returns the ports at which a tracker said it listens, and its addresses.
func (g *Glance) TrackerPlaces(address string) (ports []int, addresses []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		return slices.Clone(g.list.Known[i].Ports), slices.Clone(g.list.Known[i].Addresses)
	}
	return nil, nil
}

// ForgetTracker ends the trust in a tracker's key.
func (g *Glance) ForgetTracker(address string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list.Known = slices.DeleteFunc(g.list.Known, func(t Tracker) bool { return t.Address == address })
	return nil
}

// Close does nothing.
func (g *Glance) Close() error { return nil }

// showTrackers replaces the file that a [Glance] reads, unless it says the same already.
func (l *Library) showTrackers() error {
	l.showing.Lock()
	defer l.showing.Unlock()
	settings, err := l.Settings()
	if err != nil {
		return err
	}
	known, err := l.Trackers()
	if err != nil {
		return err
	}
	is, err := l.trackersState()
	if err != nil {
		return err
	}
	for _, address := range is.damaged { // since this start
		known = append(known, Tracker{Address: address, Fingerprint: lostKey})
	}
	for i := range known { // an older version kept what a tracker said, however long
		known[i].Name = netproto.Cut(known[i].Name, netproto.MaxPeerName)
	}
	raw, err := json.MarshalIndent(trackerList{settings.Tracker, settings.MoreTrackers, known, is.changes}, "", "\t")
	if err != nil {
		return err
	}
	file := filepath.Join(l.dir, trackersFile)
	there, err := os.ReadFile(file)
	nothing := len(known) == 0 && is.changes == 0 && settings.Tracker == "" && len(settings.MoreTrackers) == 0
	if err == nil && bytes.Equal(there, raw) || errors.Is(err, fs.ErrNotExist) && nothing {
		return nil
	}
	if err := durable.Replace(file, raw, 0o600); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	return nil
}
