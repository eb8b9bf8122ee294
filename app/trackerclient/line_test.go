package trackerclient_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/porttest"
)

// changesTo answers a request for a protocol and passes what comes after to serve.
func changesTo(protocol string, serve func(net.Conn, *bufio.ReadWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != protocol || r.Header.Get("Connection") != "Upgrade" {
			http.Error(w, "no upgrade", http.StatusBadRequest)
			return
		}
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n\r\n")
		serve(conn, buffered, r)
	}
}

func overTCP(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func TestALineCarriesFramesBothWays(t *testing.T) {
	heard := make(chan netproto.LineFrame, 1)
	s := startStandIn(t, changesTo(netproto.LineProtocol, func(_ net.Conn, b *bufio.ReadWriter, r *http.Request) {
		if r.URL.Path != netproto.RouteLine {
			t.Errorf("it asks for %s", r.URL)
		}
		// The first frame comes with the head of the answer.
		seen, _ := netproto.AppendLineFrame(nil, netproto.LineFrame{Seen: &netproto.LineSeen{Address: r.RemoteAddr}})
		b.Write(seen)
		b.Flush()
		f, err := netproto.ReadLineFrame(b)
		if err != nil {
			t.Error(err)
		}
		heard <- f
	}))
	c := s.client(t, netproto.Fingerprint{}, newMemory())
	var dialled atomic.Int32
	line, err := c.Line(t.Context(), "tcp4", func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		if network != "tcp4" || address != s.address() {
			t.Errorf("it dials %s %s", network, address)
		}
		return overTCP(ctx, network, address)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	if dialled.Load() != 1 {
		t.Errorf("it was dialled %d times with the given function", dialled.Load())
	}
	if f, err := netproto.ReadLineFrame(line); err != nil || f.Seen == nil || f.Seen.Address != line.LocalAddr().String() {
		t.Errorf("it reads %+v, %v", f, err)
	}
	beat, _ := netproto.AppendLineFrame(nil, netproto.LineFrame{Beat: &netproto.HeartbeatRequest{Count: 3}})
	if _, err := line.Write(beat); err != nil {
		t.Fatal(err)
	}
	if f := <-heard; f.Beat == nil || f.Beat.Count != 3 {
		t.Errorf("the tracker reads %+v", f)
	}
}

func TestALineThatIsRefusedSaysWhy(t *testing.T) {
	problem := `{"code":"invite-required","detail":"members only"}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   netproto.Code
	}{
		"an older tracker":   {says(404, netproto.MediaTypeProblem, `{"code":"not-found"}`), netproto.CodeNotFound},
		"a private one":      {says(403, netproto.MediaTypeProblem, problem), netproto.CodeInvite},
		"no tracker":         {says(200, "text/html", "<p>hello"), netproto.CodeProtocol},
		"another protocol":   {changesTo("", func(net.Conn, *bufio.ReadWriter, *http.Request) {}), netproto.CodeProtocol},
		"an endless head":    {endlessHead, netproto.CodeUnreachable},
		"one that hangs up":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, netproto.CodeUnreachable},
		"one that is silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, netproto.CodeUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := startStandIn(t, c.answer).client(t, netproto.Fingerprint{}, newMemory())
			if name == "one that is silent" {
				client.SetTimeout(100 * time.Millisecond)
			}
			line, err := client.Line(t.Context(), "tcp", overTCP)
			if err == nil {
				line.Close()
				t.Fatal("there is a line")
			}
			wantCode(t, err, c.code)
		})
	}
}

// endlessHead answers with a head that never ends.
func endlessHead(w http.ResponseWriter, _ *http.Request) {
	conn, b, _ := w.(http.Hijacker).Hijack()
	defer conn.Close()
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	for {
		if _, err := b.WriteString("X-More: " + strings.Repeat("x", 4000) + "\r\n"); err != nil {
			return
		}
	}
}

func TestALineOfATrackerWithAnotherKeyIsRefused(t *testing.T) {
	s := startStandIn(t, changesTo(netproto.LineProtocol, func(net.Conn, *bufio.ReadWriter, *http.Request) {}))
	c := s.client(t, newIdentity(t).Fingerprint(), newMemory())
	_, err := c.Line(t.Context(), "tcp", overTCP)
	wantCode(t, err, netproto.CodeKeyChanged)
}

// A tracker outside must not have its peers dial into their own networks.
func TestACallNamesOnlyWhatMayBeDialled(t *testing.T) {
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != netproto.RouteCalls || r.Method != http.MethodPost {
			t.Errorf("it asks for %s %s", r.Method, r.URL)
		}
		says(200, jsonType, `{"call":"`+netproto.CallID{1}.String()+`","addresses":["224.0.0.1:5000","192.0.2.7:4000","0.0.0.0:5000","example.org:80","192.0.2.7:4000","192.0.2.7:0"],
			"relay":{"token":"`+netproto.RelayToken{2}.String()+`","rate":1000}}`)(w, r)
	})
	answer, err := s.client(t, netproto.Fingerprint{}, newMemory()).Call(t.Context(), netproto.CallRequest{})
	if err != nil || len(answer.Addresses) != 1 || answer.Addresses[0] != "192.0.2.7:4000" || answer.Call != (netproto.CallID{1}) || answer.Relay.Token != (netproto.RelayToken{2}) {
		t.Errorf("%+v, %v", answer, err)
	}
}

// splitter is a tracker's port: the first byte says whether TLS follows.
func splitter(t *testing.T, id *identity.Identity, raw func(net.Conn), secured func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				if first, err := r.Peek(1); err != nil {
					return
				} else if first[0] == netproto.RawRelay {
					raw(buffered{c, r})
					return
				}
				server := tls.Server(buffered{c, r}, id.ServerTLS(identity.HTTP, true, nil))
				if server.Handshake() == nil {
					secured(server)
				}
			}()
		}
	}()
	return l.Addr().String()
}

type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func TestTheRelayIsRawAndElseInsideTLS(t *testing.T) {
	token := netproto.RelayToken{7, 8, 9}
	echo := func(c net.Conn) { io.Copy(c, c) }
	takesToken := func(c net.Conn) bool {
		head := make([]byte, 17)
		_, err := io.ReadFull(c, head)
		return err == nil && head[0] == netproto.RawRelay && netproto.RelayToken(head[1:]) == token
	}
	for name, c := range map[string]struct {
		raw   func(net.Conn)
		isTLS bool
	}{
		"raw": {raw: func(c net.Conn) {
			if takesToken(c) {
				c.Write([]byte{netproto.RawRelayReady})
				echo(c)
			}
		}},
		"it hangs up":    {raw: func(net.Conn) {}, isTLS: true},
		"it speaks HTTP": {raw: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, isTLS: true},
		"it is silent":   {raw: func(c net.Conn) { io.Copy(io.Discard, c) }, isTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := newIdentity(t)
			at := splitter(t, id, c.raw, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				request, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				if request.URL.Path == netproto.RouteTracker {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
					return
				}
				if request.URL.Path != "/v1/relay/"+token.String() {
					t.Errorf("it asks for %s", request.URL)
				}
				io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+netproto.RelayProtocol+"\r\n\r\n")
				echo(buffered{conn, r})
			})
			client, err := trackerclient.New(newIdentity(t), at, id.Fingerprint(), newMemory())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if _, err := client.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			relay, err := client.Relay(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			defer relay.Close()
			if _, plain := relay.(*net.TCPConn); plain == c.isTLS {
				t.Errorf("it is a %T", relay)
			}
			if _, err := io.WriteString(relay, "hello"); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 5)
			if _, err := io.ReadFull(relay, got); err != nil || string(got) != "hello" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// A firewall lets only some ports through: a tracker that said which it has is found at
// another one, and what else is there is not mistaken for it.
func TestATrackerIsFoundAtItsOtherPorts(t *testing.T) {
	s := startStandIn(t, says(200, jsonType, `{"name":"ours","ports":[1,0,70000]}`))
	stranger := startStandIn(t, says(200, jsonType, `{"name":"not ours"}`))
	_, port, _ := net.SplitHostPort(s.address())
	_, other, _ := net.SplitHostPort(stranger.address())
	ours, _ := strconv.Atoi(port)
	theirs, _ := strconv.Atoi(other)
	at := porttest.Address(t)

	trust := newMemory()
	trust.TrackerReached(at, s.id.Fingerprint(), "", []int{theirs, ours}, nil)
	c, err := trackerclient.New(newIdentity(t), at, netproto.Fingerprint{}, trust)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if info, err := c.Info(t.Context()); err != nil || info.Name != "ours" {
		t.Errorf("%+v, %v", info, err)
	}
	if ports, _ := trust.TrackerPlaces(at); len(ports) != 1 || ports[0] != 1 {
		t.Errorf("it keeps the ports %v", ports)
	}

	// One whose key is not known is looked for only where the person said.
	unknown := newMemory()
	unknown.ports[at] = []int{ours}
	c, err = trackerclient.New(newIdentity(t), at, netproto.Fingerprint{}, unknown)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Info(t.Context())
	wantCode(t, err, netproto.CodeUnreachable, at)
}

func TestFamiliesOfAnAddress(t *testing.T) {
	for address, want := range map[string]string{"192.0.2.1:5000": "tcp4", "[2001:db8::1]:5000": "tcp6", "[::ffff:192.0.2.1]:5000": "tcp4"} {
		c, err := trackerclient.New(newIdentity(t), address, netproto.Fingerprint{}, newMemory())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Families(t.Context()); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
