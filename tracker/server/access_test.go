package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

func private(c *server.Config) { c.Access = server.AccessInvite }

// invited adds an invite to the store and returns its token.
func (tr *tracker) invited(n byte) netproto.Invite {
	tr.Helper()
	token := netproto.Invite{n}
	if err := tr.store.AddInvite(tr.Context(), store.Invite{Hash: store.InviteHash(token), Expires: time.Now().Add(time.Hour)}); err != nil {
		tr.Fatal(err)
	}
	return token
}

func TestAPrivateTrackerServesMembersOnly(t *testing.T) {
	tr := startTracker(t, private)
	stranger := tr.client("")
	var info netproto.TrackerInfo
	stranger.call("GET", netproto.RouteTracker, nil, &info)
	if info.SeedClients != netproto.SeedOff {
		t.Errorf("seed clients: %s", info.SeedClients)
	}
	for _, ask := range []struct{ method, path, body string }{
		{"PUT", netproto.RouteSelf, `{"name":"x","port":1}`},
		{"DELETE", netproto.RouteSelf, ""},
		{"POST", netproto.RouteHeartbeat, `{"count":0,"digest":"0000000000000000"}`},
		{"GET", netproto.RouteResources + "?q=a", ""},
		{"POST", netproto.RouteResources, `{"resources":[]}`},
		{"DELETE", netproto.RouteResources, `{"hashes":[]}`},
		{"GET", "/v1/resources/" + strings.Repeat("a", 64), ""},
		{"GET", "/v1/resources/" + strings.Repeat("a", 64) + "/peers", ""},
		{"GET", "/v1/peers/cdb8fa1c-0000-8000-8000-000000000001/resources", ""},
		{"GET", netproto.RouteStats, ""},
		{"GET", netproto.RouteWishes, ""},
		{"PUT", netproto.RouteWishes, `{"wishes":[]}`},
		{"GET", netproto.RouteLine, ""},
		{"POST", netproto.RouteCalls, `{}`},
		{"GET", "/v1/relay/aaaaaaaaaaaaaaaaaaaaaaaaaa", ""},
	} {
		stranger.refused(ask.method, ask.path, ask.body, netproto.CodeInvite)
	}
	if got := tr.plain("").send("GET", netproto.RouteSeedResource, ""); got.status != http.StatusForbidden {
		t.Errorf("a seed client gets %d: %s", got.status, got.body)
	}
}

func TestAnInviteBindsTheFirstKeyThatBringsIt(t *testing.T) {
	tr := startTracker(t, private)
	token := tr.invited(1)
	member, late := tr.client(""), tr.client("")
	for range 2 { // a member may present its invite again
		member.join(netproto.JoinRequest{Port: 4000, Invite: token})
	}
	member.join(netproto.JoinRequest{Port: 4000})
	member.search("?q=a")
	late.refused("PUT", netproto.RouteSelf, `{"port":4000,"invite":"`+token.String()+`"}`, netproto.CodeInvite)
	late.refused("PUT", netproto.RouteSelf, `{"port":4000,"invite":"aaaqeayeaudaocajbifqydiob4"}`, netproto.CodeInvite)
	late.refused("GET", netproto.RouteResources, "", netproto.CodeInvite)
	unfit := tr.invited(2) // a join refused for another reason uses up no invite
	late.refused("PUT", netproto.RouteSelf, `{"port":0,"invite":"`+unfit.String()+`"}`, netproto.CodeInvalid)
	late.join(netproto.JoinRequest{Port: 4001, Invite: unfit})
}

// idle opens a connection of a client and sends one request over it.
func (c *client) idle() net.Conn {
	c.Helper()
	dial := c.http.Transport.(*http.Transport)
	conn, err := dial.DialContext(c.Context(), "tcp", c.addr)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if c.id != nil {
		config := dial.TLSClientConfig.Clone()
		config.ServerName = "tracker"
		conn = tls.Client(conn, config)
	}
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		c.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		c.Fatal(err)
	}
	return conn
}

// wantCut reads until the other side ends the connection.
func wantCut(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, conn); err != nil {
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			t.Error("the connection stays open")
		}
	}
}

func TestABanTakesEffectAtOnce(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.SeedClients = netproto.SeedOpen })
	bad, good := tr.client("203.0.113.7"), tr.client("203.0.113.9")
	for _, c := range []*client{bad, good} {
		c.join(netproto.JoinRequest{Port: 4000})
		c.announce(file("shared"))
	}
	if got := good.search("?q=shared"); len(got.Items) != 1 || got.Items[0].Sources != 2 {
		t.Fatalf("%+v", got)
	}

	open := bad.idle()
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: bad.id.Fingerprint()}, Why: "floods"}); err != nil {
		t.Fatal(err)
	}
	wantCut(t, open)
	bad.refused("GET", netproto.RouteTracker, "", netproto.CodeBanned)
	bad.refused("PUT", netproto.RouteSelf, `{"port":4000}`, netproto.CodeBanned)
	bad.refused("POST", netproto.RouteHeartbeat, `{"count":2,"digest":"0000000000000000"}`, netproto.CodeBanned)
	if got := good.search("?q=shared"); len(got.Items) != 1 || got.Items[0].Sources != 1 {
		t.Fatalf("%+v", got)
	}

	conn, other := tr.plain("203.0.113.8").idle(), tr.plain("198.51.100.1").idle()
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Prefix: netip.MustParsePrefix("203.0.113.8/31")}}); err != nil {
		t.Fatal(err)
	}
	wantCut(t, conn)
	other.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(other, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Errorf("another connection was cut: %v", err)
	}
	good.refused("GET", netproto.RouteResources, "", netproto.CodeBanned)
	seed := tr.plain("203.0.113.8").send("GET", netproto.RouteSeedResource, "")
	if seed.status != http.StatusForbidden || !strings.HasPrefix(seed.body, `{"success": false`) {
		t.Errorf("a banned seed client gets %d: %s", seed.status, seed.body)
	}
}
