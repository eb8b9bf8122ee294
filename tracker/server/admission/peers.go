package admission

import (
	"context"
	"errors"
	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Online is what a store tells of the peers that are online.
type Online interface {
	Stats(context.Context) (netproto.Stats, error)
	Heartbeat(ctx context.Context, id netproto.PeerID, h store.Holdings) (status netproto.HeartbeatStatus, at netip.AddrPort, err error)
}

// Join refuses new keys from an address that has brought too many, and new keys while
// enough peers are online.
func (g *Guard) Join(ctx context.Context, c origin.Caller, online Online) error {
	if g.held.Knows(c.ID) {
		return nil
	}
	if most := g.limits.Peers; most > 0 {
		stats, err := online.Stats(ctx)
		if err != nil {
			return err
		}
		if stats.PeersOnline >= most {
			// A peer that is online already takes no extra place. Asking renews its
			// lease, which does no harm: it is about to join.
			status, _, err := online.Heartbeat(ctx, c.ID, store.Holdings{})
			if err != nil {
				return err
			}
			if status == netproto.HeartbeatJoin {
				return Refusal{netproto.Errorf(netproto.CodeFull, "%d peers are online", most), limitPeers}
			}
		}
	}
	if wait := g.newKeys.Take(limit.Source(c.Addr), 1, g.Now()); wait > 0 {
		return TooMany(limitNewKeys, wait, "too many new peers joined from your address")
	}
	return nil
}

// Announce refuses an announce unread while nothing new would be taken: full is what the store
// says to that. A peer that holds something may announce now and then all the same: it may
// have less than before, or the same.
func (g *Guard) Announce(c origin.Caller, full error) error {
	if full == nil {
		return nil
	}
	now, source := g.Now(), limit.Source(c.Addr)
	if g.held.Count(c.ID) > 0 && g.renewals.Take(c.ID, 1, now) == 0 && g.renewalsNearby.Take(source, 1, now) == 0 {
		return nil
	}
	known, ok := errors.AsType[*netproto.Error](full)
	if !ok {
		return full
	}
	return Refusal{&netproto.Error{Code: known.Code, Detail: known.Detail, RetryAfter: renewalPause}, limitMemory}
}
