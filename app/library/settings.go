package library

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/onfinished"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sealed"
)

// Settings holds what a person may choose. Rates are in bytes a second, 0 = no
// limit; ports are 1 to 65535, 0 = any free one.
type Settings struct {
	Name           string              `json:"name"` // display name, at most netproto.MaxPeerName bytes
	DownloadDir    string              `json:"download_dir"`
	MaxDownloads   int                 `json:"max_downloads"` // at once
	ShareDownloads bool                `json:"share_downloads"`
	UploadSlots    int                 `json:"upload_slots"` // peers served at once
	UpLimit        int64               `json:"up_limit"`
	DownLimit      int64               `json:"down_limit"`
	ListenPort     int                 `json:"listen_port"`
	SeedClients    netproto.SeedPolicy `json:"seed_clients"`
	Tracker        string              `json:"tracker"`       // host:port, or "" before one was chosen
	MoreTrackers   []string            `json:"more_trackers"` // used beside Tracker, at most 15
	OwnTracker     bool                `json:"own_tracker"`
	TrackerPort    int                 `json:"tracker_port"`   // of the tracker on this computer; 0 = TrackerAt, else the usual one or a free one near it
	TrackerAt      int                 `json:"tracker_at"`     // the port that it had last; 0 = none
	Started        bool                `json:"started"`        // the first start is over
	AdaptiveSlots  bool                `json:"adaptive_slots"` // more than UploadSlots while the line has room
	LocalExempt    bool                `json:"local_exempt"`   // the local network is not limited
	PoliteUploads  bool                `json:"polite_uploads"` // they leave room for others on the line
	Preallocate    bool                `json:"preallocate"`    // the space of a file is taken when its download begins
	QuickLimit     bool                `json:"quick_limit"`    // QuickUp and QuickDown count instead of the limits
	QuickUp        int64               `json:"quick_up"`
	QuickDown      int64               `json:"quick_down"`
	Ignore         []string            `json:"ignore"`         // patterns of what is left out of shared folders: see package ignore
	GentleHashing  bool                `json:"gentle_hashing"` // with one processor, half of the time
	RouterPort     bool                `json:"router_port"`    // the router is asked to pass the port on
	Calls          bool                `json:"calls"`          // trackers may arrange connections, both ways
	Relay          bool                `json:"relay"`          // a tracker may pass on what no call connects
	Unlisted       bool                `json:"unlisted"`       // in no list of people
	Timetable      Timetable           `json:"timetable"`      // of the quick limit
	OnFinished     string              `json:"on_finished"`    // the program to run when something is finished: see package onfinished; "" = none
	KeepAwake      bool                `json:"keep_awake"`     // the computer does not fall asleep while something is transferred
}

// maxMoreTrackers bounds the trackers beside the main one: everything is announced
// to each, and each answers every search.
const maxMoreTrackers = 15

// Rates returns the limits that apply now, in bytes a second; 0 = none.
func (s Settings) Rates() (up, down int64) {
	if s.QuickLimit {
		return s.QuickUp, s.QuickDown
	}
	return s.UpLimit, s.DownLimit
}

// DefaultSettings returns the settings of a new profile.
func DefaultSettings() Settings {
	s := Settings{Name: "A peer", MaxDownloads: 5, UploadSlots: 4, ShareDownloads: true, SeedClients: netproto.SeedLAN,
		RouterPort: true, Calls: true, Relay: true, AdaptiveSlots: true, QuickUp: 100_000, QuickDown: 1_000_000, Ignore: slices.Clone(ignore.Default),
		Timetable: Timetable{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * 60, To: 17 * 60}}
	if u, err := user.Current(); err == nil {
		s.Name = nameOf(u)
	}
	s.Name = strings.ToValidUTF8(s.Name, "")
	if len(s.Name) > netproto.MaxPeerName {
		s.Name = strings.ToValidUTF8(s.Name[:netproto.MaxPeerName], "")
	}
	if s.Name == "" || netproto.Printable(s.Name) != s.Name {
		s.Name = "A peer"
	}
	if home, err := os.UserHomeDir(); err == nil {
		s.DownloadDir = filepath.Join(home, "Downloads")
	}
	return s
}

// nameOf returns what others see of the person at this computer until the person says
// otherwise: the first name if the system knows it, or the name of the account. The
// name of the computer is nobody's business. Windows puts the domain or the computer
// before the account, as in DOMAIN\ada, also where the full name would be.
func nameOf(u *user.User) string {
	name := u.Username
	if full := strings.Fields(u.Name); len(full) > 0 {
		name = full[0]
	}
	return name[strings.LastIndex(name, `\`)+1:]
}

// Settings returns the chosen settings, or the defaults if none were chosen or they
// are of no use: a damaged record must not keep the program from starting.
func (l *Library) Settings() (Settings, error) {
	s := DefaultSettings()
	switch err := l.get(bucketMeta, keySettings, &s); {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case errors.Is(err, sealed.ErrDamaged), err == nil && s.Validate() != nil:
		return DefaultSettings(), nil
	case err != nil:
		return s, err
	}
	return s, nil
}

// SaveSettings remembers the settings; they must be valid.
func (l *Library) SaveSettings(s Settings) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := l.put(bucketMeta, keySettings, s); err != nil {
		return err
	}
	return l.showTrackers()
}

// Validate returns nil, or an error with the code "invalid" that says which setting
// is wrong.
func (s Settings) Validate() error {
	switch {
	case strings.TrimSpace(s.Name) == "" || len(s.Name) > netproto.MaxPeerName:
		return netproto.Errorf(netproto.CodeInvalid, "the name must have 1 to %d bytes", netproto.MaxPeerName)
	case netproto.Printable(s.Name) != s.Name:
		return netproto.Errorf(netproto.CodeInvalid, "the name must not have invisible characters")
	case s.MaxDownloads < 1 || s.MaxDownloads > 100:
		return netproto.Errorf(netproto.CodeInvalid, "1 to 100 downloads can run at once")
	case s.UploadSlots < 1 || s.UploadSlots > 100:
		return netproto.Errorf(netproto.CodeInvalid, "1 to 100 peers can be served at once")
	case s.UpLimit < 0 || s.DownLimit < 0 || s.QuickUp < 0 || s.QuickDown < 0:
		return netproto.Errorf(netproto.CodeInvalid, "a limit cannot be negative")
	case min(s.ListenPort, s.TrackerPort, s.TrackerAt) < 0 || max(s.ListenPort, s.TrackerPort, s.TrackerAt) > 65535:
		return netproto.Errorf(netproto.CodeInvalid, "a port is a number from 1 to 65535")
	}
	if len(s.MoreTrackers) > maxMoreTrackers {
		return netproto.Errorf(netproto.CodeInvalid, "%d trackers can be used beside the main one, not %d", maxMoreTrackers, len(s.MoreTrackers))
	}
	for _, address := range append([]string{s.Tracker}, s.MoreTrackers...) {
		if address == "" {
			continue
		}
		if _, err := netproto.TrackerAddress(address); err != nil {
			return netproto.Errorf(netproto.CodeInvalid, "%w", err)
		}
	}
	if _, err := ignore.Parse(s.Ignore); err != nil {
		return err
	}
	if err := s.Timetable.validate(); err != nil {
		return err
	}
	if _, err := onfinished.Parse(s.OnFinished); err != nil {
		return err
	}
	_, err := netproto.ParseSeedPolicy(string(s.SeedClients))
	return err
}

// Tracker is one that was reached before; its key is trusted.
type Tracker struct {
	Address     string               `json:"address"` // host:port
	Fingerprint netproto.Fingerprint `json:"fingerprint"`
	Name        string               `json:"name,omitempty"`
	Ports       []int                `json:"ports,omitempty"`     // that it said it listens at
	Addresses   []string             `json:"addresses,omitempty"` // at which it said it is found, if there are several
}

// Trackers returns the known trackers, ordered by address.
func (l *Library) Trackers() ([]Tracker, error) { return all[Tracker](l, bucketTrackers) }

// KnownTracker returns the fingerprint of a tracker that was reached before. If it
// cannot be read, that is one which no key has: the key looks changed, and a person
// decides. Whoever answers next would be trusted otherwise.
func (l *Library) KnownTracker(address string) (netproto.Fingerprint, bool) {
	var t Tracker
	switch err := l.get(bucketTrackers, []byte(address), &t); {
	case errors.Is(err, fs.ErrNotExist):
		return netproto.Fingerprint{}, false
	case err != nil:
		return lostKey, true
	}
	return t.Fingerprint, true
}

// lostKey is the fingerprint of no key.
var lostKey = netproto.Fingerprint(bytes.Repeat([]byte{0xff}, len(netproto.Fingerprint{})))

// TrackerReached trusts a tracker's key from now on and remembers its name, the ports
// that it says it listens at, and its addresses, if it has several. If another key is known for the address, the error has the
// code "key-changed"; only ForgetTracker and ReplaceTracker end the trust in that key.
func (l *Library) TrackerReached(address string, key netproto.Fingerprint, name string, ports []int, addresses []string) error {
	now := Tracker{Address: address, Fingerprint: key, Name: name, Ports: ports, Addresses: addresses}
	var known Tracker
	if l.get(bucketTrackers, []byte(address), &known) == nil && reflect.DeepEqual(known, now) {
		return nil // as at most starts, which need not wait for the disk
	}
	if known, ok := l.KnownTracker(address); ok && known != key {
		return netproto.Errorf(netproto.CodeKeyChanged, "%s: known is %s, shown is %s", address, known, key)
	}
	return l.putTracker(now)
}

// ReplaceTracker trusts a tracker's key from now on, in place of the known one. At no
// moment, and after no failure, is the tracker unknown.
func (l *Library) ReplaceTracker(address string, key netproto.Fingerprint, name string) error {
	ports, addresses := l.TrackerPlaces(address)
	return l.putTracker(Tracker{Address: address, Fingerprint: key, Name: name, Ports: ports, Addresses: addresses})
}

func (l *Library) putTracker(t Tracker) error {
	record, err := encode(bucketTrackers, []byte(t.Address), t)
	if err != nil {
		return err
	}
	return l.changeTrackers(func(known *bbolt.Bucket) error { return known.Put([]byte(t.Address), record) })
}

// TrackerPlaces returns the ports at which a tracker said it listens, and its addresses.
func (l *Library) TrackerPlaces(address string) (ports []int, addresses []string) {
	var t Tracker
	if l.get(bucketTrackers, []byte(address), &t) != nil {
		return nil, nil
	}
	return t.Ports, t.Addresses
}

// ForgetTracker ends the trust in a tracker's key.
func (l *Library) ForgetTracker(address string) error {
	return l.changeTrackers(func(known *bbolt.Bucket) error { return known.Delete([]byte(address)) })
}

// changeTrackers changes the known trackers and the list that shows them.
func (l *Library) changeTrackers(change func(known *bbolt.Bucket) error) error {
	err := l.update(func(tx *bbolt.Tx) error {
		if err := change(tx.Bucket(bucketTrackers)); err != nil {
			return err
		}
		return putChanges(tx, changesIn(tx)+1)
	})
	if err != nil {
		return err
	}
	return l.showTrackers()
}
