package swarm

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/pace"
	"centralizedp2p/app/peer/swarm/picker"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// The nouns of this room. An attempt has sources, makes lanes to them and fetches
// jobs. A stream is a job on a lane, and a request is a piece of a stream:
//
//	Attempt ── sources ── source      a peer that has the content
//	   │           lane ──┘           a connection at work
//	   │            │
//	   └── job ── stream ── request   a content, on a lane, one piece of it
//
// Attempt.mu guards all of it, unless a field says something else. The files after
// this one hold their verbs.

// Task is what an attempt is to do. It does not change.
type Task struct {
	Hash   netproto.ContentHash
	Name   string
	Folder bool
	Paths  []string // the chosen files of a folder; none = all
	Dir    string   // absolute
	Size   int64    // bytes; -1 while it is not known

	Limit   *flow.Throttle // of this download
	Rate    *flow.Meter    // counts what comes from other peers
	Checked *atomic.Int64  // counts bytes verified or copied in the present phase
	Lists   Lists          // of finished folders
	Plain   bool           // files of a folder keep neither their times nor their executable bits
	// Private downloads are read by nobody and announced to nobody.
	Private bool
	// Remember has the attempt keep what it knows of the files: see [Attempt.Fetched].
	Remember bool
}

// Lists keeps the list of a folder's files for when the folder is finished. Its
// methods may wait for the disk.
type Lists interface {
	// Keep stores the text of the list.
	Keep(text []byte) error
	// Kept returns the entries that Keep stored; false if there are none.
	Kept(ctx context.Context) ([]netproto.FolderEntry, bool)
}

// Phase is what an attempt does at the moment.
type Phase string

// The phases.
const (
	Verifying Phase = "verifying" // what an earlier attempt left, or before it is published
	Fetching  Phase = "fetching"
)

// Attempt is one try to fetch a content. [Attempt.Run] may be called once.
type Attempt struct {
	swarms *Swarms
	task   Task
	quiet  bool           // announces nothing: somebody only looks at the list of a folder
	start  int            // where the search for rare pieces begins
	woken  chan struct{}  // has the running goroutine look around
	work   sync.WaitGroup // of the lanes, and of files that are being closed

	// The running goroutine uses these.
	root    *os.Root      // of the destination
	folder  *piece.Folder // of the files of a folder, while they come
	dresser *wardrobe     // of these files; nil = they look new

	mu         sync.Mutex
	after      []func() // to be done once the lock is free, see unlock
	over       bool     // it has let go of everything
	phase      Phase
	err        error // what ends the attempt
	sources    *sources.Table
	search     search
	lanes      lanes
	asked      uint64 // pieces
	active     []*job
	preference Preference
	fetched    Fetched
	published  []*job // which others may read until the attempt ends
	folderSize int64  // bytes of all files of the folder; -1 before its list is here
	// attributes are those of the folder's files, packed, as far as attributesBy sent
	// them.
	attributes   []byte
	attributesBy *stream
	total        int64        // bytes of all jobs; -1 while it is not known
	done         int64        // bytes of finished jobs
	cells        []piece.Cell // once it is over, see Details

	sampled time.Time // see Sample
	// diskBusy is the time that lanes have spent writing since then, in nanoseconds;
	// diskShare is its share of the period before.
	diskBusy  atomic.Int64
	diskShare float64
}

// unlock frees the lock and then does what had to wait for that.
func (a *Attempt) unlock() {
	after := a.after
	a.after = nil
	a.mu.Unlock()
	for _, do := range after {
		do()
	}
}

// Wake has the attempt look around now, as after each tick.
func (a *Attempt) Wake() {
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// fail ends the attempt with an error of the disk.
func (a *Attempt) fail(err error) {
	a.mu.Lock()
	defer a.unlock()
	a.failLocked(err)
}

func (a *Attempt) failLocked(err error) {
	if a.err == nil {
		a.err = err
	}
	a.Wake()
}

func (a *Attempt) setPhase(p Phase) {
	a.mu.Lock()
	a.phase = p
	a.mu.Unlock()
	a.task.Checked.Store(0)
	a.swarms.config.Notify()
}

// progress counts n bytes that were verified or copied.
func (a *Attempt) progress(n int) {
	a.task.Checked.Add(int64(n))
	a.swarms.config.Notify()
}

// lanes are the connections at work for an attempt.
type lanes struct {
	attempt *Attempt
	open    map[*lane]struct{}
	making  int
	// unlikely are those of making that go to sources which no tracker could connect to
	// and none can call.
	unlikely int
	spare    bool // what relayed sources would give is not needed
	climb    flow.Climb
}

// lane is a connection at work for an attempt. A source may have several.
type lane struct {
	// These do not change.
	attempt *Attempt
	source  *sources.Source
	conn    *session.Conn
	reader  *reader
	ctx     context.Context // ends when the attempt has let go of the lane
	end     context.CancelFunc
	begun   time.Time     // when its connection was asked for
	wake    chan struct{} // wakes runPace

	first time.Time // when the first byte came; only the reading goroutine of the connection uses it

	// Each frame changes these, without the lock of the attempt. What comes off the sums of the
	// pace does so with the lock of the reader.
	pace pace.Pace
	// steady says that further bytes change nothing else of the lane and its streams: it is
	// measured, served and not slow, and no stream waits in a queue.
	steady  atomic.Bool
	limited atomic.Bool // a limit is new: what is on its way is to be asked for anew

	streams  map[*job]*stream
	requests map[*request]struct{}
	paced    []*request // not yet asked for to their end, because of a limit
	served   bool       // bytes come, and this peer waits in no queue
	slow     bool       // it fell silent, and is asked for one piece at a time until bytes come
	leaving  bool       // there is a better way to the source: what it was asked for still comes
	over     bool
}

// stream is a content that is read from the other side of a lane.
type stream struct {
	id      uint32
	lane    *lane
	job     *job
	opened  time.Time
	heard   time.Time       // when a part of its manifest came
	size    int64           // of the content, as the source says; -1 before it did
	pending *piece.Manifest // on its way
	passed  bool            // its manifest came when there was no room, see askAgain
	claim   *piece.Manifest // of the size that the source claims, if the job believes in another
	proof   *request        // with which the source proves that size; nil = none
	have    piece.Bits      // of the source; nil before it said so
	pause   time.Time       // not asked again before
	refused bool
	place   int // in the source's queue
}

// request is a piece that a lane fetches.
type request struct {
	number uint64 // in the order of their starts
	begun  time.Time
	id     uint32 // on the connection; 0 while nothing is asked
	lane   *lane
	stream *stream
	index  int
	length int64
	asked  atomic.Int64 // bytes asked for; changes with the attempt's lock held
	owed   atomic.Int64 // bytes not received; changes with the reader's lock held
	spare  bool
	proof  bool // of the size that the source claims

	end  atomic.Int32 // see dropped and ending
	part growing      // that the writer is of, of the job; nil for a proof

	writer *piece.Writer // the connection's reading goroutine uses it; nil until opened is closed
	// opened is closed once a request that was made ahead of the manifest has its writer, or
	// is over; nil for all others.
	opened chan struct{}
}

// unanswered is how many of the bytes asked for were not received.
func (r *request) unanswered() int64 { return r.asked.Load() - (r.length - r.owed.Load()) }

// job is one content that an attempt fetches: a file, a file of a folder, or the
// list of a folder.
type job struct {
	content
	attempt *Attempt
	hash    netproto.ContentHash
	size    int64                 // bytes; -1 before the manifest is known
	likely  int64                 // the size that the trackers say; -1 = they say none
	ahead   map[*request]struct{} // those that were made ahead of the manifest
	guessed int                   // how many of its pieces were asked for so
	list    bool                  // of a folder's files, until its bytes show something else
	dir     string                // in the attempt's root, slash-separated
	targets []string              // names in dir where the content belongs; the first is fetched, the others copied

	owners []*request            // by piece
	spares map[*request]struct{} // further requests for a piece, see takeOver
	picker *picker.Picker        // nil before the part is open, see ready
	prefer int                   // the piece from which on all come in order; -1 = none

	allocated bool            // its space on the disk is reserved, see takeSpace
	over      bool            // its files have their names
	closing   <-chan struct{} // closed once the part file of a size that was a lie is; nil = none
}

// content is what other peers may read of a job. Its fields are changed with both
// Attempt.mu and shared held, so that either suffices to read them.
type content struct {
	offer.Place
	shared sync.RWMutex
	part   growing // nil before it is opened, and after
	m      *piece.Manifest
	sure   bool               // the size is right: the last piece was verified, or a folder says it
	as     *netproto.Resource // how it is announced; nil = it is not
	done   *finished          // once it is published
}

// growing is a content that is not complete: a piece.Part with its file, or a
// piece.Small in memory.
type growing interface {
	io.ReaderAt
	Manifest() *piece.Manifest
	Have() piece.Bits // a copy
	Has(index int) bool
	Complete() bool
	VerifiedBytes() int64
	Writer(index int, spare bool) *piece.Writer
	Close() error
}

// finished is a published file in the state that it was published in, so that a
// later change does not make this peer send wrong bytes.
type finished struct {
	path  string // absolute
	state piece.State
}

func newJob(a *Attempt, hash netproto.ContentHash, size int64, dir, name string) *job {
	j := &job{attempt: a, hash: hash, size: size, likely: -1, prefer: -1, dir: dir, targets: []string{name}}
	j.sure = size >= 0
	return j
}

func (j *job) ready() bool { return j.picker != nil }

func (j *job) complete() bool { return j.ready() && j.picker.Done() }

// given reports whether a content has one piece, which is asked for.
func (j *job) given() bool {
	return len(j.owners) == 1 && j.sure && j.picker.Flying() == 1
}

// lacks reports whether the stream's source does not have all pieces.
func (s *stream) lacks() bool {
	return s.job.ready() && s.job.picker.Lacks(s.have)
}
