package session

import "net/netip"

// MaxAddresses is how many addresses of a peer are tried, the likeliest first.
const MaxAddresses = 8

// Network returns the smallest network that one person has: an IPv4 address or a /64.
func Network(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	at, _ := ip.WithZone("").Prefix(bits) // bits always fits the address
	return at
}

// InLocalNetwork reports whether an address belongs to this computer or to the local
// network.
func InLocalNetwork(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// IsUnicast reports whether an address can belong to a single peer.
func IsUnicast(ip netip.Addr) bool {
	return !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
