package netproto

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Links have the form cp2p://HOST:PORT/HASH?name=…&size=…&tracker=FINGERPRINT&invite=TOKEN.
// Without a hash, a link names only the tracker: it is an invitation. A private
// tracker lets in peers that bring the token of an invitation.
const (
	LinkScheme   = "cp2p"
	maxLinkBytes = 4096
)

// DefaultPort is the TCP port of a tracker if none is given.
const DefaultPort = 5000

// Link says where to ask for a content and what it should be.
type Link struct {
	Tracker     string      // host:port of the tracker; an IPv6 address may have a zone
	Hash        ContentHash // zero in a link to a tracker
	Name        string      // what the content was called; passes CheckName, or empty
	Size        int64       // bytes; -1 if the link does not say
	Fingerprint Fingerprint // key of the tracker; zero if the link does not say
	Invite      Invite      // one-time token of a private tracker; zero if the link has none
}

// IsTracker reports whether the link names a tracker and no content.
func (l Link) IsTracker() bool { return l.Hash.IsZero() }

// ParseLink reads a link as it was pasted: see [Pasted]. It ignores unknown
// parameters, so later versions may add some.
func ParseLink(s string) (Link, error) {
	s = Pasted(s)
	if len(s) > maxLinkBytes {
		return Link{}, fmt.Errorf("the link has %d bytes, %d are allowed", len(s), maxLinkBytes)
	}
	if strings.Count(strings.ToLower(s), LinkScheme+"://") > 1 {
		return Link{}, errors.New("these are several links: give them one at a time")
	}
	u, err := url.Parse(escapeZone(s))
	if err != nil {
		return Link{}, errors.New("the link is damaged: copy all of it again")
	}
	if !strings.EqualFold(u.Scheme, LinkScheme) || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return Link{}, errors.New("a link begins with cp2p://HOST:PORT")
	}
	link := Link{Size: -1}
	if link.Tracker, err = TrackerAddress(u.Host); err != nil {
		return Link{}, err
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		if link.Hash, err = ParseContentHash(path); err != nil {
			return Link{}, err
		}
		if link.Hash.IsZero() {
			return Link{}, errors.New("the link names no content: its hash is zero")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Link{}, errors.New("the part of the link after \"?\" is damaged: copy all of it again")
	}
	if name := query.Get("name"); name != "" {
		link.Name = SafeName(name)
	}
	if size := query.Get("size"); size != "" {
		if link.Size, err = strconv.ParseInt(size, 10, 64); err != nil || link.Size < 0 || link.Size > MaxContentSize {
			return Link{}, fmt.Errorf("the size in the link is not a number of bytes from 0 to %d", int64(MaxContentSize))
		}
		if link.IsTracker() {
			link.Size = -1 // the size of no content
		}
	}
	if print := query.Get("tracker"); print != "" {
		if link.Fingerprint, err = ParseFingerprint(print); err != nil {
			return Link{}, err
		}
	}
	if invite := query.Get("invite"); invite != "" {
		if link.Invite, err = ParseInvite(invite); err != nil {
			return Link{}, err
		}
	}
	return link, nil
}

// String returns the text of the link; ParseLink reads it back as the same value.
func (l Link) String() string {
	var b strings.Builder
	b.WriteString(LinkScheme + "://" + URLHost(l.Tracker))
	sep := byte('?')
	add := func(key, value string) {
		b.WriteByte(sep)
		b.WriteString(key + "=" + url.QueryEscape(value))
		sep = '&'
	}
	if !l.Hash.IsZero() {
		b.WriteString("/" + l.Hash.String())
	}
	if l.Name != "" {
		add("name", l.Name)
	}
	if l.Size >= 0 && !l.Hash.IsZero() {
		add("size", strconv.FormatInt(l.Size, 10))
	}
	if !l.Fingerprint.IsZero() {
		add("tracker", l.Fingerprint.String())
	}
	if !l.Invite.IsZero() {
		add("invite", l.Invite.String())
	}
	return b.String()
}

// TrackerAddress completes HOST[:PORT] to host:port with the default port. Each
// address has one text, since the key of a tracker is remembered under it: host
// names are lower case, IP addresses have their shortest form.
func TrackerAddress(s string) (string, error) {
	host, port := s, strconv.Itoa(DefaultPort)
	if h, p, err := net.SplitHostPort(s); err == nil {
		host, port = h, p
	} else if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		host = strings.TrimSuffix(inner, "]")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%q is not a port: a port is a number from 1 to 65535", Printable(port))
	}
	if !validHost(host) {
		return "", fmt.Errorf("%q is not the address of a tracker: HOST or HOST:PORT is", Printable(s))
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String() // a zone keeps its case
	} else {
		host = strings.ToLower(host)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// URLHost writes the host:port of a tracker as it stands in a URL, where the zone of
// an IPv6 address is escaped (RFC 6874).
func URLHost(address string) string { return strings.Replace(address, "%", "%25", 1) }

// maxZone bounds the name of a network interface in an address, in bytes.
const maxZone = 64

// validHost accepts IP addresses and host names.
func validHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return len(ip.Zone()) <= maxZone && hostLetters(ip.Zone())
	}
	return host != "" && len(host) <= 253 && hostLetters(host)
}

// hostLetters accepts the letters, digits, dots, dashes and underscores of a host
// name.
func hostLetters(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
		default:
			return false
		}
	}
	return true
}
