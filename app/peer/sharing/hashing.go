package sharing

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hash hashes the unknown files: small ones side by side, then large ones one after
// the other, each with its pieces side by side. Each batch is remembered and offered
// when it is done, so that it need not be done again.
func (sc *scan) hash() error {
	if len(sc.work) == 0 {
		return nil
	}
	sc.share.shares.found(sc.share)
	total := sc.measure()
	if total > bigScan {
		done, err := sc.share.shares.takeTurn(sc.ctx, sc.share)
		if err != nil {
			return err
		}
		defer done()
	}
	sc.share.begin(sc.known)
	slices.SortFunc(sc.work, func(a, b unhashed) int {
		if large := sc.sizeOf(a) > largeFile; large != (sc.sizeOf(b) > largeFile) {
			if large {
				return 1
			}
			return -1
		}
		return a.index - b.index
	})
	sc.pace.begin()
	// The disk writes one batch while the next one is hashed, and the one before is offered.
	var saving, offering errgroup.Group
	saving.SetLimit(1)
	offering.SetLimit(1)
	save := func(b *batch) error {
		if err := sc.save(b); err != nil {
			return err
		}
		offering.Go(func() error {
			sc.share.offer(b.offers, sc.round)
			return nil
		})
		return nil
	}
	done := func() error { return cmp.Or(saving.Wait(), offering.Wait()) }
	most := batchFiles
	for work := sc.work; len(work) > 0; {
		n, began := sc.batchOf(work, most), time.Now()
		b, err := sc.hashBatch(work[:n])
		saving.Go(func() error { return save(b) })
		if err != nil {
			return cmp.Or(done(), err)
		}
		most = nextBatch(most, time.Since(began))
		work = work[n:]
	}
	sc.work = nil
	return done()
}

// nextBatch is how many files the next batch may have, after one of at most that many took
// so long.
func nextBatch(most int, took time.Duration) int {
	if took < batchTime {
		return min(2*most, mostBatchFiles)
	}
	return max(most/2, batchFiles)
}

// measure returns how many bytes are to be hashed, and shows how much of the share is
// done.
func (sc *scan) measure() int64 {
	var total, known int64
	for _, w := range sc.work {
		total += sc.sizeOf(w)
	}
	for _, f := range sc.files {
		if f != nil {
			known += f.state.Size
		}
	}
	s := sc.share
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashed, s.size = known, known+total
	return total
}

// sizeOf is how many bytes of a file were to be hashed when it was found.
func (sc *scan) sizeOf(w unhashed) int64 { return sc.found[w.index].state.Size }

// batchOf is the number of files to hash next: those of a batch, at most most, or one large
// one.
func (sc *scan) batchOf(work []unhashed, most int) int {
	var bytes int64
	for i, w := range work {
		size := sc.sizeOf(w)
		if bytes += size; i == most || i > 0 && (bytes > batchBytes || size > largeFile) {
			return i
		}
	}
	return len(work)
}

// batch is what is remembered and offered together. What is left out is nil, or has no
// path.
type batch struct {
	offers    []*sharedFile
	files     []library.File
	manifests []*piece.Manifest
}

func (sc *scan) hashBatch(work []unhashed) (*batch, error) {
	b := &batch{offers: make([]*sharedFile, len(work)), files: make([]library.File, len(work))}
	files, pieces := sc.atOnce(), 1
	if sc.sizeOf(work[0]) > largeFile {
		files, pieces = 1, sc.atOnce()
	}
	group, ctx := errgroup.WithContext(sc.ctx)
	var next atomic.Int64
	for range files {
		group.Go(func() error {
			h := hasher{scan: sc, pieces: pieces}
			defer h.tell(ctx)
			defer h.small.Close()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(work) {
					break
				}
				offer, f, m, err := h.hash(ctx, work[i])
				if err != nil {
					return err
				}
				if b.offers[i] = offer; offer == nil {
					continue
				}
				b.files[i] = f
				if m != nil && len(m.CVs) > 0 {
					sc.mu.Lock()
					b.manifests = append(b.manifests, m)
					sc.mu.Unlock()
				}
			}
			return nil
		})
	}
	err := group.Wait()
	b.files = slices.DeleteFunc(b.files, func(f library.File) bool { return f.Path == "" })
	return b, err
}

// hasher hashes files one after another; one goroutine uses it.
type hasher struct {
	*scan
	pieces int // of one file that are hashed side by side
	small  piece.SmallFiles
	untold int   // files that it hashed and did not tell of yet
	bytes  int64 // of them
}

// hash hashes a file; it returns no offer if the file is left out.
func (h *hasher) hash(ctx context.Context, w unhashed) (offer *sharedFile, f library.File, m *piece.Manifest, err error) {
	sc, found := h.scan, &h.found[w.index]
	err = patiently(ctx, sc.waits, func() (err error) {
		f, m, err = h.readSettled(ctx, w)
		return err
	})
	if kept, ok := errors.AsType[*kept](err); ok {
		return nil, f, nil, sc.keepBack(found.real, kept.keptBack)
	}
	if err == nil && !f.State.SameFile(found.state) { // another one took its place, perhaps through a link
		err = netproto.Errorf(netproto.CodeFileChanged, "%s", f.Path)
	}
	if err != nil {
		return nil, f, nil, sc.leftOut(found.real, err)
	}
	offer = sc.fileOf(w.index, &f)
	sc.files[w.index] = offer
	return offer, f, m, nil
}

const (
	// A hasher tells how far it is after that many files or bytes: to tell takes longer
	// than to hash one of the smallest.
	tellFiles = 32
	tellBytes = 256 << 10
)

// done counts a small file that was read and hashed.
func (h *hasher) done(ctx context.Context, n int64) {
	h.bytes += n
	if h.untold++; h.untold >= tellFiles || h.bytes >= tellBytes {
		h.tell(ctx)
	}
}

// tell tells of the files that it did not tell of yet.
func (h *hasher) tell(ctx context.Context) {
	if h.untold == 0 {
		return
	}
	n := h.bytes
	h.untold, h.bytes = 0, 0
	h.hashed(ctx, n)
}

func (sc *scan) atOnce() int {
	if sc.share.shares.gentle.Load() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// readSettled is read, done again after a while if the file is so fresh that a later
// write would not show.
func (h *hasher) readSettled(ctx context.Context, w unhashed) (library.File, *piece.Manifest, error) {
	for again := false; ; again = true {
		began := time.Now()
		f, m, err := h.read(ctx, w, began)
		if err != nil || f.State.SettledAt(began) {
			return f, m, err
		}
		if again {
			return f, nil, netproto.Errorf(netproto.CodeFileChanged, "%s", f.Path)
		}
		h.progress(-f.State.Size)
		select {
		case <-time.After(piece.TimeGrain):
		case <-ctx.Done():
			return f, nil, ctx.Err()
		}
	}
}

// read hashes a file, or recognises it as one that had another name. A content of one
// piece needs no manifest.
func (h *hasher) read(ctx context.Context, w unhashed, now time.Time) (library.File, *piece.Manifest, error) {
	sc, found := h.scan, &h.found[w.index]
	full := sc.share.pathOf(found.real)
	if w.maybe != nil {
		if f, m := sc.recognise(ctx, full, *w.maybe); m != nil {
			sc.progress(found.state.Size)
			return f, m, sc.check(w, &f)
		}
	}
	f := library.File{Path: full}
	content, state, err := h.small.Read(ctx, full, netproto.SeedMaxBytes, found.state, now)
	if err != nil {
		return f, nil, err
	}
	if f.State = state; state.Size <= netproto.SeedMaxBytes {
		if err := sc.judge(w, &f, ignore.InspectBytes(content)); err != nil {
			return f, nil, err
		}
		f.MD5 = hexMD5(content)
		f.Hash = piece.HashBytes(content)
		h.done(ctx, state.Size)
		return f, nil, nil
	}
	if err := sc.check(w, &f); err != nil {
		return f, nil, err
	}
	m, state, err := sc.hashFile(ctx, full, state.Size, h.pieces)
	if err != nil {
		return f, nil, err
	}
	f.State, f.Hash = state, m.Hash
	return f, m, nil
}

// check looks at the bytes of a file, unless that was done before. The error is a
// *kept if it must not be offered.
func (sc *scan) check(w unhashed, f *library.File) error {
	if f.Ordinary {
		return nil
	}
	kind, err := inspect(f.Path, f.State)
	if err != nil {
		return err
	}
	return sc.judge(w, f, kind)
}

// judge is check of a file whose kind is known.
func (sc *scan) judge(w unhashed, f *library.File, kind ignore.Kind) error {
	f.Ordinary = kind == ignore.Ordinary
	if !sc.mayOffer(sc.found[w.index].real, kind) {
		return &kept{keptBack{f.State, kind}}
	}
	return nil
}

// recognise compares the ends and the middle of a renamed file with what it was under
// its other name. The time of the renaming hides a later write from the file's state.
func (sc *scan) recognise(ctx context.Context, full string, was library.File) (library.File, *piece.Manifest) {
	state, err := piece.StateOf(full)
	if err != nil || !state.SameInode(was.State) {
		return was, nil
	}
	m := &piece.Manifest{Hash: was.Hash, Size: state.Size}
	if m.Pieces() > 1 {
		if m, err = sc.share.shares.config.Library.Manifest(was.Hash); err != nil || m.Size != state.Size {
			return was, nil
		}
	}
	file, err := piece.OpenFile(full, state)
	if err != nil {
		return was, nil
	}
	defer file.Close()
	if !m.Spot(ctx, file) {
		return was, nil
	}
	was.Path, was.State = full, state
	return was, m
}

// hashed counts n bytes that were just read and hashed.
func (sc *scan) hashed(ctx context.Context, n int64) {
	ss := sc.share.shares
	ss.hashed.Add(n)
	sc.share.rate.Add(int(n))
	sc.progress(n)
	if ss.gentle.Load() {
		sc.pace.rest(ctx)
	}
}

// progress shows that n more bytes of the share are done.
func (sc *scan) progress(n int64) {
	s := sc.share
	s.mu.Lock()
	s.hashed += n
	s.mu.Unlock()
	s.shares.config.Notify()
}

// pace keeps gentle hashing gentle: it rests as long as it worked.
type pace struct {
	mu   sync.Mutex
	from time.Time // of the work
}

// longestRest bounds the rest after a computer slept or a disk did not answer.
const longestRest = time.Second

func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = time.Now()
}

func (p *pace) rest(ctx context.Context) {
	p.mu.Lock()
	worked := time.Since(p.from)
	p.mu.Unlock()
	timer := time.NewTimer(min(worked, longestRest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	p.begin()
}

// save remembers what was hashed.
func (sc *scan) save(b *batch) error {
	if len(b.files) == 0 {
		return nil
	}
	return sc.share.shares.config.Library.SaveFiles(b.files, b.manifests)
}
