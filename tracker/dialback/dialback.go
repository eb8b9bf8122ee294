// Package dialback finds out which peers can be reached from outside their network: it makes
// a handshake with the key of a peer where that was seen, and nothing more. It knows nothing
// of HTTP.
package dialback

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/oserror"
	"centralizedp2p/tracker/limit"
)

// Bounds of dialling back. Nobody must be able to use a tracker to make others
// connect: it dials only where a peer was seen, rarely, and gives up soon.
const (
	dialTime  = 3 * time.Second
	atOnce    = 32   // at once
	maxQueue  = 1024 // waiting for their turn; others get theirs with a later heartbeat
	dialBurst = 32   // to one address at once, then one a second
)

// How many leases an answer is good for. A peer that cannot be reached may be
// about to open its port; one that can is rarely asked again.
const (
	leasesOfYes = 10
	leasesOfNo  = 2
)

var errAnotherKey = errors.New("another key answers there")

// Peers are the peers that are online, and what is known of each. All methods are safe for
// concurrent use.
type Peers struct {
	// Dial makes the connections, as a net.Dialer does unless it is set before Run.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	config func(netproto.PeerID) *tls.Config
	lease  time.Duration
	log    *slog.Logger
	now    func() time.Time
	rates  *limit.Rates[netip.Addr]
	wanted chan dialBack

	mu    sync.Mutex
	peers map[spot]*verdict
}

// spot is a peer in one family of addresses: it may be reached in one and not in the
// other.
type spot struct {
	id   netproto.PeerID
	four bool // IPv4
}

func spotOf(id netproto.PeerID, ip netip.Addr) spot { return spot{id, ip.Is4()} }

// dialBack asks whether the owner of an id answers at an address.
type dialBack struct {
	id netproto.PeerID
	at netip.AddrPort
}

// verdict is what is known about an online peer.
type verdict struct {
	at      netip.AddrPort
	answer  netproto.Reachability
	until   time.Time // after that the peer is dialled again
	pending bool
	seen    time.Time // last sign of life of the peer
}

// New returns no peers. It shows the key to those it dials; a peer whose last sign of life is
// older than the lease is forgotten.
func New(key *identity.Identity, lease time.Duration, log *slog.Logger) *Peers {
	return &Peers{
		config: func(id netproto.PeerID) *tls.Config {
			return key.ClientTLS(netproto.ALPN, func(shown ed25519.PublicKey) error {
				if netproto.PeerIDOf(shown) != id {
					return errAnotherKey
				}
				return nil
			})
		},
		Dial:   (&net.Dialer{}).DialContext,
		lease:  lease,
		log:    log,
		now:    time.Now,
		rates:  limit.NewRates[netip.Addr](1, dialBurst, limit.MaxEntries),
		wanted: make(chan dialBack, maxQueue),
		peers:  map[spot]*verdict{},
	}
}

// Sign notes a sign of life of a peer that joined from that address and returns
// what is known about it, in either family. If nothing is, it asks for a dial back; so a peer that
// joined before this process started is dialled on its first heartbeat.
func (d *Peers) Sign(id netproto.PeerID, at netip.AddrPort) netproto.Reachability {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.peers[spotOf(id, at.Addr())]
	if v == nil || v.at != at {
		v = &verdict{at: at, answer: netproto.ReachableUnknown}
		d.peers[spotOf(id, at.Addr())] = v
	}
	now := d.now()
	v.seen = now
	if v.pending || now.Before(v.until) || !May(v.at) || d.rates.Take(limit.Source(v.at.Addr()), 1, now) > 0 {
		return d.best(id)
	}
	select {
	case d.wanted <- dialBack{id, v.at}:
		v.pending = true
	default:
	}
	return d.best(id)
}

// best returns the better answer of both families; the caller holds the lock.
func (d *Peers) best(id netproto.PeerID) netproto.Reachability {
	four, six := d.peers[spot{id, true}], d.peers[spot{id, false}]
	switch {
	case four == nil:
		return six.known()
	case six == nil || six.known() == netproto.ReachableNo || four.known() == netproto.ReachableYes:
		return four.known()
	}
	return six.known()
}

func (v *verdict) known() netproto.Reachability {
	if v == nil {
		return netproto.ReachableUnknown
	}
	return v.answer
}

// Known returns what is known about a peer in the family of an ip.
func (d *Peers) Known(id netproto.PeerID, ip netip.Addr) netproto.Reachability {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.peers[spotOf(id, ip)].known()
}

// Left forgets a peer.
func (d *Peers) Left(id netproto.PeerID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.peers, spot{id, true})
	delete(d.peers, spot{id, false})
}

// Run dials back until ctx ends.
func (d *Peers) Run(ctx context.Context) error {
	var group errgroup.Group
	defer group.Wait()
	group.SetLimit(atOnce)
	tick := time.NewTicker(d.lease)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.forget()
		case ask := <-d.wanted:
			group.Go(func() error {
				answer, err := d.dial(ctx, ask)
				d.log.Debug("dialled back", slog.Any("peer", ask.id), slog.Any("at", ask.at), slog.String("reachable", string(answer)), slog.Any("error", err))
				d.found(ask, answer)
				return nil
			})
		}
	}
}

// forget drops peers whose lease is over.
func (d *Peers) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	for id, v := range d.peers {
		if now.Sub(v.seen) > d.lease {
			delete(d.peers, id)
		}
	}
}

func (d *Peers) found(ask dialBack, answer netproto.Reachability) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.peers[spotOf(ask.id, ask.at.Addr())]
	if v == nil || v.at != ask.at {
		return // it has left or moved meanwhile
	}
	v.pending, v.answer, v.until = false, answer, d.now()
	switch answer {
	case netproto.ReachableYes:
		v.until = v.until.Add(leasesOfYes * d.lease)
	case netproto.ReachableNo:
		v.until = v.until.Add(leasesOfNo * d.lease)
	}
}

// dial makes a handshake with the peer's key and nothing more. The answer is
// unknown if this side failed.
func (d *Peers) dial(ctx context.Context, ask dialBack) (netproto.Reachability, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := d.Dial(ctx, "tcp", ask.at.String())
	if err == nil {
		defer conn.Close()
		err = tls.Client(conn, d.config(ask.id)).HandshakeContext(ctx)
	}
	switch {
	case err == nil:
		return netproto.ReachableYes, nil
	case errors.Is(ctx.Err(), context.Canceled), oserror.Scarce(err):
		return netproto.ReachableUnknown, err
	}
	return netproto.ReachableNo, err
}

// May reports whether a tracker may connect to an address. It never connects
// to multicast addresses, to link-local ones (RFC 3927; clouds keep their secrets
// there), or to well-known ports outside private networks.
func May(at netip.AddrPort) bool {
	addr := at.Addr()
	switch {
	case at.Port() == 0, !addr.IsValid(), addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(), addr == broadcast:
		return false
	case addr.IsLoopback(), addr.IsPrivate():
		return true
	}
	return at.Port() >= 1024
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
