package server

import (
	"context"
	"crypto/ed25519"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Hurry makes the server wait for each phase of a connection only that long.
func (s *Server) Hurry(d time.Duration) {
	s.timeouts = timeouts{firstByte: d, header: d, read: d, write: d, idle: d, stop: d}
}

// DialBackWith lets dial make the connections with which the server finds out
// who can be reached.
func (s *Server) DialBackWith(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.reach.dialer = dial
}

// Forwarded is who a proxy with that X-Forwarded-For says that it asks for.
func Forwarded(trusted []netip.Prefix, header string, proxy netip.Addr) (netip.Addr, error) {
	return proxies(trusted).forwarded(&http.Request{Header: http.Header{"X-Forwarded-For": {header}}}, proxy)
}

// ClientCert is the key in a Client-Cert header.
func ClientCert(header string) (ed25519.PublicKey, error) {
	return clientCert(&http.Request{Header: http.Header{"Client-Cert": {header}}})
}
