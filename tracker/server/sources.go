package server

import (
	"net/http"
	"slices"
	"strconv"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/store"
)

// maxSources bounds an answer; if there are more, it is a random choice, which
// spreads the load.
const maxSources = 100

func (s *Server) sources(w http.ResponseWriter, r *http.Request, c caller) error {
	hash, err := hashOf(r)
	if err != nil {
		return err
	}
	found, err := s.searches.sources(r.Context(), c, hash, maxSources+1) // one may be the caller
	if err != nil {
		return err
	}
	list := make([]netproto.Source, 0, len(found))
	for _, source := range found {
		if source.Key == *c.key || len(list) == maxSources {
			continue
		}
		list = append(list, netproto.Source{
			PeerID:    source.ID(),
			Key:       source.Key,
			Name:      source.Name,
			Addresses: addressesFor(source.Peer, c),
			Part:      source.Part,
		})
	}
	return answer(w, netproto.SourcesResponse{Sources: list})
}

// addressesFor returns the addresses of a peer for a requester: where the tracker
// saw the peer, and its private addresses if, as far as the tracker can tell, both
// are in the same network.
func addressesFor(p store.Peer, requester caller) []string {
	observed := p.Observed.Addr()
	addresses := []string{p.Observed.String()}
	if observed.IsLoopback() && !requester.addr.IsLoopback() {
		// The peer runs on the tracker's own computer; only the requester knows
		// under which address it reaches that.
		addresses[0] = ":" + strconv.Itoa(int(p.Observed.Port()))
	}
	if !requester.relay && (observed == requester.addr || netaddr.IsLocal(observed) && netaddr.IsLocal(requester.addr)) {
		for _, candidate := range p.Candidates {
			if text := candidate.String(); !slices.Contains(addresses, text) {
				addresses = append(addresses, text)
			}
		}
	}
	return addresses
}
