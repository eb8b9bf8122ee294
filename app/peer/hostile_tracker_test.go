package peer_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// ringing is a tracker that takes everything and rings as a test says.
type ringing struct {
	address string
	lines   chan net.Conn // that peers opened; their first frame is sent
}

func startRinging(t *testing.T) *ringing {
	t.Helper()
	id, err := identity.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	check(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	r := &ringing{address: l.Addr().String(), lines: make(chan net.Conn, 10)}
	says := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, request *http.Request) {
			io.Copy(io.Discard, request.Body)
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(v)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+netproto.RouteTracker, says(netproto.TrackerInfo{Name: "hostile", Line: true}))
	mux.HandleFunc("PUT "+netproto.RouteSelf, says(netproto.JoinResponse{HeartbeatSeconds: 30, LeaseSeconds: 90, Line: true, Reachable: netproto.ReachableNo}))
	mux.HandleFunc("DELETE "+netproto.RouteSelf, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST "+netproto.RouteHeartbeat, says(netproto.HeartbeatResponse{Status: netproto.HeartbeatOK, Stats: &netproto.Stats{}}))
	mux.HandleFunc("POST "+netproto.RouteResources, says(netproto.AnnounceResponse{}))
	mux.HandleFunc("GET "+netproto.RouteLine, func(w http.ResponseWriter, _ *http.Request) {
		conn, b, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		b.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + netproto.LineProtocol + "\r\n\r\n")
		frame, _ := netproto.AppendLineFrame(nil, netproto.LineFrame{Seen: &netproto.LineSeen{Address: "192.0.2.1:4000"}})
		b.Write(frame)
		b.Flush()
		r.lines <- conn
	})
	server := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(tls.NewListener(l, id.ServerTLS(identity.HTTP, true, nil)))
	t.Cleanup(func() { server.Close() })
	return r
}

// counted is somebody who has no part in it and counts who connects.
func counted(t *testing.T) (at string, dials *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dials = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			c.Close()
		}
	}()
	return l.Addr().String(), dials
}

// A tracker rings a thousand times a second: for what is shared and what is not, in the
// name of peers that do not exist, all at the address of a victim, and at addresses that
// are none of a peer. The victim is dialled a few times, and the peer goes on.
func TestATrackerThatRingsAllTheTimeHarmsNobody(t *testing.T) {
	t.Parallel()
	hostile := startRinging(t)
	p := startWith(t, &testPeer{calm: true}, &testTracker{address: hostile.address}, nil)
	path, _ := p.write(t, "film.mkv", 1000)
	shared := p.share(t, path)
	victim, dials := counted(t)
	var line net.Conn
	select {
	case line = <-hostile.lines:
	case <-time.After(patience):
		t.Fatal("the peer opens no line")
	}
	defer line.Close()
	results := map[netproto.RingResult]int{}
	var mu sync.Mutex
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReader(line)
		for {
			f, err := netproto.ReadLineFrame(r)
			if err != nil {
				return
			}
			if f.Beat != nil { // a line on which these are not answered is given up
				frame, _ := netproto.AppendLineFrame(nil, netproto.LineFrame{Lease: &netproto.HeartbeatResponse{Status: netproto.HeartbeatOK}})
				line.Write(frame)
			}
			if f.Answer != nil {
				mu.Lock()
				results[f.Answer.Result]++
				mu.Unlock()
			}
		}
	}()
	const rings = 2000
	began := time.Now()
	for n := range rings {
		key := netproto.PublicKey{7, byte(n), byte(n >> 8)}
		ring := netproto.Ring{Call: netproto.CallID{1, byte(n), byte(n >> 8)}, PeerID: netproto.PeerIDOf(key[:]), Key: key, Hash: shared.Hash,
			Addresses: []string{victim, "224.0.0.1:5000", "255.255.255.255:5000", "[ff02::1]:5000", "0.0.0.0:5000", "host.example:5000", p.source().Addresses[0]}}
		if n%4 == 0 {
			ring.Hash = netproto.ContentHash{1}
		}
		frame, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Ring: &ring})
		check(t, err)
		if _, err := line.Write(frame); err != nil {
			t.Fatalf("after %d rings: %v", n, err)
		}
		time.Sleep(time.Millisecond)
	}
	answered := func() int {
		mu.Lock()
		defer mu.Unlock()
		return results[netproto.RingOK] + results[netproto.RingBusy] + results[netproto.RingNo]
	}
	eventually(t, p.Engine, func() bool { return answered() == rings }, says("not every ring was answered"))
	minutes := 1 + int(time.Since(began)/time.Minute) // on a busy computer
	mu.Lock()
	if results[netproto.RingNo] != rings/4 || results[netproto.RingOK] == 0 || results[netproto.RingOK] > 60*minutes {
		t.Errorf("the answers were %v", results)
	}
	mu.Unlock()
	if n := dials.Load(); n == 0 || int(n) > 8*minutes { // four dials of a minute, each with two handshakes
		t.Errorf("the victim was dialled %d times", n)
	}
	if got := len(p.Trackers.Statuses()); got != 1 || !p.Trackers.Joined() {
		t.Error("the peer has left the tracker")
	}
}

// tampering is a tracker that changes what it relays, the first times.
type tampering struct {
	*trackerclient.Client
	relayed atomic.Int32
	spoil   func(net.Conn) net.Conn
}

func (r *tampering) Relay(ctx context.Context, token netproto.RelayToken) (net.Conn, error) {
	c, err := r.Client.Relay(ctx, token)
	if err == nil && r.relayed.Add(1) == 1 {
		c = r.spoil(c)
	}
	return c, err
}

// spoiled is a connection with which something happens after some bytes.
type spoiled struct {
	net.Conn
	after, read int
	then        func(c net.Conn, b []byte, n int) (int, error)
}

func (s *spoiled) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if s.read += n; s.read > s.after && err == nil {
		return s.then(s.Conn, b, n)
	}
	return n, err
}

// Whatever a relay does to the bytes, the download comes in the end, and the innocent peer
// is not banned.
func TestARelayThatSpoilsBytesHarmsNobody(t *testing.T) {
	const size = 300_000
	for name, s := range map[string]spoiled{
		"it changes a byte": {after: 100_000, then: func(_ net.Conn, b []byte, n int) (int, error) { b[0] ^= 1; return n, nil }},
		"it stalls": {after: 100_000, then: func(c net.Conn, b []byte, n int) (int, error) {
			for {
				if _, err := c.Read(b); err != nil {
					return 0, err
				}
			}
		}},
		"it hangs up at the last byte": {after: size, then: func(c net.Conn, _ []byte, _ int) (int, error) { c.Close(); return 0, io.EOF }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := startTracker(t)
			sharer := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
			getter := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, nil, nil)
			client, err := trackerclient.New(getter.library.Identity(), tr.address, netproto.Fingerprint{}, getter.library)
			check(t, err)
			relay := &tampering{Client: client, spoil: func(c net.Conn) net.Conn { return &spoiled{Conn: c, after: s.after, then: s.then} }}
			getter.Trackers.Use(relay)
			path, content := sharer.write(t, "film.mkv", size)
			shared := sharer.share(t, path)
			id := getter.add(t, shared)
			var d queue.Download
			for until := time.Now().Add(3 * patience); d.State != queue.StateFinished; d, _ = getter.Downloads.ByID(id) {
				if time.Now().After(until) {
					t.Fatalf("it is %s after %d relays: %v", d.State, relay.relayed.Load(), d.Err)
				}
				time.Sleep(50 * time.Millisecond)
			}
			same(t, d.Path, content)
			if n := relay.relayed.Load(); n < 2 {
				t.Errorf("%d relays: nothing was spoiled", n)
			}
			details, _ := getter.Downloads.Details(id)
			for _, s := range details.Sources {
				if s.State == "banned" || s.Err != nil && netproto.CodeOf(s.Err) == netproto.CodeWrongPiece {
					t.Errorf("the innocent peer is %s: %v", s.State, s.Err)
				}
			}
			if ways := getter.Ways(); ways.Direct+ways.LAN+ways.Called != 0 {
				t.Errorf("%+v", ways)
			}
		})
	}
}

// One tracker names as many dead addresses as two downloads dial in a minute, and five
// others name some of their own, which are dialled besides. What a good tracker names then
// is dialled in the same minute.
func TestADownloadFromAGoodTrackerStartsBesideHostileOnes(t *testing.T) {
	t.Parallel()
	honest := startPeerAt(t, newFakeTracker())
	path, content := honest.write(t, "song.flac", fourPieces)
	shared := honest.share(t, path)
	var real net.Dialer
	getter := startWith(t, &testPeer{dial: func(ctx context.Context, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.9:") {
			return nil, errors.New("nobody answers")
		}
		return real.DialContext(ctx, "tcp", address)
	}}, nil, nil)
	next := 2000
	dead := func(n int) (sources []netproto.Source) {
		for range n {
			next++
			sources = append(sources, sourceAt(newIdentity(t), net.JoinHostPort("127.0.0.9", strconv.Itoa(next))))
		}
		return sources
	}
	var trackers []*fakeTracker
	for i := range 7 {
		f := newFakeTracker()
		f.address, f.key = net.JoinHostPort("127.0.0.1", strconv.Itoa(5000+i)), netproto.Fingerprint{byte(i + 1)}
		trackers = append(trackers, f)
		if i == 0 {
			f.sources = dead(120)
			getter.Trackers.Use(f)
		} else if !getter.Trackers.Add(f) {
			t.Fatal("it uses no more trackers")
		}
	}
	id := getter.add(t, shared)
	other, err := getter.Downloads.Add(queue.Request{Hash: netproto.ContentHash{1}, Name: "other", Size: -1, Dir: getter.files})
	check(t, err)
	spent := func(f *fakeTracker) func() bool {
		return func() bool {
			return !peer.MayDial(getter.Engine, f.address, shared.Hash) && !peer.MayDial(getter.Engine, f.address, netproto.ContentHash{1})
		}
	}
	eventually(t, getter.Engine, spent(trackers[0]), says("the first tracker has not used up the minute"))
	for _, f := range trackers[1:6] {
		f.with(func() { f.sources = dead(20) })
	}
	for _, f := range trackers[1:6] {
		eventually(t, getter.Engine, spent(f), says("the others have not used up what is left of it"))
	}
	good := trackers[6]
	good.with(func() { good.sources = []netproto.Source{honest.source()} })
	same(t, getter.wait(t, id, queue.StateFinished).Path, content)
	check(t, getter.Downloads.Remove(other))
}
