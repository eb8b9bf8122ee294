// Package seedapi serves seed clients: the Python program that this one grew out
// of, and others that behave like it. It answers the seed's two routes byte for
// byte as the seed's own tracker does, over plain HTTP and without
// authentication, so it serves only what an API's policy allows.
package seedapi

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// maxNamesakes is how many offers of one name are looked at.
const maxNamesakes = 1000

// The seed's own words.
const (
	textNoBody   = "Request needs a body, but none encountered."
	textOK       = "Ok"
	textNoMethod = "The method is not allowed for the requested URL."
)

// Store is what the routes ask of a store.Store.
type Store interface {
	store.SeedClients
	Offers(ctx context.Context, name string, limit int) ([]store.Offer, error)
	Admit(ctx context.Context, key *netproto.PublicKey, from netip.Addr) error
}

// Caller says where a request comes from.
type Caller struct {
	Key   *netproto.PublicKey // nil without a client certificate
	Addr  netip.Addr
	Local netip.Addr // the tracker's address that the caller connected to
	Near  bool       // it is in the tracker's own network, as far as the tracker can tell
}

// API answers the seed's routes.
type API struct {
	Store  Store
	Policy netproto.SeedPolicy
	// ReadBody reads a request body of bounded length. Its errors are answered
	// as they are.
	ReadBody func(http.ResponseWriter, *http.Request) ([]byte, error)
	// Work does what takes long for the caller when it is its turn, or returns
	// an error. do calls yield every now and then, so that others can go first.
	Work func(ctx context.Context, c Caller, do func(yield func()) error) error
	// Charge counts the bytes of an answer as work for the caller; it may be nil.
	Charge func(c Caller, bytes int)

	lists lists
}

// IsRoute reports whether a request is answered in the seed's form.
func IsRoute(r *http.Request) bool {
	return r.URL.Path == netproto.RouteSeedResource || r.URL.Path == netproto.RouteSeedHeartbeat
}

// WriteError answers a request on one of the seed's routes with an error.
func WriteError(w http.ResponseWriter, status int, err *netproto.Error) {
	if err.Code.Status() == http.StatusInternalServerError {
		err = &netproto.Error{Code: err.Code}
	}
	answer{status: status, data: err.Error() + ". " + err.Code.Hint()}.write(w)
}

// Resource answers GET and POST /resource. It writes the answer unless it
// returns an error.
func (a *API) Resource(w http.ResponseWriter, r *http.Request, c Caller) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return a.turn(w, r, c, a.get)
	case http.MethodPost:
		return a.turn(w, r, c, a.post)
	}
	return refuseMethod(w, "GET, HEAD, POST")
}

// Heartbeat answers POST /heartbeat as Resource does.
func (a *API) Heartbeat(w http.ResponseWriter, r *http.Request, c Caller) error {
	if r.Method != http.MethodPost {
		return refuseMethod(w, "POST")
	}
	return a.turn(w, r, c, a.heartbeat)
}

func refuseMethod(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	write(w, http.StatusMethodNotAllowed, pyObject{{"message", textNoMethod}})
	return nil
}

// answer is the envelope of an answer. Its data is a string or, for refused
// fields, a pyObject.
type answer struct {
	status int
	data   any
	whole  []byte // the envelope and all, if it is made already
}

func (a answer) write(w http.ResponseWriter) {
	if a.whole != nil {
		writeText(w, a.status, a.whole)
		return
	}
	write(w, a.status, pyObject{{"success", a.status == http.StatusOK}, {"data", a.data}})
}

func write(w http.ResponseWriter, status int, body pyObject) {
	writeText(w, status, appendPy(nil, body))
}

func writeText(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}

// turn refuses callers that the policy or a ban keeps out, reads the body and
// answers.
func (a *API) turn(w http.ResponseWriter, r *http.Request, c Caller, do func(*http.Request, Caller, pyObject) (answer, error)) error {
	if err := a.allows(c); err != nil {
		return err
	}
	if err := a.Store.Admit(r.Context(), c.Key, c.Addr); err != nil {
		return err
	}
	body, err := a.ReadBody(w, r)
	if err != nil {
		return err
	}
	object, err := parsePyObject(body)
	// A GET without a body asks for everything; anything else needs one.
	if err != nil && len(body) > 0 || len(object) == 0 && r.Method == http.MethodPost {
		answer{status: http.StatusBadRequest, data: textNoBody}.write(w)
		return nil
	}
	said, err := do(r, c, object)
	if err != nil {
		return err
	}
	said.write(w)
	return nil
}

// allows refuses seed clients that the policy does not serve.
func (a *API) allows(c Caller) error {
	switch {
	case a.Policy == netproto.SeedOpen, a.Policy == netproto.SeedLAN && c.Near:
		return nil
	case a.Policy == netproto.SeedLAN:
		return netproto.Errorf(netproto.CodeDenied, "this tracker serves seed clients of its own network only")
	}
	return netproto.Errorf(netproto.CodeDenied, "this tracker does not serve seed clients")
}

// parseID refuses the ids of peers that have a key: nobody can act for them here.
func parseID(text string) (netproto.PeerID, error) {
	id, err := uuid.Parse(text)
	if v := id.Version(); err != nil || v < 1 || v > 7 {
		return id, netproto.Errorf(netproto.CodeDenied, "a seed client has a peer_id of UUID version 1 to 7, not %d", id.Version())
	}
	return id, nil
}

func (a *API) heartbeat(r *http.Request, c Caller, body pyObject) (answer, error) {
	if wrong := checkFields(body, heartbeatFields, true); len(wrong) > 0 {
		return answer{status: http.StatusUnprocessableEntity, data: pyRepr(wrong)}, nil
	}
	text, _ := body.get("peer_id")
	id, err := parseID(text.(string))
	if err != nil {
		return answer{}, err
	}
	if err := a.Store.SeedHeartbeat(r.Context(), id, c.Addr); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: textOK}, nil
}

func (a *API) post(r *http.Request, c Caller, body pyObject) (answer, error) {
	if wrong := checkFields(body, resourceFields, true); len(wrong) > 0 {
		return answer{status: http.StatusUnprocessableEntity, data: wrong}, nil
	}
	row := rowOf(body)
	if _, err := parseID(row.PeerID.String()); err != nil {
		return answer{}, err
	}
	if err := a.checkAddress(row.PeerIP, c.Addr); err != nil {
		return answer{}, err
	}
	row.From = c.Addr
	if err := a.Store.SeedPost(r.Context(), row); err != nil {
		return answer{}, err
	}
	a.lists.posted.Add(1)
	return answer{status: http.StatusOK, data: pyDumps(body)}, nil
}

// checkAddress keeps clients in the tracker's own network from sending others
// anywhere except to themselves. A tracker that serves seed clients everywhere
// trusts what they say, as the seed does.
func (a *API) checkAddress(peerIP string, from netip.Addr) error {
	ip, err := netip.ParseAddr(peerIP)
	if err != nil {
		return err
	}
	if a.Policy == netproto.SeedOpen || ip == from || ip.IsLoopback() && from.IsLoopback() {
		return nil
	}
	return netproto.Errorf(netproto.CodeDenied, "peer_ip is %s but the request comes from %s", ip, from)
}

func (a *API) get(r *http.Request, c Caller, body pyObject) (answer, error) {
	if wrong := checkFields(body, queryFields, false); len(wrong) > 0 {
		return answer{status: http.StatusUnprocessableEntity, data: wrong}, nil
	}
	if name, asked := body.get("resource_name"); asked {
		var row pyObject
		err := a.Work(r.Context(), c, func(func()) (err error) {
			row, err = a.find(r, c, name.(string))
			return err
		})
		return answer{status: http.StatusOK, data: pyDumps(row)}, err
	}
	list, err := a.list(r.Context(), c)
	if err != nil {
		return answer{}, err
	}
	if a.Charge != nil {
		a.Charge(c, len(list))
	}
	return answer{status: http.StatusOK, whole: list}, nil
}

// find returns one peer that has a file of exactly that name: the one known for
// longest among those a seed peer can fetch from, otherwise among the rest. It
// returns an empty object if there is none.
func (a *API) find(r *http.Request, c Caller, name string) (pyObject, error) {
	if name == "" {
		return pyObject{}, nil
	}
	rows, err := a.Store.SeedRows(r.Context(), name, 1)
	if err != nil {
		return nil, err
	}
	offers, err := a.Store.Offers(r.Context(), name, maxNamesakes)
	if err != nil {
		return nil, err
	}
	var other *netproto.SeedResource
	for _, offer := range offers {
		row, fetchable, ok := rowOfOffer(offer, c)
		switch {
		case ok && fetchable:
			if len(rows) == 0 || offer.Added.Before(rows[0].Added) {
				return objectOf(row), nil
			}
			return objectOf(rows[0].SeedResource), nil
		case ok && other == nil:
			other = &row
		}
	}
	switch {
	case len(rows) > 0:
		return objectOf(rows[0].SeedResource), nil
	case other != nil:
		return objectOf(*other), nil
	}
	return pyObject{}, nil
}

// rowOfOffer turns what one of our peers announced into a row for a seed client.
// The row is fetchable if one datagram holds the whole file. A peer without an
// IPv4 address has no row, since a seed client knows no other kind.
func rowOfOffer(o store.Offer, c Caller) (row netproto.SeedResource, fetchable, ok bool) {
	ip := o.Peer.Observed.Addr()
	switch {
	case ip.IsLoopback() && c.Addr.IsLoopback():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip.IsLoopback():
		ip = c.Local // the peer runs on this computer, which the client reaches there
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

func objectOf(row netproto.SeedResource) pyObject {
	return pyObject{
		{"peer_ip", row.PeerIP},
		{"peer_port", row.PeerPort},
		{"resource_path", row.ResourcePath},
		{"resource_name", row.ResourceName},
		{"resource_hash", row.ResourceHash},
	}
}
