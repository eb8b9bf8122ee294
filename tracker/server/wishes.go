package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/nodes"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/wishes"
)

// wishLook is how often contents that somebody waits for are looked up.
const wishLook = 15 * time.Second

func (s *Server) newWishes() *wishes.Wishes {
	return wishes.New(wishes.Config{Lease: s.config.lease(), Look: wishLook, Now: time.Now,
		Tell: func(id netproto.PeerID, waiting int) {
			s.tell(id, netproto.LineFrame{Wishes: &netproto.WishesWaiting{Waiting: waiting}})
		},
		Online: func(ctx context.Context, id netproto.PeerID) bool {
			_, err := s.store.Online(ctx, id)
			return err == nil
		},
		Shown: func(ctx context.Context, hash netproto.ContentHash) (netproto.Hit, bool) {
			hit, err := s.store.Shown(ctx, hash)
			return hit, err == nil
		}})
}

// setWishes takes the wishes of a peer in place of those before.
func (s *Server) setWishes(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.WishesRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	if n := len(req.Wishes); n > netproto.MaxWishes {
		return netproto.Errorf(netproto.CodeTooLarge, "there are %d wishes, %d are allowed", n, netproto.MaxWishes)
	}
	if _, err := s.store.Online(r.Context(), c.ID); err != nil {
		return joinFirst(err)
	}
	found, err := s.wishesAsked(r.Context(), nodes.WishesAsked{Of: c.ID, Source: limit.Source(c.Addr), Set: &req.Wishes})
	if err != nil {
		return err
	}
	return rest.Answer(w, found)
}

// wishesFound gives a peer what fits its wishes.
func (s *Server) wishesFound(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	q := rest.QueryOf(r)
	after := q.Number("after", 0, math.MaxInt64, 0)
	if q.Err != nil {
		return q.Err
	}
	found, err := s.wishesAsked(r.Context(), nodes.WishesAsked{Of: c.ID, After: uint64(after)})
	if err != nil {
		return err
	}
	return rest.Answer(w, found)
}

// announcedTo has what a peer announced compared with the wishes of others. refused are
// the places of what was not taken.
func (s *Server) announcedTo(ctx context.Context, id netproto.PeerID, batch []netproto.Resource, refused []netproto.Refusal) {
	if s.wishes.Len() == 0 {
		return
	}
	peer, err := s.store.Online(ctx, id)
	if err != nil {
		return // it is gone already, with what it announced
	}
	announced := make([]wishes.Announced, 0, len(batch))
	for i, r := range batch {
		if !r.Hidden && !slices.ContainsFunc(refused, func(f netproto.Refusal) bool { return f.Index == i }) {
			announced = append(announced, wishes.Announced{By: id, Unlisted: peer.Unlisted, Resource: r})
		}
	}
	s.wishes.Announce(announced)
}

// wishesAsked answers about the wishes of a peer. They are kept by the node that was told of
// the first ones; each peer asks another node now and then.
func (s *Server) wishesAsked(ctx context.Context, asked nodes.WishesAsked) (netproto.WishesResponse, error) {
	if s.wishes.Keeps(asked.Of) {
		return s.wishesOf(asked)
	}
	found, sure, err := s.others.Wishes(ctx, asked)
	switch {
	case err != nil:
		return netproto.WishesResponse{}, err
	case found != nil:
		return *found, nil
	}
	mine, err := s.wishesOf(asked)
	if err == nil && !sure && asked.Set != nil {
		s.others.Keeps(asked.Of) // and not the node that did not answer
	}
	return mine, err
}

// wishesHere answers another node, if this one keeps the wishes.
func (s *Server) wishesHere(asked nodes.WishesAsked) (*netproto.WishesResponse, *netproto.Problem) {
	if !s.wishes.Keeps(asked.Of) {
		return nil, nil
	}
	found, err := s.wishesOf(asked)
	if known, ok := errors.AsType[*netproto.Error](err); ok {
		problem := netproto.ProblemOf(known)
		return nil, &problem
	}
	return &found, nil
}

func (s *Server) wishesOf(asked nodes.WishesAsked) (netproto.WishesResponse, error) {
	if asked.Set != nil {
		if err := s.wishes.Set(asked.Of, asked.Source, *asked.Set); err != nil {
			return netproto.WishesResponse{}, err
		}
	}
	return s.wishes.Found(asked.Of, asked.After), nil
}
