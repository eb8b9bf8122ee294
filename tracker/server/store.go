package server

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
)

// Peer is what a tracker keeps about an installation.
type Peer struct {
	Key        netproto.PublicKey
	Name       string           // for people
	Observed   netip.AddrPort   // the source address that the tracker saw, with the port claimed
	SeedPort   uint16           // UDP, for seed clients; 0 when it does not serve them
	Candidates []netip.AddrPort // private addresses
}

// ID is the peer id that follows from the key.
func (p Peer) ID() netproto.PeerID { return netproto.PeerIDOf(p.Key[:]) }

// Holdings sum up what a peer announced: how many distinct contents, and the
// digest of their hashes. Two sides with equal holdings agree on all of them.
type Holdings struct {
	Count  int
	Digest netproto.Digest
}

// Source is an online peer that has a content, whole or in part.
type Source struct {
	Peer
	Part bool
}

// Offer is a content as one online peer announced it.
type Offer struct {
	netproto.Resource
	Peer  Peer
	Added time.Time // when the tracker first heard of the content under this name
}

// Query is a search. Its text is words in any order, all of which must occur in
// a name, "phrases", -words that must not, and type:kind.
type Query struct {
	Text    string
	Kind    netproto.Kind // "" is any
	MinSize int64         // bytes
	MaxSize int64         // bytes; -1 is without limit
	Sort    netproto.Sort
	Limit   int // hits, 1 to netproto.MaxPage
	Cursor  string
	Offline bool // contents without an online source, too
}

// SeedRow is a resource that a seed client registered. Nothing in it is proven
// but the address From, which its request came from.
type SeedRow struct {
	PeerID netproto.PeerID // not of version 8
	From   netip.Addr
	netproto.SeedResource
	Added time.Time // when it was first registered
}

// StoreConfig is what a store has to know beyond the place of its data. Open
// functions fill in the defaults for zero values.
type StoreConfig struct {
	Lease            time.Duration // of a peer; 3 × netproto.DefaultHeartbeat
	SeedLease        time.Duration // of a seed client; netproto.SeedLease
	Retention        time.Duration // how long the holdings of an offline peer are kept; 30 days
	ResourcesPerPeer int           // DefaultResourcesPerPeer
	Now              func() time.Time
	Logger           *slog.Logger // what was found damaged; none is told by default
}

// OpenStore opens the store in that file, or makes a new one.
type OpenStore func(file string, c StoreConfig) (Store, error)

// Defaults of a store.
const (
	DefaultRetention        = 30 * 24 * time.Hour
	DefaultResourcesPerPeer = 500_000
)

// WithDefaults fills in the zero values.
func (c StoreConfig) WithDefaults() StoreConfig {
	if c.Lease == 0 {
		c.Lease = netproto.LeaseHeartbeats * netproto.DefaultHeartbeat
	}
	if c.SeedLease == 0 {
		c.SeedLease = netproto.SeedLease
	}
	if c.Retention == 0 {
		c.Retention = DefaultRetention
	}
	if c.ResourcesPerPeer == 0 {
		c.ResourcesPerPeer = DefaultResourcesPerPeer
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Store is all that a tracker remembers. It holds soft state: the peers own the
// truth. Package storetest has this contract as tests.
//
// All methods are safe for concurrent use, and take and return copies. They
// heed ctx while they wait; a write that was cancelled may still happen. Every
// write is idempotent: after any error the caller may repeat it. Of a batch
// every element is atomic. After a write returned nil, it survives the end of
// the process at any instant, and every read sees it. Writes of one peer take
// effect in the order of the calls, those of different peers in any.
//
// Time is the store's clock. A peer is online from Join until its lease ends:
// StoreConfig.Lease after its last Join or Heartbeat, or at once by Leave. The
// resources of a peer that is offline are hidden, not deleted, until
// StoreConfig.Retention has passed. Leases are in memory only: a store that was
// opened again gives every peer that was online when it stopped one new lease.
//
// Errors are *netproto.Error where a code is named here; any other error is a
// failure of the store.
type Store interface {
	// Join makes a peer known or renews what is known of it, starts its lease,
	// and tells what the store still holds of it.
	Join(ctx context.Context, p Peer) (Holdings, error)

	// Heartbeat renews a lease and compares holdings, and tells where the peer
	// joined from (Peer.Observed). It writes nothing. A peer that is unknown or
	// offline has to join.
	Heartbeat(ctx context.Context, id netproto.PeerID, h Holdings) (status netproto.HeartbeatStatus, joinedFrom netip.AddrPort, err error)

	// Leave ends the lease of a peer now. An unknown peer is left alone.
	Leave(ctx context.Context, id netproto.PeerID) error

	// Announce adds to the holdings of a peer, or changes them: it holds one
	// entry of each hash, as it announced it last. With reset, what the batch
	// does not name is withdrawn. The refused elements come back by index, each
	// with its code: those beyond ResourcesPerPeer with netproto.CodeFull.
	//
	// The caller has checked the elements. A peer that is unknown or offline
	// gets netproto.CodeJoinFirst.
	Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error)

	// Withdraw ends holdings, unknown ones are passed over, and tells how many
	// it ended. An unknown or offline peer gets netproto.CodeJoinFirst.
	Withdraw(ctx context.Context, id netproto.PeerID, hs []netproto.ContentHash) (removed int, err error)

	// Sources lists the online peers that hold a content: all of them, or a
	// random choice of limit. It never lists a peer whose lease is over.
	Sources(ctx context.Context, hash netproto.ContentHash, limit int) ([]Source, error)

	// Resource describes a content that has an online source:
	// netproto.CodeNotFound otherwise. Its names come with the most used first.
	Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error)

	// Search lists contents that have an online source; a peer whose lease ends
	// counts as one until the next Reap. A content found by several of its names
	// is one hit. Next continues the same query: after a change, or in an order
	// other than netproto.SortSources, a content that keeps its place is
	// returned exactly once. Another cursor is netproto.CodeInvalid, and so is a
	// type: in the text that does not exist.
	//
	// With Offline, names that only offline peers use are searched too, until
	// StoreConfig.Retention has passed; a hit without an online source says when
	// it was last seen. Where nothing is found, names within one typing error
	// come as suggestions, as far as the store looks for them.
	Search(ctx context.Context, q Query) (netproto.SearchResponse, error)

	// PeerResources lists the holdings of an online peer by name, with the
	// number of all sources of each: netproto.CodeNotFound for a peer that is
	// unknown or offline. Cursors are as those of Search.
	PeerResources(ctx context.Context, id netproto.PeerID, limit int, cursor string) (netproto.SearchResponse, error)

	// Offers lists what online peers announced, what was announced first at
	// first, limit at the most; with a name, only what has exactly that name.
	Offers(ctx context.Context, name string, limit int) ([]Offer, error)

	// SeedPost registers a resource of a seed client and renews its lease. A
	// client has one row for each hash. While its lease lives, its id belongs to
	// the address that it first came from: netproto.CodeDenied for any other.
	// netproto.CodeFull beyond the limits of the store.
	SeedPost(ctx context.Context, row SeedRow) error

	// SeedHeartbeat renews the lease of a seed client. Nothing happens for an
	// unknown one. netproto.CodeDenied is as for SeedPost.
	SeedHeartbeat(ctx context.Context, id netproto.PeerID, from netip.Addr) error

	// SeedRows lists what the seed clients with a living lease registered,
	// the oldest first, limit at the most; with a name, only what has it.
	SeedRows(ctx context.Context, name string, limit int) ([]SeedRow, error)

	// Who may use the tracker, and what may not be in it.
	AccessList

	// Stats counts. It costs the same however much there is to count.
	Stats(ctx context.Context) (netproto.Stats, error)

	// Reap does a bounded piece of upkeep: it ends leases that are over, and
	// forgets what is past its retention, at most about budget entries. With
	// more it asks to be called again soon.
	Reap(ctx context.Context, budget int) (more bool, err error)

	// Backup writes all that the store remembers as it is at one instant, in a
	// form from which it can be restored, while other calls go on.
	Backup(ctx context.Context, w io.Writer) error

	// Ready is nil once everything is loaded, until the store is closed.
	Ready(ctx context.Context) error

	// Close ends the store. Calls under way get an error.
	Close() error
}
