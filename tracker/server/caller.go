package server

import (
	"net/http"
	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
)

// handler answers a request or returns the error to answer with.
type handler func(w http.ResponseWriter, r *http.Request, c caller) error

// methods holds the handlers of one path by method.
type methods map[string]handler

// caller says who sent a request.
type caller struct {
	key   *netproto.PublicKey // nil without a client certificate
	id    netproto.PeerID     // follows from the key
	addr  netip.Addr          // where the connection comes from
	local netip.Addr          // the tracker's address that it came to
	relay bool                // a proxy that nobody named passed the request on, so addr is the proxy's
}

// near reports whether a request comes from the tracker's own network.
func (c caller) near() bool { return netaddr.IsLocal(c.addr) && !c.relay }
