package portmap

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/libp2p/go-netroute"
)

// Route is a way out of this computer.
type Route struct {
	Own       netip.Addr // address of this computer on it
	Gateway   netip.Addr // of the router, with a zone if it is link-local; invalid if there is none
	Interface int        // index, as in net.Interface
}

// network says where routers are asked and how long is waited; tests have their own.
type network struct {
	port  uint16         // of PCP and NAT-PMP, at the router
	ssdp  netip.AddrPort // to which the search for UPnP goes
	local bool           // loopback counts as an address in a local network, and nothing as outside of it but documentation ranges

	patience time.Duration // for PCP and NAT-PMP: a router in the local network answers in milliseconds
	search   time.Duration // for UPnP, the whole conversation
	life     time.Duration // of a lease, as wanted
	least    time.Duration // between two renewals, whatever the router grants
	retry    time.Duration // after a failure
	goodbye  time.Duration // for giving back
}

var standard = network{
	port: 5351, ssdp: netip.MustParseAddrPort("239.255.255.250:1900"),
	patience: 250 * time.Millisecond, // Tailscale's portmapper waits as long
	search:   3 * time.Second,
	life:     time.Hour,
	least:    time.Minute,
	retry:    5 * time.Minute, // a person may have switched UPnP on
	goodbye:  2 * time.Second,
}

// renewal returns when a lease of that life is renewed.
func (n *network) renewal(life time.Duration) time.Duration {
	if life <= 0 { // for ever
		life = n.life
	}
	return max(min(life, n.life)/2, n.least)
}

// carrier is the range between a carrier's NAT and its customers (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// inside reports whether an address belongs to a local network or a carrier's.
func (n *network) inside(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLinkLocalUnicast() || carrier.Contains(ip) || n.local && ip.IsLoopback()
}

// outside reports whether an address is one of the internet.
func (n *network) outside(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !n.inside(ip)
}

// destinations are addresses of the internet whose route is looked up: reserved for
// examples (RFC 5737, RFC 3849). Nothing is sent.
var destinations = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:9"), netip.MustParseAddrPort("[2001:db8::1]:9")}

// SystemRoutes returns the ways that connections of this computer take to the internet,
// at most one of each family. Others see it only through the routers on these, so it is
// of no use to ask any other.
func SystemRoutes() ([]Route, error) {
	router, err := netroute.New()
	if err != nil {
		return nil, err
	}
	var list []Route
	for _, to := range destinations {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
		if err != nil {
			continue // no such family here
		}
		own := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		c.Close()
		route := Route{Own: own}
		if link, gateway, _, err := router.Route(to.Addr().AsSlice()); err == nil && link != nil {
			route.Interface = link.Index
			if ip, ok := netip.AddrFromSlice(gateway); ok && !ip.IsUnspecified() {
				if ip = ip.Unmap(); ip.IsLinkLocalUnicast() && ip.Is6() {
					ip = ip.WithZone(strconv.Itoa(link.Index))
				}
				route.Gateway = ip
			}
		}
		list = append(list, route)
	}
	return list, nil
}
