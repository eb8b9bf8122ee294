// Package store is the contract between a tracker and what it remembers: the
// interfaces a server asks, and the values that pass between the two. Packages
// boltstore and pgstore fulfil it; package storetest has it as tests.
package store

import (
	"log/slog"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
)

// Peer is what a tracker knows about an installation.
type Peer struct {
	Key        netproto.PublicKey
	Name       string           // shown to people
	Observed   netip.AddrPort   // the source address that the tracker saw, with the port the peer claims
	MappedPort uint16           // that its router passes on to the port it claims; 0 if it does not
	SeedPort   uint16           // UDP, for seed clients; 0 if it does not serve them
	Candidates []netip.AddrPort // private addresses
	Unlisted   bool             // in no list of people, and named as owner of nothing
}

// Outside returns where peers outside its network reach it, as far as the tracker saw
// that: with the mapped port, if there is one. Inside, the router has no part in it,
// and it changes no ports of IPv6.
func (p Peer) Outside() netip.AddrPort {
	if p.MappedPort == 0 || netaddr.IsLocal(p.Observed.Addr()) || p.Observed.Addr().Is6() {
		return p.Observed
	}
	return netip.AddrPortFrom(p.Observed.Addr(), p.MappedPort)
}

// ID returns the peer id that follows from the key.
func (p Peer) ID() netproto.PeerID { return netproto.PeerIDOf(p.Key[:]) }

// Holdings sums up what a peer announced: the number of distinct contents and
// the digest of their hashes. Two sides with equal holdings agree on all of
// them.
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
// a name, "phrases", -words that must not occur, and type:kind.
type Query struct {
	Text    string
	Kind    netproto.Kind   // "" means any
	MinSize int64           // bytes
	MaxSize int64           // bytes; -1 means no limit
	Since   time.Time       // first announced then or later; zero means no limit
	Until   time.Time       // first announced before; zero means no limit
	Owner   netproto.PeerID // whose holdings; zero means anybody's
	Sort    netproto.Sort
	Reverse bool // from the last to the first; not in netproto.SortBest
	Limit   int  // hits, 1 to netproto.MaxPage
	Cursor  string
	Offline bool   // also find contents without an online source
	Plain   bool   // suggest nothing
	Looks   int    // bounds the work for this page; 0 means what suits one request
	Yield   func() // called every now and then by a long search, and may wait; nil
}

// PeopleQuery asks for people. All words of its text must occur in a name.
type PeopleQuery struct {
	Text    string
	Limit   int // people, 1 to netproto.MaxPage
	Cursor  string
	Members bool // of a private tracker, no others
}

// FoundPeople is a page of people and what it cost, as in Found.
type FoundPeople struct {
	netproto.PeopleResponse
	Looks int
}

// Note is a sealed note that waits for its receiver.
type Note struct {
	ID     netproto.NoteID
	To     netproto.PeerID
	Key    netproto.PublicKey // of the sender
	From   netip.Addr         // where it was
	Left   time.Time          // as the store says
	Sealed []byte             // at most netproto.MaxNoteBytes
}

// Sender returns the id of the sender.
func (n Note) Sender() netproto.PeerID { return netproto.PeerIDOf(n.Key[:]) }

// Found is a page of hits and what it cost. A look is a name considered, or
// compared with a word; it takes about 0.1 µs. A page whose looks were used up is
// Short: it may have fewer hits than asked for, and Next goes on from there.
type Found struct {
	netproto.SearchResponse
	Looks int
	Short bool
}

// SeedRow is a resource that a seed client registered. Nothing in it is proven
// except From, the address its request came from.
type SeedRow struct {
	PeerID netproto.PeerID // not of version 8
	From   netip.Addr
	netproto.SeedResource
	Added time.Time // when it was first registered
}

// Sizes says how much room a store takes.
type Sizes struct {
	File   int64 // bytes on disk
	Names  int   // held by the index
	Notes  int   // that wait for their receivers
	Memory int64 // bytes, roughly, as they count for Config.Memory
}

// Config is what a store needs to know besides where its data is. Openers fill
// in the defaults for zero values.
type Config struct {
	Lease            time.Duration // of a peer; 3 × netproto.DefaultHeartbeat
	SeedLease        time.Duration // of a seed client; netproto.SeedLease
	Retention        time.Duration // how long the holdings of an offline peer are kept at most; 30 days
	ResourcesPerPeer int           // DefaultResourcesPerPeer
	KnownPeers       int           // online and offline; DefaultKnownPeers
	Memory           int64         // bytes, roughly, for all that others put into it; no limit
	NoSearch         bool          // keep no index of names in memory: Search, PeerResources and Offers are netproto.CodeWrongNode
	Now              func() time.Time
	Logger           *slog.Logger // reports damage; silent by default
}

// Opener opens the store in file, or creates it there.
type Opener func(file string, c Config) (Store, error)

// Defaults of a store.
const (
	DefaultRetention        = 30 * 24 * time.Hour
	DefaultResourcesPerPeer = 500_000
	DefaultKnownPeers       = 500_000
)

// WithDefaults returns c with its zero values filled in.
func (c Config) WithDefaults() Config {
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
	if c.KnownPeers == 0 {
		c.KnownPeers = DefaultKnownPeers
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
