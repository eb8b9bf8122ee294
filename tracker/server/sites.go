package server

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sites"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server/origin"
)

// A web page can have the browser of its visitor send requests into the visitor's
// own network. It cannot send a certificate, so it cannot use version 1; these rules
// keep it from everything else.

// checkPage refuses what a web page of another site sends, and requests for a name
// that somebody else may have led to this tracker's address.
func (s *Server) checkPage(r *http.Request, c origin.Caller) error {
	if sites.FromAnother(r) {
		return netproto.Errorf(netproto.CodeDenied, "a web page of another site sent this")
	}
	if r.TLS != nil || s.proxies.Passed(r) || !netaddr.IsLocal(c.Addr) || s.answersTo(r.Host) {
		return nil
	}
	return misdirected{netproto.Errorf(netproto.CodeDenied,
		"this tracker does not have that name: use its address, or start it with --public-url NAME:PORT")}
}

// localNames end names that nobody can register on the internet (RFC 6761, RFC
// 6762, RFC 8375, and ICANN's .internal), and .lan and .home, which routers use.
var localNames = []string{".localhost", ".local", ".home.arpa", ".internal", ".lan", ".home"}

// answersTo reports whether a Host header names this tracker: by an address, by the
// name that its owner gave it, or by one that only its own network knows.
func (s *Server) answersTo(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return true // a name without a dot is completed by the network
	}
	if slices.ContainsFunc(localNames, func(end string) bool { return strings.HasSuffix(name, end) }) {
		return true
	}
	own, _ := os.Hostname() // without one there is one name less
	public, _, _ := net.SplitHostPort(s.config.PublicURL)
	return name == strings.ToLower(own) || name == strings.ToLower(public)
}
