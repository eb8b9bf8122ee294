//go:build linux

package load

import (
	"centralizedp2p/netproto"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// silence holds connections on which nothing more is said.
func (g *guest) silence(first []byte) {
	n := some(100, 300)
	conns := make([]net.Conn, n)
	g.crowd(n, func(i int) {
		c, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		c.Write(first)
		conns[i] = c
	})
	for _, c := range conns {
		if c != nil && !ended(c, 25*time.Second) {
			g.Error("a connection without a greeting stays open")
			return
		}
	}
}

// slowly hides how fast a connection is: what TLS writes goes out byte by byte.
type slowly struct {
	net.Conn
	ctx context.Context
}

func (s slowly) Write(b []byte) (int, error) {
	return len(b), dribble(s.ctx, s.Conn, b, 500*time.Millisecond)
}

func slowHandshake(g *guest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(g.ctx), 30*time.Second)
	defer cancel()
	var through atomic.Int64
	go func() { wait(g.ctx, time.Second); g.begun() }()
	g.crowd(some(20, 100), func(int) {
		raw, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		if tls.Client(slowly{raw, ctx}, newIdentity(g).ClientTLS(netproto.ALPN, anyKey)).HandshakeContext(ctx) == nil {
			through.Add(1)
		}
		if ctx.Err() != nil {
			g.Error("a handshake may last for ever")
		}
	})
	if through.Load() > 0 {
		g.Errorf("%d handshakes took longer than any may", through.Load())
	}
}

func noHello(g *guest) {
	n := some(50, 200)
	conns := make([]*frames, n)
	g.crowd(n, func(i int) {
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
		}
		conns[i] = c
	})
	for _, c := range conns {
		if c != nil {
			g.turnsAway(c, "without a hello")
		}
	}
}

func slowHello(g *guest) {
	ctx := context.WithoutCancel(g.ctx)
	go func() { wait(g.ctx, time.Second); g.begun() }()
	g.crowd(some(20, 100), func(int) {
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		c.SetDeadline(time.Time{})
		hello := netproto.AppendFrame(nil, netproto.Hello{Version: 1, Name: strings.Repeat("x", netproto.MaxPeerName)})
		if dribble(ctx, c, hello, 400*time.Millisecond) == nil {
			g.turnsAway(c, "with a hello that takes half a minute")
		}
	})
}

func slowFrames(g *guest) {
	c := g.meet()
	if c == nil {
		return
	}
	g.begun()
	ctx := context.WithoutCancel(g.ctx)
	ping := netproto.AppendFrame(nil, netproto.Ping{})
	for began := time.Now(); time.Since(began) < 3*time.Minute; {
		if dribble(ctx, c, ping, time.Second) != nil {
			return
		}
	}
	g.Error("who asks for nothing may stay for ever")
}

func otherProtocols(g *guest) {
	for _, said := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-x\r\n", "\x13BitTorrent protocol" + strings.Repeat("\x00", 48), strings.Repeat("\xff", 100_000),
		strings.Repeat("\x16\x03\x01\x40\x00", 20_000), "\x15\x03\x01\x00\x02\x02\x28", "\x80\x2e\x01\x03\x01", "\x00",
	} {
		c, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		io.WriteString(c, said) // the other side may have hung up
		g.turnsAway(c, fmt.Sprintf("%.20q", said))
	}
	for name, change := range map[string]func(*tls.Config){
		"another protocol":   func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"no protocol":        func(c *tls.Config) { c.NextProtos = nil },
		"hundreds of them":   func(c *tls.Config) { c.NextProtos = manyProtocols() },
		"TLS 1.2":            func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS12 },
		"a name of a server": func(c *tls.Config) { c.ServerName, c.NextProtos = strings.Repeat("x.", 100)+"example", nil },
	} {
		config := newIdentity(g).ClientTLS(netproto.ALPN, anyKey)
		config.VerifyConnection = nil
		change(config)
		if _, err := g.meetAs(config); err == nil {
			g.Errorf("who speaks %s is let in", name)
		}
	}
	g.begun()
}

func manyProtocols() []string {
	var list []string
	for i := range 500 {
		list = append(list, fmt.Sprintf("protocol/%d", i))
	}
	return list
}

func oddCertificates(g *guest) {
	for name, shown := range certificates(g) {
		c, err := g.meetAs(clientWith(g.id, shown.Certificate))
		if (err == nil) != shown.served {
			g.Errorf("%s: %v", name, err)
		}
		if c != nil {
			c.NetConn().Close()
		}
	}
	g.begun()
}

func oddHellos(g *guest) {
	long := strings.Repeat("x", netproto.MaxPeerName)
	raw := func(name string) []byte {
		b := rawFrame(byte(netproto.FrameHello), uint32(1+7+len(name)), 6)
		return append(append(b, byte(len(name))), name...)
	}
	for _, c := range []struct {
		hello []byte
		fine  bool
	}{
		{netproto.AppendFrame(nil, netproto.Hello{Version: 0}), true},
		{netproto.AppendFrame(nil, netproto.Hello{Version: 1<<16 - 1, Features: 1<<32 - 1, Name: long}), true},
		{netproto.AppendFrame(nil, netproto.Hello{Name: "\x1b]0;owned\a\u202e\u200b\x00\n"}), true},
		{raw(long + "y"), false}, {raw(strings.Repeat("z", 255)), false}, {raw("\xff\xfe"), false}, {raw("\xed\xa0\x80"), false},
		{append(raw("x"), 0), true}, // the first byte of another frame
		{rawFrame(1, 1, 0), false}, {rawFrame(1, 7, 6), false}, {rawFrame(1, 9, 8), false}, {rawFrame(1, netproto.MaxControlPayload+1, netproto.MaxControlPayload), false},
	} {
		conn, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		conn.Write(c.hello)
		_, err = conn.read() // its own hello comes first
		if err == nil && c.fine {
			if len(c.hello) == len(raw("x"))+1 {
				continue
			}
			conn.send(netproto.Ping{Token: 7})
			if f, err := conn.read(); err != nil || f != (netproto.Pong{Token: 7}) {
				g.Errorf("after the hello %q: %#v, %v", c.hello, f, err)
			}
		}
		if !c.fine {
			g.turnsAway(conn, fmt.Sprintf("with the hello %.40q", c.hello))
		}
	}
	g.begun()
}

// instead sends other frames where a hello belongs.
func (g *guest) instead(list [][]byte) {
	for _, raw := range list {
		if raw[4] == byte(netproto.FrameHello) {
			continue
		}
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		c.Write(raw)
		g.turnsAway(c, fmt.Sprintf("with %.12x instead of hello", raw))
	}
	g.begun()
}
