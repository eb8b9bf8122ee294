package membership

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Catalogue is what a peer asks a tracker about contents. Every method keeps its
// own deadline, may be called from several goroutines, and fails with a
// *netproto.Error: "tracker-unreachable" if the tracker did not answer,
// "tracker-key-changed" if another key answered, "join-first" if this peer must
// join again, or the code that the tracker answered with.
type Catalogue interface {
	Search(ctx context.Context, request netproto.SearchRequest) (netproto.SearchResponse, error)
	// Resource fails with "not-found" for a content that nobody has.
	Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error)
	// Sources returns addresses that can be dialled: always with a host.
	Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
}

// Tracker is a tracker as a membership needs it. Its methods fail as those of
// [Catalogue] do.
type Tracker interface {
	Catalogue
	// Address is host:port, as in links.
	Address() string
	// Fingerprint is the tracker's key; zero before it was first reached.
	Fingerprint() netproto.Fingerprint
	Info(ctx context.Context) (netproto.TrackerInfo, error)
	Join(ctx context.Context, request netproto.JoinRequest) (netproto.JoinResponse, error)
	Heartbeat(ctx context.Context, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error)
	Leave(ctx context.Context) error
	Announce(ctx context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error)
	Withdraw(ctx context.Context, hashes []netproto.ContentHash) error
	// Stats returns the counts that newer trackers send with every heartbeat.
	Stats(ctx context.Context) (netproto.Stats, error)
	// Reset gives up connections that may be dead: the next call makes new ones.
	Reset()
	Close() error
}

// State says how this peer stands with a tracker.
type State string

// The states.
const (
	StateNone         State = "none"
	StateConnecting   State = "connecting"
	StateConnected    State = "connected"
	StateReconnecting State = "reconnecting"
	StateKeyChanged   State = "key-changed" // until the person trusts the new key, or the known one is back
)

// Status is what a person sees of a tracker.
type Status struct {
	Address     string
	Name        string
	Fingerprint netproto.Fingerprint
	State       State
	Err         error     // why it is not connected
	Retry       time.Time // of the next attempt, while reconnecting
	Lease       time.Duration
	RoundTrip   time.Duration // of the last heartbeat
	Observed    string        // this peer's address as the tracker sees it
	Reachable   netproto.Reachability
	Stats       netproto.Stats // the last counts of the tracker; zero before they came
}
