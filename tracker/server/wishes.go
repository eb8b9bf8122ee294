package server

import (
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/wishes"
)

// wishLook is how often contents that somebody waits for are looked up.
const wishLook = 15 * time.Second

func (s *Server) newWishes() *wishes.Wishes {
	return wishes.New(wishes.Config{Lease: s.config.lease(), Look: wishLook, Now: time.Now,
		Tell: func(id netproto.PeerID, waiting int) {
			s.lines.Tell(id, netproto.LineFrame{Wishes: &netproto.WishesWaiting{Waiting: waiting}})
		},
		Shown: func(ctx context.Context, hash netproto.ContentHash) (netproto.Hit, bool) {
			hit, err := s.store.Shown(ctx, hash)
			return hit, err == nil
		}})
}

// setWishes takes the wishes of a peer in place of those before.
func (s *Server) setWishes(w http.ResponseWriter, r *http.Request, c caller) error {
	var req netproto.WishesRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if n := len(req.Wishes); n > netproto.MaxWishes {
		return netproto.Errorf(netproto.CodeTooLarge, "there are %d wishes, %d are allowed", n, netproto.MaxWishes)
	}
	if _, err := s.store.Online(r.Context(), c.id); err != nil {
		return joinFirst(err)
	}
	if err := s.wishes.Set(c.id, limit.Source(c.addr), req.Wishes); err != nil {
		return err
	}
	return answer(w, s.wishes.Found(c.id, 0))
}

// wishesFound gives a peer what fits its wishes.
func (s *Server) wishesFound(w http.ResponseWriter, r *http.Request, c caller) error {
	q := queryOf(r)
	after := q.number("after", 0, math.MaxInt64, 0)
	if q.err != nil {
		return q.err
	}
	return answer(w, s.wishes.Found(c.id, uint64(after)))
}

// announcedTo has what a peer announced compared with the wishes of others. refused are
// the places of what was not taken.
func (s *Server) announcedTo(ctx context.Context, c caller, batch []netproto.Resource, refused []netproto.Refusal) {
	if s.wishes.Len() == 0 {
		return
	}
	peer, err := s.store.Online(ctx, c.id)
	if err != nil {
		return // it is gone already, with what it announced
	}
	announced := make([]wishes.Announced, 0, len(batch))
	for i, r := range batch {
		if !r.Hidden && !slices.ContainsFunc(refused, func(f netproto.Refusal) bool { return f.Index == i }) {
			announced = append(announced, wishes.Announced{By: c.id, Unlisted: peer.Unlisted, Resource: r})
		}
	}
	s.wishes.Announce(announced)
}
