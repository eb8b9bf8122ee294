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

// lossy is what happens to every packet that leaves a host, as `tc qdisc add
// dev wire root netem delay … loss …` has it where the kernel knows netem.
type lossy struct {
	delay time.Duration
	loss  float64 // 0 to 1
	limit int     // packets on their way; further ones are lost. 1000 is netem's default
}

// connect carries packets between hosts until the test is over.
func (l lossy) connect(t testing.TB, hosts ...*host) {
	t.Helper()
	byNumber := map[byte]*host{}
	for i, h := range hosts {
		byNumber[byte(i+1)] = h
	}
	var all sync.WaitGroup
	var count counts
	for _, h := range hosts {
		flying := make(chan packet, l.limit)
		all.Go(func() { l.send(h, flying, &count) })
		all.Go(func() { arrive(byNumber, flying) })
	}
	t.Cleanup(func() {
		for _, h := range hosts {
			h.wire.SetReadDeadline(time.Now())
		}
		all.Wait()
		t.Logf("%d packets were sent, %d lost, and %d too many for their queue", count.sent.Load(), count.lost.Load(), count.dropped.Load())
	})
}

type counts struct{ sent, lost, dropped atomic.Int64 }

type packet struct {
	buffer *[mtu]byte
	size   int
	due    time.Time
}

const mtu = 1500 // bytes

var buffers = sync.Pool{New: func() any { return new([mtu]byte) }}

// send takes packets off a host, loses some, and lets the others fly.
func (l lossy) send(from *host, flying chan<- packet, count *counts) {
	defer close(flying)
	for {
		buffer := buffers.Get().(*[mtu]byte)
		n, err := from.wire.Read(buffer[:])
		if err != nil {
			return
		}
		count.sent.Add(1)
		if rand.Float64() < l.loss {
			count.lost.Add(1)
			buffers.Put(buffer)
			continue
		}
		select {
		case flying <- packet{buffer, n, time.Now().Add(l.delay)}:
		default:
			count.dropped.Add(1)
			buffers.Put(buffer)
		}
	}
}

// arrive gives packets to whom they are for, each at its time.
func arrive(hosts map[byte]*host, flying <-chan packet) {
	for p := range flying {
		if d := time.Until(p.due); d > 0 {
			<-time.After(d)
		}
		const version, destination = 0, 16
		if to := hosts[p.buffer[destination+3]]; to != nil && p.buffer[version]>>4 == 4 {
			to.wire.Write(p.buffer[:p.size]) // one that is lost is lost
		}
		buffers.Put(p.buffer)
	}
}
