package server

import (
	"net/http"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
)

func (s *Server) search(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	q := rest.QueryOf(r)
	search := q.Search()
	if q.Err != nil {
		return q.Err
	}
	page, err := s.searches.Search(r.Context(), c, search)
	if err != nil {
		return err
	}
	page.Filtered = search.Owner != (netproto.PeerID{}) || !search.Since.IsZero() || !search.Until.IsZero()
	rest.AnswerSearch(w, page)
	return nil
}
