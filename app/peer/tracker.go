package peer

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Tracker is the tracker as the engine needs it. Every method keeps its own
// deadline, may be called from several goroutines, and fails with a
// *netproto.Error: "tracker-unreachable" when it did not answer,
// "tracker-key-changed" when another key answered, "join-first" when this peer
// must join again, or the code that the tracker answered with.
type Tracker interface {
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
	Search(ctx context.Context, request netproto.SearchRequest) (netproto.SearchResponse, error)
	// Resource fails with "not-found" for a content that nobody has.
	Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error)
	// Sources gives addresses that can be dialled: with a host, always.
	Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
	Stats(ctx context.Context) (netproto.Stats, error)
	// Reset gives connections up that may be dead: the next call makes new ones.
	Reset()
	Close() error
}

// ConnectionState is how this peer stands with its tracker.
type ConnectionState string

// The states.
const (
	TrackerNone         ConnectionState = "none"
	TrackerConnecting   ConnectionState = "connecting"
	TrackerConnected    ConnectionState = "connected"
	TrackerReconnecting ConnectionState = "reconnecting"
	TrackerKeyChanged   ConnectionState = "key-changed" // waits for the person
)

// TrackerStatus is what there is to show about the tracker.
type TrackerStatus struct {
	Address     string
	Name        string
	Fingerprint netproto.Fingerprint
	State       ConnectionState
	Err         error     // why it is not connected
	Retry       time.Time // of the next attempt, while reconnecting
	Lease       time.Duration
	RoundTrip   time.Duration // of the last heartbeat
	Observed    string        // this peer's address as the tracker sees it
	Reachable   netproto.Reachability
	Stats       netproto.Stats // of the last heartbeat
}
