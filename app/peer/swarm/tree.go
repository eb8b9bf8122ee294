package swarm

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/peer/swarm/filelist"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// tree is the attempt at a folder: first its list comes, then its files, both in a
// staging folder that package piece describes. Only the running goroutine uses it.
type tree struct {
	attempt *Attempt
	staging string // in the attempt's root
}

// maxLook bounds the list of a folder that somebody only looks at, in bytes: about as
// many as 300,000 files need.
const maxLook = 64 << 20

func newTree(a *Attempt) *tree {
	return &tree{attempt: a, staging: piece.StagingName(a.task.Hash, a.task.Paths)}
}

func (t *tree) listName() string { return path.Join(t.staging, piece.StagingList) }
func (t *tree) root() string     { return path.Join(t.staging, piece.StagingTree) }

// fetch fetches the folder and returns its path.
func (t *tree) fetch(ctx context.Context) (string, error) {
	a, root := t.attempt, t.root()
	if err := piece.OwnStaging(a.root, t.staging); err != nil {
		return "", err
	}
	_, err := a.root.Lstat(root)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		if name, err := t.publishedBefore(ctx); name != "" || err != nil {
			return name, err
		}
	}
	if err := a.root.MkdirAll(root, 0o777); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	entries, err := t.list(ctx)
	if err != nil {
		return "", err
	}
	a.folder = piece.NewFolder(a.root)
	a.dresser = t.wardrobe(entries, root+"/", path.Join(t.staging, piece.StagingAttributes))
	defer func() {
		a.folder.Close()
		a.folder, a.dresser = nil, nil
	}()
	todo, err := t.plan(ctx, entries, fresh)
	if err != nil {
		return "", err
	}
	if _, err := a.fetch(ctx, todo, false); err != nil {
		return "", err
	}
	if err := t.emptyFolders(ctx, entries); err != nil {
		return "", err
	}
	return t.publish()
}

// emptyFolders makes the empty folders of the tree, once everything else is there: a
// short list can name very many, and files that nobody has.
func (t *tree) emptyFolders(ctx context.Context, entries []netproto.FolderEntry) error {
	a := t.attempt
	for _, e := range piece.Chosen(entries, a.task.Paths) {
		if !e.Dir {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.root.MkdirAll(path.Join(t.root(), e.Path), 0o777); err != nil {
			return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
	}
	return nil
}

// publish makes the finished folder durable and gives it its name.
func (t *tree) publish() (string, error) {
	a, root := t.attempt, t.root()
	a.setPhase(Verifying)
	if err := piece.StillAt(a.root, a.task.Dir); err != nil {
		return "", err
	}
	a.folder.Close() // some systems do not rename what is open
	if err := piece.SyncTree(a.root, root); err != nil {
		return "", err
	}
	t.keepList()
	name, err := piece.PublishFolder(a.root, root, netproto.SafeName(a.task.Name))
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	a.fetched.moved(root, name)
	a.unlock()
	if err := piece.RemoveTree(a.root, t.staging); err != nil {
		a.swarms.config.Log.Warn("removing a staging folder", "folder", t.staging, "error", err)
	}
	return filepath.Join(a.task.Dir, name), nil
}

// publishedBefore returns the path of the folder if a kill came after it was
// published and before that was remembered: its list was kept just before. "" if
// there is none.
func (t *tree) publishedBefore(ctx context.Context) (string, error) {
	a := t.attempt
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
	for _, name := range piece.NumberedNames(netproto.SafeName(a.task.Name)) {
		if info, err := a.root.Lstat(name); err != nil || !info.IsDir() {
			break
		}
		full := filepath.Join(a.task.Dir, name)
		right, err := piece.IntactFolder(ctx, full, wanted, a.progress)
		if err := onlyScarce(err); err != nil {
			return "", err
		}
		if err == nil && right {
			a.mu.Lock()
			a.total, a.done = size, size
			a.unlock()
			return full, piece.RemoveTree(a.root, t.staging)
		}
	}
	return "", ctx.Err()
}

// list returns the list of the folder's files. It fetches the list unless an earlier
// attempt left it on the disk.
func (t *tree) list(ctx context.Context) ([]netproto.FolderEntry, error) {
	a, name := t.attempt, t.listName()
	a.mu.Lock()
	a.folderSize = -1
	a.unlock()
	if entries, m, err := piece.ReadList(ctx, a.root, name, a.task.Hash); err == nil {
		if err := t.measure(entries); err != nil {
			return nil, err
		}
		newJob(a, m.Hash, m.Size, t.staging, piece.StagingList).offerFinished(m, name)
		return entries, nil
	}
	if err := a.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	j := a.firstJob(t.staging, piece.StagingList)
	j.list, j.prefer = true, 0 // its first bytes show whether it is one
	if _, err := a.fetch(ctx, jobOf(j), true); err != nil {
		return nil, err
	}
	entries, _, err := piece.ReadList(ctx, a.root, name, a.task.Hash)
	if errors.Is(err, piece.ErrNotFolder) {
		return nil, a.isFile()
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the list of the folder's files: %w", err)
	}
	if err := t.measure(entries); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.unlock()
	j.offer() // anew: now with the size of the folder
	return entries, nil
}

// measure notes the size of the whole folder, whichever files are chosen.
func (t *tree) measure(entries []netproto.FolderEntry) error {
	size, err := piece.SumOf(entries)
	t.attempt.mu.Lock()
	defer t.attempt.unlock()
	t.attempt.folderSize = size
	return err
}

// plan returns the contents of the tree that are missing: in a fresh tree all are.
func (t *tree) plan(ctx context.Context, entries []netproto.FolderEntry, fresh bool) (*backlog, error) {
	a := t.attempt
	wanted := piece.Chosen(entries, a.task.Paths)
	total, err := piece.SumOf(wanted)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.total, a.done = total, 0
	a.unlock()
	var here []bool
	if !fresh {
		if here, err = t.verify(ctx, wanted); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	for i, is := range here {
		if is {
			a.done += wanted[i].Size
		}
	}
	a.unlock()
	files, err := filelist.New(wanted, here)
	if err != nil {
		return nil, err
	}
	todo := &backlog{attempt: a, root: t.root(), files: files}
	return todo, a.swarms.CheckSpace(a.task.Dir, todo.bytes(!fresh))
}

// verify hashes the files that an earlier attempt left in the tree. It offers those
// that are right, moves the others out of the way, and returns which are right.
func (t *tree) verify(ctx context.Context, entries []netproto.FolderEntry) ([]bool, error) {
	a := t.attempt
	a.setPhase(Verifying)
	here := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			continue
		}
		name := path.Join(t.root(), e.Path)
		info, err := a.root.Lstat(name)
		if err != nil {
			continue
		}
		work.Go(func() (err error) {
			if info.Mode().IsRegular() && info.Size() == e.Size {
				if here[i], err = t.isContent(ctx, name, e); here[i] {
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

// isContent reports whether a file of the tree is right, and then offers it.
func (t *tree) isContent(ctx context.Context, name string, e netproto.FolderEntry) (bool, error) {
	a := t.attempt
	file, err := a.root.Open(name)
	if err != nil {
		return false, onlyScarce(err)
	}
	defer file.Close()
	m, err := piece.Hash(ctx, file, e.Size, a.progress)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil || m.Hash != e.Hash {
		return false, onlyScarce(err)
	}
	a.dresser.dress(name) // a kill may have come before that
	newJob(a, e.Hash, e.Size, path.Dir(name), path.Base(name)).offerFinished(m, name)
	return true, nil
}

// check hashes what is in the staging folder and returns the number of bytes that
// are right.
func (t *tree) check(ctx context.Context) (int64, error) {
	a := t.attempt
	defer a.forgetPublished()
	if err := piece.OwnStaging(a.root, t.staging); err != nil {
		return 0, err
	}
	entries, _, err := piece.ReadList(ctx, a.root, t.listName(), a.task.Hash)
	if err != nil {
		return 0, nil
	}
	wanted := piece.Chosen(entries, a.task.Paths)
	right, err := t.verify(ctx, wanted)
	var done int64
	for i, e := range wanted {
		if right[i] {
			done += e.Size
		}
	}
	return done, err
}

// keepList keeps the list of a folder that is about to be published.
func (t *tree) keepList() {
	a := t.attempt
	text, err := a.root.ReadFile(t.listName())
	if err == nil {
		err = a.task.Lists.Keep(text)
	}
	if err != nil { // without it the folder cannot be verified offline
		a.swarms.config.Log.Warn("keeping the list of a folder", "name", a.task.Name, "error", err)
	}
}
