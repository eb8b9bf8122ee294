package session

import (
	"context"
	"net"
	"os"
	"sync"
	"time"
)

// One goroutine that reads from the system, decrypts, hashes and writes to the disk is slower
// than a fast line, and a called or relayed peer has only one connection. So, once data
// comes, another goroutine reads from the system meanwhile.

const (
	// chunkBytes is how much is read at a time, and maxChunks how many chunks of a
	// connection are in memory.
	chunkBytes = 128 << 10
	maxChunks  = 4
)

var chunks = sync.Pool{New: func() any {
	b := make([]byte, chunkBytes)
	return &b
}}

// ahead is what was read from the system before it was asked for.
type ahead struct {
	came     chan chunk
	current  chunk
	deadline time.Time // of read; zero is none
}

// chunk is what one read of the system returned.
type chunk struct {
	buf  *[]byte // of the pool; nil with an error
	rest []byte  // that was not passed on yet
	err  error
}

// readAhead has a wire read ahead in a goroutine that run begins, until the connection is
// closed and ctx has ended. The reading goroutine calls readAhead.
func (w *wire) readAhead(ctx context.Context, run func(func() error)) {
	a := &ahead{came: make(chan chunk, maxChunks-2)} // one is being read, and one passed on
	w.Conn.SetReadDeadline(time.Time{})              // from now on it is a.deadline
	w.ahead = a
	run(func() error {
		defer close(a.came)
		for {
			buf := chunks.Get().(*[]byte)
			n, err := w.Conn.Read(*buf)
			c := chunk{buf: buf, rest: (*buf)[:n]}
			if n > 0 {
				w.heard.Store(time.Now().UnixNano())
			} else {
				c = chunk{err: err}
			}
			select {
			case a.came <- c:
			case <-ctx.Done():
				return nil
			}
			if c.err != nil {
				return nil // the reading goroutine says it
			}
		}
	})
}

// SetReadDeadline is that of the connection, or of what was read ahead.
func (w *wire) SetReadDeadline(t time.Time) error {
	if w.ahead != nil {
		w.ahead.deadline = t
		return nil
	}
	return w.Conn.SetReadDeadline(t)
}

func (a *ahead) read(b []byte) (int, error) {
	if len(a.current.rest) == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, a.current.rest)
	if a.current.rest = a.current.rest[n:]; len(a.current.rest) == 0 {
		chunks.Put(a.current.buf)
		a.current = chunk{}
	}
	return n, nil
}

// next waits for a chunk until the deadline.
func (a *ahead) next() error {
	if a.current.err != nil {
		return a.current.err
	}
	var late <-chan time.Time
	if !a.deadline.IsZero() && len(a.came) == 0 {
		timer := time.NewTimer(time.Until(a.deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case c, some := <-a.came:
		if !some { // ctx has ended
			c.err = net.ErrClosed
		}
		a.current = c
		return c.err
	case <-late:
		return os.ErrDeadlineExceeded
	}
}
