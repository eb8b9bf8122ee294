package server

import (
	"context"
	"crypto/ed25519"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Hurry bounds each phase of a connection by d.
func (s *Server) Hurry(d time.Duration) {
	s.timeouts = timeouts{firstByte: d, header: d, read: d, write: d, idle: d, stop: d}
}

// DialBackWith lets dial make the connections with which the server finds out which
// peers can be reached.
func (s *Server) DialBackWith(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.reach.dialer = dial
}

// Forwarded returns the client that a proxy names in X-Forwarded-For.
func Forwarded(trusted []netip.Prefix, header string, proxy netip.Addr) (netip.Addr, error) {
	return proxies(trusted).forwarded(&http.Request{Header: http.Header{"X-Forwarded-For": {header}}}, proxy)
}

// ClientCert returns the key in a Client-Cert header.
func ClientCert(header string) (ed25519.PublicKey, error) {
	return clientCert(&http.Request{Header: http.Header{"Client-Cert": {header}}})
}
