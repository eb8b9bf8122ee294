package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const patience = 30 * time.Second // of every wait for an answer

// wire is a kept-alive connection of one peer. It sends prepared requests and does
// little with the answers, so that most of the time of the processors that it
// shares with the tracker goes to the tracker.
type wire struct {
	net.Conn
	in *bufio.Reader
}

func newIdentity() (*identity.Identity, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	return identity.New(key)
}

// source returns an address of the loopback interface: peers from different ones
// are unrelated to the tracker.
func source(group, n int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 1, byte(group), byte(1 + n)})
}

func dialTCP(ctx context.Context, address string, from netip.Addr) (net.Conn, error) {
	dialer := net.Dialer{Timeout: patience, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	return dialer.DialContext(ctx, "tcp", address)
}

// dial connects and shakes hands.
func dial(ctx context.Context, address string, from netip.Addr, id *identity.Identity) (*wire, error) {
	conn, err := dialTCP(ctx, address, from)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil }))
	secure.SetDeadline(time.Now().Add(patience))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return &wire{secure, bufio.NewReader(secure)}, nil
}

// request is a request as bytes.
func request(method, path string, body any) []byte {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err) // every body is a type of netproto
		}
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: tracker\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, len(text), text)
}

// ask sends a request and reads the answer.
func (w *wire) ask(request []byte) (status int, body []byte, err error) {
	w.SetDeadline(time.Now().Add(patience))
	if _, err := w.Write(request); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.ContentLength < 0 {
		return 0, nil, errors.New("an answer does not say how long it is")
	}
	body = make([]byte, resp.ContentLength)
	_, err = io.ReadFull(resp.Body, body)
	return resp.StatusCode, body, err
}

// must asks and expects success.
func (w *wire) must(request []byte) ([]byte, error) {
	status, body, err := w.ask(request)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s: status %d: %s", bytes.SplitN(request, []byte("\r"), 2)[0], status, body)
	}
	return body, err
}

var (
	joining = request(http.MethodPut, netproto.RouteSelf, netproto.JoinRequest{Name: "load", Port: 4000})
	beating = request(http.MethodPost, netproto.RouteHeartbeat, netproto.HeartbeatRequest{})
)

// peers connects n peers, each with a key of its own, each of a group from its own
// address, and lets them join if joins is true.
func peers(b *testing.B, address string, group, n int, joins bool) []*wire {
	b.Helper()
	wires := make([]*wire, n)
	for i := range wires {
		id, err := newIdentity()
		if err == nil {
			wires[i], err = dial(b.Context(), address, source(group, i%250), id)
		}
		if err == nil && joins {
			_, err = wires[i].must(joining)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { wires[i].Close() })
	}
	return wires
}

// result is the outcome of a load.
type result struct {
	took  []time.Duration // of each answer, sorted
	total time.Duration
}

func (r result) rate() float64 { return float64(len(r.took)) / r.total.Seconds() }

// percentile returns milliseconds.
func (r result) percentile(p int) float64 {
	return float64(r.took[min(len(r.took)*p/100, len(r.took)-1)].Nanoseconds()) / 1e6
}

// drive lets every wire send one request after the other, until ctx ends or next
// returns none; pause is the time from the start of one request to the next.
func drive(b *testing.B, ctx context.Context, wires []*wire, pause time.Duration, next func(worker, i int) []byte) result {
	b.Helper()
	return joined(driveEach(b, ctx, wires, pause, next))
}

// driveEach is drive with a result for each wire.
func driveEach(b *testing.B, ctx context.Context, wires []*wire, pause time.Duration, next func(worker, i int) []byte) []result {
	b.Helper()
	took, began := make([][]time.Duration, len(wires)), time.Now()
	var all sync.WaitGroup
	for n, w := range wires {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				request := next(n, i)
				if request == nil {
					return
				}
				start := time.Now()
				if _, err := w.must(request); err != nil {
					b.Error(err)
					return
				}
				took[n] = append(took[n], time.Since(start))
				if pause > 0 {
					select {
					case <-ctx.Done():
					case <-time.After(time.Until(start.Add(pause))):
					}
				}
			}
		})
	}
	all.Wait()
	if b.Failed() || len(slices.Concat(took...)) == 0 {
		b.Fatal("the load was not answered")
	}
	results := make([]result, len(wires))
	for n := range results {
		results[n] = result{took[n], time.Since(began)}
	}
	return results
}

// joined joins the results of wires that were driven together.
func joined(each []result) result {
	var all result
	for _, r := range each {
		all.took = append(all.took, r.took...)
		all.total = max(all.total, r.total)
	}
	slices.Sort(all.took)
	return all
}

// driveFor is drive for a limited time.
func driveFor(b *testing.B, d time.Duration, wires []*wire, pause time.Duration, next func(worker, i int) []byte) result {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	return drive(b, ctx, wires, pause, next)
}

// sized returns the full size of a scenario, or the smaller one with -short.
func sized[T any](full, short T) T {
	if testing.Short() {
		return short
	}
	return full
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
