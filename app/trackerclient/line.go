package trackerclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

const (
	// headBytes bounds the head of an answer.
	headBytes = 64 << 10
	// callBytes bounds the answer to a call.
	callBytes = 8 << 10
	// rawRelayTime is how long the raw form of a relay may take; then the one inside
	// TLS is tried, which passes proxies.
	rawRelayTime = 2 * time.Second
)

// Line opens a line to the tracker in one network, tcp4 or tcp6, over a connection of
// its own that dial makes. It carries frames, see [netproto.ReadLineFrame]; the first
// one that comes is where the tracker sees this end. Closing it frees both its ports at
// once, so that the next line can have the same.
func (c *Client) Line(ctx context.Context, network string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (net.Conn, error) {
	bounded := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTime)
		defer cancel()
		raw, err := dial(ctx, network, address)
		if tcp, ok := raw.(*net.TCPConn); err == nil && ok {
			keepAlive(tcp)
		}
		return raw, err
	}
	for range c.several() {
		at := c.addresses(c.main)[0].at
		line, err := c.upgrade(ctx, network, bounded, netproto.RouteLine, netproto.LineProtocol, lineElsewhere)
		if err == nil || !lost(err) || ctx.Err() != nil {
			return line, err
		}
		c.passOver(c.main, at)
	}
	return c.upgrade(ctx, network, bounded, netproto.RouteLine, netproto.LineProtocol, c.timeout)
}

// lineElsewhere is how long a node may take to open a line until another one is asked.
const lineElsewhere = 3 * otherNodeAfter

// A router that restarts forgets a line and says so to nobody: until this end says
// something, no ring comes through. So the systems of both ends exchange an empty packet
// after lineQuiet without another, which costs the two programs nothing and opens the
// router again, and the line is over if three in a row, lineProbe apart, are not answered.
const (
	lineQuiet = 6 * time.Second
	lineProbe = time.Second
	// lineDead is how long what was sent may stay unacknowledged, where the system can be
	// told: by itself, it would repeat it more and more rarely for a quarter of an hour.
	lineDead = lineQuiet + 2*lineProbe
)

// keepAlive has the system watch over a line. It is a help only: a system that cannot do
// all of it does the rest.
func keepAlive(c *net.TCPConn) {
	c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: lineQuiet, Interval: lineProbe, Count: 3})
	boundSending(c, lineDead)
}

// Call asks the tracker to have a peer meet this one, and returns where that peer is. Its
// addresses are checked as those of [Client.Sources] are.
func (c *Client) Call(ctx context.Context, request netproto.CallRequest) (netproto.CallResponse, error) {
	var answer netproto.CallResponse
	if err := c.call(ctx, http.MethodPost, netproto.RouteCalls, request, &answer, callBytes); err != nil {
		return netproto.CallResponse{}, err
	}
	answer.Addresses = c.Dialable(answer.Addresses)
	return answer, nil
}

// Dialable returns which of the addresses that the tracker names for another peer may
// be dialled: see [Client.Sources].
func (c *Client) Dialable(addresses []string) []string {
	c.mu.Lock()
	from := c.seen
	c.mu.Unlock()
	return from.dialable(addresses)
}

// Relay joins this side of a call to the other through the tracker, once the other side
// is there. The tracker cannot read what is passed on, if the two speak TLS.
func (c *Client) Relay(ctx context.Context, token netproto.RelayToken) (net.Conn, error) {
	if conn, err := c.rawRelay(ctx, token); err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return c.upgrade(ctx, "tcp", dialer.DialContext, strings.Replace(netproto.RouteRelay, "{token}", token.String(), 1), netproto.RelayProtocol, c.timeout)
}

// rawRelay asks for the relay without TLS around it, which costs the tracker less.
func (c *Client) rawRelay(ctx context.Context, token netproto.RelayToken) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, rawRelayTime)
	defer cancel()
	c.mu.Lock()
	at, tracker := c.main.last, c.seen.tracker
	c.mu.Unlock()
	_, port, err := net.SplitHostPort(at)
	if err != nil || !tracker.IsValid() {
		return nil, netproto.Errorf(netproto.CodeUnreachable, "%s has not answered yet", c.address)
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	conn, err := dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(tracker, uint16(n)).String())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var ready [1]byte
	if _, err = conn.Write(append([]byte{netproto.RawRelay}, token[:]...)); err == nil {
		_, err = io.ReadFull(conn, ready[:])
	}
	if err == nil && ready[0] != netproto.RawRelayReady {
		err = netproto.Errorf(netproto.CodeProtocol, "%s does not relay without TLS", c.address)
	}
	if err != nil || !stop() {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// upgrade makes a connection that leaves HTTP for another protocol (RFC 9110 §7.8).
func (c *Client) upgrade(ctx context.Context, network string, dial Dial, route, protocol string, within time.Duration) (net.Conn, error) {
	timed, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn, err := c.connect(timed, c.main, network, dial)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.unanswered(err, headBytes)
	}
	stop := context.AfterFunc(timed, func() { conn.NetConn().Close() })
	upgraded, err := c.ask(timed, conn, route, protocol)
	if err == nil && !stop() {
		err = timed.Err()
	}
	if err != nil {
		conn.NetConn().Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return upgraded, nil
}

func (c *Client) ask(ctx context.Context, conn *tls.Conn, route, protocol string) (net.Conn, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+netproto.URLHost(c.address)+route, nil)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", protocol)
	if err := request.Write(conn); err != nil {
		return nil, c.unanswered(err, headBytes)
	}
	bounded := &io.LimitedReader{R: conn, N: headBytes}
	r := bufio.NewReader(bounded)
	response, err := http.ReadResponse(r, request)
	if err != nil {
		return nil, c.unanswered(err, headBytes)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return nil, c.refused(response.StatusCode, response.Header, body)
	}
	if !strings.EqualFold(response.Header.Get("Upgrade"), protocol) {
		return nil, netproto.Errorf(netproto.CodeProtocol, "%s changes to %q, not to %q", c.address, response.Header.Get("Upgrade"), protocol)
	}
	bounded.N = math.MaxInt64
	return &upgraded{conn, r}, nil
}

// upgraded is a connection whose first bytes may have come with the head of the answer.
type upgraded struct {
	*tls.Conn
	r *bufio.Reader
}

func (u *upgraded) Read(b []byte) (int, error) { return u.r.Read(b) }

// Close ends the connection at once. One that waits in TIME_WAIT keeps its two ports
// from the next line (EADDRNOTAVAIL for half a second was measured).
func (u *upgraded) Close() error {
	if tcp, ok := u.NetConn().(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	return u.NetConn().Close()
}
