package web

import (
	"net"
	"net/netip"
	"sync"
)

// How many connections a page has open. A browser opens six to one address.
const (
	mostConns     = 64
	mostConnsFrom = 16 // one address, or one IPv6 /64
)

// bound refuses connections beyond the limits.
type bound struct {
	net.Listener
	mu   sync.Mutex
	all  int
	from map[netip.Addr]int
}

func bounded(ln net.Listener) *bound { return &bound{Listener: ln, from: map[netip.Addr]int{}} }

// Accept returns the next connection within the limits.
func (b *bound) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		at, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
		from := household(at.Addr())
		if b.take(from) {
			return &counted{Conn: conn, gone: sync.OnceFunc(func() { b.give(from) })}, nil
		}
		conn.Close()
	}
}

func (b *bound) take(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == mostConns || b.from[from] == mostConnsFrom {
		return false
	}
	b.all++
	b.from[from]++
	return true
}

func (b *bound) give(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.from[from]--; b.from[from] == 0 {
		delete(b.from, from)
	}
}

type counted struct {
	net.Conn
	gone func()
}

// Close gives the place back.
func (c *counted) Close() error {
	defer c.gone()
	return c.Conn.Close()
}

// household is the address, or the first of its /64, which is one network of IPv6.
func household(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		net64, _ := a.Prefix(64) // which an address of 128 bits has
		return net64.Addr()
	}
	return a
}
