// Package swarm fetches contents from all peers that have them at once. An
// [Attempt] is one try to fetch one content, a file or a folder, into one folder
// of the disk: it is made, run and thrown away. What a person sees as a download
// lives in package queue, which makes attempts.
//
// # Rooms
//
// What need not know an attempt has a room below this one. These rooms have no locks:
//
//	pace      how fast bytes come over a lane; Attempt.mu guards it, except for its sums
//	sources   who has what an attempt wants; Attempt.mu guards it
//	picker    which pieces of a job are missing, and which comes next; Attempt.mu guards it
//	filelist  which files of a folder are not begun; only the running goroutine uses it
//
// # Files
//
// From the bottom up. A function calls others of its file and of those above it in
// this list:
//
//	swarm     what all attempts share, and what they need of the peer
//	state     the nouns: attempt, source, lane, job, stream, request
//	reader    what is open and asked for on one connection
//	disk      free space at the destination, and what an attempt leaves there
//	attributes  times and executable bits of the files of a folder
//	content   a job as a content that other peers read
//	pace      how much a lane has on its way, and when it asks for more
//	pick      which piece a lane asks for next
//	request   how a piece is asked for and given back
//	lane      what a lane asks for, and how it ends
//	manifest  how a job gets its manifest, and how its size is proven
//	answers   what a source says, and the bytes that it sends
//	frames    frames find the stream or request that they are about
//	search    where an attempt looks for sources
//	peers     peers of a swarm introduce each other
//	lanes     how many lanes an attempt has, and to which sources
//	prefer    what the person wants first
//	backlog   what is not begun yet
//	opening   how a job gets its unfinished file
//	progress  an attempt in a line
//	piecemap  the map of its pieces
//	details   its sources, and what is slow
//	kind      whether a content is a file or a folder
//	fetching  the loop: open, fetch, publish
//	tree      an attempt at a folder: its list, then its files
//	attempt   an attempt from its start to its end
//
// # Locks
//
// This is the lock order of the whole engine, outer first. A goroutine that holds
// a lock takes only those below it, and never two of one line.
//
//	queue     records.saving              the library is written in order
//	queue     Queue.mu                    the list, and which downloads run
//	queue     download.mu                 what a person sees of one download
//	swarm     Attempt.mu                  everything that one attempt owns
//	swarm     job.shared, reader.mu, Swarms.mu
//	sharing   Shares.mu, share.mu, share.offering
//	serving   owner.mu, then readers.mu, slots.mu, Server.mu, upload.mu
//	offer     Register.mu                 calls job.shared through Content
//	offer     Files.mu, Late.mu
//	reach     Ladder.mu
//	session   Conns.mu, Conn.mu; Dials.mu
//	membership Memberships.joining, Memberships.mu, membership.mu, lines.mu
//	membership book.mu                    called by the register
//	flow      Meter.mu, Throttle.mu
//	piece     Part.mu
//	peer      Engine.mu, changes.mu       every room may notify
//
// Only records.saving is held while a goroutine waits for a disk. All others are held
// for memory only: no lock is held while files are opened, read, written or closed,
// sockets are dialled, or another room is called that may wait. What an attempt
// decides under its lock and has to do without it is left in Attempt.after.
package swarm

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Timing is how long attempts wait.
type Timing struct {
	Tick time.Duration // how often an attempt looks after its lanes
	// Stall is how long a source may owe an answer, and how long a lane may be slow
	// while other sources wait for one.
	Stall  time.Duration
	Silent time.Duration // how long until a source that owes bytes counts as slow
	// Refused is the pause before a source is asked again for a content that it
	// refused. Queued is how often a place in a queue is renewed, and a busy source is
	// asked again; the owner must be more patient.
	Refused, Queued time.Duration
	// The trackers are asked for sources every Sources; while few are known, after
	// SourcesSoon, doubled each time; and without lanes at least three times as often.
	Sources, SourcesSoon time.Duration
	Claim                time.Duration // how long a piece is left to another reader that fetches it
	// A source that failed is tried again after MinSource, doubled each time up
	// to MaxSource.
	MinSource, MaxSource time.Duration
}

// StandardTiming is what peers use outside tests.
var StandardTiming = Timing{
	Tick: time.Second, Stall: 30 * time.Second, Silent: 2 * time.Second,
	Refused: 15 * time.Second, Queued: 2 * time.Second,
	Sources: 30 * time.Second, SourcesSoon: time.Second, Claim: 4 * time.Second,
	MinSource: time.Second, MaxSource: time.Minute,
}

func (t *Timing) backoff() sources.Backoff {
	return sources.Backoff{Least: t.MinSource, Most: t.MaxSource}
}

// Tracker is where an attempt asks for sources.
type Tracker interface {
	Address() string
	Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
}

// Audience is the peers that read unfinished contents here. Its methods must not wait.
type Audience interface {
	// AnnouncePiece tells them that a content has got a piece.
	AnnouncePiece(of offer.Content, piece int)
	// AnnounceFetching tells them that a content will soon have a piece.
	AnnounceFetching(of offer.Content, piece int)
}

// Config is what attempts need of the peer. The functions must not wait.
type Config struct {
	Key   netproto.PublicKey // of this peer
	Conns *session.Conns
	// Connect returns the index-th connection to a peer, counted from 0, and makes one
	// if there are fewer. It waits.
	Connect     func(ctx context.Context, to session.Target, index int) (*session.Conn, error)
	Contents    *offer.Register
	Files       *offer.Files // published files are read through them
	Audience    Audience
	Traffic     *flow.Traffic
	Log         *slog.Logger
	Timing      Timing
	Trackers    func() []Tracker
	Port        func() int  // for other peers
	Preallocate func() bool // space on the disk is taken before it is needed
	FreeSpace   func(dir string) (int64, error)
	Got         func(from netproto.PublicKey, bytes int)
	Notify      func() // something a person sees has changed
}

// Swarms is what all attempts of a peer share.
type Swarms struct {
	config Config
	self   netproto.PeerID

	mu     sync.Mutex
	byHash map[netproto.ContentHash]map[*Attempt]struct{} // those at work, by what the person asked for
	// gathered is how many bytes the manifests on their way will have; large tells
	// whether one of them is larger than smallManifest.
	gathered   int64
	large      bool
	introduced map[introduction]introduced // lately
}

// New returns swarms without an attempt.
func New(config Config) *Swarms {
	return &Swarms{config: config, self: netproto.PeerIDOf(config.Key[:]), byHash: map[netproto.ContentHash]map[*Attempt]struct{}{},
		introduced: map[introduction]introduced{}}
}

const (
	// smallManifest is how many bytes a manifest has at most whose content has 64 GiB or
	// less; maxGathered bounds those that are on their way to all attempts.
	smallManifest = 4096 * int64(len(piece.CV{}))
	maxGathered   = 8 << 20
)

// gather makes room for the manifest of a size while it comes, and reports whether it
// could. Of those with more than smallManifest bytes one comes at a time.
func (ss *Swarms) gather(size int64) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if !ss.hasRoomLocked(size) {
		return false
	}
	ss.account(size, 1)
	return true
}

func (ss *Swarms) endGathering(size int64) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.account(size, -1)
}

// hasRoom reports whether there is room for the manifest of a size.
func (ss *Swarms) hasRoom(size int64) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.hasRoomLocked(size)
}

func (ss *Swarms) hasRoomLocked(size int64) bool {
	n := manifestBytes(size)
	if n > smallManifest {
		return !ss.large
	}
	return ss.gathered+n <= maxGathered
}

func (ss *Swarms) account(size, by int64) {
	n := manifestBytes(size)
	if n > smallManifest {
		ss.large = by > 0
		return
	}
	ss.gathered += by * n
}

func manifestBytes(size int64) int64 {
	return int64(netproto.PieceCount(size)) * int64(len(piece.CV{}))
}

// enter and leave keep byHash.
func (ss *Swarms) enter(a *Attempt) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.byHash[a.task.Hash] == nil {
		ss.byHash[a.task.Hash] = map[*Attempt]struct{}{}
	}
	ss.byHash[a.task.Hash][a] = struct{}{}
}

func (ss *Swarms) leave(a *Attempt) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byHash[a.task.Hash], a)
	if len(ss.byHash[a.task.Hash]) == 0 {
		delete(ss.byHash, a.task.Hash)
	}
}
