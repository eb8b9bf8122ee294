package load

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// odd makes handshakes that are none, and some with what no client has.
func (g *rig) odd() {
	var all sync.WaitGroup
	defer all.Wait()
	for _, b := range []string{
		"\x16", "\x16\x03\x01", "\x16\x03\x01\x00\x00", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000), "\x16GET / HTTP/1.1\r\n\r\n", strings.Repeat("\x16\x03\x01\x40\x00", 20_000),
		"\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", "\x16\x03\x03\x00\x04\x0e\x00\x00\x00", "\x16\x03\x01\x00\x01\x00",
	} {
		conn, err := g.connect(1, wayPlain)
		if err != nil {
			g.Fatal(err)
		}
		g.tried.Add(1)
		all.Go(func() {
			defer conn.Close()
			io.WriteString(conn, b)
			conn.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
				g.Errorf("after %.20q: still open", b)
			}
		})
	}
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.0":     func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"TLS 1.2":     func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS12 },
		"HTTP/2":      func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"peers":       func(c *tls.Config) { c.NextProtos = []string{netproto.ALPN} },
		"HTTP/3":      func(c *tls.Config) { c.NextProtos = []string{"h3"} },
		"TLS as ever": func(*tls.Config) {},
	} {
		id, err := newIdentity()
		if err != nil {
			g.Fatal(err)
		}
		config := id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })
		config.VerifyConnection = nil
		change(config)
		conn, err := g.connect(1, wayPlain)
		if err != nil {
			g.Fatal(err)
		}
		g.tried.Add(1)
		secure := tls.Client(conn, config)
		secure.SetDeadline(time.Now().Add(patience))
		err = secure.Handshake()
		if err == nil { // in TLS 1.3 a refusal of the client's certificate comes after the handshake
			io.WriteString(secure, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			_, err = http.ReadResponse(bufio.NewReader(secure), nil)
		}
		if (err == nil) != (name == "TLS as ever") {
			g.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
}

// crowd holds n connections in a way, and has each do something until ctx ends or it
// fails. It returns how many ended before.
func (g *rig) crowd(ctx context.Context, n int, by way, do func(ctx context.Context, i int, w io.Writer, r io.Reader) error) (ended int64) {
	var all sync.WaitGroup
	var count atomic.Int64
	for i := range n {
		all.Go(func() {
			conn, err := g.connect(i, by)
			if err != nil {
				return // there are limits
			}
			g.tried.Add(1)
			conn.SetDeadline(time.Time{})
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			if do(ctx, i, conn, conn) != nil && ctx.Err() == nil {
				count.Add(1)
			}
		})
	}
	all.Wait()
	return count.Load()
}

// drip writes byte by byte.
func drip(ctx context.Context, w io.Writer, s string, every time.Duration) error {
	for i := range len(s) {
		if _, err := io.WriteString(w, s[i:i+1]); err != nil {
			return err
		}
		pause(ctx, every)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func TestHostileClientsInCrowdsHoldNobodyUp(t *testing.T) {
	g := newRig(t, "tracker")
	endless := strings.Repeat("x", 10_000)
	n := some(150, 900)
	for _, c := range []struct {
		name string
		by   way
		do   func(ctx context.Context, i int, w io.Writer, r io.Reader) error
		cut  bool // each is cut off in the end
	}{
		{"say nothing", wayPlain, func(_ context.Context, _ int, _ io.Writer, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return gone(err)
		}, true},
		{"say half a greeting", wayPlain, func(_ context.Context, _ int, w io.Writer, r io.Reader) error {
			io.WriteString(w, "\x16\x03\x01\x02\x00\x01\x00")
			_, err := io.Copy(io.Discard, r)
			return gone(err)
		}, true},
		{"send headers byte by byte", wayPlain, func(ctx context.Context, _ int, w io.Writer, _ io.Reader) error {
			return drip(ctx, w, "GET / HTTP/1.1\r\nX: "+endless, 200*time.Millisecond)
		}, true},
		{"send headers byte by byte over TLS", wayKey, func(ctx context.Context, _ int, w io.Writer, _ io.Reader) error {
			return drip(ctx, w, "GET / HTTP/1.1\r\nX: "+endless, 200*time.Millisecond)
		}, true},
		{"send bodies byte by byte", wayKey, func(ctx context.Context, _ int, w io.Writer, _ io.Reader) error {
			io.WriteString(w, "POST /v1/heartbeat HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
			return drip(ctx, w, endless, 200*time.Millisecond)
		}, true},
		{"send thousands of requests and read nothing", wayPlain, func(_ context.Context, _ int, w io.Writer, _ io.Reader) error {
			for range 20_000 {
				if _, err := io.WriteString(w, strings.Repeat("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 10)); err != nil {
					return err
				}
			}
			return nil
		}, false},
		{"pipeline thousands of requests", wayPlain, func(_ context.Context, _ int, w io.Writer, r io.Reader) error {
			go io.WriteString(w, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 5000))
			in := bufio.NewReader(r)
			for range 5000 {
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					return nil // it may have enough
				}
				io.Copy(io.Discard, resp.Body)
				if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusTooManyRequests {
					return fmt.Errorf("answered with %s", resp.Status)
				}
			}
			return nil
		}, false},
		{"read one byte a second", wayPlain, func(ctx context.Context, _ int, w io.Writer, r io.Reader) error {
			io.WriteString(w, strings.Repeat("GET /openapi.yaml HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 20))
			for ctx.Err() == nil {
				if _, err := r.Read(make([]byte, 1)); err != nil {
					return err
				}
				pause(ctx, time.Second)
			}
			return nil
		}, false},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(some(2, 40))*time.Second)
		began := time.Now()
		served := g.served.Load()
		ended := g.crowd(ctx, n, c.by, c.do)
		whole := ctx.Err() != nil // the crowd had all its time
		cancel()
		if c.cut && whole && some(0, 1) == 1 && ended < int64(n)/2 {
			t.Errorf("of %d that %s, %d were cut off in %s", n, c.name, ended, time.Since(began))
		}
		t.Logf("%d that %s: %.1f s, %d cut off, meanwhile the ordinary client was served %d times", n, c.name, time.Since(began).Seconds(), ended, g.served.Load()-served)
	}
	g.end()
	fmt.Printf("connections in crowds: tried %d\n", g.tried.Load())
}

// gone is the end of a connection, which the other side wanted.
func gone(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}
