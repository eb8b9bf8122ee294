package trackerclient

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const (
	// otherPortAfter is how long a tracker's port may be silent until its others are
	// tried. A lost SYN is sent again after 1 and 3 seconds (RFC 6298 §2).
	otherPortAfter = 3 * time.Second
	// webPort passes firewalls that let only the web through.
	webPort = 443
	// maxPorts bounds the ports of one tracker that are tried beside the first.
	maxPorts = 4
	// dialTime bounds a dial. The system sends at 0, 1, 3 and 7 s, and then only at 15 s:
	// a new dial notices sooner that the way is open again.
	dialTime = 8 * time.Second
	// handshakeTime bounds a handshake with a tracker, with the dial.
	handshakeTime = 10 * time.Second
)

// Dial connects to host:port; the network is tcp, tcp4 or tcp6.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

var dialer = net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}

// place is where a tracker may be.
type place struct {
	at    string        // host:port
	after time.Duration // how long those before it may be silent until it is tried, too
}

// connect opens a TLS connection to the tracker at the first of its places that answers.
// The next one is tried when one has failed or was silent for a while. Only a tracker whose
// key is known is looked for at others than that of its address: anybody may be there.
func (c *Client) connect(ctx context.Context, w *way, network string, dial Dial) (*tls.Conn, error) {
	places := c.addresses(w)
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		conn *tls.Conn
		at   string
		err  error
	}
	results := make(chan result, len(places))
	waiting := 0
	late := time.NewTimer(0)
	defer late.Stop()
	begin := func() {
		n := 1
		if places[0].after == otherPortAfter { // what is left is mostly other ports of one host
			n = len(places)
		}
		for _, p := range places[:n] {
			waiting++
			go func() {
				conn, err := c.secure(ctx, network, p.at, dial)
				results <- result{conn, p.at, err}
			}()
		}
		if places = places[n:]; len(places) > 0 {
			late.Reset(places[0].after)
		}
	}
	defer func() {
		cancel()
		go func() { // those that come too late
			for range waiting {
				if r := <-results; r.conn != nil {
					r.conn.Close()
				}
			}
		}()
	}()
	var failed error
	for waiting > 0 || len(places) > 0 {
		select {
		case <-late.C:
		case r := <-results:
			waiting--
			if r.err == nil {
				c.answeredAt(w, r.at, r.conn)
				return r.conn, nil
			}
			if failed == nil || r.at == c.address { // what is said of the address that the person knows
				failed = r.err
			}
			if netproto.CodeOf(r.err) == netproto.CodeKeyChanged {
				return nil, r.err
			}
		}
		if len(places) > 0 {
			begin()
		}
	}
	return nil, failed
}

// secure connects to one address and shakes hands.
func (c *Client) secure(ctx context.Context, network, at string, dial Dial) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	raw, err := dial(ctx, network, at)
	if err != nil {
		return nil, err
	}
	verify := c.verify
	if at != c.address {
		verify = c.verifyKnown
		c.mu.Lock()
		from := c.seen
		c.mu.Unlock()
		if tcp, ok := raw.RemoteAddr().(*net.TCPAddr); ok && from.lures(tcp.AddrPort().Addr().Unmap()) { // by a name
			raw.Close()
			return nil, netproto.Errorf(netproto.CodeUnreachable, "%s is in the local network, and %s is not", at, c.address)
		}
	}
	conn := tls.Client(raw, c.id.ClientTLS(identity.HTTP, verify))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// addresses are where the tracker may be, the likeliest first; never none.
func (c *Client) addresses(w *way) []place {
	c.mu.Lock()
	last, known, nodes, doubts := w.last, !c.expected.IsZero(), c.nodes, maps.Clone(w.doubts)
	c.mu.Unlock()
	if !known {
		return []place{{at: c.address}}
	}
	var list []place
	add := func(at string, after time.Duration) {
		if at != "" && !slices.ContainsFunc(list, func(p place) bool { return p.at == at }) {
			list = append(list, place{at, after})
		}
	}
	wait := otherPortAfter
	if len(nodes) > 0 {
		wait = otherNodeAfter
	}
	add(last, 0)
	add(c.address, wait)
	for _, at := range nodes {
		add(at, otherNodeAfter)
	}
	slices.SortStableFunc(list, func(a, b place) int { return doubts[a.at].Compare(doubts[b.at]) })
	host, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return list
	}
	ports, _ := c.trust.TrackerPlaces(c.address)
	most := len(list) + maxPorts
	for _, port := range append(ports, webPort) {
		if len(list) < most {
			add(net.JoinHostPort(host, strconv.Itoa(port)), otherPortAfter)
		}
	}
	return list
}

// answeredAt notes which of its ports and addresses the tracker answers at.
func (c *Client) answeredAt(w *way, at string, conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.last = at
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.seen.tracker = tcp.AddrPort().Addr().Unmap()
	}
}

// verify pins the key of the tracker in every handshake.
func (c *Client) verify(key ed25519.PublicKey) error {
	shown := netproto.FingerprintOf(key)
	c.mu.Lock()
	expected := c.expected
	if expected.IsZero() {
		c.expected = shown
	}
	c.mu.Unlock()
	if !expected.IsZero() && expected != shown {
		return keyChanged(c.address, expected, shown)
	}
	return nil
}

// verifyKnown refuses what is at another port of the tracker's host and is not the
// tracker, which says nothing about the tracker.
func (c *Client) verifyKnown(key ed25519.PublicKey) error {
	if c.Fingerprint() != netproto.FingerprintOf(key) {
		return errors.New("it is not the tracker")
	}
	return nil
}

// Reset closes idle connections, which may be dead after sleep or a change of the
// network, and forgets which port answered and which sources it named.
func (c *Client) Reset() {
	for _, w := range []*way{c.main, c.lists} {
		w.transport.CloseIdleConnections()
		c.mu.Lock()
		w.last, c.told = "", described{}
		c.mu.Unlock()
	}
}

// usablePorts returns the ports that a tracker may say it listens at.
func usablePorts(ports []int) []int {
	var list []int
	for _, p := range ports[:min(len(ports), maxPorts)] {
		if p > 0 && p < 1<<16 && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// Families returns the networks in which the tracker can be reached, tcp4 and tcp6, as far as
// its address is of that family or its name has such addresses.
func (c *Client) Families(ctx context.Context) []string {
	host, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Unmap().Is4() {
			return []string{"tcp4"}
		}
		return []string{"tcp6"}
	}
	var list []string
	for network, family := range map[string]string{"tcp4": "ip4", "tcp6": "ip6"} {
		if found, err := net.DefaultResolver.LookupNetIP(ctx, family, host); err == nil && len(found) > 0 {
			list = append(list, network)
		}
	}
	slices.Sort(list)
	return list
}
