package peer

import (
	"bufio"
	"net"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// readAhead is how much is asked of the system at a time, in bytes. TLS by
// itself asks for its records one by one, which have 16 KiB.
const readAhead = 64 << 10

// buffers are for one data frame each, with what TLS adds to its records.
var buffers = sync.Pool{New: func() any {
	b := piece.NewBuffer(netproto.FrameHeaderBytes + netproto.MaxDataPayload + 1024)
	return &b
}}

// wire is a TCP connection below TLS that reads ahead, and passes on in one
// piece what is written between hold and flush.
type wire struct {
	net.Conn
	r *bufio.Reader

	mu   sync.Mutex
	held *[]byte // of the pool; nil when nothing is held
	n    int     // bytes in it
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, r: bufio.NewReaderSize(c, readAhead)} }

func (w *wire) Read(b []byte) (int, error) { return w.r.Read(b) }

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

// pass writes what is held; the lock is taken.
func (w *wire) pass() error {
	if w.n == 0 {
		return nil
	}
	_, err := w.Conn.Write((*w.held)[:w.n])
	w.n = 0
	return err
}

// hold keeps what is written until flush is called, as far as it has room.
func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = buffers.Get().(*[]byte)
}

func (w *wire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.pass()
	buffers.Put(w.held)
	w.held = nil
	return err
}
