package sharing

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"iter"
	"os"
	"sync/atomic"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// scan scans the share once.
func (s *share) scan(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if s.removed {
		s.mu.Unlock()
		return
	}
	s.stop = cancel
	if s.round++; s.round == nothing {
		s.round++
	}
	s.leave = newLeaveOut(s.record, s.shares.ignored.Load())
	sc := &scan{share: s, ctx: ctx, record: s.record, round: s.round, leave: s.leave, kept: s.kept, keeps: map[string]keptBack{},
		known: s.state == StateShared || s.state == StateRehashing}
	s.mu.Unlock()
	watcher := &s.shares.watcher
	watcher.Begin(s)
	err := sc.run()
	if ctx.Err() == nil {
		watcher.Done(s)
		sc.end(err)
	}
	if s.isRemoved() {
		watcher.Forget(s)
		s.settle(nothing, nil)
	}
}

// end takes over what the scan found, and decides when to scan again.
func (sc *scan) end(err error) {
	s, ss := sc.share, sc.share.shares
	switch {
	case err != nil:
		s.settle(nothing, nil)
		s.end(err, sc.notice)
		ss.config.Log.Info("a share cannot be read", "path", sc.record.Path, "error", err)
		ss.schedule(s, time.Now().Add(ss.config.Timing.Missing))
		return
	case sc.unrest:
		ss.later(s)
		sc.restless()
		if !sc.record.Folder {
			s.begin(sc.known)
			s.mu.Lock()
			s.notice = sc.notice
			s.mu.Unlock()
			return
		}
	}
	s.mu.Lock()
	if !sc.unrest {
		s.unrest = time.Time{}
	}
	changed := s.record.Hash != sc.record.Hash || s.record.Size != sc.record.Size || s.record.Files != sc.record.Files
	s.omitted, s.kept = sc.omitted.clone(), sc.keeps
	s.record.Hash, s.record.Size, s.record.Files, s.record.Folder = sc.record.Hash, sc.record.Size, sc.record.Files, sc.record.Folder
	record, save := s.record, changed && s.remember && !s.removed
	s.mu.Unlock()
	s.end(nil, sc.notice)
	if save {
		if err := ss.config.Library.SaveShare(record); err != nil {
			ss.config.Log.Error("remembering a share", "path", record.Path, "error", err)
		}
	}
}

func (sc *scan) run() error {
	watcher := &sc.share.shares.watcher
	if err := watcher.AddPath(sc.share, sc.record.Path); netproto.CodeOf(err) == netproto.CodeWatchLimit {
		sc.notice = err
	}
	info, err := os.Stat(sc.record.Path)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if err := sc.allowed(info); err != nil {
		return err
	}
	if sc.record.Folder = info.IsDir(); sc.record.Folder {
		if sc.found, err = sc.walk(); err != nil {
			return err
		}
	} else {
		sc.found = []found{{}}
	}
	if sc.dirs > 0 {
		config := &sc.share.shares.config
		config.Log.Warn("changes in some folders are noticed late", "share", sc.record.Path, "folders", sc.dirs,
			"every", config.Timing.Rescan, "error", sc.notice)
	}
	sc.files = make([]*sharedFile, len(sc.found))
	if err := sc.look(); err != nil {
		return err
	}
	if err := sc.hash(); err != nil {
		return err
	}
	return sc.publish()
}

// walk finds what the folder has, or takes it from the survey that the person saw.
func (sc *scan) walk() ([]found, error) {
	if s := sc.share.shares.takeSurvey(sc.record.Path); s != nil && s.holds(sc.leave.pattern, sc.watch) {
		sc.omitted.take(s.omitted)
		return without(s.found, sc.leave, func(rel string) { sc.omit(rel, Secret) }), nil
	}
	sc.dirs = 0
	w := walk{ctx: sc.ctx, leave: sc.leave, enter: sc.watch, waits: sc.waits, visitor: Visitor{LeftOut: sc.omit}}
	return w.in(sc.record.Path)
}

// watch has the system tell about changes in a folder, before it is read.
func (sc *scan) watch(folder string) {
	err := sc.share.shares.watcher.Add(sc.share, folder)
	if netproto.CodeOf(err) == netproto.CodeWatchLimit {
		sc.dirs++
		sc.notice = err
	}
}

// complete tells whether everything that is needed to offer a file is known.
func (sc *scan) complete(f library.File) bool {
	if f.State.Size <= netproto.SeedMaxBytes && f.MD5 == "" {
		return false
	}
	if netproto.PieceCount(f.State.Size) == 1 {
		return true
	}
	m, err := sc.share.shares.config.Library.Manifest(f.Hash)
	return err == nil && m.Size == f.State.Size
}

// restless has the person told of what does not come to rest for long.
func (sc *scan) restless() {
	s, now := sc.share, time.Now()
	s.mu.Lock()
	if s.unrest.IsZero() {
		s.unrest = now
	}
	since := now.Sub(s.unrest)
	s.mu.Unlock()
	if since < patienceFactor*s.shares.config.Timing.Rest {
		return
	}
	for _, l := range sc.omitted.Named {
		if l.Why == Changing {
			sc.notice = netproto.Errorf(netproto.CodeFileChanged, "%s changes again and again and is left out until it rests", s.pathOf(l.Path))
			return
		}
	}
}

// changedJustNow tells whether a file changed a moment ago, and so may change again.
func (sc *scan) changedJustNow(state piece.State) bool {
	age := time.Since(time.Unix(0, max(state.Changed, state.Modified)))
	return age >= 0 && age < sc.share.shares.config.Timing.Rest
}

// leftOut swallows the error of one file of a folder, which is then left out, and
// returns an error that concerns the whole share.
func (sc *scan) leftOut(rel string, err error) error {
	switch code := netproto.CodeOf(err); {
	case sc.ctx.Err() != nil:
		return sc.ctx.Err()
	case code == netproto.CodeFileChanged: // perhaps a log: the others need not wait for it
		sc.changing(rel)
		return nil
	case code == netproto.CodeFileUnreadable && sc.record.Folder:
		sc.omit(rel, Unreadable)
		sc.share.shares.config.Log.Info("a file in a shared folder cannot be read and is left out", "path", sc.share.pathOf(rel), "error", err)
		return nil
	}
	return err
}

// changing leaves out a file that changed a moment ago, or while it was read.
func (sc *scan) changing(rel string) {
	sc.omit(rel, Changing)
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.unrest = true
}

func (sc *scan) omit(rel string, why Reason) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.omitted.add(rel, why)
}

// publish offers what is found and stops offering what is not, and makes the list of a
// folder, which is the folder's own content. The list is made first: once files are
// offered, telling the trackers of them takes the processors.
func (sc *scan) publish() error {
	record := &sc.record
	record.Size, record.Files = 0, 0
	if !record.Folder {
		if f := sc.files[0]; f != nil {
			record.Size, record.Files, record.Hash = f.state.Size, 1, f.Hash()
		}
		sc.offerFound()
		sc.share.settle(sc.round, nil)
		return nil
	}
	// Eight bytes of a hash stand for the whole, so that a million take few megabytes.
	distinct := make(map[uint64]struct{}, len(sc.files))
	var need int64
	for _, f := range sc.files {
		if f == nil {
			continue
		}
		record.Size += f.state.Size
		record.Files++
		hash := f.Hash()
		beginning := binary.BigEndian.Uint64(hash[:])
		if _, twice := distinct[beginning]; !twice {
			distinct[beginning] = struct{}{}
			need += f.state.Size
		}
	}
	if record.Files == 0 && sc.omitted.Counts[Unreadable] > 0 {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s has nothing that can be read", record.Path)
	}
	list, err := sc.list()
	if err != nil {
		return err
	}
	record.Hash = list.Hash()
	sc.offerFound()
	sc.share.mu.Lock()
	sc.share.need = need
	sc.share.mu.Unlock()
	sc.share.settle(sc.round, list)
	return nil
}

// entries are those of the folder's list, each with its file; nil is that of an empty folder.
func (sc *scan) entries() iter.Seq2[netproto.FolderEntry, *sharedFile] {
	return func(yield func(netproto.FolderEntry, *sharedFile) bool) {
		for i, f := range sc.files {
			e := netproto.FolderEntry{Path: sc.found[i].safe, Dir: sc.found[i].empty}
			if f != nil {
				e.Hash, e.Size = f.Hash(), f.state.Size
			} else if !e.Dir {
				continue
			}
			if !yield(e, f) {
				return
			}
		}
	}
}

// attributes are those of the files in the folder's list, packed; nil if there are too many.
func (sc *scan) attributes() []byte {
	var packed []byte
	n := 0
	for _, f := range sc.entries() {
		if n++; n > netproto.MaxAttributes {
			return nil
		}
		packed = netproto.AppendAttribute(packed, f.attribute())
	}
	return packed
}

// writeList writes the list of a folder's files.
func (sc *scan) writeList(w io.Writer) error {
	return netproto.WriteFolder(w, func(yield func(netproto.FolderEntry) bool) {
		for e := range sc.entries() {
			if !yield(e) {
				return
			}
		}
	})
}

// list makes the list of a folder's files, unless it is there already. That of a million
// has a hundred megabytes, so it is made twice instead of kept in memory: to know its hash,
// and to write it.
func (sc *scan) list() (*sharedFile, error) {
	var text piece.Stream
	if err := sc.writeList(&text); err != nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	m := text.Manifest()
	attributes := sc.attributes()
	s, l := sc.share, sc.share.shares.config.Library
	// The size is that of its files: what people look for.
	as := netproto.Resource{Hash: m.Hash, Size: sc.record.Size, Name: sc.record.Name, Folder: true, MIME: netproto.FolderMIME}
	if old := s.listFile(); old != nil && old.Hash() == m.Hash && old.list.resource == as && bytes.Equal(old.list.attributes, attributes) {
		if now, err := piece.StateOf(old.path()); err == nil && now == old.state {
			return old, nil
		}
	}
	if err := patiently(sc.ctx, sc.waits, func() error { return l.WriteFolderFile(sc.ctx, m.Hash, sc.writeList) }); err != nil {
		return nil, err
	}
	f := &sharedFile{Place: offer.PlaceOf(m.Hash), share: s, list: &folderList{resource: as, attributes: attributes, readers: new(atomic.Int64)}}
	var err error
	if f.state, err = piece.StateOf(f.path()); err != nil {
		return nil, err
	}
	if len(m.CVs) > 0 {
		err = l.SaveFiles([]library.File{{Path: f.path(), State: f.state, Hash: m.Hash}}, []*piece.Manifest{m})
	}
	return f, err
}
