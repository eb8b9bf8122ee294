package daemon

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
)

// Link returns an invitation to the tracker at its public address, or where its router
// passes the port on. Without either, on a tracker that listens on all addresses, the link has the address that
// others in the local network are most likely to reach. [Tracker.LinkNotice] says
// what is wrong with it.
func (t *Tracker) Link() netproto.Link {
	link := netproto.Link{Tracker: t.options.PublicURL, Size: -1, Fingerprint: t.Fingerprint()}
	if at := publicAddress(t.Mapping()); link.Tracker == "" && at.IsValid() {
		link.Tracker = at.String()
	}
	if link.Tracker == "" {
		link.Tracker = t.outward().String()
	}
	return link
}

// LinkProblem says why others cannot use the link of a tracker.
type LinkProblem string

// The problems of a link.
const (
	LinkUsable    LinkProblem = ""
	LinkNoNetwork LinkProblem = "no-network" // the computer has none
	LinkLoopback  LinkProblem = "loopback"   // the tracker listens there only
	LinkZone      LinkProblem = "zone"       // the address has a name that only this computer knows
)

// LinkProblem returns why others cannot use the link.
func (t *Tracker) LinkProblem() LinkProblem {
	if t.options.PublicURL != "" || publicAddress(t.Mapping()).IsValid() {
		return LinkUsable
	}
	switch ip := t.outward().Addr(); {
	case ip.IsLoopback() && t.ports[0].listening().Addr().IsUnspecified():
		return LinkNoNetwork
	case ip.IsLoopback():
		return LinkLoopback
	case ip.Zone() != "":
		return LinkZone
	}
	return LinkUsable
}

// LinkNotice returns a sentence about why others cannot use the link and what helps;
// "" if they can.
func (t *Tracker) LinkNotice() string {
	var why string
	switch t.LinkProblem() {
	case LinkUsable:
		return ""
	case LinkNoNetwork:
		why = "only this computer can use the link, because it has no network"
	case LinkLoopback:
		why = "only this computer can use the link, because the tracker listens on a loopback address"
	case LinkZone:
		why = fmt.Sprintf("the link has the zone %q, a name that only this computer gives to its network", t.outward().Addr().Zone())
	}
	return why + "; --public-url HOST:PORT says where others reach the tracker"
}

// outward returns the address that stands in links without a public one.
func (t *Tracker) outward() netip.AddrPort {
	at := t.ports[0].at()
	if at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(OutwardAddress(at.Addr().Is4()), at.Port())
	}
	return at
}

// routes are destinations whose route shows the address from which this computer
// reaches others: reserved for examples (RFC 5737, RFC 3849). Nothing is sent.
var routes = []struct{ network, to string }{{"udp4", "192.0.2.1:9"}, {"udp6", "[2001:db8::1]:9"}}

// OutwardAddress returns the address under which others are most likely to reach
// this computer: that of the default route, else the best one of its interfaces, else
// the loopback address. only4 leaves out IPv6.
func OutwardAddress(only4 bool) netip.Addr {
	for _, route := range routes {
		if only4 && route.network == "udp6" {
			continue
		}
		conn, err := net.Dial(route.network, route.to)
		if err != nil {
			continue
		}
		ip := netaddr.Plain(conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr())
		conn.Close()
		if worth(ip) < worthless {
			return ip
		}
	}
	best := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for _, ip := range interfaceAddresses() {
		if worth(ip) < worth(best) && !(only4 && ip.Is6()) {
			best = ip
		}
	}
	return best
}

// worthless is the worth of addresses that others cannot use.
const worthless = 4

// worth orders addresses: the lower one is the likelier to be reached by others.
func worth(ip netip.Addr) int {
	rank := 0
	switch {
	case ip.IsLoopback(), ip.IsUnspecified(), ip.IsMulticast():
		return worthless + 1
	case ip.IsLinkLocalUnicast():
		return worthless
	case ip.IsPrivate() && ip.Is6():
		rank = 3
	case ip.Is6():
		rank = 2
	case ip.IsPrivate():
		rank = 1
	}
	return rank
}

// interfaceAddresses returns the addresses of the interfaces that are up, link-local
// ones with their zone.
func interfaceAddresses() []netip.Addr {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	slices.SortFunc(all, func(a, b net.Interface) int { return cmp.Compare(a.Index, b.Index) })
	var list []netip.Addr
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			prefix, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			ip, ok := netip.AddrFromSlice(prefix.IP)
			if !ok {
				continue
			}
			if ip = ip.Unmap(); ip.Is6() && ip.IsLinkLocalUnicast() {
				ip = ip.WithZone(i.Name)
			}
			list = append(list, ip)
		}
	}
	return list
}
