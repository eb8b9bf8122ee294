package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// maxNoteBody is the length of the longest body that can have a note: base64, a name,
// and some room.
var maxNoteBody = int64(base64.StdEncoding.EncodedLen(netproto.MaxNoteBytes)) + 1024

// What became of a note, for metrics.
const (
	noteTold    = "told"    // its receiver, over a line
	noteKept    = "kept"    // until the receiver asks
	noteRefused = "refused" // by a limit or a rule
)

// leaveNote takes a sealed note for somebody, and tells a receiver that keeps a line.
func (s *Server) leaveNote(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	response, result, err := s.takeNote(w, r, c)
	s.metrics.Noted(result)
	if err != nil {
		return err
	}
	return rest.Answer(w, response)
}

func (s *Server) takeNote(w http.ResponseWriter, r *http.Request, c origin.Caller) (left netproto.NoteResponse, result string, err error) {
	if err := s.guard.Note(c); err != nil {
		return left, noteRefused, err
	}
	if admission.BodyBytes(r) > maxNoteBody {
		w.Header().Set("Connection", "close") // instead of reading it to the end
		return left, noteRefused, netproto.Errorf(netproto.CodeTooLarge, "a sealed note has at most %d bytes", netproto.MaxNoteBytes)
	}
	var req netproto.NoteRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return left, noteRefused, err
	}
	if len(req.Note) > netproto.MaxNoteBytes {
		return left, noteRefused, netproto.Errorf(netproto.CodeTooLarge,
			"a sealed note has at most %d bytes, this one has %d", netproto.MaxNoteBytes, len(req.Note))
	}
	if len(req.Note) == 0 {
		return left, noteRefused, netproto.Errorf(netproto.CodeInvalid, "the note is empty")
	}
	to, err := s.personNamed(r)
	if err != nil {
		return left, noteRefused, err
	}
	if to.PeerID == c.ID {
		return left, noteRefused, netproto.Errorf(netproto.CodeInvalid, "a peer leaves no notes for itself")
	}
	rand.Read(left.ID[:]) // never fails
	waiting, err := s.store.LeaveNote(r.Context(), store.Note{ID: left.ID, To: to.PeerID, Key: *c.Key, From: c.Addr, Sealed: req.Note})
	if err != nil {
		return left, noteRefused, noteRefusal(err)
	}
	if left.Told = s.tell(to.PeerID, netproto.LineFrame{Note: &netproto.NotesWaiting{Waiting: waiting}}); left.Told {
		return left, noteTold, nil
	}
	return left, noteKept, nil
}

// noteRefusal gives a refusal of the store the name of its limit.
func noteRefusal(err error) error {
	if known, ok := errors.AsType[*netproto.Error](err); ok && known.RetryAfter > 0 {
		return admission.Refusal{Err: known, Limit: admission.LimitNotesWaiting}
	}
	return err
}

// notesFor gives a peer what waits for it.
func (s *Server) notesFor(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	kept, err := s.store.Notes(r.Context(), c.ID)
	if err != nil {
		return err
	}
	response, bytes := netproto.NotesResponse{Notes: make([]netproto.SealedNote, len(kept))}, 0
	for i, n := range kept {
		response.Notes[i] = netproto.SealedNote{ID: n.ID, From: n.Sender(), Left: n.Left, Note: n.Sealed}
		bytes += base64.StdEncoding.EncodedLen(len(n.Sealed))
	}
	s.guard.ChargeBytes(c.Addr, bytes)
	return rest.Answer(w, response)
}

// noteTaken forgets a note that its receiver has.
func (s *Server) noteTaken(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var id netproto.NoteID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%q is not the id of a note", netproto.Cut(r.PathValue("id"), 40))
	}
	if err := s.store.RemoveNote(r.Context(), c.ID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
