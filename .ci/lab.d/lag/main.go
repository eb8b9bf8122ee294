//go:build linux

// lag is an Ethernet switch in user space that delays and loses frames: .ci/lab uses it
// where the kernel has no netem. Each port is a TAP device named t-NODE, which the lab
// moves into its node. It prints "ready" once all devices exist.
//
// usage: lag [-delay 20ms] [-loss 0.02] NODE…
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	headerSize = 14 // of an Ethernet frame: destination, source, type
	frameSize  = 64 << 10
	// queued frames of a port; more are lost, as in any switch.
	queued = 4096
)

func main() {
	delay := flag.Duration("delay", 20*time.Millisecond, "of each frame on its way into the switch; a path crosses two ports, but is delayed at one")
	loss := flag.Float64("loss", 0, "share of frames lost, from 0 to 1")
	flag.Parse()
	s := &network{delay: *delay, loss: *loss, table: map[uint64]*port{}}
	for _, node := range flag.Args() {
		device, err := tap("t-" + node)
		if err != nil {
			log.Fatalf("the device t-%s: %v", node, err)
		}
		s.ports = append(s.ports, &port{device: device, waiting: make(chan frame, queued)})
	}
	fmt.Println("ready")
	var work sync.WaitGroup
	for _, p := range s.ports {
		work.Go(func() { s.receive(p) })
		work.Go(func() { s.forward(p) })
	}
	work.Wait()
}

// network is the switch.
type network struct {
	delay time.Duration
	loss  float64
	ports []*port

	mu    sync.RWMutex
	table map[uint64]*port // by source address
}

type port struct {
	device  *os.File
	waiting chan frame // in the order in which they are due
}

type frame struct {
	due   time.Time
	bytes []byte
}

// receive takes frames from a node, learns where it is, and has them wait.
func (s *network) receive(p *port) {
	defer close(p.waiting)
	buffer := make([]byte, frameSize)
	for {
		n, err := p.device.Read(buffer)
		if err != nil {
			log.Print(err)
			return
		}
		if n < headerSize || rand.Float64() < s.loss {
			continue
		}
		s.learn(address(buffer[6:]), p)
		select {
		case p.waiting <- frame{time.Now().Add(s.delay), append([]byte(nil), buffer[:n]...)}:
		default:
		}
	}
}

func (s *network) learn(source uint64, p *port) {
	s.mu.RLock()
	known := s.table[source] == p
	s.mu.RUnlock()
	if !known {
		s.mu.Lock()
		s.table[source] = p
		s.mu.Unlock()
	}
}

// forward sends the frames of a port on when they are due.
func (s *network) forward(p *port) {
	for f := range p.waiting {
		time.Sleep(time.Until(f.due))
		s.mu.RLock()
		to := s.table[address(f.bytes)]
		s.mu.RUnlock()
		toAll := f.bytes[0]&1 != 0
		for _, q := range s.ports {
			if q != p && (toAll || to == nil || to == q) {
				_, _ = q.device.Write(f.bytes) // a node that is down loses its frames
			}
		}
	}
}

// address is the hardware address at the beginning of b.
func address(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// tap makes a TAP device: what the kernel sends into it is read from the file.
func tap(name string) (*os.File, error) {
	if len(name) >= syscall.IFNAMSIZ {
		return nil, fmt.Errorf("the name has more than %d bytes", syscall.IFNAMSIZ-1)
	}
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var request struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], name)
	request.flags = syscall.IFF_TAP | syscall.IFF_NO_PI
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return nil, errno
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}
