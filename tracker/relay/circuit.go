package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// step is how many bytes are passed on before they are counted: few enough for a
	// steady rate, and enough for splicing to be worth it.
	step = 64 << 10
	// bigStep is the largest step, for rates at which it takes no longer than a step
	// of the others: each step costs the processor about 60 µs.
	bigStep      = 1 << 20
	stepsASecond = 64
	// joinTime is how long a side may take to bring its connection once both are there.
	joinTime = 10 * time.Second
	// farewell is how long one way goes on after the other has ended.
	farewell = 10 * time.Second
)

// circuit is two connections whose bytes are passed on.
type circuit struct {
	relay  *Relay
	offer  *offer
	places [2]*Place     // guarded by the relay's lock
	begun  bool          // by both sides; guarded by the relay's lock
	both   chan struct{} // closed when it has begun
	over   context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	conns  [2]net.Conn
	early  [2][]byte
	ready  chan struct{}    // closed when both connections are there
	passed [2]chan struct{} // closed when nothing more comes from that side
	moved  atomic.Int64     // when bytes were last passed on, in Unix nanoseconds
}

func newCircuit(r *Relay, o *offer) *circuit {
	c := &circuit{relay: r, offer: o, both: make(chan struct{}), ready: make(chan struct{})}
	c.passed = [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	c.over, c.cancel = context.WithCancel(r.ctx)
	return c
}

// join puts a connection into its place and waits for the other one. It reports false
// if the circuit ends meanwhile.
func (c *circuit) join(place int, conn net.Conn, early []byte) bool {
	c.mu.Lock()
	c.conns[place], c.early[place] = conn, early
	if c.conns[1-place] != nil {
		c.moved.Store(time.Now().UnixNano())
		close(c.ready)
	}
	c.mu.Unlock()
	late := time.NewTimer(joinTime)
	defer late.Stop()
	select {
	case <-c.ready:
	case <-late.C:
		return false
	case <-c.over.Done():
	}
	return c.over.Err() == nil
}

// stop closes both connections.
func (c *circuit) stop() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		if conn == nil {
			continue
		}
		if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = secure.NetConn() // a TLS goodbye could wait for a slow reader
		}
		conn.Close()
	}
}

// pass passes on what one side sends until that ends. When it has ended in order, the
// other way has a moment to do so, too.
func (c *circuit) pass(place int) {
	defer context.AfterFunc(c.over, c.stop)()
	c.mu.Lock()
	from, to, early := c.conns[place], c.conns[1-place], c.early[place]
	c.mu.Unlock()
	if place == 0 { // one of the two looks after the circuit
		watching := make(chan struct{})
		go func() {
			defer close(watching)
			c.watch()
		}()
		defer func() { c.cancel(); <-watching }()
	}
	err := c.copy(to, from, early)
	if !errors.Is(err, io.EOF) || closeWrite(to) != nil {
		c.stop()
	}
	close(c.passed[place])
	late := time.NewTimer(farewell)
	defer late.Stop()
	select {
	case <-c.passed[1-place]:
	case <-c.over.Done():
	case <-late.C:
		c.stop()
	}
}

// watch stops a circuit that is too old, or through which nothing passes. A receiver
// that takes less than a step in that time counts as one that takes nothing.
func (c *circuit) watch() {
	var old, look <-chan time.Time
	if life := c.relay.limits.Life; life > 0 {
		timer := time.NewTimer(life)
		defer timer.Stop()
		old = timer.C
	}
	idle := c.relay.limits.Idle
	if idle > 0 {
		tick := time.NewTicker(idle / 4)
		defer tick.Stop()
		look = tick.C
	}
	for {
		select {
		case <-c.over.Done():
			return
		case <-old:
			c.stop()
		case <-look:
			if time.Since(time.Unix(0, c.moved.Load())) >= idle {
				c.stop()
			}
		}
	}
}

// copy passes bytes on, in steps that are counted and paced. It returns io.EOF at the
// end of what comes.
func (c *circuit) copy(to, from net.Conn, early []byte) error {
	limits := c.relay.limits
	pace := rate.NewLimiter(rate.Inf, 0)
	if limits.Rate > 0 {
		pace = rate.NewLimiter(rate.Limit(limits.Rate), burst)
	}
	if len(early) > 0 {
		if _, err := to.Write(early); err != nil {
			return err
		}
		if err := c.count(pace, int64(len(early))); err != nil {
			return err
		}
	}
	next := c.through(to, from)
	for {
		if limits.Idle > 0 {
			from.SetReadDeadline(time.Now().Add(limits.Idle / 4)) // what has passed by then is counted
		}
		n, err := next()
		if n > 0 {
			c.moved.Store(time.Now().UnixNano())
			if bad := c.count(pace, n); bad != nil {
				return bad
			}
		}
		if err != nil && !(errors.Is(err, os.ErrDeadlineExceeded) && c.over.Err() == nil) {
			return err
		}
	}
}

// through returns what passes a step on: by the system alone between two TCP
// connections, otherwise what one reading brings.
func (c *circuit) through(to, from net.Conn) func() (int64, error) {
	src, dst := tcpOf(from), tcpOf(to)
	if src == nil || dst == nil {
		buffer := make([]byte, step)
		return func() (int64, error) {
			n, err := from.Read(buffer)
			if n > 0 {
				if _, bad := to.Write(buffer[:n]); bad != nil {
					return 0, bad
				}
			}
			return int64(n), err
		}
	}
	size := c.relay.limits.step()
	return func() (int64, error) {
		n, err := dst.ReadFrom(&io.LimitedReader{R: src, N: size}) // splice(2) on Linux
		if err == nil && n < size {
			err = io.EOF
		}
		return n, err
	}
}

// step returns how many bytes are spliced before they are counted.
func (l Limits) step() int64 {
	fastest := l.Rate
	if fastest == 0 || l.Total > 0 && l.Total < fastest {
		fastest = l.Total
	}
	if fastest == 0 {
		return bigStep
	}
	return min(max(fastest/stepsASecond, step), bigStep)
}

var errDay = errors.New("a peer has no bytes left today")

// count accounts for bytes that were passed on, and waits until more may be.
func (c *circuit) count(pace *rate.Limiter, n int64) error {
	if !c.relay.charge(c, n) {
		return errDay
	}
	for n > 0 {
		some := int(min(n, burst))
		n -= int64(some)
		if err := pace.WaitN(c.over, some); err != nil {
			return err
		}
		if c.relay.total != nil {
			if err := c.relay.total.WaitN(c.over, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// tcpOf returns the TCP connection that carries a connection's bytes as they are; nil
// if there is TLS around it.
func tcpOf(conn net.Conn) *net.TCPConn {
	for {
		switch over := conn.(type) {
		case *net.TCPConn:
			return over
		case interface{ Raw() net.Conn }:
			conn = over.Raw()
		default:
			return nil
		}
	}
}

// closeWrite tells a side that nothing more comes.
func closeWrite(conn net.Conn) error {
	if tcp := tcpOf(conn); tcp != nil {
		return tcp.CloseWrite()
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
