package peer

import (
	"sync"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// job is one content that a download fetches: a file, a file of a folder, or
// the list of a folder. Its fields are guarded by the download's lock; those
// that the content role (offer.go) reads are changed with both locks held.
type job struct {
	download *download
	hash     netproto.ContentHash
	size     int64    // bytes; -1 before the manifest is known
	most     int64    // larger is not accepted, in bytes; 0 = any size
	dir      string   // in the download's root, slash-separated
	targets  []string // names in dir where the content belongs; the first is fetched, the others copied

	owners  []*request
	spares  map[int]*request
	cursor  int // no piece before it is free
	flying  int // pieces that are asked for
	partial int // streams whose source lacks pieces
	missing int // pieces not verified

	begun   time.Time // with this manifest
	doubted int64     // the size that was given up last; -1 before

	shared sync.RWMutex
	part   *piece.Part
	m      *piece.Manifest
	sure   bool      // the size is right: the last piece was verified, or a folder says it
	done   *finished // once it is published
}

func newJob(d *download, hash netproto.ContentHash, size int64, dir, name string) *job {
	return &job{download: d, hash: hash, size: size, sure: size >= 0, doubted: -1, dir: dir, targets: []string{name}}
}

// begin takes the part file of a job whose manifest is known.
func (j *job) begin(part *piece.Part) {
	m := part.Manifest()
	j.size = m.Size
	j.owners = make([]*request, m.Pieces())
	j.spares = map[int]*request{}
	j.missing = m.Pieces() - part.Have().Count()
	j.cursor = 0
	j.begun = time.Now()
	j.shared.Lock()
	defer j.shared.Unlock()
	j.part = part
	j.sure = j.sure || part.Has(m.Pieces()-1)
}

func (j *job) ready() bool { return j.owners != nil }

func (j *job) complete() bool { return j.ready() && j.missing == 0 }

// usable tells whether a stream can be asked for pieces: its source has
// something, and says that the content has the size that is reckoned with.
func (j *job) usable(s *stream, now time.Time) bool {
	return j.ready() && s.have != nil && !now.Before(s.pause) && (j.sure || s.size == j.size)
}

// pick chooses a piece to ask the stream's source for. The last one comes
// first, because it proves the size; then, while all sources are whole, they
// come in order, which suits disks; else the rarest.
func (j *job) pick(s *stream) (index int, ok bool) {
	count := len(j.owners)
	free := func(i int) bool { return j.owners[i] == nil && s.have.Has(i) && !j.part.Has(i) }
	if last := count - 1; free(last) {
		return last, true
	}
	if j.missing == j.flying {
		return 0, false
	}
	for j.cursor < count && (j.owners[j.cursor] != nil || j.part.Has(j.cursor)) {
		j.cursor++
	}
	if j.partial == 0 {
		for i := j.cursor; i < count; i++ {
			if free(i) {
				return i, true
			}
		}
		return 0, false
	}
	return j.rarest(s, free)
}

// rarest looks at all free pieces, from a place that differs from download to
// download, and takes the one that the fewest sources have.
func (j *job) rarest(s *stream, free func(int) bool) (index int, ok bool) {
	count := len(j.owners)
	fewest := int(^uint(0) >> 1)
	for k := range count {
		i := (k + j.download.start) % count
		if !free(i) {
			continue
		}
		n := 0
		for l := range j.download.links {
			if other := l.streams[j]; other != nil && other.have.Has(i) {
				n++
			}
		}
		if n < fewest {
			index, fewest, ok = i, n, true
			if n <= 1 {
				break
			}
		}
	}
	return index, ok
}

// takeOver chooses a piece that another source is slow with: one that the
// stream's source would deliver in less than half of the time.
func (j *job) takeOver(s *stream) (index int, ok bool) {
	if len(j.spares) >= maxSpares {
		return 0, false
	}
	rate := s.link.rate.rate()
	var worst time.Duration
	for i, r := range j.owners {
		if r == nil || r.link.source == s.link.source || j.spares[i] != nil || !s.have.Has(i) {
			continue
		}
		if left := r.link.eta(); left > worst && left > 2*duration(r.length, rate) {
			index, worst, ok = i, left, true
		}
	}
	return index, ok
}

// duration is how long bytes take at a rate; a rate of 0 counts as 1 MB/s, so
// that a source that was not tried yet is tried.
func duration(bytes, rate int64) time.Duration {
	if rate <= 0 {
		rate = 1e6
	}
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}

// maxSpares bounds the memory of pieces that are fetched twice.
const maxSpares = 2
