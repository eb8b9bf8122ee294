package swarm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// A folder grows in a staging folder beside its destination:
//
//	.cp2p-<hash>.folder/list   the list of its files, a content like any other
//	.cp2p-<hash>.folder/tree/  its files, each published there when it is whole
//
// and gets its name when all files are there, verified and on the disk.

// The names in a staging folder.
const (
	StagingList = "list"
	StagingTree = "tree"
)

// maxFolderSize keeps sums of sizes far from what an int64 holds, in bytes.
const maxFolderSize = 1 << 60

// StagingName is the folder in which a folder with a hash grows. It differs for
// different choices of the folder's files, which may be on their way at once.
func StagingName(hash netproto.ContentHash, paths []string) string {
	name := netproto.PartPrefix + hash.String()[:32]
	if len(paths) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(paths, "\x00")))
		name += "-" + hex.EncodeToString(sum[:8])
	}
	return name + ".folder"
}

func (a *Attempt) fetchFolder(ctx context.Context) (string, error) {
	staging := StagingName(a.task.Hash, a.task.Paths)
	tree := path.Join(staging, StagingTree)
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
	if err := a.moved(); err != nil {
		return "", err
	}
	a.folder.Close() // some systems do not rename what is open
	if err := piece.SyncTree(a.root, tree); err != nil {
		return "", err
	}
	a.keepList(path.Join(staging, StagingList))
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
	wanted := Chosen(entries, a.task.Paths)
	size, err := sumOf(wanted)
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
		if right, err := IntactFolder(ctx, full, wanted, a.progress); err == nil && right {
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
	list := path.Join(staging, StagingList)
	a.mu.Lock()
	a.folderSize = -1
	a.unlock()
	if entries, m, err := a.readList(ctx, list); err == nil {
		if err := a.measure(entries); err != nil {
			return nil, err
		}
		a.offerFinished(newJob(a, m.Hash, m.Size, staging, StagingList), m, list)
		return entries, nil
	}
	if err := a.root.Remove(list); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	j := a.firstJob(staging, StagingList)
	j.most = netproto.MaxFolderBytes
	if _, err := a.fetch(ctx, []*job{j}, true); err != nil {
		return nil, err
	}
	entries, _, err := a.readList(ctx, list)
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
	size, err := sumOf(entries)
	a.mu.Lock()
	defer a.unlock()
	a.folderSize = size
	return err
}

// readList reads a list that is whole.
func (a *Attempt) readList(ctx context.Context, list string) ([]netproto.FolderEntry, *piece.Manifest, error) {
	file, err := a.root.Open(list)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > netproto.MaxFolderBytes {
		return nil, nil, netproto.Errorf(netproto.CodeTooLarge, "a list of %d bytes", info.Size())
	}
	text := make([]byte, info.Size())
	if _, err := file.ReadAt(text, 0); err != nil {
		return nil, nil, err
	}
	m, err := piece.Hash(ctx, bytes.NewReader(text), info.Size(), nil)
	if err != nil {
		return nil, nil, err
	}
	if m.Hash != a.task.Hash {
		return nil, nil, piece.ErrWrongPiece
	}
	entries, err := netproto.ParseFolder(bytes.NewReader(text))
	return entries, m, err
}

// plan makes the folders of the tree and a job for each content that is not
// there yet; in a fresh tree nothing is. Equal files are one job with several
// targets.
func (a *Attempt) plan(ctx context.Context, tree string, entries []netproto.FolderEntry, fresh bool) ([]*job, error) {
	wanted := Chosen(entries, a.task.Paths)
	total, err := sumOf(wanted)
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

// sumOf is the number of bytes of all files; the list of a folder comes from
// somebody else and may say anything.
func sumOf(entries []netproto.FolderEntry) (int64, error) {
	var total int64
	for _, e := range entries {
		if total += e.Size; total < 0 || total > maxFolderSize {
			return 0, netproto.Errorf(netproto.CodeTooLarge, "the folder's files would take more than %d TiB", int64(maxFolderSize>>40))
		}
	}
	return total, nil
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

// Chosen returns the entries with these paths, all if there are no paths.
func Chosen(entries []netproto.FolderEntry, paths []string) []netproto.FolderEntry {
	if len(paths) == 0 {
		return entries
	}
	want := make(map[string]bool, len(paths))
	for _, p := range paths {
		want[p] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e netproto.FolderEntry) bool { return !want[e.Path] })
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
			return a.takeApart(name, info, e)
		})
	}
	return here, work.Wait()
}

// takeApart gets a wrong file of the tree out of the way. One of several pieces
// may have right ones: it becomes the unfinished file of what belongs there.
func (a *Attempt) takeApart(name string, info fs.FileInfo, e netproto.FolderEntry) error {
	part := path.Join(path.Dir(name), piece.PartName(e.Hash))
	_, err := a.root.Lstat(part)
	if info.Mode().IsRegular() && netproto.PieceCount(e.Size) > 1 && errors.Is(err, fs.ErrNotExist) {
		err = a.root.Rename(name, part)
	} else {
		err = a.root.RemoveAll(name)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
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
	a := ss.Attempt(Task{Hash: hash, Name: StagingList, Size: -1, Folder: true, Dir: dir,
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
	staging := StagingName(a.task.Hash, a.task.Paths)
	entries, _, err := a.readList(ctx, path.Join(staging, StagingList))
	if err != nil {
		return 0, nil
	}
	wanted := Chosen(entries, a.task.Paths)
	right, err := a.verifyTree(ctx, path.Join(staging, StagingTree), wanted)
	var done int64
	for i, e := range wanted {
		if right[i] {
			done += e.Size
		}
	}
	return done, err
}

// IntactFile tells whether a file has a content; progress counts bytes hashed.
func IntactFile(ctx context.Context, name string, hash netproto.ContentHash, size int64, progress func(n int)) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return false, nil
	}
	m, _, err := piece.HashPath(ctx, name, progress)
	return err == nil && m.Hash == hash, err
}

// IntactFolder tells whether a folder has the files of a list; progress counts bytes
// hashed and is called by several goroutines.
func IntactFolder(ctx context.Context, dir string, entries []netproto.FolderEntry, progress func(n int)) (bool, error) {
	right := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			right[i] = true
			continue
		}
		work.Go(func() (err error) {
			right[i], err = IntactFile(ctx, filepath.Join(dir, filepath.FromSlash(e.Path)), e.Hash, e.Size, progress)
			return err
		})
	}
	err := work.Wait()
	return err == nil && !slices.Contains(right, false), err
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
