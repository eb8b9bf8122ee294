package server

import (
	"context"
	"maps"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/nodes"
	"centralizedp2p/tracker/store"
)

// newOthers returns the other nodes of the tracker, for which this one is a fellow.
func (s *Server) newOthers() *nodes.Others {
	of, _ := s.store.(store.Nodes)
	return nodes.New(nodes.Config{Store: of, At: s.config.NodeAddress, Host: fellow{s}, Lines: s.lines, Calls: s.calls,
		Rates: s.sharedRates(), Now: func() time.Time { return s.guard.Now() }, Log: s.log})
}

// sharedRates returns the rates that count for all nodes, by the names under which nodes tell
// each other. What a relay passes on is a node's own.
func (s *Server) sharedRates() map[string]limit.Shared {
	all := s.calls.Rates()
	maps.Copy(all, s.guard.Shared())
	return all
}

// fellow is the server as the other nodes of the tracker know it.
type fellow struct{ *Server }

// Wishes implements nodes.Host.
func (f fellow) Wishes(asked nodes.WishesAsked) (*netproto.WishesResponse, *netproto.Problem) {
	return f.wishesHere(asked)
}

// Kept implements nodes.Host.
func (f fellow) Kept(id netproto.PeerID) { f.wishes.Drop(id) }

// Left implements nodes.Host.
func (f fellow) Left(id netproto.PeerID) { f.goes(id) }

// Cut implements nodes.Host.
func (f fellow) Cut(t store.Target) { f.cut(t) }

// Announced implements nodes.Host.
func (f fellow) Announced(ctx context.Context, by netproto.PeerID, rs []netproto.Resource) {
	f.announcedTo(ctx, by, rs, nil)
}

// seen returns where the tracker sees the lines of a peer, at whichever node.
func (s *Server) seen(id netproto.PeerID) []netip.AddrPort {
	if seen := s.lines.Seen(id); len(seen) > 0 {
		return seen
	}
	return s.others.Seen(id)
}

// ring rings a peer, at whichever node it keeps a line.
func (s *Server) ring(ctx context.Context, callee netproto.PeerID, caller netip.Addr, ring netproto.Ring) line.Result {
	if became := s.calls.Ring(ctx, callee, caller, ring); became != line.ResultNoLine {
		return became
	}
	return s.others.Ring(ctx, callee, caller, ring)
}

// tell says something to a peer that keeps a line, at whichever node.
func (s *Server) tell(id netproto.PeerID, frame netproto.LineFrame) bool {
	return s.lines.Tell(id, frame) || s.others.Tell(id, frame)
}
