package session

import "net/netip"

// Network is the least that one person has: an IPv4 address, or a /64.
func Network(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	at, _ := ip.WithZone("").Prefix(bits) // the bits fit the address
	return at
}

// InLocalNetwork tells whether an address is of this computer or of the local network.
func InLocalNetwork(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// IsUnicast tells whether an address can be that of one peer.
func IsUnicast(ip netip.Addr) bool {
	return !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
