package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
)

// limited starts a tracker with only those limits. Their clock stands, so that nothing is
// allowed again however long a test takes.
func limited(t *testing.T, l admission.Limits) *tracker {
	t.Helper()
	return limitedWith(t, func(c *server.Config) { c.Limits = &l })
}

func limitedWith(t *testing.T, configure func(*server.Config)) *tracker {
	t.Helper()
	began := time.Now()
	return startServer(t, configure, func(s *server.Server) { s.TimeBy(func() time.Time { return began }) })
}

// exhaust sends requests until the tracker refuses one, and returns that answer.
func (c *client) exhaust(path string) reply {
	c.Helper()
	for range 1000 {
		if got := c.send("GET", path, ""); got.status != http.StatusOK {
			return got
		}
	}
	c.Fatalf("%s is answered for ever", path)
	return reply{}
}

// counted reports whether the metrics have a refusal for that limit.
func (tr *tracker) counted(limit string) bool {
	return strings.Contains(tr.plain("127.0.0.9").send("GET", "/metrics", "").body, fmt.Sprintf("cp2p_refusals_total{reason=%q}", limit))
}

const noBeat = `{"count":0,"digest":"0000000000000000"}`

func TestAKeyThatAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	tr := limited(t, admission.Limits{RateKey: 1})
	greedy, other := tr.client(""), tr.client("")
	got := greedy.exhaust(netproto.RouteStats)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" {
		t.Errorf("%+v", got)
	}
	greedy.refused("GET", netproto.RouteStats, "", netproto.CodeTooMany)
	other.call("GET", netproto.RouteStats, nil, nil)
	if !tr.counted("rate-key") {
		t.Error("the refusals are not counted")
	}
}

func TestAnAddressThatAsksTooOftenIsRefusedButItsPeersKeepTheirLeases(t *testing.T) {
	tr := limited(t, admission.Limits{RateAddress: 1})
	quiet, greedy := tr.client("2001:db8::1"), tr.client("2001:db8::2") // one /64
	quiet.join(netproto.JoinRequest{Port: 4000})
	greedy.exhaust(netproto.RouteStats)
	quiet.refused("GET", netproto.RouteStats, "", netproto.CodeTooMany)
	for range 100 {
		quiet.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	}
	quiet.refused("POST", netproto.RouteHeartbeat, noBeat+strings.Repeat(" ", 20<<10), netproto.CodeTooMany) // no heartbeat is that long
	greedy.refused("POST", netproto.RouteHeartbeat, noBeat, netproto.CodeTooMany)                            // it never joined
	tr.client("2001:db8:0:1::1").call("GET", netproto.RouteStats, nil, nil)
	if !tr.counted("rate-address") {
		t.Error("the refusals are not counted")
	}
}

func TestALargeBodyCountsForMore(t *testing.T) {
	tr := limited(t, admission.Limits{RateKey: 1})
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	large := `{"resources":[]}` + strings.Repeat(" ", 512<<10) // half of the burst
	for i, want := range []int{200, 429} {
		if got := peer.send("POST", netproto.RouteResources, large); got.status != want {
			t.Fatalf("announce %d: %d %s", i, got.status, got.body)
		}
		if i == 0 {
			continue
		}
		peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	}
}

func TestASeedClientThatAsksTooOftenIsToldSoInItsOwnForm(t *testing.T) {
	tr := limited(t, admission.Limits{RateAddress: 1})
	got := tr.plain("").exhaust("/resource")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" ||
		!strings.HasPrefix(got.body, `{"success": false, "data": "Too many requests were sent`) || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", got)
	}
}

func TestAnAddressBringsOnlySoManyNewKeys(t *testing.T) {
	tr := limited(t, admission.Limits{NewKeys: 2})
	first := tr.client("")
	first.join(netproto.JoinRequest{Port: 4000})
	tr.client("").join(netproto.JoinRequest{Port: 4000})
	third := tr.client("")
	third.refused("PUT", netproto.RouteSelf, `{"port":4000}`, netproto.CodeTooMany)
	first.join(netproto.JoinRequest{Port: 4001})
	tr.client("198.51.100.7").join(netproto.JoinRequest{Port: 4000})
}

func TestAFullTrackerKeepsThoseItHas(t *testing.T) {
	tr := limited(t, admission.Limits{Peers: 1})
	first, second := tr.client(""), tr.client("")
	first.join(netproto.JoinRequest{Port: 4000})
	got := second.send("PUT", netproto.RouteSelf, `{"port":4000}`)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "30" || !strings.Contains(got.body, `"full"`) {
		t.Fatalf("%+v", got)
	}
	first.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	first.join(netproto.JoinRequest{Port: 4001})
	first.announce(file("a.txt"))
	first.call("DELETE", netproto.RouteSelf, nil, nil)
	second.join(netproto.JoinRequest{Port: 4000})
}

func TestThePeersOfAnAddressShareWhatTheyMayAnnounce(t *testing.T) {
	tr := limited(t, admission.Limits{ResourcesAddress: 3})
	alice, bob, carol := tr.client(""), tr.client(""), tr.client("198.51.100.7")
	for _, c := range []*client{alice, bob, carol} {
		c.join(netproto.JoinRequest{Port: 4000})
	}
	if got := alice.announce(file("a"), file("b")); got.Accepted != 2 {
		t.Fatalf("%+v", got)
	}
	got := bob.announce(file("c"), file("d"))
	if got.Accepted != 1 || len(got.Refused) != 1 || got.Refused[0].Index != 1 || got.Refused[0].Code != netproto.CodeFull {
		t.Fatalf("%+v", got)
	}
	if got := carol.announce(file("c"), file("d"), file("e")); got.Accepted != 3 {
		t.Fatalf("from another address: %+v", got)
	}
	alice.call("DELETE", netproto.RouteResources, netproto.WithdrawRequest{Hashes: []netproto.ContentHash{hash("a"), hash("b")}}, nil)
	alice.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	if got := bob.announce(file("d"), file("e")); got.Accepted != 2 {
		t.Fatalf("after there was room again: %+v", got)
	}
	var reset netproto.AnnounceResponse
	bob.call("POST", netproto.RouteResources, netproto.AnnounceRequest{Reset: true, Resources: []netproto.Resource{file("x"), file("y"), file("z")}}, &reset)
	if reset.Accepted != 3 {
		t.Fatalf("instead of what it held: %+v", reset)
	}
}

func TestOnlySoManyConnectionsOfAnAddressAreOpen(t *testing.T) {
	for name, l := range map[string]admission.Limits{"of one": {ConnectionsAddress: 2}, "of all": {Connections: 2}} {
		t.Run(name, func(t *testing.T) {
			tr := limited(t, l)
			var open []net.Conn
			for range 2 {
				conn := dialTracker(t, tr)
				defer conn.Close()
				if !healthy(conn) {
					t.Fatal("a connection below the limit is not served")
				}
				open = append(open, conn)
			}
			if one := dialTracker(t, tr); healthy(one) {
				t.Fatal("one too many is served")
			}
			open[0].Close()
			for deadline := time.Now().Add(patience); ; {
				if healthy(dialTracker(t, tr)) {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("a connection that was closed counts for ever")
				}
			}
			if !healthy(open[1]) {
				t.Error("the one that was there is no longer served")
			}
		})
	}
}

func dialTracker(t *testing.T, tr *tracker) net.Conn {
	conn, err := net.Dial("tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func healthy(conn net.Conn) bool {
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
	answer := make([]byte, 1024)
	n, err := conn.Read(answer)
	return err == nil && strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 ")
}

func TestConnectionsThatComeTooFastAreClosedUnread(t *testing.T) {
	tr := limited(t, admission.Limits{RateAddress: 1})
	first := dialTracker(t, tr)
	for deadline := time.Now().Add(patience); ; {
		if !healthy(dialTracker(t, tr)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("connections are let in as fast as they come")
		}
	}
	if !healthy(first) {
		t.Error("one that was there before is not served")
	}
}

func TestLargeBodiesShareBoundedMemoryAndHeartbeatsGoOn(t *testing.T) {
	tr := limited(t, admission.Limits{BodyBytes: 30 << 10})
	slow, peer := tr.client(""), tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	body, half := io.Pipe()
	reading := make(chan struct{}) // closed when the tracker starts to read the body and has reserved memory for it
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	req, err := http.NewRequestWithContext(ctx, "POST", slow.base+netproto.RouteResources, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 20 << 10
	req.Header.Set("Expect", "100-continue")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if resp, err := slow.http.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	select {
	case <-reading:
	case <-time.After(patience):
		t.Fatal("the tracker does not begin to read")
	}
	large := `{"resources":[]}` + strings.Repeat(" ", 20<<10)
	deadline := time.Now().Add(patience)
	for got := (reply{}); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "2"; {
		if got = peer.send("POST", netproto.RouteResources, large); time.Now().After(deadline) {
			t.Fatalf("%+v", got)
		}
	}
	peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, nil)
	peer.announce(file("small.txt"))
	half.CloseWithError(io.ErrUnexpectedEOF)
	<-ended
	for peer.send("POST", netproto.RouteResources, large).status != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("the memory is not given back")
		}
	}
}

// A flood from one key, from one address and from many keys leaves others alone.
func TestAFloodIsRefusedAndOthersKeepWorking(t *testing.T) {
	tr := limited(t, admission.Limits{RateAddress: 50, RateKey: 20, NewKeys: 50})
	peer := tr.client("198.51.100.7")
	peer.join(netproto.JoinRequest{Port: 4000})
	var refused, taken atomic.Int64
	var flood sync.WaitGroup
	for i := range 8 {
		from := "203.0.113.1" // one address with many keys
		if i%2 == 0 {
			from = fmt.Sprintf("2001:db8:0:%d::1", i) // one key with an address of its own
		}
		flood.Go(func() {
			one := tr.client(from)
			for k := range 300 {
				if k%15 == 0 && i%2 != 0 {
					one = tr.client(from)
				}
				body := `{"port":4000}`
				method, path := "PUT", netproto.RouteSelf
				if k%15 != 0 {
					body = fmt.Sprintf(`{"resources":[{"hash":"%s","size":1,"name":"flood %d %d"}]}`, hash(fmt.Sprint(i, k)), i, k)
					method, path = "POST", netproto.RouteResources
				}
				switch got := one.send(method, path, body); got.status {
				case http.StatusOK:
					taken.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				case http.StatusConflict: // its join was refused
				default:
					t.Errorf("the flood is answered with %d %s", got.status, got.body)
				}
			}
		})
	}
	calm := make(chan struct{})
	go func() { flood.Wait(); close(calm) }()
	for i := 0; ; i++ {
		began := time.Now()
		peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{Count: i}, nil)
		if took := time.Since(began); took > 10*time.Second { // on a computer that may be busy with other things, too
			t.Errorf("a heartbeat took %s", took)
		}
		select {
		case <-calm:
			if refused.Load() == 0 || taken.Load() == 0 {
				t.Errorf("%d taken, %d refused", taken.Load(), refused.Load())
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
