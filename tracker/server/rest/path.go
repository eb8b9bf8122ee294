package rest

import (
	"net/http"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
)

// Hash reads the content hash in the path of a request.
func Hash(r *http.Request) (netproto.ContentHash, error) {
	hash, err := netproto.ParseContentHash(r.PathValue("hash"))
	if err != nil {
		return hash, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	return hash, nil
}

// PeerID reads the id of a peer in the path of a request.
func PeerID(r *http.Request) (netproto.PeerID, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return id, netproto.Errorf(netproto.CodeInvalid, "%q is not a peer id", r.PathValue("id"))
	}
	return id, nil
}
