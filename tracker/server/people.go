package server

import (
	"net/http"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// people lists who is on the tracker: on a private one its members.
func (s *Server) people(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	q := queryOf(r)
	asked := store.PeopleQuery{Text: q.text(), Limit: q.limit(), Cursor: q.cursor(), Members: s.config.Access == AccessInvite}
	if q.err != nil {
		return q.err
	}
	page, err := s.searches.people(r.Context(), c, asked)
	if err != nil {
		return err
	}
	return answer(w, page)
}

func (s *Server) person(w http.ResponseWriter, r *http.Request, _ origin.Caller) error {
	person, err := s.personNamed(r)
	if err != nil {
		return err
	}
	return answer(w, person)
}

// personNamed returns who is meant by the id in the path of a request.
func (s *Server) personNamed(r *http.Request) (netproto.Person, error) {
	id, err := peerIDOf(r)
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

func peerIDOf(r *http.Request) (netproto.PeerID, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return id, netproto.Errorf(netproto.CodeInvalid, "%q is not a peer id", r.PathValue("id"))
	}
	return id, nil
}
