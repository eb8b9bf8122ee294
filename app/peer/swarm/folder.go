package swarm

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func (a *Attempt) fetchFolder(ctx context.Context) (string, error) {
	staging := piece.StagingName(a.task.Hash, a.task.Paths)
	tree := path.Join(staging, piece.StagingTree)
	_, err := a.root.Lstat(tree)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		if name, err := a.publishedBefore(ctx, staging); name != "" || err != nil {
			return name, err
		}
	}
	if err := a.root.MkdirAll(tree, 0o755); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	entries, err := a.fetchList(ctx, staging)
	if err != nil {
		return "", err
	}
	a.folder = piece.NewFolder(a.root)
	defer func() {
		a.folder.Close()
		a.folder = nil
	}()
	jobs, err := a.plan(ctx, tree, entries, fresh)
	if err != nil {
		return "", err
	}
	if _, err := a.fetch(ctx, jobs, false); err != nil {
		return "", err
	}
	a.setPhase(Verifying)
	if err := piece.StillAt(a.root, a.task.Dir); err != nil {
		return "", err
	}
	a.folder.Close() // some systems do not rename what is open
	if err := piece.SyncTree(a.root, tree); err != nil {
		return "", err
	}
	a.keepList(path.Join(staging, piece.StagingList))
	name, err := piece.PublishFolder(a.root, tree, netproto.SafeName(a.task.Name))
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	a.fetched.moved(tree, name)
	a.unlock()
	if err := a.root.RemoveAll(staging); err != nil {
		a.swarms.config.Log.Warn("removing a staging folder", "folder", staging, "error", err)
	}
	return filepath.Join(a.task.Dir, name), nil
}

// publishedBefore finds the folder if a kill came after it was published and before
// that was remembered: its list was kept just before. "" if there is none.
func (a *Attempt) publishedBefore(ctx context.Context, staging string) (string, error) {
	entries, ok := a.task.Lists.Kept(ctx)
	if !ok {
		return "", ctx.Err()
	}
	wanted := piece.Chosen(entries, a.task.Paths)
	size, err := piece.SumOf(wanted)
	if err != nil {
		return "", err
	}
	a.setPhase(Verifying)
	for n := 1; n <= maxNumberedLooks; n++ {
		name := netproto.SafeName(a.task.Name)
		if n > 1 {
			name = netproto.NumberedName(name, n)
		}
		if info, err := a.root.Lstat(name); err != nil || !info.IsDir() {
			break
		}
		full := filepath.Join(a.task.Dir, name)
		if right, err := piece.IntactFolder(ctx, full, wanted, a.progress); err == nil && right {
			a.mu.Lock()
			a.total, a.done = size, size
			a.unlock()
			return full, a.root.RemoveAll(staging)
		}
	}
	return "", ctx.Err()
}

// fetchList gets the list of the folder's files, from the disk if an earlier
// attempt left it there.
func (a *Attempt) fetchList(ctx context.Context, staging string) ([]netproto.FolderEntry, error) {
	list := path.Join(staging, piece.StagingList)
	a.mu.Lock()
	a.folderSize = -1
	a.unlock()
	if entries, m, err := piece.ReadList(ctx, a.root, list, a.task.Hash); err == nil {
		if err := a.measure(entries); err != nil {
			return nil, err
		}
		a.offerFinished(newJob(a, m.Hash, m.Size, staging, piece.StagingList), m, list)
		return entries, nil
	}
	if err := a.root.Remove(list); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	j := a.firstJob(staging, piece.StagingList)
	j.most = netproto.MaxFolderBytes
	if _, err := a.fetch(ctx, []*job{j}, true); err != nil {
		return nil, err
	}
	entries, _, err := piece.ReadList(ctx, a.root, list, a.task.Hash)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the list of the folder's files: %w", err)
	}
	if err := a.measure(entries); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.unlock()
	a.offer(j) // again: now with the size of the folder
	return entries, nil
}

// measure notes the size of the whole folder, chosen files or not.
func (a *Attempt) measure(entries []netproto.FolderEntry) error {
	size, err := piece.SumOf(entries)
	a.mu.Lock()
	defer a.unlock()
	a.folderSize = size
	return err
}

// plan makes the folders of the tree and a job for each content that is not
// there yet; in a fresh tree nothing is. Equal files are one job with several
// targets.
func (a *Attempt) plan(ctx context.Context, tree string, entries []netproto.FolderEntry, fresh bool) ([]*job, error) {
	wanted := piece.Chosen(entries, a.task.Paths)
	total, err := piece.SumOf(wanted)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.total, a.done = total, 0
	a.unlock()
	here := make([]bool, len(wanted))
	if !fresh {
		if here, err = a.verifyTree(ctx, tree, wanted); err != nil {
			return nil, err
		}
	}
	var jobs []*job
	var need int64
	byHash := map[netproto.ContentHash]*job{}
	for i, e := range wanted {
		full := path.Join(tree, e.Path)
		j := byHash[e.Hash]
		switch {
		case e.Dir:
			if err := a.root.MkdirAll(full, 0o755); err != nil {
				return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
		case here[i]:
			a.mu.Lock()
			a.done += e.Size
			a.unlock()
		case j != nil && j.size != e.Size:
			return nil, netproto.Errorf(netproto.CodeProtocol, "the folder lists one content with two sizes: %s", e.Path)
		case j != nil:
			rel, err := filepath.Rel(filepath.FromSlash(j.dir), filepath.FromSlash(full))
			if err != nil {
				return nil, err
			}
			j.targets = append(j.targets, filepath.ToSlash(rel))
			need += e.Size
		default:
			j := newJob(a, e.Hash, e.Size, path.Dir(full), path.Base(full))
			j.m = a.knownManifest(j)
			byHash[e.Hash] = j
			jobs = append(jobs, j)
			if need += e.Size; !fresh && !a.small(j) {
				need -= a.allocated(j)
			}
		}
	}
	return jobs, a.checkSpace(need)
}

// knownManifest is the manifest if no source is needed for it: that of a content of
// one piece, or what an earlier attempt left in the journal.
func (a *Attempt) knownManifest(j *job) *piece.Manifest {
	if netproto.PieceCount(j.size) == 1 {
		return &piece.Manifest{Hash: j.hash, Size: j.size}
	}
	if m := a.manifestHere(j.hash); m != nil && m.Size == j.size {
		return m
	}
	if m, err := piece.ReadPartManifest(a.root, j.dir, j.hash); err == nil && m.Size == j.size {
		return m
	}
	return nil
}

// manifestHere is that of a content that is on this computer already.
func (a *Attempt) manifestHere(hash netproto.ContentHash) *piece.Manifest {
	if c := a.swarms.config.Contents.Find(hash); c != nil && c.Whole() {
		return c.Manifest()
	}
	return nil
}

// verifyTree hashes the files that an earlier attempt left in the tree, offers the
// right ones and removes the others. It returns which are right.
func (a *Attempt) verifyTree(ctx context.Context, tree string, entries []netproto.FolderEntry) ([]bool, error) {
	a.setPhase(Verifying)
	here := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			continue
		}
		name := path.Join(tree, e.Path)
		info, err := a.root.Lstat(name)
		if err != nil {
			continue
		}
		work.Go(func() (err error) {
			if info.Mode().IsRegular() && info.Size() == e.Size {
				if here[i], err = a.isContent(ctx, name, e); here[i] {
					return piece.RemovePart(a.root, path.Dir(name), e.Hash) // a kill can leave the journal of a published file
				}
				if err != nil {
					return err
				}
			}
			return piece.TakeApart(a.root, name, info, e)
		})
	}
	return here, work.Wait()
}

func (a *Attempt) isContent(ctx context.Context, name string, e netproto.FolderEntry) (bool, error) {
	file, err := a.root.Open(name)
	if err != nil {
		return false, nil
	}
	defer file.Close()
	m, err := piece.Hash(ctx, file, e.Size, a.progress)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil || m.Hash != e.Hash {
		return false, nil
	}
	a.offerFinished(newJob(a, e.Hash, e.Size, path.Dir(name), path.Base(name)), m, name)
	return true, nil
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
	return a.fetchList(ctx, ".")
}

// CheckUnfinished hashes what earlier attempts left on the disk and returns the
// number of bytes that are right. If there is no list of pieces or of files yet,
// there is nothing to compare with.
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
		return a.checkStaging(ctx)
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

func (a *Attempt) checkStaging(ctx context.Context) (int64, error) {
	defer a.forgetPublished()
	staging := piece.StagingName(a.task.Hash, a.task.Paths)
	entries, _, err := piece.ReadList(ctx, a.root, path.Join(staging, piece.StagingList), a.task.Hash)
	if err != nil {
		return 0, nil
	}
	wanted := piece.Chosen(entries, a.task.Paths)
	right, err := a.verifyTree(ctx, path.Join(staging, piece.StagingTree), wanted)
	var done int64
	for i, e := range wanted {
		if right[i] {
			done += e.Size
		}
	}
	return done, err
}

// keepList keeps the list of a folder that is about to be published.
func (a *Attempt) keepList(list string) {
	text, err := a.root.ReadFile(list)
	if err == nil {
		err = a.task.Lists.Keep(text)
	}
	if err != nil { // without it the folder cannot be verified offline, no more
		a.swarms.config.Log.Warn("keeping the list of a folder", "name", a.task.Name, "error", err)
	}
}
