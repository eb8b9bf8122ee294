package trackerclient

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
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

// connect opens a TLS connection to the tracker: at the port that answered last or that
// its address names, and beside it at its others, if that one does not answer soon. Only
// a tracker whose key is known is looked for at other ports: anybody may be there.
func (c *Client) connect(ctx context.Context, network string, dial Dial) (*tls.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		conn *tls.Conn
		at   string
		err  error
	}
	addresses := c.addresses()
	results := make(chan result, len(addresses))
	waiting := 0
	begin := func(list []string) {
		for _, at := range list {
			waiting++
			go func() {
				conn, err := c.secure(ctx, network, at, dial)
				results <- result{conn, at, err}
			}()
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
	begin(addresses[:1])
	others := addresses[1:]
	late := time.NewTimer(otherPortAfter)
	defer late.Stop()
	var failed error
	for waiting > 0 || len(others) > 0 {
		select {
		case <-late.C:
		case r := <-results:
			waiting--
			if r.err == nil {
				c.answeredAt(r.at, r.conn)
				return r.conn, nil
			}
			if failed == nil || r.at == c.address { // what is said of the address that the person knows
				failed = r.err
			}
			if netproto.CodeOf(r.err) == netproto.CodeKeyChanged {
				return nil, r.err
			}
		}
		begin(others)
		others = nil
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
	}
	conn := tls.Client(raw, c.id.ClientTLS(identity.HTTP, verify))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// addresses are where the tracker may be, the likeliest first; never none.
func (c *Client) addresses() []string {
	c.mu.Lock()
	last, known := c.last, !c.expected.IsZero()
	c.mu.Unlock()
	list := []string{c.address}
	if last != "" && last != c.address {
		list = []string{last, c.address}
	}
	if !known {
		return list[len(list)-1:]
	}
	host, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return list
	}
	for _, port := range append(c.trust.TrackerPorts(c.address), webPort) {
		at := net.JoinHostPort(host, strconv.Itoa(port))
		if len(list) <= maxPorts && !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list
}

// answeredAt notes which of its ports and addresses the tracker answers at.
func (c *Client) answeredAt(at string, conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = at
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
// network, and forgets which port answered.
func (c *Client) Reset() {
	c.transport.CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = ""
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
