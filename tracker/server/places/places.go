// Package places knows where peers are: it checks what they say about themselves, and decides
// under which addresses others are told of them. It knows neither requests nor lines.
package places

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/dialback"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Places knows where peers are.
type Places struct {
	seen   func(netproto.PeerID) []netip.AddrPort
	reach  func(netproto.PeerID, netip.Addr) netproto.Reachability
	public atomic.Pointer[public]
}

// New returns places of a tracker whose own is not known. seen tells where the lines of a peer
// are seen, reach what dialling back said about a peer at an address.
func New(seen func(netproto.PeerID) []netip.AddrPort, reach func(netproto.PeerID, netip.Addr) netproto.Reachability) *Places {
	ps := &Places{seen: seen, reach: reach}
	ps.public.Store(&public{})
	return ps
}

// place is where the tracker sees a peer: an ip that a connection proved, with the
// port of the peer's line there, or 0.
type place struct {
	ip   netip.Addr
	line uint16
}

// placesOf returns the places of a peer, one for each family, that of its join first.
// A line says more than a join: it is there now.
func (ps *Places) placesOf(p store.Peer) []place {
	list := []place{{ip: p.Observed.Addr()}}
	for _, seen := range ps.seen(p.ID()) {
		at := place{ip: seen.Addr(), line: seen.Port()}
		if at.ip.Is4() == list[0].ip.Is4() {
			list[0] = at
		} else {
			list = append(list, at)
		}
	}
	return list
}

// OutsidePort returns the port at which others outside its network reach a peer. No
// router changes ports of IPv6.
func OutsidePort(p store.Peer, ip netip.Addr) uint16 {
	if ip.Is4() {
		return cmp.Or(p.MappedPort, p.Observed.Port())
	}
	return p.Observed.Port()
}

// Viewer is a peer that is given the addresses of another one.
type Viewer struct {
	ips   []netip.Addr // where the tracker sees it, at most one for each family
	relay bool         // behind a proxy that nobody named, so the ips are the proxy's
}

// Viewer returns a caller as a viewer.
func (ps *Places) Viewer(c origin.Caller) Viewer {
	v := Viewer{ips: []netip.Addr{c.Addr}, relay: c.Relay}
	for _, seen := range ps.seen(c.ID) {
		if seen.Addr().Is4() != c.Addr.Is4() {
			v.ips = append(v.ips, seen.Addr())
		}
	}
	return v
}

// of returns the ip of the viewer in the family of another, or the one it has.
func (v Viewer) of(ip netip.Addr) netip.Addr {
	if len(v.ips) > 1 && v.ips[1].Is4() == ip.Is4() {
		return v.ips[1]
	}
	return v.ips[0]
}

// speaks reports whether the viewer is known to have a family.
func (v Viewer) speaks(ip netip.Addr) bool { return v.of(ip).Is4() == ip.Is4() }

// near reports whether a peer and the viewer are in the same network, as far as the
// tracker can tell.
func (v Viewer) near(places []place) bool {
	return !v.relay && slices.ContainsFunc(places, func(at place) bool {
		return slices.Contains(v.ips, at.ip) || netaddr.IsLocal(at.ip) && netaddr.IsLocal(v.of(at.ip))
	})
}

// outside reports whether a peer is in the tracker's network, and the viewer is not.
func (v Viewer) outside(at place) bool {
	return netaddr.IsLocal(at.ip) && !netaddr.IsLocal(v.of(at.ip))
}

// sorted puts the families that the viewer has first.
func (v Viewer) sorted(places []place) []place {
	slices.SortStableFunc(places, func(a, b place) int {
		switch {
		case v.speaks(a.ip) == v.speaks(b.ip):
			return 0
		case v.speaks(a.ip):
			return -1
		}
		return 1
	})
	return places
}

// Source returns the addresses of a peer as a source: where the tracker sees it,
// and its private addresses if both are in the same network.
func (ps *Places) Source(p store.Peer, v Viewer) []string {
	places, port := ps.placesOf(p), strconv.Itoa(int(p.Observed.Port()))
	list := addresses{}
	for _, at := range v.sorted(places) {
		switch {
		case v.outside(at) && p.MappedPort != 0 && at.ip.Is4():
			// The tracker's router has passed a port on to the peer, so the peer is
			// reached where the tracker is.
			if public := ps.publicIP(at.ip); public.IsValid() {
				list.add(public, p.MappedPort)
			} else {
				list = append(list, ":"+strconv.Itoa(int(p.MappedPort)))
			}
		case at.ip.IsLoopback() && !v.of(at.ip).IsLoopback():
			// The peer runs on the tracker's own computer; only the viewer knows
			// under which address it reaches that.
			list = append(list, ":"+port)
		case v.outside(at) && at.line != 0:
			// It can be called. Its own address means nothing out there.
		case netaddr.IsLocal(at.ip):
			list.add(at.ip, p.Observed.Port())
		default:
			list.add(at.ip, OutsidePort(p, at.ip))
		}
	}
	return list.private(p, v, places)
}

// Call returns the addresses at which a peer and a viewer try to meet: where
// its line is seen, which shows what its router makes of its port, the port it claims,
// and its private addresses if both are in the same network.
func (ps *Places) Call(p store.Peer, v Viewer) []string {
	places := ps.placesOf(p)
	list := addresses{}
	for _, at := range v.sorted(places) {
		switch {
		case v.outside(at):
			if public := ps.publicIP(at.ip); public.IsValid() {
				list.dialable(public, OutsidePort(p, at.ip))
			}
		case at.ip.IsLoopback() && !v.of(at.ip).IsLoopback():
			// The other one knows no way to this computer; its private addresses do.
		case netaddr.IsLocal(at.ip):
			list.dialable(at.ip, at.line)
			list.dialable(at.ip, p.Observed.Port())
		default:
			list.dialable(at.ip, at.line)
			list.dialable(at.ip, OutsidePort(p, at.ip))
		}
	}
	list = list.private(p, v, places)
	return list[:min(len(list), netproto.MaxCallAddresses)]
}

// addresses is a list of ip:port without repetitions.
type addresses []string

func (l *addresses) add(ip netip.Addr, port uint16) {
	if text := netip.AddrPortFrom(ip, port).String(); port != 0 && !slices.Contains(*l, text) {
		*l = append(*l, text)
	}
}

// dialable adds an address to which peers may be sent by a call.
func (l *addresses) dialable(ip netip.Addr, port uint16) {
	if at := netip.AddrPortFrom(ip, port); dialback.May(at) || port == 443 && dialback.May(netip.AddrPortFrom(ip, 1024)) {
		l.add(ip, port)
	}
}

// private adds the private addresses of a peer if the viewer is in the same network.
func (l addresses) private(p store.Peer, v Viewer, places []place) []string {
	if v.near(places) {
		for _, candidate := range p.Candidates {
			l.add(candidate.Addr(), candidate.Port())
		}
	}
	return l
}

// Reach returns what dialling back says about a peer in the family of the viewer. Of
// one in the tracker's own network it says nothing to others.
func (ps *Places) Reach(p store.Peer, v Viewer) netproto.Reachability {
	at := v.sorted(ps.placesOf(p))[0]
	if v.outside(at) {
		return netproto.ReachableUnknown
	}
	return ps.reach(p.ID(), at.ip)
}

// SetPublic says at which HOST:PORT others reach the tracker, as its operator or
// its router told; "" if that is no longer known. If the host is an address, peers in the
// tracker's own network are published there. It may be called while the server runs.
func (ps *Places) SetPublic(at string) {
	ps.public.Store(&public{at, ipOfURL(at)})
}

// public is where others reach the tracker: HOST:PORT, and the ip in it if it has one.
type public struct {
	at string
	ip netip.Addr
}

// TrackerAt is what a caller is told about where others reach the tracker.
func (ps *Places) TrackerAt(c origin.Caller) string {
	if !netaddr.IsLocal(c.Addr) {
		return ""
	}
	return ps.public.Load().at
}

// publicIP returns the tracker's public ip of the same family.
func (ps *Places) publicIP(family netip.Addr) netip.Addr {
	if ip := ps.public.Load().ip; ip.Is4() == family.Is4() {
		return ip
	}
	return netip.Addr{}
}

// ipOfURL returns the ip in a HOST:PORT, if the host is one.
func ipOfURL(hostPort string) netip.Addr {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil || netaddr.IsLocal(at.Addr()) {
		return netip.Addr{}
	}
	return netaddr.Plain(at.Addr())
}
