package portmap

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/ipv4"
)

// The search for a router by SSDP (UPnP Device Architecture 2.0 §1.3): a request over
// UDP to all of the network and to the router, and answers that look like those of
// HTTP, with the place of a description in Location.

const (
	searchFormat    = "M-SEARCH * HTTP/1.1\r\nHOST: %s\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n"
	maxSearchAnswer = 2 << 10 // bytes; they fit into one packet of an Ethernet
	maxLocations    = 4       // descriptions of one router that are read
	searchHops      = 2       // UPnP Device Architecture 2.0 §1.2.2
	searchAgain     = 500 * time.Millisecond
)

// searched are the kinds of devices asked for: a router of version 2 answers to 1, too,
// but some do not.
var searched = []string{"urn:schemas-upnp-org:device:InternetGatewayDevice:1", "urn:schemas-upnp-org:device:InternetGatewayDevice:2"}

// discover finds the UPnP of the router of a route within the time for that. Silence is
// a *refusal.
func discover(ctx context.Context, n *network, route Route) (*gateway, error) {
	ctx, cancel := context.WithTimeout(ctx, n.search)
	defer cancel()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(route.Own, 0)))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	out := ipv4.NewPacketConn(c)
	_ = out.SetMulticastTTL(searchHops)
	if link, err := net.InterfaceByIndex(route.Interface); err == nil {
		_ = out.SetMulticastInterface(link) // otherwise the system chooses, among several networks perhaps another
	}
	ask := func() {
		for _, to := range []netip.AddrPort{n.ssdp, netip.AddrPortFrom(route.Gateway, n.ssdp.Port())} {
			for _, kind := range searched {
				_, _ = c.WriteToUDPAddrPort(fmt.Appendf(nil, searchFormat, n.ssdp, kind), to)
			}
		}
	}
	ask()
	again := time.AfterFunc(min(searchAgain, n.search/3), ask)
	defer again.Stop()
	var why error = &refusal{Silent, "no answer to UPnP's search"}
	var tried []string
	answer := make([]byte, maxSearchAnswer+1)
	for len(tried) < maxLocations {
		size, from, err := c.ReadFromUDPAddrPort(answer)
		if err != nil {
			return nil, why
		}
		if from.Addr().Unmap() != route.Gateway {
			continue // anybody in the network can answer
		}
		at, err := location(answer[:size], route.Gateway)
		if err != nil {
			why = &refusal{Failed, err.Error()}
			continue
		}
		if slices.Contains(tried, at.String()) {
			continue
		}
		tried = append(tried, at.String())
		g, err := describe(ctx, n, route, at)
		if err == nil {
			return g, nil
		}
		why = err
	}
	return nil, why
}

// location reads where a router's description is, from its answer to a search. It must
// be at the router itself, so that nobody is sent elsewhere.
func location(answer []byte, router netip.Addr) (*url.URL, error) {
	if len(answer) > maxSearchAnswer {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxSearchAnswer)
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	at, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	return at, atRouter(at, router)
}

// atRouter checks that a URL leads to a router by plain HTTP.
func atRouter(u *url.URL, router netip.Addr) error {
	host, err := netip.ParseAddr(u.Hostname())
	port, portErr := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Scheme != "http" || u.User != nil || u.Opaque != "":
		return fmt.Errorf("%q is no plain http URL", u)
	case err != nil || host != router:
		return fmt.Errorf("%q is not at the router %s", u, router)
	case u.Port() != "" && (portErr != nil || port == 0):
		return fmt.Errorf("%q has no valid port", u)
	}
	return nil
}
