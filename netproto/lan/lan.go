// Package lan lets trackers and peers find each other in the local network, by
// multicast DNS (RFC 6762) and DNS-SD (RFC 6763): a tracker is an instance of
// _cp2p._tcp, with its fingerprint and its name in the TXT record. Packets go one
// hop and nowhere else: a tracker answers only those in its own network, and not
// often, so it cannot be made to send anything to anybody else.
//
// A tracker that is found is only a hint: anybody in the network can claim a name.
// The fingerprint makes it safe: a connection leads to the tracker with that key or
// fails.
package lan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/ipv4"
)

// group is the multicast address of mDNS (RFC 6762 §3).
var group = netip.MustParseAddrPort("224.0.0.251:5353")

const (
	lookInterval = 30 * time.Second // between looks for changed interfaces
	readTimeout  = time.Second
	hops         = 255 // RFC 6762 §11; routers do not forward the group
)

// network says where packets go; tests choose the loopback interface.
type network struct {
	group      netip.AddrPort
	interfaces func() ([]net.Interface, error)
}

var local = network{group: group, interfaces: multicastInterfaces}

// multicastInterfaces returns the interfaces of local networks that are up.
func multicastInterfaces() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []net.Interface
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&(net.FlagLoopback|net.FlagPointToPoint) == 0 {
			list = append(list, i)
		}
	}
	return list, nil
}

// addressesOf returns the IPv4 addresses of an interface.
func addressesOf(i net.Interface) []netip.Addr {
	all, err := i.Addrs()
	if err != nil {
		return nil // it is gone
	}
	var list []netip.Addr
	for _, a := range all {
		if prefix, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(prefix.IP); ok && addr.Unmap().Is4() {
				list = append(list, addr.Unmap())
			}
		}
	}
	return list
}

// Announce answers for a tracker in all private networks of this computer, or only
// in that of its address if it has one, until ctx ends, and then withdraws it.
// Interfaces may come and go. An error means that the system does not allow
// listening to the group.
func Announce(ctx context.Context, t Tracker) error { return local.announce(ctx, t) }

func (n network) announce(ctx context.Context, t Tracker) error {
	// For a multicast address, net.ListenUDP sets SO_REUSEADDR but joins no group; we
	// join per interface, because the default route may appear later.
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(n.group))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	socket := ipv4.NewPacketConn(conn)
	// Windows does not report the interface; the asker's address has to do there. The
	// other options may fail where they are already set.
	_ = socket.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true)
	_ = socket.SetMulticastTTL(hops)
	_ = socket.SetMulticastLoopback(true)
	a := announcer{network: n, socket: socket, tracker: t, joined: map[int]net.Interface{}, pace: newPace(time.Now)}
	defer a.goodbye()
	a.look()
	next := time.Now().Add(lookInterval)
	buf := make([]byte, maxPacket)
	for {
		if ctx.Err() != nil {
			return nil
		}
		conn.SetReadDeadline(time.Now().Add(readTimeout))
		if ctx.Err() != nil { // it ended meanwhile, and its deadline was overwritten
			return nil
		}
		size, control, from, err := socket.ReadFrom(buf)
		if time.Now().After(next) {
			a.look()
			next = time.Now().Add(lookInterval)
		}
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				continue
			}
			return err
		}
		asker, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		index := a.towards(asker.AddrPort().Addr().Unmap())
		if control != nil {
			if control.Dst != nil && !control.Dst.IsMulticast() {
				continue // it may come from anywhere (RFC 6762 §11)
			}
			index = control.IfIndex
		}
		a.answer(buf[:size], index, asker)
	}
}

// announcer announces a tracker in its networks.
type announcer struct {
	network network
	socket  *ipv4.PacketConn
	tracker Tracker
	joined  map[int]net.Interface
	pace    *pace
}

// look joins the group on new interfaces of private networks and announces the
// tracker there.
func (a *announcer) look() {
	now, err := a.network.interfaces()
	if err != nil {
		return // the next look may find more
	}
	up := map[int]bool{}
	for _, i := range now {
		up[i.Index] = true
		addresses := addressesOf(i)
		if _, known := a.joined[i.Index]; known || a.tracker.Address.IsValid() && !slices.Contains(addresses, a.tracker.Address) {
			continue
		}
		if !slices.ContainsFunc(addresses, isLocal) {
			continue // a server on the internet has no local network
		}
		if a.socket.JoinGroup(&i, net.UDPAddrFromAddrPort(a.network.group)) != nil {
			continue // the next look may succeed
		}
		a.joined[i.Index] = i
		a.say(i, false, net.UDPAddrFromAddrPort(a.network.group))
	}
	for index := range a.joined {
		if !up[index] {
			delete(a.joined, index)
		}
	}
}

func (a *announcer) goodbye() {
	for _, i := range a.joined {
		a.say(i, true, net.UDPAddrFromAddrPort(a.network.group))
	}
}

// answer answers a question, to the whole network or to the asker alone. It answers
// only somebody in the network that the question came from, and not too often.
func (a *announcer) answer(packet []byte, index int, asker *net.UDPAddr) {
	i, ok := a.joined[index]
	if !ok {
		return
	}
	from := asker.AddrPort().Addr().Unmap()
	if !within(i, from) {
		return
	}
	wanted, alone := asked(packet)
	if !wanted {
		return
	}
	to := net.UDPAddrFromAddrPort(a.network.group)
	if alone || asker.Port != to.Port { // an asker that is not a responder itself cannot hear the group
		to = asker
	} else {
		from = a.network.group.Addr()
	}
	if a.pace.allows(from) {
		a.say(i, false, to)
	}
}

// say sends the announcement through an interface, with the addresses that this has
// now.
func (a *announcer) say(i net.Interface, gone bool, to net.Addr) {
	addresses := addressesOf(i)
	packet, err := announcement(a.tracker, addresses, gone)
	if err != nil {
		return
	}
	send(a.socket, packet, i, addresses, to)
}

// towards returns the index of the interface whose network has the address, or 0.
func (a *announcer) towards(addr netip.Addr) int {
	for index, i := range a.joined {
		if within(i, addr) {
			return index
		}
	}
	return 0
}

// within reports whether an address is in a network of an interface.
func within(i net.Interface, addr netip.Addr) bool {
	all, err := i.Addrs()
	return err == nil && inNetwork(all, addr)
}

func inNetwork(networks []net.Addr, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n net.Addr) bool {
		prefix, ok := n.(*net.IPNet)
		return ok && prefix.Contains(addr.AsSlice())
	})
}

// isLocal reports whether an address means nothing outside its own network.
func isLocal(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }

// send sends a packet through an interface and from its address; otherwise a
// computer with several would choose. Askers repeat questions, so losses are fine.
func send(socket *ipv4.PacketConn, packet []byte, i net.Interface, addresses []netip.Addr, to net.Addr) {
	_ = socket.SetMulticastInterface(&i) // for Windows, which ignores the following
	c := &ipv4.ControlMessage{IfIndex: i.Index}
	if len(addresses) > 0 {
		c.Src = addresses[0].AsSlice()
	}
	socket.WriteTo(packet, c, to)
}
