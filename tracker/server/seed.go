package server

import (
	"net/http"
	"net/netip"
	"strconv"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
)

// maxSeedList bounds the list that a seed client gets, in rows: it has no
// pages, and at some 200 bytes a row this is as much as a client wants to hold.
const maxSeedList = 10_000

// What the seed says.
const (
	seedNoBody   = "Request needs a body, but none encountered."
	seedOK       = "Ok"
	seedNoMethod = "The method is not allowed for the requested URL."
)

func (s *Server) seedResource(w http.ResponseWriter, r *http.Request, c caller) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.seedTurn(w, r, c, s.seedGet)
	case http.MethodPost:
		return s.seedTurn(w, r, c, s.seedPost)
	}
	return seedMethod(w, "GET, HEAD, POST")
}

func (s *Server) seedHeartbeat(w http.ResponseWriter, r *http.Request, c caller) error {
	if r.Method != http.MethodPost {
		return seedMethod(w, "POST")
	}
	return s.seedTurn(w, r, c, s.seedBeat)
}

func seedMethod(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	seedWrite(w, http.StatusMethodNotAllowed, pyObject{{"message", seedNoMethod}})
	return nil
}

// seedAnswer is the envelope of an answer: data is a string or, for fields
// that were refused, a pyObject.
type seedAnswer struct {
	status int
	data   any
}

func (a seedAnswer) write(w http.ResponseWriter) {
	seedWrite(w, a.status, pyObject{{"success", a.status == http.StatusOK}, {"data", a.data}})
}

func seedWrite(w http.ResponseWriter, status int, body pyObject) {
	text := pyDumps(body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// isSeedRoute tells whether a request is answered in the seed's form.
func isSeedRoute(r *http.Request) bool {
	return r.URL.Path == netproto.RouteSeedResource || r.URL.Path == netproto.RouteSeedHeartbeat
}

// seedError is what a seed client reads of an error.
func seedError(err *netproto.Error) string {
	if err.Code.Status() == http.StatusInternalServerError {
		err = &netproto.Error{Code: err.Code}
	}
	return err.Error() + ". " + err.Code.Hint()
}

// seedTurn lets those in whom the policy allows, and reads the body.
func (s *Server) seedTurn(w http.ResponseWriter, r *http.Request, c caller, turn func(*http.Request, caller, pyObject) (seedAnswer, error)) error {
	if err := s.seedAllows(c.addr); err != nil {
		return err
	}
	if err := s.admit(r, c); err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	object, err := parsePyObject(body)
	// A GET without a body asks for all, anything else needs one.
	if err != nil && len(body) > 0 || len(object) == 0 && r.Method == http.MethodPost {
		seedAnswer{http.StatusBadRequest, seedNoBody}.write(w)
		return nil
	}
	a, err := turn(r, c, object)
	if err != nil {
		return err
	}
	a.write(w)
	return nil
}

// seedAllows tells whether seed clients at that address are served.
func (s *Server) seedAllows(from netip.Addr) error {
	switch {
	case s.config.SeedClients == netproto.SeedOpen, s.config.SeedClients == netproto.SeedLAN && isLocal(from):
		return nil
	case s.config.SeedClients == netproto.SeedLAN:
		return netproto.Errorf(netproto.CodeDenied, "this tracker serves seed clients of its own network only")
	}
	return netproto.Errorf(netproto.CodeDenied, "this tracker does not serve seed clients")
}

// seedID refuses the ids of peers with a key: nobody can act for them here.
func seedID(text string) (netproto.PeerID, error) {
	id, err := uuid.Parse(text)
	if v := id.Version(); err != nil || v < 1 || v > 7 {
		return id, netproto.Errorf(netproto.CodeDenied, "a seed client has a peer_id of UUID version 1 to 7, not %d", id.Version())
	}
	return id, nil
}

func (s *Server) seedBeat(r *http.Request, c caller, body pyObject) (seedAnswer, error) {
	if wrong := checkSeed(body, seedHeartbeatFields, true); len(wrong) > 0 {
		return seedAnswer{http.StatusUnprocessableEntity, pyRepr(wrong)}, nil
	}
	text, _ := body.get("peer_id")
	id, err := seedID(text.(string))
	if err != nil {
		return seedAnswer{}, err
	}
	if err := s.store.SeedHeartbeat(r.Context(), id, c.addr); err != nil {
		return seedAnswer{}, err
	}
	return seedAnswer{http.StatusOK, seedOK}, nil
}

func (s *Server) seedPost(r *http.Request, c caller, body pyObject) (seedAnswer, error) {
	if wrong := checkSeed(body, seedResourceFields, true); len(wrong) > 0 {
		return seedAnswer{http.StatusUnprocessableEntity, wrong}, nil
	}
	row := seedRowOf(body)
	if _, err := seedID(row.PeerID.String()); err != nil {
		return seedAnswer{}, err
	}
	if err := s.seedAddress(row.PeerIP, c.addr); err != nil {
		return seedAnswer{}, err
	}
	row.From = c.addr
	if err := s.store.SeedPost(r.Context(), row); err != nil {
		return seedAnswer{}, err
	}
	return seedAnswer{http.StatusOK, pyDumps(body)}, nil
}

// seedAddress keeps clients of the own network from sending others anywhere
// but to themselves. Who serves seed clients of everywhere trusts what they
// say, as the seed does.
func (s *Server) seedAddress(peerIP string, from netip.Addr) error {
	ip, err := netip.ParseAddr(peerIP)
	if err != nil {
		return err
	}
	if s.config.SeedClients == netproto.SeedOpen || ip == from || ip.IsLoopback() && from.IsLoopback() {
		return nil
	}
	return netproto.Errorf(netproto.CodeDenied, "peer_ip is %s but the request comes from %s", ip, from)
}

func (s *Server) seedGet(r *http.Request, c caller, body pyObject) (seedAnswer, error) {
	if wrong := checkSeed(body, seedQueryFields, false); len(wrong) > 0 {
		return seedAnswer{http.StatusUnprocessableEntity, wrong}, nil
	}
	if name, asked := body.get("resource_name"); asked {
		row, err := s.seedFind(r, c, name.(string))
		return seedAnswer{http.StatusOK, pyDumps(row)}, err
	}
	rows, err := s.store.SeedRows(r.Context(), "", maxSeedList)
	if err != nil {
		return seedAnswer{}, err
	}
	list := make([]pyObject, 0, len(rows))
	for _, row := range rows {
		list = append(list, seedObject(row.SeedResource))
	}
	offers, err := s.store.Offers(r.Context(), "", maxSeedList-len(rows))
	if err != nil {
		return seedAnswer{}, err
	}
	for _, offer := range offers {
		if row, _, ok := seedOffer(offer, c); ok {
			list = append(list, seedObject(row))
		}
	}
	return seedAnswer{http.StatusOK, pyDumps(list)}, nil
}

// seedFind is one peer that has exactly that name: the one longest known of
// those that a seed peer can fetch from, else of the others; an empty object
// when there is none.
func (s *Server) seedFind(r *http.Request, c caller, name string) (pyObject, error) {
	if name == "" {
		return pyObject{}, nil
	}
	rows, err := s.store.SeedRows(r.Context(), name, 1)
	if err != nil {
		return nil, err
	}
	offers, err := s.store.Offers(r.Context(), name, maxSeedList)
	if err != nil {
		return nil, err
	}
	var other *netproto.SeedResource
	for _, offer := range offers {
		row, fetchable, ok := seedOffer(offer, c)
		switch {
		case ok && fetchable:
			if len(rows) == 0 || offer.Added.Before(rows[0].Added) {
				return seedObject(row), nil
			}
			return seedObject(rows[0].SeedResource), nil
		case ok && other == nil:
			other = &row
		}
	}
	switch {
	case len(rows) > 0:
		return seedObject(rows[0].SeedResource), nil
	case other != nil:
		return seedObject(*other), nil
	}
	return pyObject{}, nil
}

// seedOffer is what one of our peers announced, as a row for a seed client. It
// is fetchable if a datagram holds all of it. There is no row for a peer
// without an IPv4 address: a seed client knows no other.
func seedOffer(o Offer, c caller) (row netproto.SeedResource, fetchable, ok bool) {
	ip := o.Peer.Observed.Addr()
	switch {
	case ip.IsLoopback() && c.addr.IsLoopback():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip.IsLoopback():
		ip = c.local // it runs on this computer, which the client reaches there
	}
	row = netproto.SeedResource{
		PeerIP:       ip.String(),
		PeerPort:     int(o.Peer.Observed.Port()),
		ResourceName: o.Name,
		ResourceHash: o.Hash.String(),
	}
	if o.Size <= netproto.SeedMaxBytes && o.MD5 != "" && o.Peer.SeedPort != 0 && !o.Part && !o.Folder {
		fetchable = true
		row.PeerPort = int(o.Peer.SeedPort)
		row.ResourcePath = o.Hash.String()
		row.ResourceHash = o.MD5
	}
	return row, fetchable, ip.Is4()
}

func seedObject(row netproto.SeedResource) pyObject {
	return pyObject{
		{"peer_ip", row.PeerIP},
		{"peer_port", row.PeerPort},
		{"resource_path", row.ResourcePath},
		{"resource_name", row.ResourceName},
		{"resource_hash", row.ResourceHash},
	}
}
