package sharing

import (
	"context"
	"crypto/md5"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/app/watch"
	"centralizedp2p/netproto"
)

// The nouns of this room: shares, the files that they offer, and the scans that find
// out what changed.

// fetches tell when a peer has fetched a whole folder: as many bytes as its
// files have, equal ones counted once. Looking at the list alone is none.
type fetches struct {
	need int64 // bytes
	got  map[netproto.PublicKey]fetch
}

// fetch is how far a peer is with a folder.
type fetch struct {
	bytes  int64     // toward the next whole fetch
	listed bool      // it read the list
	last   time.Time // when it got the latest of them, or read the list
}

const (
	// lookBatch bounds the files that one goroutine compares.
	lookBatch = 512
	// A batch of hashed files is remembered and announced together. A kill costs the
	// hashing of one batch, or a few seconds of a larger file. Batches become larger as long
	// as one is hashed within batchTime: the disk has to be waited for after each.
	batchFiles     = 2000
	mostBatchFiles = 8000
	batchTime      = 200 * time.Millisecond
	batchBytes     = 256 << 20
	// largeFile is the size in bytes from which the pieces of one file are hashed side
	// by side instead of several files, so that there are few buffers.
	largeFile = 8 << 20
	// bigScan is how many bytes a share may have to hash without waiting for its turn
	// among others that have more.
	bigScan = 64 << 20
)

// scan compares a share with what is known of it: what is known is offered at once,
// what is new or changed is hashed, and what is gone is withdrawn.
type scan struct {
	share  *share
	ctx    context.Context
	record library.Share
	round  uint16
	known  bool                // it was shared before
	kept   map[string]keptBack // by the scan before, as s.kept
	keeps  map[string]keptBack // by this one
	leave  *leaveOut
	notice error // why changes are noticed late
	dirs   int   // that are not watched

	found []found
	files []*sharedFile // of found; nil for what is left out
	pace  pace
	work  []unhashed

	mu      sync.Mutex
	unrest  bool // files are left out because they change
	waited  bool // it said that it waits for descriptors
	omitted Omitted
}

// unhashed is a file that has to be read.
type unhashed struct {
	index   int           // in found
	maybe   *library.File // it has the inode of this one, which had another name
	touched bool          // it is known in another state that differs in little: perhaps its times were set back
}

// State is what happens to a share.
type State string

// The states of a share.
const (
	StateWaiting   State = "waiting" // for its turn to be hashed
	StateHashing   State = "hashing"
	StateShared    State = "shared"
	StateRehashing State = "rehashing" // it changed
	StateMissing   State = "missing"
	StateFailed    State = "failed"
	StateEnded     State = "ended" // its time or its count is over
)

// Share is a file or folder that is offered.
type Share struct {
	library.Share
	State  State
	Hashed int64 // bytes that are done, while it is hashed; Size is of all then
	Rate   int64 // bytes a second, while it is hashed
	Err    error // why it failed or is missing
	Notice error // why changes of it are noticed late; nil if they are not
	// Omitted is what its last scan left out; it must not be changed.
	Omitted Omitted
}

// Options say how to share.
type Options struct {
	Remember bool     // offer it again at the next start
	Except   []string // slash-separated paths in a folder that are not offered

	// Secrets are offered only if they are allowed: see [library.Share].
	Allow    []string
	AllowAll bool

	// Visible says who may have it; nil leaves that as it is, and is everybody for what
	// was not shared before.
	Visible *library.Visible
	// Count, if it is not 0, ends it after that many complete downloads from now on,
	// in place of Visible.Until.
	Count int
	// Request is what it is sent with; see [library.Share].
	Request string
}

// share is one of the things that the person chose to offer.
type share struct {
	shares   *Shares
	audience atomic.Pointer[audience]
	expired  atomic.Pointer[audience] // the one that was withdrawn because its time is over

	mu       sync.Mutex
	record   library.Share      // ID, Path, Name and Except, Allow and AllowAll never change
	stop     context.CancelFunc // of the scan; nil while there is none
	state    State
	err      error
	notice   error
	omitted  Omitted // of the last scan; replaced, never changed
	hashed   int64   // bytes that are done, while it is hashed
	size     int64   // bytes of all, while it is hashed
	rate     *flow.Meter
	unrest   time.Time           // since when something in it does not rest; zero if it does
	round    uint16              // of the last scan; it begins anew after 65,535
	leave    *leaveOut           // of the last scan
	kept     map[string]keptBack // secrets by their bytes, by path in the folder; replaced by each scan
	remember bool                // offer it again at the next start
	removed  bool
	dirty    bool // counters changed since they were saved
	fetches

	offering sync.Mutex
	ended    bool                   // nothing more is offered
	files    map[string]*sharedFile // by path in the folder; what is offered now
	list     *sharedFile            // of a folder; nil before it is hashed
	oldLists []oldList              // that can still be read
}

// sharedFile is a whole content in a file that does not change. There may be a
// million of them, so it holds no more than it must.
type sharedFile struct {
	offer.Place
	round uint16 // the last scan that found it; share.offering guards it
	exec  bool   // its owner may run it
	has   bool   // it has an MD5, as what seed clients can fetch
	share *share // whose it is; never nil
	rel   string // slash-separated path in a shared folder; "" for a shared file, and for the list of a folder
	state piece.State
	md5   [md5.Size]byte // if has
	list  *folderList    // if this is the list of a folder
}

// Timing is how long shares wait.
type Timing struct {
	Rescan  time.Duration // how often shared files are compared with what was hashed
	Missing time.Duration // how often to check whether a missing share is back
	Rest    time.Duration // how long a file that changed while it was read is left alone
	Partial time.Duration // how often the progress of hashing a large file is saved
	Look    time.Duration // how long the trackers wait at most until all shares were looked at
}

// StandardTiming is the usual one.
var StandardTiming = Timing{Rescan: time.Minute, Missing: 10 * time.Second, Rest: 2 * time.Second, Partial: 5 * time.Second,
	Look: 20 * time.Second}

// Config is what shares need of the peer. The functions must not wait.
type Config struct {
	Library    *library.Library
	Contents   *offer.Register
	Log        *slog.Logger
	Timing     Timing
	WatchLimit int // folders watched, see watch.Watcher; 0: the usual number
	// Open opens a file for other peers; see offer.Files. It may wait for the disk.
	Open      func(path string, state piece.State) (offer.Reader, error)
	Announced func(hash netproto.ContentHash) (bool, error) // whether the tracker has taken a content, or why not
	Notify    func()                                        // something a person sees has changed
	Step      func()                                        // [Shares.Wait] looks again, and a person too
	NextStep  func() <-chan struct{}                        // closed with the next step
}

// Shares are all of them, when to look at each, and what looks at them.
type Shares struct {
	config  Config
	wake    chan struct{}
	turn    chan struct{} // full while one has much to hash
	watcher watch.Watcher
	ignored atomic.Pointer[ignore.Patterns]
	gentle  atomic.Bool
	hashed  atomic.Int64 // bytes, since the start
	unsaved atomic.Bool  // a share has ended by its count, which is to be remembered soon

	mu       sync.Mutex
	list     []*share
	due      map[*share]*due
	surveys  map[string]*survey // by folder
	patterns []string           // what ignored was made of
	removed  []library.Share    // taken back since the start, the last ones
	active   int                // scans that look around, or hash little
	all      bool               // everything that the library remembers is in the list
	tidied   bool
	looking  chan struct{} // see Looking; nil while nobody waits
	scans    sync.WaitGroup
}

// due is when a share is to be scanned, and how its last scan went.
type due struct {
	when  time.Time // zero: not at all
	first time.Time // when something stirred since the last scan
	busy  bool      // it is being scanned
	known bool      // a scan has found all of it that needs no hashing
	ended time.Time
	took  time.Duration // without the hashing of much
	// hashing is how long the scan under way waited and hashed in its turn.
	hashing time.Duration
}

// survey is a walk that the scan of a new share need not do again.
type survey struct {
	at      time.Time
	pattern *ignore.Patterns // what was ignored
	found   []found
	folders []surveyed
	omitted Omitted
}

// surveyed is a folder as it was just before it was read.
type surveyed struct {
	path     string
	modified time.Time
}
