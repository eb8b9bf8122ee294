package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
)

// announceRequest is netproto.AnnounceRequest with undecoded elements: they are
// decoded one by one, so a bad one does not spoil the others.
type announceRequest struct {
	Reset     bool              `json:"reset"`
	Resources []json.RawMessage `json:"resources"`
}

// decodeAtOnce is how many elements are decoded before others may go first.
const decodeAtOnce = 64

// readAnnounce reads and decodes an announce: the elements that are resources, the
// place of each in the request, and refusals of the others. It takes milliseconds, so
// few are decoded at once, and not at a stretch.
func (s *Server) readAnnounce(w http.ResponseWriter, r *http.Request, c origin.Caller) (
	req announceRequest, batch []netproto.Resource, place []int, refused []netproto.Refusal, err error,
) {
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return req, nil, nil, nil, err
	}
	turn, err := s.work.Decode(r.Context(), c.Addr)
	if err != nil {
		return req, nil, nil, nil, err
	}
	defer turn.End()
	if err := rest.CheckedJSON(body, &req); err != nil {
		return req, nil, nil, nil, err
	}
	if err := checkBatch(len(req.Resources)); err != nil {
		return req, nil, nil, nil, err
	}
	batch, place = make([]netproto.Resource, 0, len(req.Resources)), make([]int, 0, len(req.Resources))
	for i, raw := range req.Resources {
		if i%decodeAtOnce == 0 {
			turn.Yield()
		}
		resource, err := resourceOf(raw)
		if err != nil {
			refused = append(refused, netproto.Refusal{Index: i, Code: netproto.CodeInvalid, Detail: netproto.Printable(err.Error())})
			continue
		}
		batch = append(batch, resource)
		place = append(place, i)
	}
	return req, batch, place, refused, nil
}

func (s *Server) announce(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	if err := s.guard.Announce(c, s.store.Full(r.Context(), c.Addr)); err != nil {
		return err
	}
	req, batch, place, refused, err := s.readAnnounce(w, r, c)
	if err != nil {
		return err
	}
	if room := s.guard.Room(c, len(batch), req.Reset); room < len(batch) {
		for _, index := range place[room:] {
			refused = append(refused, s.fullAddress(index))
		}
		batch, place = batch[:room], place[:room]
	}
	full, err := s.store.Announce(r.Context(), c.ID, batch, req.Reset)
	if err != nil {
		return err
	}
	s.guard.MayHold(c, len(batch)-len(full), req.Reset)
	s.announcedTo(r.Context(), c.ID, batch, full)
	for _, refusal := range full {
		refusal.Index = place[refusal.Index]
		refused = append(refused, refusal)
	}
	slices.SortFunc(refused, func(a, b netproto.Refusal) int { return cmp.Compare(a.Index, b.Index) })
	accepted := len(req.Resources) - len(refused)
	s.metrics.Announced(accepted)
	return rest.Answer(w, netproto.AnnounceResponse{Accepted: accepted, Refused: refused})
}

// fullAddress returns the refusal of a resource beyond room.
func (s *Server) fullAddress(index int) netproto.Refusal {
	s.metrics.Refuse(admission.LimitResourcesAddress)
	return netproto.Refusal{Index: index, Code: netproto.CodeFull, Detail: "the peers at this address have announced too many resources"}
}

func checkBatch(n int) error {
	if n > netproto.MaxAnnounce {
		return netproto.Errorf(netproto.CodeTooLarge, "there are %d resources in one request, %d are allowed", n, netproto.MaxAnnounce)
	}
	return nil
}

// resourceOf decodes and checks one element of an announce.
func resourceOf(raw json.RawMessage) (netproto.Resource, error) {
	var r netproto.Resource
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("it is not a resource: %w", err)
	}
	if r.Hash.IsZero() {
		return r, fmt.Errorf("the hash is missing")
	}
	if r.Size < 0 || r.Size > netproto.MaxContentSize {
		return r, fmt.Errorf("a size is from 0 to %d bytes, not %d", int64(netproto.MaxContentSize), r.Size)
	}
	if err := netproto.CheckName(r.Name); err != nil {
		return r, err
	}
	if len(r.MIME) > netproto.MaxMIMEBytes {
		return r, fmt.Errorf("a media type has at most %d bytes, this one has %d", netproto.MaxMIMEBytes, len(r.MIME))
	}
	for i := range len(r.MIME) {
		if r.MIME[i] < ' ' || r.MIME[i] > '~' {
			return r, fmt.Errorf("a media type has only printable ASCII characters")
		}
	}
	if r.MD5 == "" {
		return r, nil
	}
	if r.Size > netproto.SeedMaxBytes {
		return r, fmt.Errorf("only contents of at most %d bytes have an MD5", netproto.SeedMaxBytes)
	}
	if _, ok := netproto.ParseMD5(r.MD5); !ok {
		return r, fmt.Errorf("an MD5 has 32 hexadecimal digits")
	}
	return r, nil
}

func (s *Server) withdraw(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.WithdrawRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	if err := checkBatch(len(req.Hashes)); err != nil {
		return err
	}
	removed, err := s.store.Withdraw(r.Context(), c.ID, req.Hashes)
	if err != nil {
		return err
	}
	s.metrics.Withdrawn(removed)
	return rest.Answer(w, netproto.WithdrawResponse{Removed: removed})
}

func (s *Server) resource(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	hash, err := rest.Hash(r)
	if err != nil {
		return err
	}
	q := rest.QueryOf(r)
	withPeers := q.Flag("peers")
	if q.Err != nil {
		return q.Err
	}
	resource, err := s.searches.Resource(r.Context(), c, hash)
	if err == nil && withPeers {
		resource.Peers, err = s.sourcesFor(r.Context(), c, hash)
	}
	if err != nil {
		return err
	}
	return rest.Answer(w, resource)
}

func (s *Server) peerResources(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	id, err := rest.PeerID(r)
	if err != nil {
		return err
	}
	q := rest.QueryOf(r)
	limit, cursor := q.Limit(), q.Cursor()
	if q.Err != nil {
		return q.Err
	}
	page, err := s.searches.Browse(r.Context(), c, id, limit, cursor)
	if err != nil {
		return err
	}
	rest.AnswerSearch(w, page)
	return nil
}
