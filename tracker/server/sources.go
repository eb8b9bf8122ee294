package server

import (
	"context"
	"net/http"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
)

// maxSources bounds an answer; if there are more, it is a random choice, which
// spreads the load.
const maxSources = 100

func (s *Server) sources(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	hash, err := rest.Hash(r)
	if err != nil {
		return err
	}
	list, err := s.sourcesFor(r.Context(), c, hash)
	if err != nil {
		return err
	}
	return rest.Answer(w, netproto.SourcesResponse{Sources: list})
}

// sourcesFor lists the sources of a content as the caller may see them, without the caller.
func (s *Server) sourcesFor(ctx context.Context, c origin.Caller, hash netproto.ContentHash) ([]netproto.Source, error) {
	found, err := s.searches.Sources(ctx, c, hash, maxSources+1) // one may be the caller
	if err != nil {
		return nil, err
	}
	viewer := s.places.Viewer(c)
	list := make([]netproto.Source, 0, len(found))
	for _, source := range found {
		if source.Key == *c.Key || len(list) == maxSources {
			continue
		}
		list = append(list, netproto.Source{
			PeerID:    source.ID(),
			Key:       source.Key,
			Name:      source.Name,
			Addresses: s.places.Source(source.Peer, viewer),
			Part:      source.Part,
			Reach:     s.places.Reach(source.Peer, viewer),
			Mapped:    source.MappedPort != 0,
			Callable:  len(s.seen(source.ID())) > 0,
		})
	}
	return list, nil
}
