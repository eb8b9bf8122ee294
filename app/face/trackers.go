package face

import (
	"context"

	"centralizedp2p/netproto"
)

// Trackers chooses the trackers that this peer uses, decides which keys of
// theirs it trusts, and runs a tracker on this computer. Only one such change
// is made at a time; others wait.
type Trackers interface {
	// Tracker returns what the Tracker page shows.
	Tracker(ctx context.Context) (TrackerView, error)
	// UseTracker switches to a tracker: HOST, HOST:PORT or a cp2p:// link. It
	// returns once the tracker has answered or failed to, and only then leaves
	// the one before. "invalid" if the text names no tracker,
	// "tracker-unreachable" if it does not answer, "tracker-key-changed" if its
	// key is not the known one: then the Tracker page shows both keys.
	UseTracker(ctx context.Context, address string) error
	// AlsoUseTracker uses a tracker beside the main one, or stops to. Shares are
	// announced to all trackers; searches and downloads ask all. It fails like
	// UseTracker.
	AlsoUseTracker(ctx context.Context, address string, on bool) error
	// ForgetTracker ends the trust in a tracker's key, and leaves the tracker if
	// it is in use.
	ForgetTracker(ctx context.Context, address string) error
	// Reconnect tries the main tracker now instead of after RetrySeconds.
	Reconnect(ctx context.Context) error
	// AcceptTrackerKey trusts the key that a known tracker shows now.
	// "tracker-key-changed" if it shows yet another key than the given one.
	AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error
	// StartTracker runs a tracker on this computer and uses it. "port-in-use" if
	// another program has the port that the settings ask for.
	StartTracker(ctx context.Context) error
	// StopTracker ends the tracker on this computer and leaves it.
	StopTracker(ctx context.Context) error
}

// KnownTracker is a tracker that was used before.
type KnownTracker struct {
	Address     string               `json:"address"` // host:port
	Name        string               `json:"name,omitempty"`
	Fingerprint netproto.Fingerprint `json:"fingerprint"`
	Beside      bool                 `json:"beside,omitempty"`     // it is used beside the main one
	Connection  Connection           `json:"connection,omitempty"` // while it is used beside
	Failure     Failure              `json:"failure,omitzero"`     // why it is not connected then
}

// ChangedKey is a known tracker that shows another key than before.
type ChangedKey struct {
	Address string               `json:"address"`
	Known   netproto.Fingerprint `json:"known"`
	Shown   netproto.Fingerprint `json:"shown"`
}

// TrackerView is what the Tracker page shows.
type TrackerView struct {
	KnownTracker                  // in use; no address if there is none
	LinkAddress    string         `json:"link_address,omitempty"` // where others reach the tracker in use, for links
	LeaseSeconds   int            `json:"lease_seconds,omitempty"`
	RoundTripMilli int            `json:"round_trip_milli,omitempty"` // of the last heartbeat
	PeersOnline    int            `json:"peers_online"`
	Resources      int            `json:"resources"` // contents with an online source
	Reach          Reach          `json:"reach"`
	Known          []KnownTracker `json:"known,omitempty"`
	Nearby         []KnownTracker `json:"nearby,omitempty"` // seen on the local network
	ChangedKey     *ChangedKey    `json:"changed_key,omitempty"`
	Own            OwnTracker     `json:"own"`
}

// LinkProblem is why others cannot use the link to the tracker on this computer; ""
// if they can.
type LinkProblem string

// The problems of a link.
const (
	LinkNoNetwork LinkProblem = "no-network" // the computer has none
	LinkLoopback  LinkProblem = "loopback"   // the tracker listens there only
	LinkZone      LinkProblem = "zone"       // the address has a name that only this computer knows
)

// OwnTracker is the tracker on this computer.
type OwnTracker struct {
	Running   bool     `json:"running"`
	Addresses []string `json:"addresses,omitempty"` // host:port, the likeliest first
	Invite    string   `json:"invite,omitempty"`    // a cp2p:// link to it
	// LinkProblem says why others cannot use the link.
	LinkProblem LinkProblem `json:"link_problem,omitempty"`
	Peers       int         `json:"peers,omitempty"` // online
	Resources   int         `json:"resources,omitempty"`
	Rate        float64     `json:"rate,omitempty"`   // requests per second
	Failure     Failure     `json:"failure,omitzero"` // why it is not running
}
