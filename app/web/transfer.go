package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// transfer is an answer with bytes of an offering: it passes at the pace of the limits,
// ends with a browser that stops reading, and notes what got there.
type transfer struct {
	http.ResponseWriter
	ctx    context.Context
	limits Limits
	to     netip.Addr
	sent   func(from, to int64) // of what the reader reads
	source io.Seeker

	bytes  int64
	failed error
}

// ReadFrom is how http.ServeContent writes a body.
func (t *transfer) ReadFrom(r io.Reader) (int64, error) {
	control := http.NewResponseController(t.ResponseWriter)
	buf := make([]byte, step)
	var total int64
	for t.failed == nil {
		at, err := t.source.Seek(0, io.SeekCurrent)
		if err != nil {
			t.failed = err
			break
		}
		n, err := r.Read(buf)
		if n == 0 && errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			t.failed = err
			break
		}
		if t.failed = t.limits.PassUp(t.ctx, t.to, n); t.failed != nil {
			break
		}
		if t.failed = control.SetWriteDeadline(time.Now().Add(stall)); t.failed != nil {
			break
		}
		if t.failed = t.ctx.Err(); t.failed != nil {
			break
		}
		written, err := t.ResponseWriter.Write(buf[:n])
		total += int64(written)
		t.bytes += int64(written)
		t.sent(at, at+int64(written))
		t.failed = err
	}
	return total, t.failed
}

// wholeFile reads one file as http.ServeContent wants it.
type wholeFile struct {
	Reader
	size, at int64
}

// Seek goes to a byte of the file.
func (f *wholeFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("before the first byte")
	}
	f.at = offset
	return offset, nil
}

// Read reads what comes next.
func (f *wholeFile) Read(b []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	n, err := f.ReadAt(b[:min(int64(len(b)), f.size-f.at)], f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	} else if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
