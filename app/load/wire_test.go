//go:build linux

package load

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// host is a computer of its own as far as the network goes: a network namespace
// with one interface. It is gone when its last program and this one are.
type host struct {
	address string
	wire    *os.File // IP packets from and to its interface
	work    chan func()
	ended   chan struct{}
}

// do calls a function in the thread that is on the host: what it starts and
// listens on is there.
func (h *host) do(f func() error) error {
	done := make(chan error, 1)
	h.work <- func() { done <- f() }
	return <-done
}

// newHost makes a host with that number in the network 10.79.0.0/24.
func newHost(t testing.TB, number int) *host {
	t.Helper()
	h := &host{address: fmt.Sprintf("10.79.0.%d", number), work: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		for f := range h.work {
			f()
		}
	}()
	t.Cleanup(func() {
		close(h.work)
		<-h.ended
	})
	check(t, h.do(h.plug))
	t.Cleanup(func() { h.wire.Close() })
	return h
}

// plug makes the namespace and its interface.
func (h *host) plug() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("a network namespace needs root: %w", err)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq("wire")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return err
	}
	h.wire = os.NewFile(uintptr(fd), "wire")
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "set", "wire", "up", "mtu", strconv.Itoa(mtu), "txqueuelen", "10000"},
		{"address", "add", h.address + "/24", "dev", "wire"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	return nil
}

// access is what lies between a host and all others. What leaves the host waits for its
// uplink, is lost or flies, and waits for the downlink of whom it is for.
type access struct {
	up, down int64         // bytes a second; 0 is as fast as this computer is
	delay    time.Duration // of what leaves
	jitter   time.Duration // at most so much more or less; packets keep their order
	loss     float64       // 0 to 1
	queue    time.Duration // of each link: what would have to wait longer is lost
}

// connect plugs host number i+1 into line i, until the test is over.
func connect(t testing.TB, hosts []*host, lines ...access) {
	t.Helper()
	byNumber := map[byte]*socket{}
	for i, h := range hosts {
		l := lines[min(i, len(lines)-1)]
		byNumber[byte(i+1)] = &socket{host: h, line: l, up: link{rate: l.up, queue: l.queue}, down: link{rate: l.down, queue: l.queue}}
	}
	var all sync.WaitGroup
	var count counts
	for _, s := range byNumber {
		flying := make(chan packet, packetsInFlight)
		all.Go(func() { s.send(byNumber, flying, &count) })
		all.Go(func() { arrive(flying) })
	}
	t.Cleanup(func() {
		for _, h := range hosts {
			h.wire.SetReadDeadline(time.Now())
		}
		all.Wait()
		t.Logf("%d packets were sent, %d lost, and %d too many for their queue", count.sent.Load(), count.lost.Load(), count.dropped.Load())
	})
}

const (
	mtu             = 1500    // bytes
	packetsInFlight = 1 << 15 // that one host has sent
)

type counts struct{ sent, lost, dropped atomic.Int64 }

// socket is where a host is plugged in.
type socket struct {
	*host
	line     access
	up, down link
	last     time.Time // when the packet before arrives at the other's end
}

// link sends one packet after the other.
type link struct {
	rate  int64 // bytes a second; 0 takes no time
	queue time.Duration

	mu   sync.Mutex
	free time.Time
}

// take says when a packet that comes at that time has left; not ok is lost.
func (l *link) take(at time.Time, size int) (left time.Time, ok bool) {
	if l.rate == 0 {
		return at, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	begins := at
	if l.free.After(at) {
		begins = l.free
	}
	if begins.Sub(at) > l.queue {
		return at, false
	}
	l.free = begins.Add(time.Duration(int64(size) * int64(time.Second) / l.rate))
	return l.free, true
}

type packet struct {
	to     *socket
	buffer *[mtu]byte
	size   int
	due    time.Time
}

var buffers = sync.Pool{New: func() any { return new([mtu]byte) }}

// send takes packets off a host, loses some, and lets the others fly.
func (s *socket) send(all map[byte]*socket, flying chan<- packet, count *counts) {
	defer close(flying)
	for {
		buffer := buffers.Get().(*[mtu]byte)
		n, err := s.wire.Read(buffer[:])
		if err != nil {
			return
		}
		const version, destination = 0, 16
		to := all[buffer[destination+3]]
		if to == nil || buffer[version]>>4 != 4 {
			buffers.Put(buffer)
			continue
		}
		count.sent.Add(1)
		if rand.Float64() < s.line.loss {
			count.lost.Add(1)
			buffers.Put(buffer)
			continue
		}
		due, ok := s.fly(to, n)
		if ok {
			select {
			case flying <- packet{to, buffer, n, due}:
				continue
			default:
			}
		}
		count.dropped.Add(1)
		buffers.Put(buffer)
	}
}

// fly says when a packet that leaves now arrives; not ok is lost in a queue.
func (s *socket) fly(to *socket, size int) (due time.Time, ok bool) {
	left, ok := s.up.take(time.Now(), size)
	if !ok {
		return left, false
	}
	there := left.Add(s.line.delay)
	if s.line.jitter > 0 {
		there = there.Add(time.Duration((2*rand.Float64() - 1) * float64(s.line.jitter)))
	}
	if there.Before(s.last) {
		there = s.last
	}
	s.last = there
	return to.down.take(there, size)
}

// arrive gives packets to whom they are for, each at its time.
func arrive(flying <-chan packet) {
	for p := range flying {
		if d := time.Until(p.due); d > 0 {
			<-time.After(d)
		}
		p.to.wire.Write(p.buffer[:p.size]) // one that is lost is lost
		buffers.Put(p.buffer)
	}
}
