package reach

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// punch dials one address from the port that this peer listens at, again and again
// until dialling ends, and shakes hands, for which it has until ctx ends. The peer does
// the same from its side. That the connection exists already means that the peer was
// accepted: it comes in there.
func (l *Ladder) punch(dialling, ctx context.Context, at netip.AddrPort, key netproto.PublicKey, role session.Role) (*session.Channel, error) {
	end, err := l.conns.BeginDial(key, at, session.Named{})
	if err != nil {
		return nil, err
	}
	ch, err := l.redial(dialling, ctx, l.config.DialFrom, at, key, role)
	end(err == nil)
	return ch, err
}

// redial is punch without a look at the budget.
func (l *Ladder) redial(dialling, ctx context.Context, dial dialFunc, at netip.AddrPort, key netproto.PublicKey, role session.Role) (*session.Channel, error) {
	failed := 0 // handshakes
	for try := 1; ; try++ {
		raw, err := dial(dialling, at.String())
		if err == nil {
			var ch *session.Channel
			if ch, err = l.conns.Secure(ctx, raw, key, role, session.CalledWay(at.Addr())); err == nil {
				return ch, nil
			}
			failed++
		}
		if try == maxTries || failed == maxHandshakes || dialling.Err() != nil {
			return nil, err
		}
		t := &l.config.Timing
		select {
		case <-dialling.Done():
			return nil, err
		case <-time.After(t.MinAgain + rand.N(t.MaxAgain-t.MinAgain)):
		}
	}
}

// relay shakes hands with the other side of a call through the tracker. The tracker is
// asked until asking ends.
func (l *Ladder) relay(asking, ctx context.Context, t Tracker, offer *netproto.Relay, key netproto.PublicKey, role session.Role) (*session.Channel, error) {
	raw, err := t.Relay(asking, offer.Token)
	if err != nil {
		return nil, err
	}
	ch, err := l.conns.Secure(ctx, raw, key, role, session.WayRelayed)
	if err == nil {
		ch.Limit(offer.Rate)
	}
	return ch, err
}

// dialable returns the addresses that a peer can have, each once. Whatever else a
// tracker names is not dialled, host names least of all.
func dialable(addresses []string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, address := range addresses {
		at, err := netip.ParseAddrPort(address)
		if err != nil || at.Port() == 0 || !session.IsUnicast(at.Addr().Unmap()) {
			continue
		}
		if at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port()); slices.Contains(list, at) {
			continue
		}
		if list = append(list, at); len(list) == session.MaxAddresses {
			break
		}
	}
	return list
}

// split parts the addresses in the local network from the others.
func split(list []netip.AddrPort) (local, public []netip.AddrPort) {
	for _, at := range list {
		if session.InLocalNetwork(at.Addr()) {
			local = append(local, at)
		} else {
			public = append(public, at)
		}
	}
	return local, public
}

// hasRoute reports whether this computer has an address in a family that leads beyond
// the local network. Where it has none, nothing is dialled: it would count as an
// address at which nobody answers.
func hasRoute(own []netip.Addr, to netip.Addr) bool {
	return len(own) == 0 || session.InLocalNetwork(to) || slices.ContainsFunc(own, func(ip netip.Addr) bool {
		return ip.Is4() == to.Is4() && ip.IsGlobalUnicast()
	})
}

// worthDialling returns the addresses that are dialled in a call: not this peer's own,
// none that this computer has no way to, and no more than an honest tracker names.
func (l *Ladder) worthDialling(addresses []string) []netip.AddrPort {
	own, port := l.config.Own(), uint16(l.config.Port())
	var list []netip.AddrPort
	var local, v4, v6 int
	for _, at := range dialable(addresses) {
		if at.Port() == port && (slices.Contains(own, at.Addr()) || at.Addr().IsLoopback()) || !hasRoute(own, at.Addr()) {
			continue
		}
		n, most := &v6, maxPublic
		switch {
		case session.InLocalNetwork(at.Addr()):
			n, most = &local, maxLocal
		case at.Addr().Is4():
			n = &v4
		}
		if *n < most {
			*n++
			list = append(list, at)
		}
	}
	return list
}
