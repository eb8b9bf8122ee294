package swarm

import (
	"io"
	"sync"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// job is one content that an attempt fetches: a file, a file of a folder, or the
// list of a folder. The attempt's lock guards its fields; those below shared are
// changed with both locks held, so that either suffices to read them.
type job struct {
	offer.Place
	attempt *Attempt
	hash    netproto.ContentHash
	size    int64    // bytes; -1 before the manifest is known
	most    int64    // larger is not accepted, in bytes; 0 = any size
	dir     string   // in the download's root, slash-separated
	targets []string // names in dir where the content belongs; the first is fetched, the others copied

	owners   []*request
	spares   map[int]*request
	free     piece.Bits // pieces neither asked for nor verified
	held     []int32    // sources that have a piece, by piece
	claims   []claim    // of other readers, by piece; nil before there is one
	cursor   int        // no piece before it is free, in the order that starts at start
	start    int
	prefer   int // the piece from which on all come in order; -1 = none
	flying   int // pieces that are asked for
	partial  int // streams whose source lacks pieces
	missing  int // pieces not verified
	verified piece.Bits

	allocated bool            // its space on the disk was taken, see takeSpace
	over      bool            // its files have their names
	begun     time.Time       // with this manifest
	doubted   int64           // the size that was given up last; -1 before
	closing   <-chan struct{} // the part file of a size that was given up is closed when it is; nil = none

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

func newJob(a *Attempt, hash netproto.ContentHash, size int64, dir, name string) *job {
	return &job{attempt: a, hash: hash, size: size, sure: size >= 0, doubted: -1, prefer: -1, dir: dir, targets: []string{name}}
}

// begin takes the part file of a job whose manifest is known.
func (j *job) begin(part growing) {
	m := part.Manifest()
	j.size = m.Size
	j.owners = make([]*request, m.Pieces())
	j.spares = map[int]*request{}
	have := part.Have()
	j.verified, j.missing = have, m.Pieces()-have.Count()
	j.free = piece.AllBits(m.Pieces())
	for i := range have {
		j.free[i] &^= have[i]
	}
	j.held, j.claims = make([]int32, m.Pieces()), nil
	j.cursor, j.start = 0, j.attempt.start%m.Pieces()
	if j.prefer >= 0 {
		j.attempt.preferred([]*job{j}) // its place is known by its size
	}
	j.begun = time.Now()
	j.shared.Lock()
	defer j.shared.Unlock()
	j.part = part
	j.sure = j.sure || part.Has(m.Pieces()-1)
}

func (j *job) ready() bool { return j.owners != nil }

// given tells whether the only piece of a small file is asked for.
func (j *job) given() bool { return len(j.owners) == 1 && j.sure && j.flying == 1 }

func (j *job) complete() bool { return j.ready() && j.missing == 0 }

// usable tells whether a stream can be asked for pieces: its source has something,
// and says the same size of the content as the job.
func (j *job) usable(s *stream, now time.Time) bool {
	return j.ready() && s.have != nil && !now.Before(s.pause) && (j.sure || s.size == j.size)
}

// takeOver chooses a piece that another source is slow with: one that the stream's
// source would deliver in less than half the time.
func (j *job) takeOver(s *stream) (index int, ok bool) {
	if n := int64(len(j.spares)); n >= maxSpares || n > 0 && (n+1)*netproto.PieceSize(j.size) > maxSpareBytes {
		return 0, false
	}
	rate := s.lane.rate.Rate()
	var worst time.Duration
	for i, r := range j.owners {
		if r == nil || r.lane.source == s.lane.source || j.spares[i] != nil || !s.have.Has(i) {
			continue
		}
		if left := r.lane.eta(); left > worst && left > 2*duration(r.length, rate) {
			index, worst, ok = i, left, true
		}
	}
	return index, ok
}

// duration is how long bytes take at a rate in bytes a second. A rate of 0 counts
// as 1 MB/s, so that an untried source is tried.
func duration(bytes, rate int64) time.Duration {
	if rate <= 0 {
		rate = 1e6
	}
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}

// These bound the memory of pieces that are fetched twice.
const (
	maxSpares     = 8
	maxSpareBytes = 32 << 20
)
