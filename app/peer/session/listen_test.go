package session

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
)

func TestIncomingConnectionsAreBoundedInAllAndByAddress(t *testing.T) {
	t.Parallel()
	var g guests
	come := func(from net.Addr) bool {
		_, admitted := g.admit(from)
		return admitted
	}
	leave := func(from net.Addr) { g.leave(Network(from.(*net.TCPAddr).AddrPort().Addr().Unmap())) }
	from := func(ip string) net.Addr {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4000))
	}
	crowd := func(n int, ip func(i int) string) (admitted int) {
		for i := range n {
			if come(from(ip(i))) {
				admitted++
			}
		}
		return admitted
	}
	if n := crowd(100, func(int) string { return "192.0.2.1" }); n != 64 {
		t.Errorf("%d of one address", n)
	}
	if n := crowd(100, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }); n != 64 {
		t.Errorf("%d of one IPv6 network", n)
	}
	if n := crowd(100, func(int) string { return "127.0.0.1" }); n != 100 {
		t.Errorf("%d of this computer", n)
	}
	leave(from("192.0.2.1"))
	if !come(from("192.0.2.1")) || come(from("192.0.2.1")) {
		t.Error("one that left does not make room for one")
	}
	if n := crowd(1000, func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) }); n != 512-64-64-100 {
		t.Errorf("%d more in all", n)
	}
}
