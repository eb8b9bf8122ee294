package peer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

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
)

func stagingName(hash netproto.ContentHash) string {
	return netproto.PartPrefix + hash.String()[:32] + ".folder"
}

func (d *download) fetchFolder(ctx context.Context) (string, error) {
	staging := stagingName(d.record.Hash)
	if err := d.root.MkdirAll(path.Join(staging, stagingTree), 0o755); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	entries, err := d.fetchList(ctx, staging)
	if err != nil {
		return "", err
	}
	jobs, err := d.plan(ctx, path.Join(staging, stagingTree), entries)
	if err != nil {
		return "", err
	}
	if _, err := d.fetch(ctx, jobs, false); err != nil {
		return "", err
	}
	d.setPhase(phaseVerifying, nil)
	if err := piece.SyncTree(d.root, path.Join(staging, stagingTree)); err != nil {
		return "", err
	}
	name, err := piece.PublishFolder(d.root, path.Join(staging, stagingTree), netproto.SafeName(d.record.Name))
	if err != nil {
		return "", err
	}
	if err := d.root.RemoveAll(staging); err != nil {
		d.engine.log.Warn("removing a staging folder", "folder", staging, "error", err)
	}
	return filepath.Join(d.record.Dir, name), nil
}

// fetchList gets the list of the folder's files, from the disk if an earlier
// run left it there.
func (d *download) fetchList(ctx context.Context, staging string) ([]netproto.FolderEntry, error) {
	list := path.Join(staging, stagingList)
	if entries, err := d.readList(ctx, list); err == nil {
		return entries, nil
	}
	if err := d.root.Remove(list); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	j := &job{download: d, hash: d.record.Hash, size: -1, dir: staging, targets: []string{stagingList}}
	if _, err := d.fetch(ctx, []*job{j}, true); err != nil {
		return nil, err
	}
	entries, err := d.readList(ctx, list)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the list of the folder's files: %w", err)
	}
	return entries, nil
}

func (d *download) readList(ctx context.Context, list string) ([]netproto.FolderEntry, error) {
	file, err := d.root.Open(list)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > netproto.MaxFolderBytes {
		return nil, netproto.Errorf(netproto.CodeTooLarge, "a list of %d bytes", info.Size())
	}
	text := make([]byte, info.Size())
	if _, err := file.ReadAt(text, 0); err != nil {
		return nil, err
	}
	m, err := piece.Hash(ctx, bytes.NewReader(text), info.Size(), nil)
	if err != nil {
		return nil, err
	}
	if m.Hash != d.record.Hash {
		return nil, piece.ErrWrongPiece
	}
	return netproto.ParseFolder(bytes.NewReader(text))
}

// plan makes the folders of the tree and a job for each content that is not
// there yet; equal files are one job with several targets.
func (d *download) plan(ctx context.Context, tree string, entries []netproto.FolderEntry) ([]*job, error) {
	wanted := d.chosen(entries)
	var total int64
	for _, e := range wanted {
		total += e.Size
	}
	if err := d.checkSpace(total, 1); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.total, d.done = total, 0
	d.record.Size = total
	d.mu.Unlock()
	here, err := d.verifyTree(ctx, tree, wanted)
	if err != nil {
		return nil, err
	}
	var jobs []*job
	byHash := map[netproto.ContentHash]*job{}
	for i, e := range wanted {
		full := path.Join(tree, e.Path)
		switch {
		case e.Dir:
			if err := d.root.MkdirAll(full, 0o755); err != nil {
				return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
		case here[i]:
			d.mu.Lock()
			d.done += e.Size
			d.mu.Unlock()
		case byHash[e.Hash] != nil:
			j := byHash[e.Hash]
			rel, err := filepath.Rel(filepath.FromSlash(j.dir), filepath.FromSlash(full))
			if err != nil {
				return nil, err
			}
			j.targets = append(j.targets, filepath.ToSlash(rel))
		default:
			j := &job{download: d, hash: e.Hash, size: e.Size, dir: path.Dir(full), targets: []string{path.Base(full)}}
			j.m = d.knownManifest(j)
			byHash[e.Hash] = j
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// knownManifest is what a job needs no source to tell: that of a content of
// one piece, or what an earlier run left in the journal.
func (d *download) knownManifest(j *job) *piece.Manifest {
	if netproto.PieceCount(j.size) == 1 {
		return &piece.Manifest{Hash: j.hash, Size: j.size}
	}
	m, err := piece.ReadPartManifest(d.root, j.dir, j.hash)
	if err != nil {
		return nil
	}
	return m
}

// chosen are the entries that the person wants.
func (d *download) chosen(entries []netproto.FolderEntry) []netproto.FolderEntry {
	if len(d.record.Paths) == 0 {
		return entries
	}
	want := make(map[string]bool, len(d.record.Paths))
	for _, p := range d.record.Paths {
		want[p] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e netproto.FolderEntry) bool { return !want[e.Path] })
}

// verifyTree hashes the files that an earlier run left in the tree and tells
// which are right; the others are removed.
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
		work.Go(func() error {
			if info.Mode().IsRegular() && info.Size() == e.Size {
				right, err := d.isContent(ctx, name, e)
				if right || err != nil {
					here[i] = right
					return err
				}
			}
			if err := d.root.RemoveAll(name); err != nil {
				return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
			return nil
		})
	}
	return here, work.Wait()
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
	return err == nil && m.Hash == e.Hash, nil
}

// discard removes what a download that is not wanted any more left on the disk.
func discard(dir string, hash netproto.ContentHash, folder bool) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if folder {
		err = root.RemoveAll(stagingName(hash))
	} else {
		err = piece.RemovePart(root, ".", hash)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}
