package peer

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// previewLook is how often a reader looks whether a piece has come.
const previewLook = 50 * time.Millisecond

// Preview is a file of a download, which can be read while the rest of it comes. What a
// reader waits for comes first.
type Preview struct {
	engine   *Engine
	download string
	path     string // of a folder's file, slash-separated; "" if the download is a file
	hash     netproto.ContentHash
	Name     string
	MIME     string // the media type; "" if it is unknown
}

// Preview returns a file of a download: the one at a slash-separated path in a folder,
// and "" for a download without a folder. The list of a folder may have to come from
// another peer. The error is "not-found" if the download or the file is not there.
func (e *Engine) Preview(ctx context.Context, download, file string) (*Preview, error) {
	d, ok := e.Downloads.ByID(download)
	if !ok || d.Folder == (file == "") {
		return nil, netproto.Errorf(netproto.CodeNotFound, "%s", file)
	}
	p := &Preview{engine: e, download: download, path: file, hash: d.Hash, Name: netproto.SafeName(d.Name)}
	if d.Folder {
		entries, err := e.Folder(ctx, d.Hash)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(entries, func(entry netproto.FolderEntry) bool { return !entry.Dir && entry.Path == file })
		if i < 0 {
			return nil, netproto.Errorf(netproto.CodeNotFound, "%s", file)
		}
		p.hash, p.Name = entries[i].Hash, path.Base(file)
	}
	p.MIME = offer.MediaType(p.Name)
	return p, nil
}

// Open waits until something of the file can be read.
func (p *Preview) Open(ctx context.Context) (*PreviewReader, error) {
	r := &PreviewReader{preview: p, size: -1}
	err := r.wait(ctx, 0, func() (bool, error) {
		if c := p.engine.contents.Find(p.hash); c != nil {
			r.size = c.Length()
			return true, nil
		}
		return r.onDisk()
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// PreviewReader reads a [Preview]. One goroutine uses it.
type PreviewReader struct {
	preview   *Preview
	size      int64         // bytes
	content   offer.Content // that reader reads; nil if there is none
	reader    offer.Reader
	file      *os.File // the finished one; nil before it is opened
	preferred int64    // the piece that was asked for first; meaningful once asked
	asked     bool
}

// Size returns the size of the file, in bytes.
func (r *PreviewReader) Size() int64 { return r.size }

// Close closes what is open.
func (r *PreviewReader) Close() error {
	var err error
	if r.reader != nil {
		err = r.reader.Close()
	}
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	return err
}

// ReadAt reads what is verified at an offset, at least a byte, and waits for it. The
// error is "gone" if the download was removed, and the failure of the download if it
// failed.
func (r *PreviewReader) ReadAt(ctx context.Context, b []byte, offset int64) (int, error) {
	if offset >= r.size {
		return 0, io.EOF
	}
	if len(b) == 0 {
		return 0, nil
	}
	var n int
	err := r.wait(ctx, offset, func() (here bool, err error) {
		n, here, err = r.read(b, offset)
		return here, err
	})
	return n, err
}

// read reads what is here at an offset, and reports whether there is something.
func (r *PreviewReader) read(b []byte, offset int64) (n int, here bool, err error) {
	if r.file == nil {
		if n, here, err = r.readContent(b, offset); here || err != nil {
			return n, here, err
		}
		if here, err = r.onDisk(); !here || err != nil {
			return 0, false, err
		}
	}
	n, err = r.file.ReadAt(b, offset)
	if n > 0 {
		err = nil
	}
	return n, true, err
}

// readContent reads what the register has at an offset.
func (r *PreviewReader) readContent(b []byte, offset int64) (n int, here bool, err error) {
	c := r.preview.engine.contents.Find(r.preview.hash)
	if c == nil || c.Length() != r.size {
		return 0, false, nil
	}
	pieceSize := netproto.PieceSize(r.size)
	index := offset / pieceSize
	if !c.Have().Has(int(index)) {
		return 0, false, nil
	}
	if c != r.content {
		reader, err := c.Open()
		if err != nil {
			return 0, false, nil // it went away meanwhile
		}
		if r.reader != nil {
			r.reader.Close()
		}
		r.content, r.reader = c, reader
	}
	b = b[:min(int64(len(b)), (index+1)*pieceSize-offset, r.size-offset)]
	n, err = r.reader.ReadAt(b, offset)
	if n > 0 {
		return n, true, nil
	}
	if err != nil { // it moved, or another attempt has it now
		r.reader.Close()
		r.content, r.reader = nil, nil
	}
	return 0, false, nil
}

// onDisk opens the finished file, and reports whether there is one. The error says why
// there will be none.
func (r *PreviewReader) onDisk() (bool, error) {
	p := r.preview
	d, ok := p.engine.Downloads.ByID(p.download)
	switch {
	case !ok:
		return false, netproto.Errorf(netproto.CodeGone, "the download was removed")
	case d.State == queue.StateFailed:
		return false, d.Err
	case d.State != queue.StateFinished:
		return false, nil
	}
	file, err := os.Open(filepath.Join(d.Path, filepath.FromSlash(p.path)))
	if err != nil {
		return false, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	info, err := file.Stat()
	if err != nil || r.size >= 0 && info.Size() != r.size || !info.Mode().IsRegular() {
		file.Close()
		return false, netproto.Errorf(netproto.CodeFileChanged, "%s", d.Path)
	}
	r.file, r.size = file, info.Size()
	return true, nil
}

// wait looks again and again whether what is at an offset is here, until ctx ends.
// Meanwhile the download fetches it first.
func (r *PreviewReader) wait(ctx context.Context, offset int64, look func() (bool, error)) error {
	p := r.preview
	for {
		if here, err := look(); here || err != nil {
			return err
		}
		index := int64(0)
		if r.size > 0 {
			index = offset / netproto.PieceSize(r.size)
		}
		if !r.asked || index != r.preferred {
			r.asked, r.preferred = true, index
			if err := p.engine.Downloads.Prefer(p.download, p.path, offset); err != nil {
				return netproto.Errorf(netproto.CodeGone, "%w", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(previewLook):
		}
	}
}
