package swarm

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// A job as an offer.Content: what other peers may read of a download. It is offered
// once the size is certain, since they rely on it.

// finished is a published file in the state that it was published in, so that a
// later change does not make this peer send wrong bytes.
type finished struct {
	path  string // absolute
	state piece.State
}

// Length is the size, in bytes; -1 while it is not certain.
func (j *job) Length() int64 {
	j.shared.RLock()
	defer j.shared.RUnlock()
	if !j.sure || j.m == nil {
		return -1
	}
	return j.m.Size
}

// Manifest is nil before it is known.
func (j *job) Manifest() *piece.Manifest {
	j.shared.RLock()
	defer j.shared.RUnlock()
	return j.m
}

// Whole tells whether the content is published.
func (j *job) Whole() bool {
	j.shared.RLock()
	defer j.shared.RUnlock()
	return j.done != nil
}

// Resource is how the content is announced: what the person asked for, and
// nothing else.
func (j *job) Resource() *netproto.Resource {
	j.shared.RLock()
	defer j.shared.RUnlock()
	return j.as
}

// Before prefers what is whole to what is not, among downloads.
func (j *job) Before(other offer.Content) bool {
	o, ok := other.(*job)
	if !ok {
		return false
	}
	as, otherAs := j.Resource(), o.Resource()
	return as != nil && (otherAs == nil || !as.Part && otherAs.Part)
}

// Have is empty when the attempt has let go of the content.
func (j *job) Have() piece.Bits {
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

// Open returns a reader of what is verified now and later.
func (j *job) Open() (offer.Reader, error) { return &jobReader{job: j}, nil }

// Broken stops offering a published file that the person changed. A piece that is
// not here yet is nothing new.
func (j *job) Broken(error) {
	if j.Whole() {
		j.attempt.swarms.config.Contents.Remove(j.hash, j)
	}
}

// jobReader reads verified pieces of the unfinished file, and of the published
// one as soon as there is one. One goroutine reads; another may close it.
type jobReader struct {
	job *job

	mu     sync.Mutex
	file   *piece.File
	closed bool
}

// ReadAt reads within verified pieces. The error has the code "gone" for others.
func (r *jobReader) ReadAt(b []byte, offset int64) (int, error) {
	r.job.shared.RLock()
	part, done := r.job.part, r.job.done
	r.job.shared.RUnlock()
	switch {
	case done != nil:
		file, err := r.published(done)
		if err != nil {
			return 0, err
		}
		return file.ReadAt(b, offset)
	case part != nil:
		return part.ReadAt(b, offset)
	}
	return 0, netproto.Errorf(netproto.CodeGone, "the download was stopped")
}

// published opens the published file once.
func (r *jobReader) published(done *finished) (*piece.File, error) {
	r.mu.Lock()
	file, closed := r.file, r.closed
	r.mu.Unlock()
	if file != nil || closed {
		return file, closedError(closed)
	}
	file, err := piece.OpenFile(done.path, done.state)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if closed = r.closed; !closed {
		r.file = file
	}
	r.mu.Unlock()
	if closed {
		file.Close()
	}
	return file, closedError(closed)
}

func closedError(closed bool) error {
	if closed {
		return fs.ErrClosed
	}
	return nil
}

// Close ends the reading.
func (r *jobReader) Close() error {
	r.mu.Lock()
	file := r.file
	r.closed = true
	r.mu.Unlock()
	if file == nil {
		return nil
	}
	return file.Close()
}

// offer lets other peers read a job. What the person asked for is also announced
// to the trackers: a folder by its list, once that says how large it is. The
// caller holds the lock.
func (a *Attempt) offer(j *job) {
	var as *netproto.Resource
	size := j.Length()
	if a.task.Folder {
		size = a.folderSize
	}
	if j.hash == a.task.Hash && !a.quiet && size >= 0 {
		r := netproto.Resource{Hash: j.hash, Size: size, Name: netproto.SafeName(a.task.Name), Folder: a.task.Folder, Part: true}
		if r.MIME = offer.MediaType(r.Name); r.Folder {
			r.MIME = netproto.FolderMIME
		}
		as = &r
	}
	j.shared.Lock()
	j.as = as
	j.shared.Unlock()
	a.swarms.config.Contents.Add(j.hash, j)
}

// offerFinished offers a file that is whole already. A manifest of several pieces
// must be given.
func (a *Attempt) offerFinished(j *job, m *piece.Manifest, name string) {
	state, err := piece.StateOf(a.local(name))
	if err != nil {
		a.swarms.config.Log.Info("a finished file is not offered", "path", a.local(name), "error", err)
		return
	}
	a.offerAs(j, m, name, state)
}

// local is the path on this computer of a name in the download's root.
func (a *Attempt) local(name string) string {
	return filepath.Join(a.task.Dir, filepath.FromSlash(name))
}

// offerAs offers a whole file that was left in that state.
func (a *Attempt) offerAs(j *job, m *piece.Manifest, name string, state piece.State) {
	a.remember(name, state, m)
	file := a.local(name)
	a.mu.Lock()
	defer a.unlock()
	j.shared.Lock()
	j.m, j.sure, j.done = m, true, &finished{file, state}
	j.shared.Unlock()
	a.offer(j)
	a.published = append(a.published, j)
}

// fromHere takes what it can of a content from another place on this computer
// instead of from the network. An error of that place only ends the copying.
func (a *Attempt) fromHere(ctx context.Context, j *job, part growing) error {
	here := a.swarms.config.Contents.Find(j.hash)
	if here == nil || here == offer.Content(j) || !here.Whole() || part.Complete() {
		return nil
	}
	file, err := here.Open()
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
				here.Broken(err)
				return nil
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			a.progress(len(b))
		}
		if err := w.Finish(); err != nil && !errors.Is(err, piece.ErrWrongPiece) {
			return err
		}
	}
	return nil
}

// forgetPublished stops offering published files: the shares do that from now on.
func (a *Attempt) forgetPublished() {
	a.mu.Lock()
	published := a.published
	a.published = nil
	a.unlock()
	for _, j := range published {
		a.swarms.config.Contents.Remove(j.hash, j)
	}
}
