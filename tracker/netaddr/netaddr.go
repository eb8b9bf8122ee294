// Package netaddr answers what a tracker asks about an address.
package netaddr

import "net/netip"

// Plain returns the address without what means nothing to others: a zone, or
// IPv6 around IPv4.
func Plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// IsLocal reports whether an address has no meaning outside its own network:
// loopback, private (RFC 1918, RFC 4193) and link-local addresses.
func IsLocal(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}
