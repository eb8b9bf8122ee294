// Package swarm fetches contents from all peers that have them at once. An
// [Attempt] is one try to fetch one content, a file or a folder, into one folder
// of the disk: it is made, run and thrown away. What a person sees as a download
// lives in package queue, which makes attempts.
//
// # Locks
//
// This is the lock order of the whole engine, outer first. A goroutine that holds
// a lock takes only those below it, and never two of one line.
//
//	queue     records.saving              the library is written in order
//	queue     Queue.mu                    the list and who runs
//	queue     download.mu                 what a person sees of one download
//	swarm     Attempt.mu                  everything one attempt owns
//	swarm     job.shared, reader.mu
//	sharing   Shares.mu, share.mu
//	serving   owner.mu, then readers.mu, slots.mu, Server.mu, upload.mu
//	offer     Register.mu                 calls job.shared through Content
//	session   Conns.mu, Conn.mu; Hearsay.mu
//	membership Memberships.joining, Memberships.mu, membership.mu
//	membership book.mu                    called by the register
//	flow      Meter.mu, Throttle.mu
//	piece     Part.mu
//	peer      Engine.mu, changes.mu       every room may notify
//
// Only records.saving is held while a disk is waited for. All others are held for
// memory only: files are opened, read, written and closed, sockets are dialled,
// and other rooms' callbacks that wait are called without a lock. What an attempt
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
	"centralizedp2p/netproto"
)

// Timing is how long attempts wait.
type Timing struct {
	Tick time.Duration // how often an attempt looks after its lanes
	// Stall is how long a source may owe an answer, and how long a lane may be of
	// no use while other sources wait for one.
	Stall  time.Duration
	Silent time.Duration // how long until a source that owes bytes counts as slow
	// Refused is how long a source is not asked again for a content that it
	// refused; Queued is how often a place in a queue is renewed, which is less
	// than the owner's patience.
	Refused, Queued time.Duration
	// The trackers are asked for sources this often; while few are known after
	// SourcesSoon, doubled each time; and without lanes at least three times as often.
	Sources, SourcesSoon time.Duration
	Claim                time.Duration // how long a piece is left to another reader that fetches it
	// A source that failed is tried again after MinSource, doubled each time up
	// to MaxSource.
	MinSource, MaxSource time.Duration
}

// StandardTiming is the usual one.
var StandardTiming = Timing{
	Tick: time.Second, Stall: 30 * time.Second, Silent: 2 * time.Second,
	Refused: 15 * time.Second, Queued: 2 * time.Second,
	Sources: 30 * time.Second, SourcesSoon: time.Second, Claim: 4 * time.Second,
	MinSource: time.Second, MaxSource: time.Minute,
}

// Tracker is what an attempt asks for sources.
type Tracker interface {
	Address() string
	Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
}

// Audience are the peers that read here what is not complete. Its methods do not
// wait.
type Audience interface {
	// AnnouncePiece tells them that a content has one piece more.
	AnnouncePiece(of offer.Content, piece int)
	// AnnounceFetching tells them that it will have one soon.
	AnnounceFetching(of offer.Content, piece int)
}

// Config is what attempts need of the peer. The functions must not wait.
type Config struct {
	Key         netproto.PublicKey // of this peer
	Conns       *session.Conns
	Contents    *offer.Register
	Audience    Audience
	Traffic     *flow.Traffic
	Log         *slog.Logger
	Timing      Timing
	Trackers    func() []Tracker
	Port        func() int  // for other peers
	Preallocate func() bool // space on the disk is taken before it is needed
	FreeSpace   func(dir string) (int64, error)
	Notify      func() // something a person sees has changed
}

// Swarms is what all attempts of a peer share.
type Swarms struct {
	config  Config
	self    netproto.PeerID
	hearsay session.Hearsay

	mu     sync.Mutex
	byHash map[netproto.ContentHash]map[*Attempt]struct{} // at work, by what the person asked for
}

// New returns swarms without an attempt.
func New(config Config) *Swarms {
	return &Swarms{config: config, self: netproto.PeerIDOf(config.Key[:]), byHash: map[netproto.ContentHash]map[*Attempt]struct{}{}}
}

// enter and leave keep the attempts at work, for peers that are heard of.
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
