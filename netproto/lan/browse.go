package lan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"

	"centralizedp2p/netproto"
)

// Bounds of what one search remembers.
const (
	maxFound  = 64 // trackers
	maxClaims = 4  // addresses of one key
)

// Browse asks the local networks of this computer for trackers and returns those
// that answer until ctx ends. The address of a tracker is the one its answer came
// from. If several computers claim one key, or a tracker has several addresses, each
// of them is an entry: only a connection can tell.
func Browse(ctx context.Context) ([]Tracker, error) { return local.browse(ctx) }

func (n network) browse(ctx context.Context) ([]Tracker, error) {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	socket := ipv4.NewPacketConn(conn)
	_ = socket.SetMulticastTTL(hops)
	_ = socket.SetMulticastLoopback(true) // for a tracker on this computer
	interfaces, err := n.interfaces()
	if err != nil {
		return nil, err
	}
	ask := func() {
		for _, i := range interfaces {
			// A failure on one interface says nothing about the others.
			send(socket, question(), i, addressesOf(i), net.UDPAddrFromAddrPort(n.group))
		}
	}
	var list []Tracker
	buf := make([]byte, maxPacket)
	for wait := readTimeout / 4; ctx.Err() == nil; wait = min(2*wait, 4*readTimeout) {
		ask() // repeatedly: packets may be lost
		until := time.Now().Add(wait)
		for {
			conn.SetReadDeadline(until)
			if ctx.Err() != nil {
				break
			}
			size, _, from, err := socket.ReadFrom(buf)
			if err != nil {
				if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
					break
				}
				return list, err
			}
			if at, ok := from.(*net.UDPAddr); ok {
				list = merge(list, buf[:size], at.AddrPort().Addr().Unmap())
			}
		}
	}
	return list, nil
}

// merge adds the trackers that a packet announces to a list and removes those that
// it withdraws. A packet changes only what came from its own address.
func merge(list []Tracker, packet []byte, from netip.Addr) []Tracker {
	if !isLocal(from) && !sameNetwork(from) {
		return list
	}
	found, err := heard(packet)
	if err != nil {
		return list // others use this group, too
	}
next:
	for _, t := range found {
		t.Address = from
		claims := 0
		for i := range list {
			if list[i].Fingerprint != t.Fingerprint {
				continue
			}
			if claims++; list[i].Address != from {
				continue
			}
			if t.Port == 0 {
				list = append(list[:i], list[i+1:]...)
			} else {
				list[i] = t
			}
			continue next
		}
		if t.Port != 0 && len(list) < maxFound && claims < maxClaims {
			list = append(list, t)
		}
	}
	return list
}

// sameNetwork reports whether an address is in a network to which this computer is
// directly attached, even one of public addresses.
func sameNetwork(a netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	return err == nil && inNetwork(all, a)
}

// Link returns an invitation to a tracker that was found.
func (t Tracker) Link() netproto.Link {
	return netproto.Link{Tracker: netip.AddrPortFrom(t.Address, t.Port).String(), Size: -1, Fingerprint: t.Fingerprint}
}
