package swarm

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Attempt makes an attempt. It takes over what the one before it, if any, found out
// about sources; that one must be over.
func (ss *Swarms) Attempt(task Task, before *Attempt, preference Preference) *Attempt {
	a := &Attempt{swarms: ss, task: task, start: rand.IntN(1 << 20), woken: make(chan struct{}, 1),
		phase: Verifying, preference: preference, total: -1, folderSize: -1}
	a.sources = sources.New(ss.self, func(key netproto.PublicKey) bool { return ss.config.Conns.Banned(key) })
	a.search = search{attempt: a}
	a.lanes = lanes{attempt: a, open: map[*lane]struct{}{}}
	if before != nil {
		before.mu.Lock()
		defer before.mu.Unlock()
		a.start, a.cells, a.lanes.climb = before.start, before.cells, before.lanes.climb
		a.sources.Inherit(before.sources)
	}
	return a
}

// Run fetches the content, from what is on the disk to the published name, and
// returns the path. [ErrIsFile] and [ErrIsFolder] say that the content is of the other
// kind than the task says. The error is that of ctx if it ended. It has the code "no-space"
// or "folder-unwritable" if the disk is the reason, and another code if trying again
// soon is useless.
func (a *Attempt) Run(ctx context.Context) (path string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The folder was made when the download was added. If it is gone, so may be its
	// disk, and another one must not be filled instead.
	root, err := os.OpenRoot(a.task.Dir)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	a.root = root
	defer root.Close()
	defer func() { a.dropWrongKind(err) }()
	a.swarms.enter(a)
	defer a.letGo(cancel)
	if a.task.Folder {
		return newTree(a).fetch(ctx)
	}
	return a.fetchFile(ctx)
}

// letGo ends all lanes, offers and unfinished files.
func (a *Attempt) letGo(cancel context.CancelFunc) {
	a.swarms.leave(a)
	cancel()
	a.work.Wait()
	a.forgetPublished()
	a.mu.Lock()
	a.over = true
	a.cells, _ = a.pieceMap()
	a.done += a.openBytes()
	active := a.active
	a.active = nil
	a.unlock()
	for _, j := range active {
		j.shut()
	}
}

// shut stops offering an unfinished job and closes its file.
func (j *job) shut() {
	a := j.attempt
	a.swarms.config.Contents.Remove(j.hash, j)
	a.mu.Lock()
	j.shared.Lock()
	part := j.part
	j.part = nil
	j.shared.Unlock()
	a.unlock()
	if part != nil {
		j.closePart(part)
	}
}

// fetchFile fetches a file and returns its path.
func (a *Attempt) fetchFile(ctx context.Context) (string, error) {
	name := netproto.SafeName(a.task.Name)
	if path, err := a.alreadyThere(ctx, name); path != "" || err != nil {
		return path, err
	}
	j := a.firstJob(".", name)
	published, err := a.fetch(ctx, jobOf(j), true)
	if err != nil {
		return "", err
	}
	return filepath.Join(a.task.Dir, filepath.FromSlash(published)), nil
}

// alreadyThere finds the finished file under its name, so that the same command given
// twice has nothing to do. If the name was taken, the file got a numbered one: those
// are tried up to the first gap, and hashed if their size fits. It returns "" if it is
// not there; an error says that this cannot be found out now.
func (a *Attempt) alreadyThere(ctx context.Context, name string) (string, error) {
	for n, numbered := range piece.NumberedNames(name) {
		path := filepath.Join(a.task.Dir, numbered)
		info, err := os.Lstat(path)
		if err != nil {
			return "", onlyScarce(err)
		}
		fits := info.Size() == a.task.Size || n == 1 && a.task.Size < 0
		if !fits || !info.Mode().IsRegular() {
			continue
		}
		if is, err := a.isIt(ctx, path); is || err != nil {
			return path, err
		}
	}
	return "", nil
}

// isIt reports whether a file has the wanted content.
func (a *Attempt) isIt(ctx context.Context, path string) (bool, error) {
	a.setPhase(Verifying)
	m, _, err := piece.HashPath(ctx, path, a.progress)
	if err != nil || m.Hash != a.task.Hash {
		return false, onlyScarce(err)
	}
	if err := piece.RemovePart(a.root, ".", m.Hash); err != nil { // a kill can leave the journal of a published file
		a.swarms.config.Log.Warn("what is left of a download cannot be removed", "hash", m.Hash, "error", err)
	}
	a.mu.Lock()
	defer a.unlock()
	a.total, a.done = m.Size, m.Size
	return true, nil
}

// Renew tries all sources and trackers again now: the network has changed.
func (a *Attempt) Renew() {
	a.mu.Lock()
	a.sources.Renew()
	a.search.sought, a.search.seeks = time.Time{}, 0
	if len(a.lanes.open) == 0 {
		a.search.lost = time.Now()
	}
	a.unlock()
	a.Wake()
}

// FolderList fetches the list of a folder's files, and announces nothing.
func (ss *Swarms) FolderList(ctx context.Context, hash netproto.ContentHash) ([]netproto.FolderEntry, error) {
	dir, err := os.MkdirTemp("", "centralizedp2p-*")
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	a := ss.Attempt(Task{Hash: hash, Name: piece.StagingList, Size: -1, Folder: true, Dir: dir,
		Limit: flow.NewThrottle(0), Rate: new(flow.Meter), Checked: new(atomic.Int64)}, nil, Preference{})
	a.root, a.quiet = root, true
	ctx, cancel := context.WithCancel(ctx)
	ss.enter(a)
	defer a.letGo(cancel)
	return (&tree{attempt: a, staging: "."}).list(ctx)
}

// CheckUnfinished hashes what earlier attempts left on the disk and returns the number
// of bytes that are right. Without a list of pieces or of files to compare with, that
// is 0.
func (a *Attempt) CheckUnfinished(ctx context.Context) (int64, error) {
	root, err := os.OpenRoot(a.task.Dir)
	if err != nil {
		return 0, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	a.root = root
	defer func() {
		a.mu.Lock()
		a.over = true
		a.unlock()
	}()
	a.setPhase(Verifying)
	if a.task.Folder {
		return newTree(a).check(ctx)
	}
	m, err := piece.ReadPartManifest(root, ".", a.task.Hash)
	if err != nil {
		return 0, nil
	}
	part, err := piece.OpenPart(ctx, root, ".", m, a.progress)
	if err != nil {
		return 0, err
	}
	defer part.Close()
	return part.VerifiedBytes(), nil
}
