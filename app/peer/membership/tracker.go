package membership

import (
	"context"
	"net"
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

// Directory is what a peer asks a tracker about people, and the notes that they leave
// each other there. Its methods fail as those of [Catalogue] do.
type Directory interface {
	// People returns one page of those whose names have words in them.
	People(ctx context.Context, words, cursor string) (netproto.PeopleResponse, error)
	// Person fails with "not-found" for somebody whom the tracker does not know.
	Person(ctx context.Context, id netproto.PeerID) (netproto.Person, error)
	// Browse returns one page of what a person shares with everybody.
	Browse(ctx context.Context, id netproto.PeerID, cursor string) (netproto.SearchResponse, error)
	// LeaveNote has the tracker keep a sealed note for a person.
	LeaveNote(ctx context.Context, to netproto.PeerID, note []byte) (netproto.NoteResponse, error)
	// Notes returns the notes that wait for this peer, until ConfirmNote.
	Notes(ctx context.Context) ([]netproto.SealedNote, error)
	ConfirmNote(ctx context.Context, id netproto.NoteID) error
}

// Wishing is how a peer has a tracker tell what fits its wishes. Its methods fail as
// those of [Catalogue] do.
type Wishing interface {
	// SetWishes leaves wishes in place of those before.
	SetWishes(ctx context.Context, wishes []netproto.Wish) error
	// Finds returns how many wishes the tracker keeps, and what fits them, after the find with
	// that number.
	Finds(ctx context.Context, after uint64) (kept int, found []netproto.Find, err error)
}

// Tracker is a tracker as a membership needs it. Its methods fail as those of
// [Catalogue] do.
type Tracker interface {
	Catalogue
	Directory
	Wishing
	// Address is host:port, as in links.
	Address() string
	// Fingerprint is the tracker's key; zero before it was first reached.
	Fingerprint() netproto.Fingerprint
	Info(ctx context.Context) (netproto.TrackerInfo, error)
	Join(ctx context.Context, request netproto.JoinRequest) (netproto.JoinResponse, error)
	Heartbeat(ctx context.Context, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error)
	Leave(ctx context.Context) error
	Goodbye(ctx context.Context) error // as Leave, when the program ends: it may not wait for the answer
	Announce(ctx context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error)
	Withdraw(ctx context.Context, hashes []netproto.ContentHash) error
	// Stats returns the counts that newer trackers send with every heartbeat.
	Stats(ctx context.Context) (netproto.Stats, error)
	// Families are the networks, tcp4 and tcp6, in which the tracker can be reached.
	Families(ctx context.Context) []string
	// Line opens a line in one network over a connection that dial makes: frames go both
	// ways, see [netproto.LineFrame].
	Line(ctx context.Context, network string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (net.Conn, error)
	// Dialable returns which of the addresses that the tracker names may be dialled.
	Dialable(addresses []string) []string
	// Call has a peer and this one meet. It fails with "busy" or "denied" if the peer
	// does not want to, and with "not-found" if it cannot be rung.
	Call(ctx context.Context, request netproto.CallRequest) (netproto.CallResponse, error)
	// Relay joins this side of a call with the other.
	Relay(ctx context.Context, token netproto.RelayToken) (net.Conn, error)
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
	MappedPort  int            // that this peer told it at the last join; 0 = none
	Relays      bool           // it relays what no call connects
	Calls       bool           // it keeps lines and arranges calls
	Lines       []LineStatus   // that stand
	Outside     string         // where others reach the tracker, if it says so to peers of its own network
	Opening     int            // lines that are opened for the first time since the tracker was joined
	Stats       netproto.Stats // the last counts of the tracker; zero before they came
}
