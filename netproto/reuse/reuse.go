// Package reuse lets a program dial from the TCP port that it listens at, so that a
// router gives both the same place outside: what a hole punch needs.
//
// On Unix the listener is opened alone, as any other, and only then allows sockets of
// the same user beside it: a second program still learns that the port is in use,
// unless it asks to share it. On Linux, macOS and the BSDs the system admits only the
// same user to that; such a program could read the profile as well, and takes over
// nothing but connections that it cannot answer, because keys are pinned.
//
// On Windows any user could take over a listener that shares its port. There the
// listener keeps its port to itself, and all dials share a second port at which
// nobody listens.
package reuse

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// Port is a TCP port to listen at and to dial from. Its methods may be called from
// several goroutines.
type Port struct {
	net.Listener

	mu   sync.Mutex
	from int // port that is dialled from; 0 before one is known
}

// Listen opens a TCP port. It fails with the error of [net.Listen], also if another
// program listens there.
func Listen(ctx context.Context, address string) (*Port, error) {
	config := net.ListenConfig{Control: keepAlone}
	config.SetMultipathTCP(false) // its sockets do not share ports with plain ones everywhere
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	p := &Port{Listener: l}
	if !sharesListener {
		return p, nil
	}
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		l.Close()
		return nil, err
	}
	if share("", "", raw) == nil { // otherwise a free port is dialled from
		p.from = p.Number()
	}
	return p, nil
}

// Number is the port that is listened at.
func (p *Port) Number() int { return p.Addr().(*net.TCPAddr).Port }

// Dial connects to ip:port from the shared port. The network is tcp, tcp4 or tcp6.
// The error is one of [Taken] if there is a connection between the two ports already.
func (p *Port) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	p.mu.Lock()
	from := p.from
	p.mu.Unlock()
	d := net.Dialer{Control: share, LocalAddr: p.source(address, from)}
	c, err := d.DialContext(ctx, network, address)
	if err != nil || from != 0 {
		return c, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from == 0 {
		p.from = c.LocalAddr().(*net.TCPAddr).Port
	}
	return c, nil
}

// source is the local end of a dial: the address that is listened at if it is a single
// one and of the same family.
func (p *Port) source(address string, from int) *net.TCPAddr {
	own := p.Addr().(*net.TCPAddr).AddrPort().Addr()
	to, err := netip.ParseAddrPort(address)
	if err == nil && !own.IsUnspecified() && own.Unmap().Is4() == to.Addr().Unmap().Is4() {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(own, uint16(from)))
	}
	return &net.TCPAddr{Port: from}
}

// DialOrFree dials from the shared port, and from a free one if the shared one cannot be
// used for this address now: shortly after a connection to it was closed, for example.
func (p *Port) DialOrFree(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := p.Dial(ctx, network, address)
	if !Taken(err) {
		return c, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// Windows has numbers of its own, which the portable names do not match.
const (
	windowsAddrInUse    = syscall.Errno(10048) // WSAEADDRINUSE
	windowsAddrKept     = syscall.Errno(10013) // WSAEACCES: another program has it for itself alone, or the system
	windowsAddrNotAvail = syscall.Errno(10049) // WSAEADDRNOTAVAIL
)

// Taken reports whether a dial failed only because there is a connection between the
// two ports: the other side dialled too, and was accepted.
func Taken(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, windowsAddrNotAvail) || addressInUse(err) || errors.Is(err, syscall.EISCONN)
}

// InUse reports whether a port could not be opened because another program has it.
func InUse(err error) bool {
	return addressInUse(err) || errors.Is(err, windowsAddrKept)
}

func addressInUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsAddrInUse)
}
