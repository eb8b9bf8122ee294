package peer

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

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// A folder grows in a staging folder beside its destination:
//
//	.cp2p-<hash>.folder/list   the list of its files, a content like any other
//	.cp2p-<hash>.folder/tree/  its files, each published there when it is whole
//
// and gets its name when all files are there, verified and on the disk.
const (
	stagingList = "list"
	stagingTree = "tree"

	// maxFolderSize keeps sums of sizes far from what an int64 holds, in bytes.
	maxFolderSize = 1 << 60
)

// stagingName differs for different choices of one folder's files, which may be
// on their way at the same time.
func stagingName(r library.Download) string {
	name := netproto.PartPrefix + r.Hash.String()[:32]
	if len(r.Paths) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(r.Paths, "\x00")))
		name += "-" + hex.EncodeToString(sum[:8])
	}
	return name + ".folder"
}

func (d *download) fetchFolder(ctx context.Context) (string, error) {
	staging := stagingName(d.record)
	tree := path.Join(staging, stagingTree)
	_, err := d.root.Lstat(tree)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		if name, err := d.publishedBefore(ctx, staging); name != "" || err != nil {
			return name, err
		}
	}
	if err := d.root.MkdirAll(tree, 0o755); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	entries, err := d.fetchList(ctx, staging)
	if err != nil {
		return "", err
	}
	d.folder = piece.NewFolder(d.root)
	defer func() {
		d.folder.Close()
		d.folder = nil
	}()
	jobs, err := d.plan(ctx, tree, entries, fresh)
	if err != nil {
		return "", err
	}
	if _, err := d.fetch(ctx, jobs, false); err != nil {
		return "", err
	}
	d.setPhase(phaseVerifying, nil)
	if err := d.moved(); err != nil {
		return "", err
	}
	d.folder.Close() // some systems do not rename what is open
	if err := piece.SyncTree(d.root, tree); err != nil {
		return "", err
	}
	d.keepList(path.Join(staging, stagingList))
	name, err := piece.PublishFolder(d.root, tree, netproto.SafeName(d.record.Name))
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	d.fetched.movedTo(tree, name)
	d.mu.Unlock()
	if err := d.root.RemoveAll(staging); err != nil {
		d.engine.log.Warn("removing a staging folder", "folder", staging, "error", err)
	}
	return filepath.Join(d.record.Dir, name), nil
}

// publishedBefore finds the folder where a kill came after it was published and
// before that was remembered: its list was kept just before. "" where there is
// none.
func (d *download) publishedBefore(ctx context.Context, staging string) (string, error) {
	if _, err := os.Stat(d.engine.library.DownloadList(d.record.ID)); err != nil {
		return "", nil
	}
	entries, _, ok := d.engine.listOf(ctx, d.record)
	if !ok {
		return "", ctx.Err()
	}
	wanted := chosenOf(entries, d.record.Paths)
	size, err := sumOf(wanted)
	if err != nil {
		return "", err
	}
	d.setPhase(phaseVerifying, nil)
	for n := 1; n <= maxNumberedLooks; n++ {
		name := netproto.SafeName(d.record.Name)
		if n > 1 {
			name = netproto.NumberedName(name, n)
		}
		if info, err := d.root.Lstat(name); err != nil || !info.IsDir() {
			break
		}
		full := filepath.Join(d.record.Dir, name)
		if right, err := d.intactFolder(ctx, full, wanted); err == nil && right {
			d.mu.Lock()
			d.total, d.done = size, size
			d.mu.Unlock()
			return full, d.root.RemoveAll(staging)
		}
	}
	return "", ctx.Err()
}

// fetchList gets the list of the folder's files, from the disk if an earlier
// run left it there.
func (d *download) fetchList(ctx context.Context, staging string) ([]netproto.FolderEntry, error) {
	list := path.Join(staging, stagingList)
	d.mu.Lock()
	d.folderSize = -1
	d.mu.Unlock()
	if entries, m, err := d.readList(ctx, list); err == nil {
		if err := d.measure(entries); err != nil {
			return nil, err
		}
		d.offerFinished(newJob(d, m.Hash, m.Size, staging, stagingList), m, list)
		return entries, nil
	}
	if err := d.root.Remove(list); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	j := d.firstJob(staging, stagingList)
	j.most = netproto.MaxFolderBytes
	if _, err := d.fetch(ctx, []*job{j}, true); err != nil {
		return nil, err
	}
	entries, _, err := d.readList(ctx, list)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the list of the folder's files: %w", err)
	}
	if err := d.measure(entries); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offer(j) // again: now with the size of the folder
	return entries, nil
}

// measure notes how large the whole folder is, chosen files or not.
func (d *download) measure(entries []netproto.FolderEntry) error {
	size, err := sumOf(entries)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folderSize = size
	return err
}

// readList reads a list that is whole.
func (d *download) readList(ctx context.Context, list string) ([]netproto.FolderEntry, *piece.Manifest, error) {
	file, err := d.root.Open(list)
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
	if m.Hash != d.record.Hash {
		return nil, nil, piece.ErrWrongPiece
	}
	entries, err := netproto.ParseFolder(bytes.NewReader(text))
	return entries, m, err
}

// plan makes the folders of the tree and a job for each content that is not
// there yet; in a fresh tree nothing is. Equal files are one job with several
// targets.
func (d *download) plan(ctx context.Context, tree string, entries []netproto.FolderEntry, fresh bool) ([]*job, error) {
	wanted := chosenOf(entries, d.record.Paths)
	total, err := sumOf(wanted)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.total, d.done = total, 0
	d.record.Size = total
	d.mu.Unlock()
	here := make([]bool, len(wanted))
	if !fresh {
		if here, err = d.verifyTree(ctx, tree, wanted); err != nil {
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
			if err := d.root.MkdirAll(full, 0o755); err != nil {
				return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
		case here[i]:
			d.mu.Lock()
			d.done += e.Size
			d.mu.Unlock()
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
			j := newJob(d, e.Hash, e.Size, path.Dir(full), path.Base(full))
			j.m = d.knownManifest(j)
			byHash[e.Hash] = j
			jobs = append(jobs, j)
			if need += e.Size; !fresh && !d.small(j) {
				need -= d.allocated(j)
			}
		}
	}
	return jobs, d.checkSpace(need)
}

// sumOf is the number of bytes of all files; the list of a folder is somebody
// else's and may say anything.
func sumOf(entries []netproto.FolderEntry) (int64, error) {
	var total int64
	for _, e := range entries {
		if total += e.Size; total < 0 || total > maxFolderSize {
			return 0, netproto.Errorf(netproto.CodeTooLarge, "the folder's files would take more than %d TiB", int64(maxFolderSize>>40))
		}
	}
	return total, nil
}

// knownManifest is what a job needs no source to tell: that of a content of
// one piece, or what an earlier run left in the journal.
func (d *download) knownManifest(j *job) *piece.Manifest {
	if netproto.PieceCount(j.size) == 1 {
		return &piece.Manifest{Hash: j.hash, Size: j.size}
	}
	if m := d.manifestHere(j.hash); m != nil && m.Size == j.size {
		return m
	}
	if m, err := piece.ReadPartManifest(d.root, j.dir, j.hash); err == nil && m.Size == j.size {
		return m
	}
	return nil
}

// manifestHere is that of a content that is on this computer already.
func (d *download) manifestHere(hash netproto.ContentHash) *piece.Manifest {
	if c := d.engine.contents.find(hash); c != nil && c.whole() {
		return c.manifest()
	}
	return nil
}

// chosenOf are the entries with these paths, all where there are no paths.
func chosenOf(entries []netproto.FolderEntry, paths []string) []netproto.FolderEntry {
	if len(paths) == 0 {
		return entries
	}
	want := make(map[string]bool, len(paths))
	for _, p := range paths {
		want[p] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e netproto.FolderEntry) bool { return !want[e.Path] })
}

// verifyTree hashes the files that an earlier run left in the tree, offers the
// right ones and removes the others. It tells which are right.
func (d *download) verifyTree(ctx context.Context, tree string, entries []netproto.FolderEntry) ([]bool, error) {
	d.setPhase(phaseVerifying, nil)
	here := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			continue
		}
		name := path.Join(tree, e.Path)
		info, err := d.root.Lstat(name)
		if err != nil {
			continue
		}
		work.Go(func() (err error) {
			if info.Mode().IsRegular() && info.Size() == e.Size {
				if here[i], err = d.isContent(ctx, name, e); here[i] {
					return piece.RemovePart(d.root, path.Dir(name), e.Hash) // a kill can leave the journal of a published file
				}
				if err != nil {
					return err
				}
			}
			return d.takeApart(name, info, e)
		})
	}
	return here, work.Wait()
}

// takeApart gets a wrong file of the tree out of the way. One of several pieces
// may have right ones: it becomes the unfinished file of what belongs there.
func (d *download) takeApart(name string, info fs.FileInfo, e netproto.FolderEntry) error {
	part := path.Join(path.Dir(name), piece.PartName(e.Hash))
	_, err := d.root.Lstat(part)
	if info.Mode().IsRegular() && netproto.PieceCount(e.Size) > 1 && errors.Is(err, fs.ErrNotExist) {
		err = d.root.Rename(name, part)
	} else {
		err = d.root.RemoveAll(name)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

func (d *download) isContent(ctx context.Context, name string, e netproto.FolderEntry) (bool, error) {
	file, err := d.root.Open(name)
	if err != nil {
		return false, nil
	}
	defer file.Close()
	m, err := piece.Hash(ctx, file, e.Size, d.progress)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil || m.Hash != e.Hash {
		return false, nil
	}
	d.offerFinished(newJob(d, e.Hash, e.Size, path.Dir(name), path.Base(name)), m, name)
	return true, nil
}

// discard removes what a download that is not wanted any more left on the disk.
func discard(r library.Download) error {
	root, err := os.OpenRoot(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if r.Folder {
		err = root.RemoveAll(stagingName(r))
	} else {
		err = piece.RemovePart(root, ".", r.Hash)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// Folder lists the files of a folder that is not here: it fetches the list.
func (e *Engine) Folder(ctx context.Context, hash netproto.ContentHash) ([]netproto.FolderEntry, error) {
	if f := e.contents.shared(hash); f != nil {
		return readFolderFile(f.path())
	}
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
	d := e.downloads.make(library.Download{Hash: hash, Name: stagingList, Size: -1, Folder: true, Dir: dir})
	d.root, d.quiet = root, true
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(e.ctx, cancel)()
	var entries []netproto.FolderEntry
	ended := make(chan struct{})
	begun := e.begin(func() {
		defer close(ended)
		defer d.letGo(cancel)
		entries, err = d.fetchList(ctx, ".")
	})
	if !begun {
		cancel()
		return nil, netproto.Errorf(netproto.CodeCancelled, "the program ends")
	}
	<-ended
	return entries, err
}

func readFolderFile(path string) ([]netproto.FolderEntry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer file.Close()
	return netproto.ParseFolder(file)
}
