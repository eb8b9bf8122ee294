package store

import (
	"context"
	"crypto/sha256"
	"io"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
)

// Store is everything a tracker remembers. It holds soft state: the peers own
// the truth. The parts below name the methods; a consumer asks for the parts it
// needs.
//
// All methods are safe for concurrent use; they take and return copies. They
// heed ctx while they wait, but a write that was cancelled may still happen.
// Every write is idempotent: after any error the caller may repeat it. Each
// element of a batch is atomic. Once a write has returned nil, it survives the
// end of the process at any instant, and every read sees it. Writes of one peer
// take effect in the order of the calls, those of different peers in any order.
//
// Time is the store's clock. A peer is online from Join until its lease ends:
// Config.Lease after its last Join or Heartbeat, or at once on Leave. The
// resources of an offline peer are hidden, not deleted, until Config.Retention has
// passed, or 24 times as long as the peer was online all in all, but at least an hour. Leases are in memory only: a store that is reopened gives every
// peer that was online when it stopped one new lease.
//
// Errors are *netproto.Error if a code is named here; any other error is a
// failure of the store.
type Store interface {
	Peers
	Announcements
	Catalogue
	People
	Notes
	SeedClients
	Members
	Bans
	Upkeep
}

// Peers keeps the leases.
type Peers interface {
	// Join adds a peer or renews what is known about it, starts its lease, and
	// returns what the store still holds for it. A new key is
	// netproto.CodeFull beyond Config.KnownPeers and Config.Memory.
	Join(ctx context.Context, p Peer) (Holdings, error)

	// Heartbeat renews a lease, compares holdings, and returns where the peer is
	// reached (Peer.Outside); the ip is the one it joined from. It writes nothing.
	// A peer that is unknown or offline must join.
	Heartbeat(ctx context.Context, id netproto.PeerID, h Holdings) (status netproto.HeartbeatStatus, at netip.AddrPort, err error)

	// Online returns what is known about an online peer. One that is unknown or
	// offline is netproto.CodeNotFound.
	Online(ctx context.Context, id netproto.PeerID) (Peer, error)

	// Leave ends the lease of a peer now. An unknown peer is not an error.
	Leave(ctx context.Context, id netproto.PeerID) error
}

// Announcements changes what peers hold. A peer that is unknown or offline gets
// netproto.CodeJoinFirst.
type Announcements interface {
	// Announce adds to the holdings of a peer, or changes them: a peer has one
	// entry per hash, the one it announced last. With reset, it withdraws
	// whatever the batch does not name. It returns the refused elements by
	// index, each with its code: netproto.CodeFull beyond
	// Config.ResourcesPerPeer, beyond Config.Memory, and beyond the share of it
	// that one address can have. If that is so of all of them, it may be the
	// error. The caller has checked the elements; the store may leave out a
	// media type that is rare.
	Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error)

	// Full returns netproto.CodeFull if nothing new that the peers at an address
	// announced would be taken now. It does not wait.
	Full(ctx context.Context, from netip.Addr) error

	// Withdraw ends holdings, skips unknown ones, and returns how many it ended.
	Withdraw(ctx context.Context, id netproto.PeerID, hs []netproto.ContentHash) (removed int, err error)
}

// Catalogue answers who has what.
type Catalogue interface {
	// Hidden holdings are for Sources, Source and Resource alone, which ask by hash.
	// Nothing else finds, lists or counts them; Resource tells the name of one only
	// if nobody shows the content under another.

	// Sources lists the online peers that hold a content: all of them, or a
	// random choice of limit. It never lists a peer whose lease is over. looks
	// is what it cost, as in Found.
	Sources(ctx context.Context, hash netproto.ContentHash, limit int) (found []Source, looks int, err error)

	// Source returns an online peer as a source of a content. If it is unknown or
	// offline, or does not hold the content, that is netproto.CodeNotFound.
	Source(ctx context.Context, hash netproto.ContentHash, id netproto.PeerID) (Source, error)

	// Resource describes a content that has an online source, the most used of
	// its names first. Without such a source it returns netproto.CodeNotFound.
	// looks is what it cost, as in Found.
	Resource(ctx context.Context, hash netproto.ContentHash) (found netproto.ResourceResponse, looks int, err error)

	// Shown describes a content as those who do not hide it share it, by the most used
	// name; netproto.CodeNotFound if no online peer does.
	Shown(ctx context.Context, hash netproto.ContentHash) (netproto.Hit, error)

	// Search lists contents that have an online source; a peer whose lease has
	// ended counts as one until the next Reap. A content found by several of its
	// names is one hit. Next continues the same query: after a change, or in any
	// order except netproto.SortSources and netproto.SortBest, a content that keeps its place is
	// returned exactly once. Any other cursor is netproto.CodeInvalid, and so is
	// an unknown type: in the text.
	//
	// With Offline, it also searches names that only offline peers use, until
	// Config.Retention has passed; a hit without an online source says when it
	// was last seen. If nothing is found, names within one typing error come as
	// suggestions, as far as the store looks for them, and the text with one word
	// corrected, as far as it looks for that. A hit names some of its
	// online sources, of those that are listed.
	//
	// With an Owner, it searches what that peer does not hide, under its own names, and
	// suggests nothing; an owner that is unknown or offline is netproto.CodeNotFound.
	//
	// netproto.SortBest orders by netproto.Match, then as netproto.SortSources; a search
	// that many names fit may take netproto.MatchOrder for netproto.MatchWords, on all of
	// its pages. Without words it is netproto.SortSources. In reverse it is
	// netproto.CodeInvalid.
	//
	// It ends with ctx. More than netproto.MaxQueryTerms words are
	// netproto.CodeInvalid.
	Search(ctx context.Context, q Query) (Found, error)

	// PeerResources lists the holdings of an online peer by name, each with the
	// number of all its sources. A peer that is unknown or offline is
	// netproto.CodeNotFound. Cursors work as in Search.
	PeerResources(ctx context.Context, id netproto.PeerID, limit int, cursor string) (Found, error)

	// Offers lists at most limit resources that online peers announced, but for
	// unlisted ones, the oldest first; with a name, only those with exactly that name. It looks at
	// a bounded number of contents of one name.
	Offers(ctx context.Context, name string, limit int) ([]Offer, error)
}

// People answers who is known.
type People interface {
	// People lists the peers that have joined and were not forgotten since, those
	// online first, then by name. Unlisted and banned ones are left out. A page may
	// be a few seconds old, and may have fewer people than asked for, or none, and
	// Next nevertheless. Whoever keeps the place in that order is listed exactly
	// once. A cursor of another query is netproto.CodeInvalid.
	People(ctx context.Context, q PeopleQuery) (FoundPeople, error)

	// Person returns a peer that has joined and was not forgotten since, an unlisted
	// one too. Any other, and a banned one, is netproto.CodeNotFound.
	Person(ctx context.Context, id netproto.PeerID) (netproto.Person, error)
}

// Notes keeps notes until their receivers confirm them, for netproto.NoteLife.
type Notes interface {
	// LeaveNote keeps a note and returns how many wait for its receiver then. The
	// sender must be online (netproto.CodeJoinFirst), the receiver known
	// (netproto.CodeNotFound). netproto.CodeTooMany beyond the limits of the sender,
	// netproto.CodeFull beyond those of the receiver, where the peers at one address
	// have half of the places, and beyond the memory for notes.
	LeaveNote(ctx context.Context, n Note) (waiting int, err error)

	// Notes lists what waits for a receiver, the oldest first.
	Notes(ctx context.Context, to netproto.PeerID) ([]Note, error)

	// NotesFor returns how many notes wait for a receiver. It is asked with every
	// heartbeat, and does not wait.
	NotesFor(to netproto.PeerID) int

	// RemoveNote forgets a note of a receiver. One that is unknown is not an error.
	RemoveNote(ctx context.Context, to netproto.PeerID, id netproto.NoteID) error
}

// SeedClients keeps what the seed's programs register. While the lease of a
// client lives, its id belongs to the address it first came from: any other
// address gets netproto.CodeDenied.
type SeedClients interface {
	// SeedPost registers a resource of a seed client and renews its lease. A
	// client has one row per hash. netproto.CodeFull beyond the limits of the
	// store.
	SeedPost(ctx context.Context, row SeedRow) error

	// SeedHeartbeat renews the lease of a seed client. An unknown client is not
	// an error.
	SeedHeartbeat(ctx context.Context, id netproto.PeerID, from netip.Addr) error

	// SeedRows lists at most limit rows of seed clients with a living lease, the
	// oldest first; with a name, only those with that name.
	SeedRows(ctx context.Context, name string, limit int) ([]SeedRow, error)
}

// Members keeps who may use a private tracker.
type Members interface {
	// AddInvite remembers an invite and forgets expired ones.
	// netproto.CodeFull if MaxInvites are open.
	AddInvite(ctx context.Context, i Invite) error

	// Redeem makes the key a member and uses up the invite with that hash. A
	// member stays one whatever the hash, and uses up no invite.
	// netproto.CodeInvite for a hash that is unknown, used or expired.
	Redeem(ctx context.Context, hash [sha256.Size]byte, key netproto.PublicKey) error

	// IsMember is asked with every request.
	IsMember(ctx context.Context, key netproto.PublicKey) (bool, error)

	// Members lists the members, the oldest first.
	Members(ctx context.Context) ([]Member, error)

	// RemoveMember ends a membership and the lease of the peer, and forgets the
	// notes from and to it.
	// netproto.CodeNotFound if the key is not a member.
	RemoveMember(ctx context.Context, key netproto.Fingerprint) error
}

// Bans keeps what is shut out.
type Bans interface {
	// Ban remembers a ban and replaces one of the same target. It ends at once
	// the leases of the peers, the rows of the seed clients or the holdings of
	// the content that it is about, and forgets the notes from and to a key, and
	// from an address. No announce brings these back: their
	// elements are refused with netproto.CodeBanned, as is a Join or SeedPost.
	// netproto.CodeFull beyond MaxBans.
	Ban(ctx context.Context, b Ban) error

	// Unban ends a ban. Whatever it shut out has to come back by itself.
	// netproto.CodeNotFound if there is no such ban.
	Unban(ctx context.Context, t Target) error

	// Bans lists the bans, the newest first.
	Bans(ctx context.Context) ([]Ban, error)

	// Admit is asked with every request. It returns netproto.CodeBanned if the
	// address or the key, which may be nil, is banned.
	Admit(ctx context.Context, key *netproto.PublicKey, from netip.Addr) error
}

// Upkeep is what the owner's side of a tracker asks of its store.
type Upkeep interface {
	// Stats counts. Its cost does not depend on how much there is to count.
	Stats(ctx context.Context) (netproto.Stats, error)

	// Sizes returns how much room the store takes, at a constant cost.
	Sizes() Sizes

	// Reap does a bounded piece of upkeep: it ends leases that are over and
	// forgets whatever is past its retention, about budget entries at most. With
	// more it asks to be called again soon.
	Reap(ctx context.Context, budget int) (more bool, err error)

	// Backup writes everything the store remembers as it is at one instant, in a
	// form that can be restored, while other calls go on.
	Backup(ctx context.Context, w io.Writer) error

	// Ready returns nil once everything is loaded, until the store is closed or
	// can no longer write.
	Ready(ctx context.Context) error

	// Close ends the store. Calls under way get an error.
	Close() error
}

// Shared is a store that several trackers have in common. It may be asked at any time.
type Shared interface {
	// Sharing tells how it goes.
	Sharing() Sharing
}

// Sharing is how it goes with a store that several trackers have in common.
type Sharing struct {
	Lag         time.Duration // since memory had all that the database has
	Groups      int64         // transactions that wrote something
	Changes     int64         // that were in them
	Failures    int64         // transactions that could not be written
	Entries     int64         // taken over from other trackers
	Again       int64         // groups that were planned again, because another tracker wrote meanwhile
	Reloads     int64         // of everything, because the database had lost something
	Connections int           // to the database
	Busy        int           // of them
	Standbys    int           // that follow the database
	Behind      int64         // bytes of its log that the slowest of them lacks
	Apart       bool          // this node cannot speak with the others
}

// Keyed is a store that keeps the key of its tracker, so that all nodes have the same one.
type Keyed interface {
	// Key returns what is kept, opened with the operator's secret. If nothing is, it keeps
	// what make returns. netproto.CodeUsage if it was sealed with another secret.
	Key(ctx context.Context, secret []byte, make func() ([]byte, error)) ([]byte, error)
}

// Examined is a store that says in sentences how its database is.
type Examined interface {
	Examine(ctx context.Context) []Fact
}

// Fact is one thing that was found out about a database.
type Fact struct {
	State netproto.FindingState
	Text  string // begins in lower case, and says what helps if something is wrong
}

// NodeID names a node of a tracker, from its start to its end.
type NodeID uint64

// Node is a tracker that has this store in common with others.
type Node struct {
	ID NodeID
	At string // host:port at which the other nodes reach it; "" if it does not say
}

// Nodes is a store over which the trackers that share it speak with each other.
type Nodes interface {
	// Self returns the name of this one.
	Self() NodeID

	// Meet makes this node known to the others, and takes what they say until ctx ends.
	Meet(ctx context.Context, at string, m Meeting)

	// Say says something to another node, at most MaxSaid bytes. It does not wait. What
	// cannot be delivered within seconds is lost, and so is what is beyond the room for it;
	// what is said about when the database fails may come twice.
	Say(to NodeID, said []byte)
}

// MaxSaid is how many bytes a node says at once.
const MaxSaid = 1 << 20

// Meeting has the functions by which a node learns of the others. They must not wait, nor ask the
// store.
type Meeting struct {
	// Others are those that live, besides this one. It is called about once a second.
	Others func([]Node)
	// Heard is what one of them said, in its order, and at most MaxSaid bytes.
	Heard func(from NodeID, said []byte)
	// Lost says that something that this node said may not have reached the others.
	Lost func()
	// Announced is what a peer announced at another node.
	Announced func(id netproto.PeerID, rs []netproto.Resource)
	// Barred is of what another node banned, or of whom it took a membership. Nothing of it
	// is lost; what was banned before may be among it.
	Barred func(Target)
}
