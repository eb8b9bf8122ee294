package load

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// serveRelay is a tracker whose relay has that rate, or is as fast as it can be.
func serveRelay(ctx context.Context, folder, rate string) error {
	bytes, err := strconv.ParseInt(rate, 10, 64)
	if err != nil {
		return err
	}
	o := daemon.DefaultOptions()
	o.Listen, o.Data, o.JSON, o.LANAnnounce = "127.0.0.1:0", folder, true, false
	o.RelayRate, o.RelayTotal = bytes, 0
	return daemon.Run(ctx, o, nil, boltstore.Open, os.Stdout, os.Stderr)
}

// party is a peer with what it needs to meet another.
type party struct {
	*wire
	id *identity.Identity
}

func newParty(b *testing.B, address string, n int) party {
	b.Helper()
	id, err := newIdentity()
	if err != nil {
		b.Fatal(err)
	}
	w, err := dial(b.Context(), address, source(9, n), id)
	if err == nil {
		_, err = w.must(joining)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	return party{w, id}
}

// arranged has one new peer call another, and returns them with their tokens.
func arranged(b *testing.B, address string, n int) (caller, callee party, one, two netproto.RelayToken) {
	b.Helper()
	caller, callee = newParty(b, address, 2*n), newParty(b, address, 2*n+1)
	content := netproto.Resource{Hash: sha256.Sum256(fmt.Append(nil, "content ", n)), Size: 1, Name: "a"}
	_, err := callee.must(request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: []netproto.Resource{content}}))
	if err == nil {
		err = callee.line()
	}
	if err != nil {
		b.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error {
		f, err := netproto.ReadLineFrame(callee.in)
		if err == nil && (f.Ring == nil || f.Ring.Relay == nil) {
			err = fmt.Errorf("no ring: %+v", f)
		}
		if err != nil {
			return err
		}
		two = f.Ring.Relay.Token
		frame, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Answer: &netproto.RingAnswer{Call: f.Ring.Call, Result: netproto.RingOK}})
		if err == nil {
			_, err = callee.Write(frame)
		}
		return err
	})
	body, err := caller.must(request(http.MethodPost, netproto.RouteCalls, netproto.CallRequest{PeerID: callee.id.PeerID(), Hash: content.Hash}))
	var called netproto.CallResponse
	if err = errors.Join(err, group.Wait()); err == nil {
		err = json.Unmarshal(body, &called)
	}
	if err == nil && called.Relay == nil {
		err = errors.New("no relay is offered")
	}
	if err != nil {
		b.Fatal(err)
	}
	return caller, callee, called.Relay.Token, two
}

// relayRaw joins a relay in the raw form.
func (party) relayRaw(ctx context.Context, address string, token netproto.RelayToken) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	var ready [1]byte
	if _, err = conn.Write(append([]byte{netproto.RawRelay}, token[:]...)); err == nil {
		_, err = io.ReadFull(conn, ready[:])
	}
	if err != nil || ready[0] != netproto.RawRelayReady {
		conn.Close()
		return nil, fmt.Errorf("the relay says %d: %w", ready[0], err)
	}
	return conn, nil
}

// relayInTLS joins a relay inside the tracker's TLS.
func (p party) relayInTLS(ctx context.Context, address string, token netproto.RelayToken) (net.Conn, error) {
	w, err := dial(ctx, address, source(9, 0), p.id)
	if err != nil {
		return nil, err
	}
	w.SetDeadline(time.Time{})
	if _, err := upgraded(w, strings.Replace(netproto.RouteRelay, "{token}", token.String(), 1), netproto.RelayProtocol); err != nil {
		w.Close()
		return nil, err
	}
	return w.Conn, nil
}

// pour sends bytes from one end to the other over the peers' own TLS and returns MB/s.
func pour(b *testing.B, from, to party, sender, receiver net.Conn, size int64) float64 {
	b.Helper()
	defer sender.Close()
	defer receiver.Close()
	began := time.Now()
	var group errgroup.Group
	group.Go(func() error {
		secure := tls.Client(sender, from.id.ClientTLS(netproto.ALPN, func(ed25519.PublicKey) error { return nil }))
		buffer := make([]byte, 256<<10)
		for left := size; left > 0; left -= int64(len(buffer)) {
			if _, err := secure.Write(buffer[:min(left, int64(len(buffer)))]); err != nil {
				return err
			}
		}
		return secure.CloseWrite()
	})
	group.Go(func() error {
		secure := tls.Server(receiver, to.id.ServerTLS(netproto.ALPN, true, nil))
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{secure}, make([]byte, 256<<10))
		if err == nil && n != size {
			err = fmt.Errorf("%d bytes came instead of %d", n, size)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return float64(size) / 1e6 / time.Since(began).Seconds()
}

// directly returns both ends of a connection without a tracker between.
func directly(b *testing.B) (sender, receiver net.Conn) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	if sender, err = net.Dial("tcp", ln.Addr().String()); err == nil {
		receiver, err = ln.Accept()
	}
	if err != nil {
		b.Fatal(err)
	}
	return sender, receiver
}

// BenchmarkRelay alternates transfers through the tracker's relay, without limits of
// its rate, with direct ones; the figures are medians of the rounds.
func BenchmarkRelay(b *testing.B) {
	for _, c := range []struct {
		form, rate string
		join       func(party, context.Context, string, netproto.RelayToken) (net.Conn, error)
	}{{"raw", "0", party.relayRaw}, {"limited", "100000000", party.relayRaw}, {"TLS", "0", party.relayInTLS}} {
		b.Run(c.form, func(b *testing.B) {
			rounds, size := sized(5, 3), sized(int64(1<<30), int64(256<<20))
			tracker := startServer(b, "relay", b.TempDir(), c.rate)
			var rate, ratio, spent []float64
			for n := range rounds {
				caller, callee, one, two := arranged(b, tracker.address, n)
				sender, receiver := directly(b)
				direct := pour(b, caller, callee, sender, receiver, size)
				group, ctx := errgroup.WithContext(b.Context())
				group.Go(func() (err error) { sender, err = c.join(caller, ctx, tracker.address, one); return err })
				group.Go(func() (err error) { receiver, err = c.join(callee, ctx, tracker.address, two); return err })
				if err := group.Wait(); err != nil {
					b.Fatal(err)
				}
				before := metric(b, tracker.address, "process_cpu_seconds_total")
				relayed := pour(b, caller, callee, sender, receiver, size)
				rate, ratio = append(rate, relayed), append(ratio, relayed/direct)
				spent = append(spent, (metric(b, tracker.address, "process_cpu_seconds_total")-before)/float64(size)*(1<<30))
			}
			b.ReportMetric(median(rate), "MB/s")
			b.ReportMetric(median(ratio), "ratio")
			b.ReportMetric(median(spent), "tracker-s/GiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
