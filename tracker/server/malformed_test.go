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
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
)

// malformed returns requests that no client sends by mere mistake.
func malformed() []string {
	const host = "Host: a\r\n"
	var list []string
	for _, path := range []string{"/resource", "/heartbeat", "/v1/heartbeat", "/v1/resources"} {
		post := "POST " + path + " HTTP/1.1\r\n" + host
		list = append(list,
			post+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			post+"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			post+"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
			post+"Content-Length: 1, 2\r\n\r\nab",
			post+"Content-Length: +2\r\n\r\n{}",
			post+"Content-Length: 0x2\r\n\r\n{}",
			post+"Content-Length: 99999999999999999999\r\n\r\n{}",
			post+"Content-Length: -1\r\n\r\n",
			post+"Content-Length: 5\r\n\r\n{}",
			post+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
			post+"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
			post+"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
			post+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
			post+"Transfer-Encoding: chunked\r\n\r\n2;"+strings.Repeat("x", 10_000)+"\r\n{}\r\n0\r\n\r\n",
			post+"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
			post+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			post+"Transfer-Encoding: gzip\r\n\r\n{}",
			post+"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
			post+"Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
			post+"X : y\r\n\r\n", post+" folded: y\r\n\r\n", post+"X: a\x00b\r\n\r\n", post+": y\r\n\r\n", post+"X\r\n\r\n",
			post+"X: "+strings.Repeat("y", 32<<10)+"\r\n\r\n",
			post+strings.Repeat("X: y\r\n", 10_000)+"\r\n",
			post+host+"\r\n",
			strings.ReplaceAll(post, "\r\n", "\n")+"Content-Length: 2\n\n[]",
			strings.ReplaceAll(post, "\r\n", "\r")+"\r\r",
			"POST "+path+" HTTP/1.1\r\n\r\n",
			"POST "+path+"\r\n\r\n",
			"POST  "+path+" HTTP/1.1\r\n"+host+"\r\n",
			"POST "+path+" HTTP/9.9\r\n"+host+"\r\n",
			"POST "+path+" http/1.1\r\n"+host+"\r\n",
			"POST "+path+" HTTP/1.1 \r\n"+host+"\r\n",
			"POST "+path+"%zz HTTP/1.1\r\n"+host+"\r\n",
			"POST "+path+"\x00 HTTP/1.1\r\n"+host+"\r\n",
			"POST http://[::1"+path+" HTTP/1.1\r\n"+host+"\r\n",
			"P(ST "+path+" HTTP/1.1\r\n"+host+"\r\n",
			"\r\n\r\n\r\nPOST "+path+" HTTP/1.1\r\n"+host+"Content-Length: 1\r\n\r\n{",
		)
	}
	return append(list,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"CONNECT other:80 HTTP/1.1\r\nHost: other:80\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /resource HTTP/1.1\r\nHost: a b\r\n\r\n",
		"GET "+strings.Repeat("/a", 20_000)+" HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /resource HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
		"\x00", "\xff\xff\xff\xff", "\x80\x2e\x01\x00\x02", "SSH-2.0-x\r\n", "{}\n", strings.Repeat("A", 64<<10),
	)
}

func TestWhateverIsSentTheTrackerAnswersOrHangsUp(t *testing.T) {
	tr := startServer(t, func(c *server.Config) { c.Limits = &admission.Limits{} }, func(s *server.Server) { s.Hurry(time.Second) })
	config := newIdentity(t).ClientTLS("http/1.1", func(ed25519.PublicKey) error { return nil })
	for name, dial := range map[string]func() (net.Conn, error){
		"plain": func() (net.Conn, error) { return net.Dial("tcp", tr.addr) },
		"TLS": func() (net.Conn, error) {
			// On a busy computer a handshake may not end within the hurry.
			for deadline := time.Now().Add(patience); ; {
				conn, err := tls.Dial("tcp", tr.addr, config)
				if err == nil || time.Now().After(deadline) {
					return conn, err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var group errgroup.Group
			group.SetLimit(32) // each waits for the end of its connection
			for _, raw := range malformed() {
				group.Go(func() error {
					conn, err := dial()
					if err == nil {
						answerOrEnd(t, conn, raw)
					}
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("TLS that is none", func(t *testing.T) {
		t.Parallel()
		for _, raw := range []string{"\x16", "\x16\x03\x01", "\x16\x03\x01\x00\x00", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000), "\x16GET / HTTP/1.1\r\n\r\n"} {
			conn, err := net.Dial("tcp", tr.addr)
			if err != nil {
				t.Fatal(err)
			}
			answerOrEnd(t, conn, raw)
		}
	})
}

// answerOrEnd sends bytes and expects answers of 4xx, or at best a success, and then
// the end of the connection. Of the 5xx it allows 501 and 505, which refuse a method
// or version of HTTP.
func answerOrEnd(t *testing.T, conn net.Conn, raw string) {
	t.Helper()
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, raw) // the other side may hang up before everything is sent
	for r := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
				t.Errorf("%.80q: still open", raw)
			}
			return
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented && resp.StatusCode != http.StatusHTTPVersionNotSupported {
			t.Errorf("%.80q: %s", raw, resp.Status)
		}
	}
}

// A proxy in front may have gone by the length and taken what follows the chunks for
// part of the same body: it would give the second answer to somebody else.
func TestWhatFollowsChunksIsNoRequestOfItsOwn(t *testing.T) {
	tr := startServer(t, nil, func(*server.Server) {})
	for _, head := range []string{
		"/heartbeat HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", "/heartbeat HTTP/1.1\r\nTransfer-Encoding: chunked",
		"/v1/heartbeat HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
	} {
		conn, err := net.Dial("tcp", tr.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprintf(conn, "POST %s\r\nHost: a\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", head)
		in := bufio.NewReader(conn)
		first, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, first.Body)
		if second, err := http.ReadResponse(in, nil); err == nil {
			t.Errorf("%q: after %s comes %s", head, first.Status, second.Status)
		}
	}
}
