package sharing

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// keptBack is a file that is not offered for what its bytes are, as long as it stays in
// that state.
type keptBack struct {
	state piece.State
	kind  ignore.Kind
}

// kept is the error for a file that is to be kept back.
type kept struct{ keptBack }

func (*kept) Error() string { return "it is kept back" }

// allowed says why the share itself must not be offered, if so.
func (sc *scan) allowed(info fs.FileInfo) error {
	path := sc.record.Path
	if err := piece.OnDisk(path, netproto.CodeFileUnreadable); err != nil {
		return err
	}
	switch {
	case IsOwn(path):
		return errPrivate(path, Own)
	case !info.IsDir() && ignore.SecretPath(filepath.ToSlash(path)) && !sc.leave.allows(""):
		return errPrivate(path, Secret)
	}
	return nil
}

// look compares every file with what is known of it. If some have to be hashed, it offers
// the unchanged ones, which need not wait for that.
func (sc *scan) look() error {
	todo, err := sc.sideBySide(len(sc.found), sc.lookAtSome)
	if err != nil || len(todo) == 0 { // everything is known, and this soon over
		return err
	}
	states := make([]piece.State, len(todo))
	for i, w := range todo {
		states[i] = sc.found[w.index].state
	}
	moved := sc.share.shares.config.Library.Moved(states)
	sc.work, err = sc.sideBySide(len(todo), func(_ context.Context, first, end int) ([]unhashed, error) {
		return sc.withoutMoved(todo[first:end], moved[first:end])
	})
	if len(sc.work) > 0 {
		sc.offerFound()
	}
	return err
}

// sideBySide has look called for n files, some at a time, and returns those to hash.
func (sc *scan) sideBySide(n int, look func(ctx context.Context, first, end int) ([]unhashed, error)) ([]unhashed, error) {
	work, ctx := errgroup.WithContext(sc.ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	var todo []unhashed
	for first := 0; first < n; first += lookBatch {
		work.Go(func() error {
			mine, err := look(ctx, first, min(first+lookBatch, n))
			sc.mu.Lock()
			defer sc.mu.Unlock()
			todo = append(todo, mine...)
			return err
		})
	}
	err := work.Wait()
	return todo, err
}

// offerFound offers all files whose hash is known by now.
func (sc *scan) offerFound() {
	for some := range slices.Chunk(sc.files, lookBatch) { // others want the locks, too
		sc.share.offer(some, sc.round)
	}
}

// lookAtSome compares the files from first to before end, and returns those to hash.
func (sc *scan) lookAtSome(ctx context.Context, first, end int) (todo []unhashed, err error) {
	l := &looker{scan: sc}
	defer l.close()
	ask, at := make([]string, 0, end-first), make([]int, 0, end-first)
	for i := first; i < end && ctx.Err() == nil; i++ {
		if sc.found[i].empty {
			continue
		}
		unknown, err := l.lookAt(i)
		if err != nil {
			return nil, err
		}
		if unknown {
			ask = append(ask, sc.share.pathOf(sc.found[i].real))
			at = append(at, i)
		}
	}
	var news []library.File
	for n, known := range sc.share.shares.config.Library.Known(ask) {
		u, save, err := sc.compare(at[n], known)
		if err != nil {
			return nil, err
		}
		if u != nil {
			todo = append(todo, *u)
		}
		if save != nil {
			news = append(news, *save)
		}
	}
	return todo, cmp.Or(sc.remember(news), ctx.Err())
}

// remember saves what is known of some files by now.
func (sc *scan) remember(files []library.File) error {
	if len(files) == 0 {
		return nil
	}
	return sc.share.shares.config.Library.SaveFiles(files, nil)
}

// withoutMoved offers those files of which all is known under another path, and returns
// the others.
func (sc *scan) withoutMoved(todo []unhashed, moved []*library.File) (rest []unhashed, err error) {
	var news []library.File
	for n, w := range todo {
		known, state := moved[n], sc.found[w.index].state
		switch {
		case known == nil || w.touched || !sc.complete(*known):
		case !known.State.SameButDevice(state): // the file itself was renamed, not a folder above it
			w.maybe = known
		default:
			here := *known // links to one file have all the same
			here.Path, here.State = sc.share.pathOf(sc.found[w.index].real), state
			save, err := sc.take(w.index, here, true)
			if err != nil {
				return nil, err
			}
			if save != nil {
				news = append(news, *save)
			}
			continue
		}
		rest = append(rest, w)
	}
	return rest, sc.remember(news)
}

// looker looks at files one after another; one goroutine uses it.
type looker struct {
	*scan
	folders *folders // nil before one is needed
}

func (l *looker) close() {
	if l.folders != nil {
		l.folders.close()
	}
}

// see finds out in which state a file is, unless the walk saw it.
func (l *looker) see(f *found) (err error) {
	if f.seen {
		return nil
	}
	if f.real == "" { // the person named it, so it may be a link
		f.state, err = piece.StateOf(l.record.Path)
		return err
	}
	if l.folders == nil {
		folders, err := openFolders(l.record.Path)
		if err != nil {
			return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		}
		l.folders = folders
	}
	state, info, err := l.folders.state(f.real)
	if err != nil {
		return err
	}
	f.state, f.exec = state, executable(info.Mode())
	if private(info.Mode(), info.Size(), l.folders.mode) && !l.leave.allows(f.real) {
		return &kept{keptBack{state, ignore.SecretKind}}
	}
	return nil
}

// lookAt finds out whether a file is as this share offers it, or is kept back. If it is
// neither, the library is asked for it.
func (l *looker) lookAt(i int) (unknown bool, err error) {
	sc, s, f := l.scan, l.share, &l.found[i]
	err = patiently(sc.ctx, sc.waits, func() error { return l.see(f) })
	if kept, ok := errors.AsType[*kept](err); ok {
		return false, sc.keepBack(f.real, kept.keptBack)
	}
	if err != nil {
		return false, sc.leftOut(f.real, err)
	}
	if old := s.file(f.real); old != nil {
		if old.state == f.state {
			sc.files[i] = old
			return false, nil
		}
		s.drop(old) // it is no longer what is offered
	}
	if kept, ok := sc.kept[f.real]; ok && kept.state == f.state {
		return false, sc.keepBack(f.real, kept)
	}
	return true, nil
}

// compare compares a file with what the library knows of its path. If that is not enough,
// it has to be hashed, unless it is known under another path; if its bytes were never
// looked at, it has to be remembered.
func (sc *scan) compare(i int, known *library.File) (todo *unhashed, save *library.File, err error) {
	state := sc.found[i].state
	if known != nil && known.State.SameButDevice(state) && sc.complete(*known) {
		known.State = state
		save, err = sc.take(i, *known, false)
		return nil, save, err
	}
	if sc.known && sc.changedJustNow(state) {
		sc.changing(sc.found[i].real)
		return nil, nil, nil
	}
	return &unhashed{index: i, touched: known != nil && known.State.SameInode(state)}, nil, nil
}

// take offers a file whose hash is known, once its bytes were looked at. It returns
// what is to be remembered: news is all of it.
func (sc *scan) take(i int, known library.File, news bool) (save *library.File, err error) {
	rel := sc.found[i].real
	if !known.Ordinary {
		var kind ignore.Kind
		err := patiently(sc.ctx, sc.waits, func() (err error) {
			kind, err = inspect(known.Path, known.State)
			return err
		})
		switch {
		case err != nil:
			return nil, sc.leftOut(rel, err)
		case !sc.mayOffer(rel, kind):
			return nil, sc.keepBack(rel, keptBack{known.State, kind})
		case kind == ignore.Ordinary:
			known.Ordinary, news = true, true
		}
	}
	sc.files[i] = sc.fileOf(i, &known)
	if !news {
		return nil, nil
	}
	return &known, nil
}

// fileOf is the file to offer of which that is known.
func (sc *scan) fileOf(i int, known *library.File) *sharedFile {
	found := &sc.found[i]
	f := &sharedFile{Place: offer.PlaceOf(known.Hash), share: sc.share, rel: found.real, state: known.State, exec: found.exec}
	f.md5, f.has = netproto.ParseMD5(known.MD5)
	return f
}

// inspect tells the kind of a file, which must be in that state.
func inspect(path string, state piece.State) (ignore.Kind, error) {
	file, err := piece.OpenFile(path, state)
	if err != nil {
		return ignore.Ordinary, err
	}
	defer file.Close()
	return ignore.Inspect(file, state.Size)
}

// mayOffer reports whether a file with bytes of that kind may be offered.
func (sc *scan) mayOffer(rel string, kind ignore.Kind) bool {
	return kind == ignore.Ordinary || kind == ignore.SecretKind && sc.leave.allows(rel)
}

// keepBack leaves a file out for what its bytes are. The error is that of a share
// which is this file.
func (sc *scan) keepBack(rel string, kept keptBack) error {
	why := Secret
	if kept.kind == ignore.OwnKind {
		why = Own
	}
	sc.mu.Lock()
	sc.keeps[rel] = kept
	sc.mu.Unlock()
	if !sc.record.Folder {
		return errPrivate(sc.record.Path, why)
	}
	sc.omit(rel, why)
	return nil
}
