package server_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

// meeting is a call of which both sides have a token.
type meeting struct {
	*tracker
	caller, callee *client
	one, two       netproto.RelayToken
}

func (tr *tracker) meeting() meeting {
	tr.Helper()
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	caller := tr.sharer("198.51.100.8", netproto.JoinRequest{})
	rings := callee.line().answers(netproto.RingOK)
	called, rung := caller.calls(callee, "a"), <-rings
	if called.Relay == nil || rung.Relay == nil || called.Relay.Token == rung.Relay.Token {
		tr.Fatalf("%+v, %+v", called, rung)
	}
	return meeting{tr, caller, callee, called.Relay.Token, rung.Relay.Token}
}

// raw asks for a relay in the raw form.
func (c *client) raw(token netproto.RelayToken) net.Conn {
	c.Helper()
	conn, err := c.http.Transport.(*http.Transport).DialContext(c.Context(), "tcp", c.addr)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write(append([]byte{netproto.RawRelay}, token[:]...))
	return conn
}

// ready waits until the other side of a raw relay is there.
func ready(conn net.Conn) error {
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return err
	}
	if b[0] != netproto.RawRelayReady {
		return fmt.Errorf("the first byte is %d", b[0])
	}
	return nil
}

// inTLS asks for a relay inside TLS and returns the connection with the answer.
func (c *client) inTLS(token netproto.RelayToken) (net.Conn, *http.Response) {
	c.Helper()
	dial := c.http.Transport.(*http.Transport)
	conn, err := dial.DialContext(c.Context(), "tcp", c.addr)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { conn.Close() })
	secure := tls.Client(conn, dial.TLSClientConfig)
	secure.SetDeadline(time.Now().Add(2 * patience))
	fmt.Fprintf(secure, "GET /v1/relay/%s HTTP/1.1\r\nHost: tracker\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", token, netproto.RelayProtocol)
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(secure, 4096)), nil)
	if err != nil {
		c.Fatal(err)
	}
	return secure, resp
}

// talk has the two peers of a meeting speak TLS with each other, pinned end to end.
func (m meeting) talk(caller, callee net.Conn) {
	m.Helper()
	var both sync.WaitGroup
	both.Go(func() {
		server := tls.Server(callee, m.callee.id.ServerTLS(netproto.ALPN, true, nil))
		io.Copy(server, server)
		server.Close()
	})
	secure := tls.Client(caller, m.caller.id.ClientTLS(netproto.ALPN, func(ed25519.PublicKey) error { return nil }))
	if _, err := io.WriteString(secure, "hello"); err != nil {
		m.Error(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(secure, got); err != nil || string(got) != "hello" {
		m.Errorf("%q, %v", got, err)
	}
	secure.Close()
	both.Wait()
}

func TestARelayBringsTwoPeersTogether(t *testing.T) {
	tr := startTracker(t, nil)
	for _, form := range []string{"raw, raw", "TLS, TLS", "raw, TLS"} {
		m := tr.meeting()
		conns := make([]net.Conn, 2)
		var both sync.WaitGroup
		one, two, _ := strings.Cut(form, ", ")
		for i, side := range []struct {
			form  string
			c     *client
			token netproto.RelayToken
		}{{one, m.caller, m.one}, {two, m.callee, m.two}} {
			both.Go(func() {
				if side.form == "raw" {
					conns[i] = side.c.raw(side.token)
					if err := ready(conns[i]); err != nil {
						t.Errorf("%s: %v", form, err)
					}
					return
				}
				var resp *http.Response
				if conns[i], resp = side.c.inTLS(side.token); resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != netproto.RelayProtocol {
					t.Errorf("%s: %+v", form, resp)
				}
			})
		}
		both.Wait()
		if !t.Failed() {
			if got := tr.metric("cp2p_relay_circuits"); got != "1" {
				t.Errorf("%s: %s circuits", form, got)
			}
			m.talk(conns[0], conns[1])
		}
		tr.until(form+" ends", func() bool { return tr.metric("cp2p_relay_circuits") == "0" })
	}
	if got := tr.metric("cp2p_relay_bytes_total"); got == "" || got == "0" {
		t.Errorf("%s bytes", got)
	}
}

func TestARelayTokenOpensNothingElse(t *testing.T) {
	tr := startTracker(t, nil)
	m := tr.meeting()
	refused := func(c *client, token netproto.RelayToken, why string) {
		t.Helper()
		if _, resp := c.inTLS(token); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", why, resp.Status)
		}
	}
	refused(m.caller, m.two, "the token of the other side")
	refused(tr.sharer("", netproto.JoinRequest{}), m.one, "the token of another peer")
	refused(m.caller, netproto.RelayToken{1}, "a token that is none")
	if got := m.caller.sendWith(http.Header{"Connection": {"Upgrade"}, "Upgrade": {netproto.RelayProtocol}}, "GET", "/v1/relay/x", ""); got.status != http.StatusNotFound {
		t.Errorf("no token: %+v", got)
	}
	m.caller.refused("GET", "/v1/relay/"+m.one.String(), "", netproto.CodeBadRequest) // no upgrade
	if err := ready(m.caller.raw(netproto.RelayToken{1})); !errors.Is(err, io.EOF) {
		t.Errorf("raw, a token that is none: %v", err)
	}
	one, two := m.caller.raw(m.one), m.callee.raw(m.two)
	for _, conn := range []net.Conn{one, two} {
		if err := ready(conn); err != nil {
			t.Fatal(err)
		}
	}
	refused(m.caller, m.one, "a token that was used")
	if err := ready(m.callee.raw(m.two)); !errors.Is(err, io.EOF) {
		t.Errorf("raw, a token that was used: %v", err)
	}
	m.talk(one, two)
}

func TestTheRawFormGivesWayToTheOtherOne(t *testing.T) {
	tr := startTracker(t, nil)
	m := tr.meeting()
	first := m.caller.raw(m.one) // nobody is there yet, so it tries the other form
	tr.until("the first one waits", func() bool { return tr.metric("cp2p_relay_circuits") == "1" })
	var both sync.WaitGroup
	both.Go(func() {
		if _, resp := m.caller.inTLS(m.one); resp.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("%s", resp.Status)
		}
	})
	if err := ready(first); !errors.Is(err, io.EOF) {
		t.Errorf("the first one: %v", err)
	}
	if err := ready(m.callee.raw(m.two)); err != nil {
		t.Error(err)
	}
	both.Wait()
}

func TestARawRelayWaitsInSilence(t *testing.T) {
	tr := startTracker(t, nil)
	m := tr.meeting()
	early := m.caller.raw(m.one)
	early.SetDeadline(time.Now().Add(8 * time.Second)) // before its time to wait would be over
	early.Write([]byte("hello?"))
	if err := ready(early); errors.Is(err, os.ErrDeadlineExceeded) || err == nil {
		t.Errorf("it spoke too early: %v", err)
	}
	gone := m.caller.raw(m.one)
	tr.until("half a circuit", func() bool { return tr.metric("cp2p_relay_circuits") == "1" })
	gone.Close()
	tr.until("its end", func() bool { return tr.metric("cp2p_relay_circuits") == "0" })
}

func TestAFullRelaySaysSo(t *testing.T) {
	limits := relay.DefaultLimits()
	limits.Circuits = 1
	tr := startTracker(t, func(c *server.Config) { c.Relay = &limits })
	first, second := tr.meeting(), tr.meeting() // both got tokens: nobody is there yet
	first.caller.raw(first.one)
	tr.until("half a circuit", func() bool { return tr.metric("cp2p_relay_circuits") == "1" })
	_, resp := second.caller.inTLS(second.one)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%+v", resp)
	}
	if err := ready(second.caller.raw(second.one)); !errors.Is(err, io.EOF) {
		t.Errorf("raw: %v", err)
	}
	callee, caller := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a"), tr.sharer("198.51.100.8", netproto.JoinRequest{})
	callee.line().answers(netproto.RingOK)
	if got := caller.calls(callee, "a"); got.Relay != nil {
		t.Errorf("it offers what it has not: %+v", got)
	}
	if got := tr.metric(`cp2p_refusals_total{reason="relay"}`); got != "2" {
		t.Errorf("%s refusals", got)
	}
}

func TestARelayThatIsOff(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.Relay = &relay.Limits{} })
	callee, caller := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a"), tr.sharer("198.51.100.8", netproto.JoinRequest{})
	callee.line().answers(netproto.RingOK)
	var info netproto.TrackerInfo
	caller.call("GET", netproto.RouteTracker, nil, &info)
	if got := caller.calls(callee, "a"); got.Relay != nil || info.Relay || !info.Line {
		t.Errorf("%+v, %+v", got, info)
	}
	if _, resp := caller.inTLS(netproto.RelayToken{1}); resp.StatusCode != http.StatusNotFound {
		t.Error(resp.Status)
	}
	if err := ready(caller.raw(netproto.RelayToken{1})); errors.Is(err, os.ErrDeadlineExceeded) || err == nil {
		t.Errorf("raw: %v", err)
	}
}

func TestABanEndsCircuits(t *testing.T) {
	tr := startTracker(t, nil)
	m := tr.meeting()
	one, two := m.caller.raw(m.one), m.callee.raw(m.two)
	if err := errors.Join(ready(one), ready(two)); err != nil {
		t.Fatal(err)
	}
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: m.callee.id.Fingerprint()}}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, one); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the other side stays open")
	}
	// And whoever is banned does not come in with a token from before.
	n := tr.meeting()
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: n.caller.id.Fingerprint()}}); err != nil {
		t.Fatal(err)
	}
	if err := ready(n.caller.raw(n.one)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("raw: %v", err)
	}
}

func TestARelayEndsWhenTheServerStops(t *testing.T) {
	tr := startTracker(t, nil)
	m := tr.meeting()
	one, two := m.caller.raw(m.one), m.callee.raw(m.two)
	if err := errors.Join(ready(one), ready(two)); err != nil {
		t.Fatal(err)
	}
	half := tr.meeting()
	half.caller.raw(half.one)
	if err := tr.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, one); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("it stays open")
	}
}
