package server

import (
	"net/http"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// people lists who is on the tracker: on a private one its members.
func (s *Server) people(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	q := rest.QueryOf(r)
	asked := store.PeopleQuery{Text: q.Text(), Limit: q.Limit(), Cursor: q.Cursor(), Members: s.config.Access == AccessInvite}
	if q.Err != nil {
		return q.Err
	}
	page, err := s.searches.People(r.Context(), c, asked)
	if err != nil {
		return err
	}
	return rest.Answer(w, page)
}

func (s *Server) person(w http.ResponseWriter, r *http.Request, _ origin.Caller) error {
	person, err := s.personNamed(r)
	if err != nil {
		return err
	}
	return rest.Answer(w, person)
}

// personNamed returns who is meant by the id in the path of a request.
func (s *Server) personNamed(r *http.Request) (netproto.Person, error) {
	id, err := rest.PeerID(r)
	if err != nil {
		return netproto.Person{}, err
	}
	person, err := s.store.Person(r.Context(), id)
	if err != nil {
		return person, err
	}
	if s.checkMember(r.Context(), person.Key) != nil {
		return netproto.Person{}, netproto.Errorf(netproto.CodeNotFound, "the peer %s is no member of this tracker", id)
	}
	return person, nil
}
