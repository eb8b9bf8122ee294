package peer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// The content role of a job: what other peers may read of a download. It
// begins when the size is sure, since they rely on it.

// finished is a published file in the state that it was published in: whoever
// changes it later does not make this peer send wrong bytes.
type finished struct {
	path  string // absolute
	state piece.State
}

func (j *job) length() int64 {
	j.shared.RLock()
	defer j.shared.RUnlock()
	if !j.sure || j.m == nil {
		return -1
	}
	return j.m.Size
}

func (j *job) manifest() *piece.Manifest {
	j.shared.RLock()
	defer j.shared.RUnlock()
	return j.m
}

func (j *job) whole() bool {
	j.shared.RLock()
	defer j.shared.RUnlock()
	return j.done != nil
}

// have is empty when the download has let go of the content.
func (j *job) have() piece.Bits {
	j.shared.RLock()
	defer j.shared.RUnlock()
	switch {
	case j.done != nil:
		return piece.AllBits(j.m.Pieces())
	case j.part != nil:
		return j.part.Have()
	}
	return nil
}

func (j *job) open() (reader, error) { return &jobReader{job: j}, nil }

// broken is told of a piece that is not here yet, which is nothing new, or of
// a published file that the person changed.
func (j *job) broken(error) {
	if j.whole() {
		j.download.engine.contents.remove(j.hash, j)
	}
}

// jobReader reads verified pieces of the unfinished file, and of the published
// one as soon as there is one.
type jobReader struct {
	job *job

	mu     sync.Mutex
	file   *piece.File
	closed bool
}

func (r *jobReader) ReadAt(b []byte, offset int64) (int, error) {
	r.job.shared.RLock()
	part, done := r.job.part, r.job.done
	r.job.shared.RUnlock()
	switch {
	case done != nil:
		return r.readDone(done, b, offset)
	case part != nil:
		return part.ReadAt(b, offset)
	}
	return 0, netproto.Errorf(netproto.CodeGone, "the download was stopped")
}

func (r *jobReader) readDone(done *finished, b []byte, offset int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, fs.ErrClosed
	}
	if r.file == nil {
		file, err := piece.OpenFile(done.path, done.state)
		if err != nil {
			return 0, err
		}
		r.file = file
	}
	return r.file.ReadAt(b, offset)
}

func (r *jobReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// offer lets other peers read a job. What the person asked for is announced to
// the tracker, too: a folder by its list, once that says how large it is.
func (d *download) offer(j *job) {
	var as *netproto.Resource
	size := j.length()
	if d.record.Folder {
		size = d.folderSize
	}
	if j.hash == d.record.Hash && !d.quiet && size >= 0 {
		r := netproto.Resource{Hash: j.hash, Size: size, Name: netproto.SafeName(d.record.Name), Folder: d.record.Folder, Part: true}
		if r.MIME = mediaType(r.Name); r.Folder {
			r.MIME = netproto.FolderMIME
		}
		as = &r
	}
	d.engine.contents.add(j.hash, j, as)
}

// offerFinished is offer for a file that is whole already. A manifest of
// several pieces must be given.
func (d *download) offerFinished(j *job, m *piece.Manifest, name string) {
	state, err := piece.StateOf(d.local(name))
	if err != nil {
		d.engine.log.Info("a finished file is not offered", "path", d.local(name), "error", err)
		return
	}
	d.offerAs(j, m, name, state)
}

// local is the path on this computer of a name in the download's root.
func (d *download) local(name string) string {
	return filepath.Join(d.record.Dir, filepath.FromSlash(name))
}

// offerAs is offerFinished for a file that was left in that state.
func (d *download) offerAs(j *job, m *piece.Manifest, name string, state piece.State) {
	d.remember(name, state, m)
	file := d.local(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	j.shared.Lock()
	j.m, j.sure, j.done = m, true, &finished{file, state}
	j.shared.Unlock()
	d.offer(j)
	d.published = append(d.published, j)
}

// fromHere takes what it can of a content from another place on this computer
// instead of from the network. Errors of that place only end the taking.
func (d *download) fromHere(ctx context.Context, j *job, part growing) error {
	here := d.engine.contents.find(j.hash)
	if here == nil || here == content(j) || !here.whole() || part.Complete() {
		return nil
	}
	file, err := here.open()
	if err != nil {
		return nil
	}
	defer file.Close()
	buf := make([]byte, netproto.MaxDataBytes)
	m := part.Manifest()
	for i := range m.Pieces() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if part.Has(i) {
			continue
		}
		w := part.Writer(i, false)
		for w.Missing() > 0 {
			b := buf[:min(int64(len(buf)), w.Missing())]
			if _, err := file.ReadAt(b, m.Offset(i)+m.Length(i)-w.Missing()); err != nil {
				here.broken(err)
				return nil
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			d.progress(len(b))
		}
		if err := w.Finish(); err != nil && !errors.Is(err, piece.ErrWrongPiece) {
			return err
		}
	}
	return nil
}

// forgetPublished ends the offers of a run.
func (d *download) forgetPublished() {
	d.mu.Lock()
	published := d.published
	d.published = nil
	d.mu.Unlock()
	for _, j := range published {
		d.engine.contents.remove(j.hash, j)
	}
}

// moved tells whether the destination is not where it was: renamed, unmounted
// or removed.
func (d *download) moved() error {
	opened, err := d.root.Stat(".")
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	named, err := os.Stat(d.record.Dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	if !os.SameFile(opened, named) {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s is another folder now", d.record.Dir)
	}
	return nil
}
