// Package sites tells the requests of other web sites apart from those of a server's
// own pages. A web page can have the browser of its visitor send requests into the
// visitor's network, to trackers and peers there.
package sites

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// crossOrigin knows writing requests of other sites by Sec-Fetch-Site and Origin, which
// every browser sends with a POST. Programs send neither.
var crossOrigin = http.NewCrossOriginProtection()

// FromAnother reports whether a page of another site sent a request that writes, or
// wants the answer for itself, as an image or by a script. Following a link is
// something else.
func FromAnother(r *http.Request) bool {
	if crossOrigin.Check(r) != nil {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	return false
}

// NamesAddress reports whether a Host header is an address, or this computer. A site that
// has its own name lead here (DNS rebinding) is one that cannot send such a header.
func NamesAddress(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	_, err = netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil || name == "localhost"
}
