package sharing

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
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
		if large := a.size > largeFile; large != (b.size > largeFile) {
			if large {
				return 1
			}
			return -1
		}
		return a.index - b.index
	})
	sc.pace.begin()
	saving, _ := errgroup.WithContext(sc.ctx)
	saving.SetLimit(1) // the disk writes one batch while the next one is hashed
	for work := sc.work; len(work) > 0; {
		n := batchOf(work)
		b, err := sc.hashBatch(work[:n])
		saving.Go(func() error { return sc.save(b) })
		if err != nil {
			return cmp.Or(saving.Wait(), err)
		}
		work = work[n:]
	}
	return saving.Wait()
}

// measure returns how many bytes are to be hashed, and shows how much of the share is
// done.
func (sc *scan) measure() int64 {
	var total, known int64
	for _, w := range sc.work {
		total += w.size
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

// batchOf is the number of files to hash next: those of a batch, or one large one.
func batchOf(work []unhashed) int {
	var bytes int64
	for i, w := range work {
		if bytes += w.size; i == batchFiles || i > 0 && (bytes > batchBytes || w.size > largeFile) {
			return i
		}
	}
	return len(work)
}

// batch is what is remembered and offered together.
type batch struct {
	offers    []*sharedFile
	files     []library.File
	manifests []*piece.Manifest
}

func (sc *scan) hashBatch(work []unhashed) (*batch, error) {
	b := &batch{}
	files, pieces := sc.atOnce(), 1
	if work[0].size > largeFile {
		files, pieces = 1, sc.atOnce()
	}
	group, ctx := errgroup.WithContext(sc.ctx)
	group.SetLimit(files)
	for _, w := range work {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			rel := sc.found[w.index].real
			var f library.File
			var m *piece.Manifest
			err := patiently(ctx, sc.waits, func() (err error) {
				f, m, err = sc.readSettled(ctx, w, pieces)
				return err
			})
			if kept, ok := errors.AsType[*kept](err); ok {
				return sc.keepBack(rel, kept.keptBack)
			}
			if err == nil && !f.State.SameFile(w.state) { // another one took its place, perhaps through a link
				err = netproto.Errorf(netproto.CodeFileChanged, "%s", f.Path)
			}
			if err != nil {
				return sc.leftOut(rel, err)
			}
			offer := &sharedFile{share: sc.share, rel: rel, state: f.State, hash: f.Hash, md5: f.MD5, exec: sc.found[w.index].exec}
			sc.mu.Lock()
			defer sc.mu.Unlock()
			sc.files[w.index] = offer
			b.offers, b.files = append(b.offers, offer), append(b.files, f)
			if len(m.CVs) > 0 {
				b.manifests = append(b.manifests, m)
			}
			return nil
		})
	}
	return b, group.Wait()
}

func (sc *scan) atOnce() int {
	if sc.share.shares.gentle.Load() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// readSettled is read, done again after a while if the file is so fresh that a later
// write would not show.
func (sc *scan) readSettled(ctx context.Context, w unhashed, pieces int) (library.File, *piece.Manifest, error) {
	for again := false; ; again = true {
		began := time.Now()
		f, m, err := sc.read(ctx, w, pieces)
		if err != nil || f.State.SettledAt(began) {
			return f, m, err
		}
		if again {
			return f, nil, netproto.Errorf(netproto.CodeFileChanged, "%s", f.Path)
		}
		sc.progress(-f.State.Size)
		select {
		case <-time.After(piece.TimeGrain):
		case <-ctx.Done():
			return f, nil, ctx.Err()
		}
	}
}

// read hashes a file, or recognises it as one that had another name.
func (sc *scan) read(ctx context.Context, w unhashed, pieces int) (library.File, *piece.Manifest, error) {
	full := sc.share.pathOf(sc.found[w.index].real)
	if w.maybe != nil {
		if f, m := sc.recognise(ctx, full, *w.maybe); m != nil {
			sc.progress(w.size)
			return f, m, sc.check(w, &f)
		}
	}
	f := library.File{Path: full}
	content, state, err := piece.ReadPath(ctx, full, netproto.SeedMaxBytes)
	if err != nil {
		return f, nil, err
	}
	if f.State = state; state.Size <= netproto.SeedMaxBytes {
		if err := sc.judge(w, &f, ignore.InspectBytes(content)); err != nil {
			return f, nil, err
		}
		f.MD5 = hexMD5(content)
		m := piece.HashBytes(content)
		f.Hash = m.Hash
		sc.hashed(ctx, state.Size)
		return f, m, nil
	}
	if err := sc.check(w, &f); err != nil {
		return f, nil, err
	}
	m, state, err := sc.hashFile(ctx, full, state.Size, pieces)
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

// save remembers what was hashed and offers it.
func (sc *scan) save(b *batch) error {
	if len(b.files) == 0 {
		return nil
	}
	if err := sc.share.shares.config.Library.SaveFiles(b.files, b.manifests); err != nil {
		return err
	}
	sc.share.offer(b.offers, sc.round)
	return nil
}
