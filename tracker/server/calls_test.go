package server_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

// sharer is a client that has joined and announced contents with those names.
func (tr *tracker) sharer(from string, join netproto.JoinRequest, names ...string) *client {
	tr.Helper()
	c := tr.client(from)
	if join.Port == 0 {
		join.Port = 4000
	}
	c.join(join)
	for _, name := range names {
		c.announce(file(name))
	}
	return c
}

func calling(callee *client, name string) string {
	return fmt.Sprintf(`{"peer_id":%q,"hash":%q}`, callee.id.PeerID(), hash(name))
}

// answers lets a peer answer every ring on its line, and returns the rings.
func (w *wire) answers(result netproto.RingResult) <-chan netproto.Ring {
	rings := make(chan netproto.Ring, 1000)
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			f, err := netproto.ReadLineFrame(w.in)
			if err != nil {
				return
			}
			if f.Ring != nil {
				rings <- *f.Ring
				raw, _ := netproto.AppendLineFrame(nil, netproto.LineFrame{Answer: &netproto.RingAnswer{Call: f.Ring.Call, Result: result}})
				w.Write(raw)
			}
		}
	})
	w.Cleanup(func() {
		w.Close()
		reading.Wait()
	})
	return rings
}

func (c *client) calls(callee *client, name string) netproto.CallResponse {
	c.Helper()
	var got netproto.CallResponse
	c.call("POST", netproto.RouteCalls, netproto.CallRequest{PeerID: callee.id.PeerID(), Hash: hash(name)}, &got)
	return got
}

func TestACallTellsBothSidesWhereTheOtherOneIs(t *testing.T) {
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{Port: 4000, MappedPort: 40000, Candidates: []string{"192.168.1.7:4000"}}, "a")
	caller := tr.sharer("198.51.100.8", netproto.JoinRequest{Name: "Bob", Port: 5000, Candidates: []string{"192.168.1.8:5000"}})
	at := func(ip string, w *wire, claimed int) []string {
		return []string{fmt.Sprintf("%s:%d", ip, netip.MustParseAddrPort(w.LocalAddr().String()).Port()), fmt.Sprintf("%s:%d", ip, claimed)}
	}
	line := callee.line()
	rings := line.answers(netproto.RingOK)
	got := caller.calls(callee, "a")
	rung := <-rings
	if want := at("198.51.100.7", line, 40000); got.Call != rung.Call || !slices.Equal(got.Addresses, want) {
		t.Errorf("the caller is told %+v, want %v", got, want)
	}
	if rung.PeerID != caller.id.PeerID() || rung.Key != netproto.PublicKey(caller.id.Key()) || rung.Name != "Bob" || rung.Hash != hash("a") ||
		!slices.Equal(rung.Addresses, []string{"198.51.100.8:5000"}) {
		t.Errorf("the callee is told %+v", rung)
	}
	neighbour := tr.sharer("198.51.100.7", netproto.JoinRequest{Port: 6000, Candidates: []string{"192.168.1.9:6000"}})
	own := neighbour.line()
	got = neighbour.calls(callee, "a")
	rung = <-rings
	if want := append(at("198.51.100.7", line, 40000), "192.168.1.7:4000"); !slices.Equal(got.Addresses, want) {
		t.Errorf("a neighbour is told %v, want %v", got.Addresses, want)
	}
	if want := append(at("198.51.100.7", own, 6000), "192.168.1.9:6000"); !slices.Equal(rung.Addresses, want) {
		t.Errorf("of a neighbour the callee is told %v, want %v", rung.Addresses, want)
	}
	if got := tr.metric(`cp2p_calls_total{result="ok"}`); got != "2" {
		t.Errorf("%s calls", got)
	}
}

func TestTheAnswerOfTheCalleeIsTheAnswerToTheCall(t *testing.T) {
	tr := startTracker(t, nil)
	for result, want := range map[netproto.RingResult]netproto.Code{netproto.RingBusy: netproto.CodeBusy, netproto.RingNo: netproto.CodeDenied} {
		callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
		callee.line().answers(result)
		if got := tr.sharer("", netproto.JoinRequest{}).refused("POST", netproto.RouteCalls, calling(callee, "a"), want); got.Detail == "" {
			t.Errorf("%+v", got)
		}
	}
}

func TestACalleeThatNeverAnswersHoldsUpTheCallForTwoSeconds(t *testing.T) {
	t.Parallel()
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	w := callee.line() // which reads nothing more
	if got := tr.sharer("", netproto.JoinRequest{}).calls(callee, "a"); len(got.Addresses) != 2 {
		t.Errorf("it may be about to dial, but the caller is told %+v", got)
	}
	if got := tr.metric(`cp2p_calls_total{result="silent"}`); got != "1" {
		t.Errorf("%s silent calls", got)
	}
	// Its late answer changes nothing, and neither does one that it gives twice.
	rung := w.hear().Ring
	for range 2 {
		w.say(netproto.LineFrame{Answer: &netproto.RingAnswer{Call: rung.Call, Result: netproto.RingNo}})
	}
	if got := w.beat(held("a")); got.Status != netproto.HeartbeatOK {
		t.Errorf("%+v", got)
	}
}

func TestWhoMayBeCalled(t *testing.T) {
	tr := startTracker(t, nil)
	caller, callee := tr.sharer("", netproto.JoinRequest{}), tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	if got := caller.refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeNotFound); !strings.Contains(got.Detail, "line") {
		t.Errorf("without a line: %+v", got)
	}
	w := callee.line()
	w.answers(netproto.RingOK)
	caller.refused("POST", netproto.RouteCalls, calling(callee, "b"), netproto.CodeNotFound)         // a content that it did not announce
	caller.refused("POST", netproto.RouteCalls, calling(tr.client(""), "a"), netproto.CodeNotFound)  // a stranger
	callee.refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeInvalid)          // itself
	tr.client("").refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeJoinFirst) // by a stranger
	caller.refused("POST", netproto.RouteCalls, `{"peer_id":"x","hash":"y"}`, netproto.CodeInvalid)  // nobody
	caller.refused("POST", netproto.RouteCalls, ``, netproto.CodeBadRequest)                         // nothing
	caller.calls(callee, "a")
	if got := tr.metric(`cp2p_calls_total{result="not-found"}`); got != "2" {
		t.Errorf("%s calls of nobody", got)
	}
	callee.call("DELETE", netproto.RouteResources, netproto.WithdrawRequest{Hashes: []netproto.ContentHash{hash("a")}}, nil)
	tr.sharer("", netproto.JoinRequest{}).refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeNotFound)
}

func TestOnlyMembersCallAndAreCalledOnAPrivateTracker(t *testing.T) {
	tr := startTracker(t, private)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{Invite: tr.invited(1)}, "a")
	callee.line().answers(netproto.RingOK)
	member := tr.sharer("198.51.100.8", netproto.JoinRequest{Invite: tr.invited(2)})
	tr.client("").refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeInvite)
	member.calls(callee, "a")
	if err := tr.owner.RemoveMember(t.Context(), callee.id.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	member.refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeNotFound)
}

func TestTheBannedNeitherCallNorAreCalled(t *testing.T) {
	tr := startTracker(t, nil)
	callee, caller := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a"), tr.sharer("198.51.100.8", netproto.JoinRequest{})
	callee.line().answers(netproto.RingOK)
	ban := func(of *client) {
		t.Helper()
		if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: of.id.Fingerprint()}}); err != nil {
			t.Fatal(err)
		}
	}
	ban(caller)
	tr.clientOf(caller.id, "198.51.100.8").refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeBanned)
	ban(callee)
	tr.sharer("", netproto.JoinRequest{}).refused("POST", netproto.RouteCalls, calling(callee, "a"), netproto.CodeNotFound)
}

func TestNobodyIsRungMoreThanTwiceInTenSecondsByTheSamePeer(t *testing.T) {
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a", "b")
	rings := callee.line().answers(netproto.RingOK)
	caller := tr.sharer("198.51.100.8", netproto.JoinRequest{})
	caller.calls(callee, "a")
	<-rings
	caller.calls(callee, "a") // their connection broke at once
	for _, name := range []string{"a", "b"} {
		got := caller.send("POST", netproto.RouteCalls, calling(callee, name))
		if got.status != netproto.CodeTooMany.Status() || got.header.Get("Retry-After") == "" {
			t.Errorf("%+v", got)
		}
	}
	if got := tr.metric(`cp2p_refusals_total{reason="calls-pair"}`); got != "2" {
		t.Errorf("%s refusals", got)
	}
	tr.sharer("198.51.100.9", netproto.JoinRequest{}).calls(callee, "a")
	if len(rings) != 2 {
		t.Errorf("it rang %d times", len(rings))
	}
}

func TestACallerThatRingsAThousandTimesIsHeardTwentyTimes(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) {
		limits := admission.DefaultLimits()
		limits.RateAddress, limits.RateKey = 0, 0 // so that those of calls show
		c.Limits = &limits
	})
	rang := 0
	var callees []*client
	var rings []<-chan netproto.Ring
	for range 40 {
		callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
		callees, rings = append(callees, callee), append(rings, callee.line().answers(netproto.RingOK))
	}
	caller := tr.sharer("198.51.100.8", netproto.JoinRequest{})
	refused, began := 0, time.Now()
	for i := range 1000 {
		if got := caller.send("POST", netproto.RouteCalls, calling(callees[i%len(callees)], "a")); got.status == netproto.CodeTooMany.Status() {
			refused++
		}
	}
	for _, r := range rings {
		rang += len(r)
	}
	if most := 21 + int(2*time.Since(began).Seconds()); rang < 20 || rang > most || refused != 1000-rang { // 20 at once, and 2 a second while it went on
		t.Errorf("it rang %d times and was refused %d times", rang, refused)
	}
}

func TestManyKeysAtOneAddressShareItsCalls(t *testing.T) {
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	callee.line().answers(netproto.RingOK)
	var callers []*client
	for i := range 60 {
		callers = append(callers, tr.sharer(fmt.Sprintf("2001:db8::%x", i+1), netproto.JoinRequest{})) // one /64
	}
	var tooMany atomic.Int32
	var calls sync.WaitGroup
	for _, caller := range callers {
		calls.Go(func() {
			if caller.send("POST", netproto.RouteCalls, calling(callee, "a")).status == netproto.CodeTooMany.Status() {
				tooMany.Add(1)
			}
		})
	}
	calls.Wait()
	if tooMany.Load() == 0 {
		t.Error("60 keys in one network called at once")
	}
}

func TestSixteenCallsOfACalleeArePendingAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	w := callee.line() // which never answers
	results := make(chan int, 40)
	var calls sync.WaitGroup
	for i := range 20 {
		caller := tr.sharer(fmt.Sprintf("198.51.100.%d", 10+i), netproto.JoinRequest{})
		calls.Go(func() { results <- caller.send("POST", netproto.RouteCalls, calling(callee, "a")).status })
	}
	calls.Wait()
	close(results)
	got := map[int]int{}
	for status := range results {
		got[status]++
	}
	if got[200] != 16 || got[netproto.CodeBusy.Status()] != 4 {
		t.Errorf("%v", got)
	}
	if f := w.hear(); f.Ring == nil {
		t.Errorf("%+v", f)
	}
}

func TestAnAnswerToACallOfAnotherPeerChangesNothing(t *testing.T) {
	tr := startTracker(t, nil)
	callee := tr.sharer("198.51.100.7", netproto.JoinRequest{}, "a")
	w := callee.line()
	meddler := tr.sharer("198.51.100.9", netproto.JoinRequest{})
	other := meddler.line()
	var done sync.WaitGroup
	caller := tr.sharer("198.51.100.8", netproto.JoinRequest{})
	done.Go(func() { caller.calls(callee, "a") }) // fails the test if it is denied
	rung := w.hear().Ring
	other.say(netproto.LineFrame{Answer: &netproto.RingAnswer{Call: rung.Call, Result: netproto.RingNo}})
	var made netproto.CallID
	rand.Read(made[:])
	other.say(netproto.LineFrame{Answer: &netproto.RingAnswer{Call: made, Result: netproto.RingNo}})
	other.beat(held()) // by now it has read both
	w.say(netproto.LineFrame{Answer: &netproto.RingAnswer{Call: rung.Call, Result: netproto.RingOK}})
	done.Wait()
	if got := tr.metric(`cp2p_calls_total{result="ok"}`); got != "1" {
		t.Errorf("%s calls", got)
	}
}

func TestBothFamiliesOfAPeerArePublished(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.sharer("198.51.100.7", netproto.JoinRequest{Port: 4000, MappedPort: 40000}, "a")
	peer.line()
	tr.clientOf(peer.id, "2001:db8::7").line()
	for from, want := range map[string]string{
		"198.51.100.8": "[198.51.100.7:40000 [2001:db8::7]:4000]",
		"2001:db8::8":  "[[2001:db8::7]:4000 198.51.100.7:40000]",
	} {
		got := tr.client(from).sources("a")
		if len(got) != 1 || fmt.Sprint(got[0].Addresses) != want || !got[0].Callable || !got[0].Mapped || got[0].Reach == "" {
			t.Errorf("from %s: %+v, want %s", from, got, want)
		}
	}
}

func TestAHouseholdIsPublishedAtItsTracker(t *testing.T) {
	for public, want := range map[string]string{
		"203.0.113.5:5000":   "[203.0.113.5:40000]",
		"share.example:5000": "[:40000]", // which means the tracker's own host
		"":                   "[:40000]",
	} {
		tr := startTracker(t, func(c *server.Config) { c.PublicURL = public })
		mapped := tr.sharer("192.168.1.10", netproto.JoinRequest{Port: 4000, MappedPort: 40000, Candidates: []string{"192.168.1.10:4000"}}, "a")
		plain := tr.sharer("192.168.1.11", netproto.JoinRequest{Port: 4000, Candidates: []string{"192.168.1.11:4000"}}, "b")
		outsider, inside := tr.sharer("198.51.100.8", netproto.JoinRequest{}), tr.sharer("192.168.1.12", netproto.JoinRequest{})
		got := outsider.sources("a")
		if len(got) != 1 || fmt.Sprint(got[0].Addresses) != want || got[0].Reach != netproto.ReachableUnknown || !got[0].Mapped || got[0].Callable {
			t.Errorf("%s: outside: %+v, want %s", public, got, want)
		}
		if got := inside.sources("a"); len(got) != 1 || fmt.Sprint(got[0].Addresses) != "[192.168.1.10:4000]" {
			t.Errorf("%s: inside: %+v", public, got)
		}
		rings := mapped.line().answers(netproto.RingOK)
		plain.line().answers(netproto.RingOK)
		if got := outsider.sources("b"); len(got) != 1 || len(got[0].Addresses) != 0 || !got[0].Callable {
			t.Errorf("%s: without a mapping: %+v", public, got)
		}
		called := outsider.calls(mapped, "a")
		if want := strings.Trim(want, "[]"); public != "" && !strings.HasPrefix(want, ":") && fmt.Sprint(called.Addresses) != "["+want+"]" ||
			strings.HasPrefix(want, ":") && len(called.Addresses) != 0 {
			t.Errorf("%s: the caller is told %v", public, called.Addresses)
		}
		if rung := <-rings; fmt.Sprint(rung.Addresses) != "[198.51.100.8:4000]" {
			t.Errorf("the household is told %v", rung.Addresses)
		}
	}
}

func TestTheRouterMaySayThePublicAddressLater(t *testing.T) {
	var s *server.Server
	tr := startServer(t, nil, func(made *server.Server) { s = made })
	tr.sharer("192.168.1.10", netproto.JoinRequest{Port: 4000, MappedPort: 40000}, "a")
	s.SetPublicAddress("203.0.113.9:5000")
	if got := tr.client("198.51.100.8").sources("a"); len(got) != 1 || fmt.Sprint(got[0].Addresses) != "[203.0.113.9:40000]" {
		t.Errorf("%+v", got)
	}
	for from, want := range map[string]string{"192.168.1.10": "203.0.113.9:5000", "198.51.100.8": ""} {
		c := tr.client(from)
		joined := c.join(netproto.JoinRequest{Port: 4000})
		var beat netproto.HeartbeatResponse
		c.call("POST", netproto.RouteHeartbeat, held(), &beat)
		if joined.TrackerAt != want || beat.TrackerAt != want {
			t.Errorf("%s is told %q and %q", from, joined.TrackerAt, beat.TrackerAt)
		}
	}
}
