package origin

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
)

// Proxies are the reverse proxies that the tracker's owner runs. Headers that name
// the client of a request are believed only on connections from one of them;
// anybody else could claim anything.
type Proxies []netip.Prefix

// maxForwarded bounds how many addresses of X-Forwarded-For are read.
const maxForwarded = 32

// ParseProxies reads a comma-separated list of addresses and CIDR ranges, which
// may be empty. Any other text is netproto.CodeInvalid.
func ParseProxies(text string) (Proxies, error) {
	var list Proxies
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if addr, err := netip.ParseAddr(part); err == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		switch {
		case err != nil || prefix.Addr().Is4In6():
			return nil, netproto.Errorf(netproto.CodeInvalid, "%q is not an address or a range like 10.0.0.0/8", part)
		case prefix.Bits() == 0:
			return nil, netproto.Errorf(netproto.CodeInvalid, "%s includes everybody: any client could pose as any other", part)
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

// Trust reports whether a is the address of one of the proxies.
func (ps Proxies) Trust(a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// wasForwarded reports whether some proxy says that it passed the request on.
func wasForwarded(r *http.Request) bool {
	return r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("X-Real-Ip") != ""
}

// Passed reports whether a request comes from a trusted proxy.
func (ps Proxies) Passed(r *http.Request) bool {
	if len(ps) == 0 {
		return false
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && ps.Trust(netaddr.Plain(remote.Addr()))
}

// client returns the address and key of the client that a request from a proxy is
// for. Without the headers the client is whoever made the connection: not every
// request from a proxy's computer came through the proxy.
func (ps Proxies) client(r *http.Request, proxy netip.Addr, shown ed25519.PublicKey) (netip.Addr, ed25519.PublicKey, error) {
	key, err := clientCert(r)
	if err != nil {
		return proxy, nil, err
	}
	if key == nil {
		key = shown
	} else if len(r.Header.Values("X-Forwarded-For")) == 0 {
		// The address of the proxy would be published as that of the peer.
		return proxy, nil, netproto.Errorf(netproto.CodeBadRequest, "the proxy sends Client-Cert but no X-Forwarded-For")
	}
	addr, err := ps.forwarded(r, proxy)
	return addr, key, err
}

// forwarded returns the last address in X-Forwarded-For that is not one of the
// proxies. Each proxy appends the address it sees; everything before those came
// from the client.
func (ps Proxies) forwarded(r *http.Request, proxy netip.Addr) (netip.Addr, error) {
	forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	client := proxy
	for range maxForwarded {
		if forwarded == "" || !ps.Trust(client) {
			return client, nil
		}
		last := forwarded
		if i := strings.LastIndexByte(forwarded, ','); i >= 0 {
			last, forwarded = forwarded[i+1:], forwarded[:i]
		} else {
			forwarded = ""
		}
		addr, err := forwardedAddr(strings.TrimSpace(last))
		if err != nil {
			return proxy, netproto.Errorf(netproto.CodeBadRequest, "the proxy's X-Forwarded-For has %q where an address belongs", last)
		}
		client = addr
	}
	return proxy, netproto.Errorf(netproto.CodeBadRequest, "the proxy's X-Forwarded-For names more than %d addresses", maxForwarded)
}

// forwardedAddr reads an address; some proxies add the port.
func forwardedAddr(text string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return netaddr.Plain(at.Addr()), nil
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return netaddr.Plain(addr), err
}

// clientCert returns the key of the certificate that the client showed to a proxy
// (RFC 9440 §2: the certificate as a byte sequence of RFC 8941), or nil if it
// showed none. The proxy has verified that the client has the private key, as
// every TLS handshake does.
func clientCert(r *http.Request) (ed25519.PublicKey, error) {
	values := r.Header.Values("Client-Cert")
	if len(values) == 0 {
		return nil, nil
	}
	wrong := func(why string) error {
		return netproto.Errorf(netproto.CodeBadRequest, "the proxy's Client-Cert %s", why)
	}
	text := strings.TrimSpace(values[0])
	if len(values) > 1 {
		return nil, wrong("occurs twice")
	}
	if len(text) < 2 || text[0] != ':' || text[len(text)-1] != ':' {
		return nil, wrong("is not a byte sequence between colons")
	}
	der, err := base64.StdEncoding.Strict().DecodeString(text[1 : len(text)-1])
	if err != nil {
		return nil, wrong("is not base64")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, wrong("holds no certificate")
	}
	key, ok := cert.PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, wrong("has a key that is not ed25519")
	}
	return key, nil
}
