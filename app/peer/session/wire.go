package session

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// readAhead is how much is read from the system at a time, in bytes. TLS by itself
// reads one record of 16 KiB after the other.
const readAhead = 64 << 10

// Buffers is a pool of buffers, each large enough for one data frame and what TLS adds.
var Buffers = sync.Pool{New: func() any {
	b := piece.NewBuffer(netproto.FrameHeaderBytes + netproto.MaxDataPayload + 1024)
	return &b
}}

// wire is a TCP connection below TLS. It reads ahead, and passes on in one write
// what is written between hold and flush.
type wire struct {
	net.Conn
	r     *bufio.Reader
	heard atomic.Int64 // when bytes came last, in nanoseconds since 1970

	mu   sync.Mutex
	held *[]byte // of the pool; nil when nothing is held
	n    int     // bytes in it
}

func newWire(c net.Conn) *wire {
	w := &wire{Conn: c, r: bufio.NewReaderSize(c, readAhead)}
	w.heard.Store(time.Now().UnixNano())
	return w
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if n > 0 {
		w.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		return w.Conn.Write(b)
	}
	if len(b) > len(*w.held)-w.n {
		if err := w.pass(); err != nil {
			return 0, err
		}
	}
	if len(b) > len(*w.held) {
		return w.Conn.Write(b)
	}
	w.n += copy((*w.held)[w.n:], b)
	return len(b), nil
}

// pass writes what is held; the caller holds the lock.
func (w *wire) pass() error {
	if w.n == 0 {
		return nil
	}
	_, err := w.Conn.Write((*w.held)[:w.n])
	w.n = 0
	return err
}

// hold collects what is written, as far as it fits, until flush is called.
func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = Buffers.Get().(*[]byte)
}

func (w *wire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.pass()
	Buffers.Put(w.held)
	w.held = nil
	return err
}
