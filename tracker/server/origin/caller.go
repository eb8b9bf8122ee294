// Package origin tells who sends a request and from where: what its connection shows, or what
// the headers of a proxy say that the tracker's owner runs. It knows no route and no store.
package origin

import (
	"crypto/ed25519"
	"net/http"
	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/netaddr"
)

// Caller says who sent a request.
type Caller struct {
	Key   *netproto.PublicKey // nil without a client certificate
	ID    netproto.PeerID     // follows from the key
	Addr  netip.Addr          // where the connection comes from
	Local netip.Addr          // the tracker's address that it came to
	Relay bool                // a proxy that nobody named passed the request on, so Addr is the proxy's
}

// Near reports whether a request comes from the tracker's own network.
func (c Caller) Near() bool { return netaddr.IsLocal(c.Addr) && !c.Relay }

// Caller is the one place that decides who a request is from. An error is
// netproto.CodeBadRequest, or one of package identity about the certificate.
func (ps Proxies) Caller(r *http.Request) (Caller, error) {
	var c Caller
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return c, err
	}
	c.Addr = netaddr.Plain(remote.Addr())
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(interface{ AddrPort() netip.AddrPort }); ok {
		c.Local = netaddr.Plain(local.AddrPort().Addr())
	}
	var key ed25519.PublicKey
	if r.TLS != nil {
		if key, err = identity.KeyOf(*r.TLS); err != nil {
			return c, err
		}
	}
	if ps.Trust(c.Addr) {
		if c.Addr, key, err = ps.client(r, c.Addr, key); err != nil {
			return c, err
		}
	}
	c.Relay = c.Addr == netaddr.Plain(remote.Addr()) && wasForwarded(r)
	if key == nil {
		return c, nil
	}
	c.Key = new(netproto.PublicKey)
	copy(c.Key[:], key)
	c.ID = netproto.PeerIDOf(key)
	return c, nil
}
