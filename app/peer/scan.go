package peer

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// scan looks at a share, hashes what is new or changed, and registers it.
func (s *share) scan(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if s.removed {
		s.mu.Unlock()
		return
	}
	s.stop = cancel
	record := s.record
	known := s.state == ShareShared
	s.mu.Unlock()
	h := &hashing{share: s, ctx: ctx}
	info, err := os.Stat(record.Path)
	switch {
	case err != nil:
		err = netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	case info.IsDir():
		err = h.folder(&record)
	default:
		err = h.file(&record)
	}
	if ctx.Err() != nil {
		return
	}
	if netproto.CodeOf(err) == netproto.CodeFileChanged {
		s.begin(known)
		s.engine.shares.schedule(s, time.Now().Add(s.engine.timing.rest))
		return
	}
	if err != nil {
		s.register(nil)
		s.end(err)
		s.engine.log.Info("a share cannot be read", "path", record.Path, "error", err)
		return
	}
	s.mu.Lock()
	changed := s.record.Hash != record.Hash || s.record.Size != record.Size
	s.record.Hash, s.record.Size, s.record.Files, s.record.Folder = record.Hash, record.Size, record.Files, record.Folder
	save := changed && s.remember && !s.removed
	s.mu.Unlock()
	s.register(h.found)
	s.end(nil)
	if h.unrest {
		s.engine.shares.schedule(s, time.Now().Add(s.engine.timing.rest))
	}
	if save {
		if err := s.engine.library.SaveShare(s.snapshot().Share); err != nil {
			s.engine.log.Error("remembering a share", "path", record.Path, "error", err)
		}
	}
}

// begin shows that the share is being hashed.
func (s *share) begin(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = ShareHashing
	if again {
		s.state = ShareRehashing
	}
	s.err = nil
}

// hashing is one scan.
type hashing struct {
	share *share
	ctx   context.Context
	found map[string]*sharedFile

	mu        sync.Mutex
	unrest    bool           // files of a folder are left out because they change
	files     []library.File // to remember
	manifests []*piece.Manifest
}

func (h *hashing) file(record *library.Share) error {
	f, err := h.one(record.Path)
	if err != nil {
		return err
	}
	h.found = map[string]*sharedFile{f.path: f}
	record.Hash, record.Size, record.Files, record.Folder = f.hash, f.state.Size, 1, false
	return h.remember()
}

// one gives a file with its hash: the remembered one if the file is in the
// same state, else it is hashed.
func (h *hashing) one(path string) (*sharedFile, error) {
	e := h.share.engine
	state, err := piece.StateOf(path)
	if err != nil {
		return nil, err
	}
	f := &sharedFile{engine: e, share: h.share, path: path, state: state}
	if known, err := e.library.File(path); err == nil && known.State == state && h.hasManifest(known) {
		f.hash, f.md5 = known.Hash, known.MD5
		return f, nil
	}
	h.share.mu.Lock()
	again := h.share.state == ShareShared || h.share.state == ShareRehashing
	old := h.share.files[path]
	h.share.mu.Unlock()
	if old != nil { // it is not what is offered any more
		h.share.drop(old)
	}
	h.share.begin(again)
	m, state, err := piece.HashPath(h.ctx, path, h.progress)
	if err != nil {
		return nil, err
	}
	f.hash, f.state = m.Hash, state
	if state.Size <= netproto.SeedMaxBytes {
		if f.md5, err = md5Of(path, state); err != nil {
			return nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files = append(h.files, library.File{Path: path, State: state, Hash: f.hash, MD5: f.md5})
	if len(m.CVs) > 0 {
		h.manifests = append(h.manifests, m)
	}
	return f, nil
}

func (h *hashing) hasManifest(f library.File) bool {
	if netproto.PieceCount(f.State.Size) == 1 {
		return true
	}
	m, err := h.share.engine.library.Manifest(f.Hash)
	return err == nil && m.Size == f.State.Size
}

func (h *hashing) progress(n int) {
	s := h.share
	s.rate.add(n)
	s.mu.Lock()
	s.hashed += int64(n)
	s.mu.Unlock()
	s.engine.notify()
}

func md5Of(path string, state piece.State) (string, error) {
	f, err := piece.OpenFile(path, state)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, state.Size)
	if _, err := f.ReadAt(b, 0); err != nil {
		return "", err
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:]), nil
}

// remember keeps what was hashed, so that the next start need not.
func (h *hashing) remember() error {
	if len(h.files) == 0 {
		return nil
	}
	return h.share.engine.library.SaveFiles(h.files, h.manifests)
}

// folder hashes the files of a folder and makes the list of them, which is the
// folder's own content.
func (h *hashing) folder(record *library.Share) error {
	entries, paths, err := ListFolder(h.ctx, record.Path, record.Except)
	if err != nil {
		return err
	}
	files := make([]*sharedFile, len(entries))
	work, ctx := errgroup.WithContext(h.ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range entries {
		if entries[i].Dir {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		work.Go(func() (err error) {
			files[i], err = h.one(paths[i])
			switch netproto.CodeOf(err) {
			case netproto.CodeFileUnreadable:
				h.share.engine.log.Warn("a file in a shared folder cannot be read and is left out", "path", paths[i], "error", err)
				return nil
			case netproto.CodeFileChanged: // a log, perhaps: the others need not wait for it
				h.mu.Lock()
				h.unrest = true
				h.mu.Unlock()
				return nil
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		if rememberErr := h.remember(); rememberErr != nil {
			return rememberErr
		}
		return err
	}
	h.found = make(map[string]*sharedFile, len(files)+1)
	record.Size, record.Files, record.Folder = 0, 0, true
	readable := entries[:0]
	for i, f := range files {
		if f != nil {
			entries[i].Hash, entries[i].Size = f.hash, f.state.Size
			record.Size += f.state.Size
			record.Files++
			h.found[f.path] = f
		}
		if f != nil || entries[i].Dir {
			readable = append(readable, entries[i])
		}
	}
	if err := h.list(record, readable); err != nil {
		return err
	}
	return h.remember()
}

// list writes the list of a folder's files and adds it to what is shared.
func (h *hashing) list(record *library.Share, entries []netproto.FolderEntry) error {
	text, err := netproto.AppendFolder(nil, entries)
	if err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	m, err := piece.Hash(h.ctx, strings.NewReader(string(text)), int64(len(text)), nil)
	if err != nil {
		return err
	}
	e := h.share.engine
	if err := e.library.WriteFolderFile(m.Hash, text); err != nil {
		return err
	}
	file := e.library.FolderFile(m.Hash)
	state, err := piece.StateOf(file)
	if err != nil {
		return err
	}
	if len(m.CVs) > 0 {
		h.manifests = append(h.manifests, m)
		h.files = append(h.files, library.File{Path: file, State: state, Hash: m.Hash})
	}
	h.found[file] = &sharedFile{engine: e, share: h.share, path: file, state: state, hash: m.Hash}
	record.Hash = m.Hash
	return nil
}

// ListFolder walks a folder and gives its entries in the order of the folder
// format, without hashes, and beside each the path on this computer. Links
// and special files are left out, as are folders that cannot be read, names in except and unfinished
// downloads; names that other systems cannot store are changed to safe ones.
func ListFolder(ctx context.Context, folder string, except []string) ([]netproto.FolderEntry, []string, error) {
	w := walk{ctx: ctx, except: except}
	if err := w.dir(folder, "", ""); err != nil {
		return nil, nil, err
	}
	order := make([]int, len(w.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return netproto.ComparePaths(w.entries[a].Path, w.entries[b].Path) })
	entries, paths := make([]netproto.FolderEntry, len(order)), make([]string, len(order))
	for to, from := range order {
		entries[to], paths[to] = w.entries[from], w.paths[from]
	}
	return entries, paths, nil
}

type walk struct {
	ctx     context.Context
	except  []string
	entries []netproto.FolderEntry
	paths   []string
}

// dir walks one folder: real is its path in the share as it is, safe as it is
// announced.
func (w *walk) dir(folder, real, safe string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	list, err := os.ReadDir(folder)
	if err != nil && safe != "" {
		return nil // left out, as a file that cannot be read is
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	taken := map[string]bool{}
	for _, e := range list {
		below := path.Join(real, e.Name())
		if slices.Contains(w.except, below) || strings.HasPrefix(e.Name(), netproto.PartPrefix) {
			continue
		}
		if !e.IsDir() && !e.Type().IsRegular() {
			continue
		}
		name := netproto.SafeName(e.Name())
		for n := 2; taken[name]; n++ {
			name = netproto.NumberedName(netproto.SafeName(e.Name()), n)
		}
		taken[name] = true
		announced, full := path.Join(safe, name), filepath.Join(folder, e.Name())
		if e.IsDir() {
			if err := w.dir(full, below, announced); err != nil {
				return err
			}
			continue
		}
		if err := w.add(full, netproto.FolderEntry{Path: announced}); err != nil {
			return err
		}
	}
	if len(taken) == 0 && safe != "" {
		return w.add(folder, netproto.FolderEntry{Path: safe, Dir: true})
	}
	return nil
}

func (w *walk) add(full string, e netproto.FolderEntry) error {
	if len(w.entries) == netproto.MaxFolderEntries {
		return netproto.Errorf(netproto.CodeInvalid, "the folder has more than %d files: share its parts one by one", netproto.MaxFolderEntries)
	}
	w.entries = append(w.entries, e)
	w.paths = append(w.paths, full)
	return nil
}
