package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

var observed = netip.MustParseAddrPort("192.0.2.99:4000")

func notesPath(to *client) string {
	return strings.Replace(netproto.RoutePeerNotes, "{id}", to.id.PeerID().String(), 1)
}

func notePath(id netproto.NoteID) string {
	return strings.Replace(netproto.RouteNote, "{id}", id.String(), 1)
}

func noteBody(text string) string {
	return `{"note":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
}

// leave leaves a note that has to be taken.
func (c *client) leave(to *client, text string) (left netproto.NoteResponse) {
	c.Helper()
	c.call("POST", notesPath(to), netproto.NoteRequest{Note: []byte(text)}, &left)
	return left
}

// notes returns what waits for a peer.
func (c *client) notes() []netproto.SealedNote {
	c.Helper()
	var got netproto.NotesResponse
	c.call("GET", netproto.RouteNotes, nil, &got)
	return got.Notes
}

func TestANoteForSomebodyWhoIsAwayWaits(t *testing.T) {
	tr := startTracker(t, nil)
	anna, ben := tr.client(""), tr.client("")
	anna.join(netproto.JoinRequest{Name: "Anna", Port: 4000})
	ben.join(netproto.JoinRequest{Name: "Ben", Port: 4000})
	ben.call("DELETE", netproto.RouteSelf, nil, nil)
	sealed, err := anna.id.Seal(netproto.PublicKey(ben.id.Key()), []byte("three files"))
	if err != nil {
		t.Fatal(err)
	}
	left := anna.leave(ben, string(sealed))
	if left.Told || left.ID == (netproto.NoteID{}) {
		t.Errorf("%+v", left)
	}
	if joined := ben.join(netproto.JoinRequest{Name: "Ben", Port: 4000}); joined.Notes != 1 {
		t.Errorf("%+v", joined)
	}
	var beat netproto.HeartbeatResponse
	if ben.call("POST", netproto.RouteHeartbeat, held(), &beat); beat.Notes != 1 {
		t.Errorf("%+v", beat)
	}
	for range 2 { // until it is confirmed
		got := ben.notes()
		if len(got) != 1 || got[0].ID != left.ID || got[0].From != anna.id.PeerID() || time.Since(got[0].Left).Abs() > time.Hour {
			t.Fatalf("%+v", got)
		}
		from, text, err := ben.id.Open(got[0].Note)
		if err != nil || from != netproto.PublicKey(anna.id.Key()) || string(text) != "three files" {
			t.Errorf("%q from %x, %v", text, from, err)
		}
	}
	if got := anna.notes(); len(got) != 0 {
		t.Errorf("the sender gets %+v", got)
	}
	anna.call("DELETE", notePath(left.ID), nil, nil) // it is not hers
	for range 2 {
		ben.call("DELETE", notePath(left.ID), nil, nil)
		if got := ben.notes(); len(got) != 0 {
			t.Errorf("after it was confirmed: %+v", got)
		}
	}
	beat = netproto.HeartbeatResponse{}
	if ben.call("POST", netproto.RouteHeartbeat, held(), &beat); beat.Notes != 0 {
		t.Errorf("%+v", beat)
	}
}

func TestAReceiverWithALineIsToldAtOnce(t *testing.T) {
	tr := startTracker(t, nil)
	anna, ben := tr.client(""), tr.client("")
	anna.join(netproto.JoinRequest{Port: 4000})
	ben.join(netproto.JoinRequest{Port: 4000})
	line := ben.line()
	for n := 1; n <= 2; n++ {
		if left := anna.leave(ben, "x"); !left.Told {
			t.Errorf("%+v", left)
		}
		if f := line.hear(); f.Note == nil || f.Note.Waiting != n {
			t.Fatalf("%+v", f)
		}
	}
	if lease := line.beat(held()); lease.Notes != 2 {
		t.Errorf("%+v", lease)
	}
	if f := ben.line().hear(); f.Note == nil || f.Note.Waiting != 2 {
		t.Errorf("what came before there was a line: %+v", f)
	}
	line = ben.line()
	line.say(netproto.LineFrame{Note: &netproto.NotesWaiting{Waiting: 1}}) // only a tracker says that
	line.ended("a peer that rings the bell")
	if told, kept := tr.metric(`cp2p_notes_total{result="told"}`), tr.metric("cp2p_notes_waiting"); told != "2" || kept != "2" {
		t.Errorf("metrics: %s told, %s waiting", told, kept)
	}
}

func TestANoteThatIsWrongIsRefused(t *testing.T) {
	tr := startTracker(t, nil)
	anna, ben, stranger := tr.client(""), tr.client(""), tr.client("")
	anna.join(netproto.JoinRequest{Port: 4000})
	ben.join(netproto.JoinRequest{Port: 4000})
	for _, c := range []struct {
		path, body string
		want       netproto.Code
	}{
		{notesPath(ben), noteBody(""), netproto.CodeInvalid},
		{notesPath(ben), `{}`, netproto.CodeInvalid},
		{notesPath(ben), `{"note":"*"}`, netproto.CodeInvalid},
		{notesPath(ben), `{"note":7}`, netproto.CodeInvalid},
		{notesPath(ben), noteBody(strings.Repeat("x", netproto.MaxNoteBytes+1)), netproto.CodeTooLarge},
		{notesPath(ben), noteBody("x") + strings.Repeat(" ", 64<<10), netproto.CodeTooLarge},
		{notesPath(anna), noteBody("x"), netproto.CodeInvalid},
		{notesPath(stranger), noteBody("x"), netproto.CodeNotFound},
		{"/v1/peers/somebody/notes", noteBody("x"), netproto.CodeInvalid},
	} {
		peer := tr.client("") // each within its rate
		peer.join(netproto.JoinRequest{Port: 4000})
		if c.path == notesPath(anna) {
			peer = anna
		}
		peer.refused("POST", c.path, c.body, c.want)
	}
	stranger.refused("POST", notesPath(ben), noteBody("x"), netproto.CodeJoinFirst)
	ben.refused("DELETE", "/v1/notes/x", "", netproto.CodeInvalid)
	if got := ben.notes(); len(got) != 0 {
		t.Errorf("%d notes wait", len(got))
	}
	anna.leave(ben, strings.Repeat("x", netproto.MaxNoteBytes))
}

// clocked starts a tracker whose limits go by a clock that passes on demand.
func clocked(t *testing.T) (tr *tracker, pass func(time.Duration)) {
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	tr = startServer(t, func(c *server.Config) { c.Limits = &admission.Limits{} },
		func(s *server.Server) { s.TimeBy(func() time.Time { return time.Unix(0, now.Load()) }) })
	return tr, func(d time.Duration) { now.Add(int64(d)) }
}

// drain leaves notes, each of which the receiver takes at once, until one is refused.
func (c *client) drain(to *client) (taken int, refused netproto.Problem) {
	c.Helper()
	for range 1000 {
		got := c.send("POST", notesPath(to), noteBody("x"))
		if got.status != http.StatusOK {
			if got.header.Get("Retry-After") == "" {
				c.Fatalf("a refusal without a time: %+v", got)
			}
			if err := json.Unmarshal([]byte(got.body), &refused); err != nil {
				c.Fatal(err)
			}
			return taken, refused
		}
		taken++
		for _, n := range to.notes() {
			to.call("DELETE", notePath(n.ID), nil, nil)
		}
	}
	c.Fatal("notes are taken for ever")
	return 0, refused
}

func TestASenderHasAMinuteAndAnHour(t *testing.T) {
	tr, pass := clocked(t)
	anna, ben := tr.client("192.0.2.1"), tr.client("192.0.2.2")
	anna.join(netproto.JoinRequest{Port: 4000})
	ben.join(netproto.JoinRequest{Port: 4000})
	if n, refused := anna.drain(ben); n != netproto.MaxNotesMinute || refused.Code != netproto.CodeTooMany {
		t.Errorf("%d notes at once, then %+v", n, refused)
	}
	all := netproto.MaxNotesMinute
	for range 59 {
		pass(time.Minute)
		n, _ := anna.drain(ben)
		all += n
	}
	// What was not used may come at once, and comes in again with time.
	if all < netproto.MaxNotesHour || all > 2*netproto.MaxNotesHour {
		t.Errorf("%d notes in an hour", all)
	}
	if !tr.counted("notes") {
		t.Error("the refusals are not counted")
	}
}

func TestManyKeysAtOneAddressHaveABound(t *testing.T) {
	tr, _ := clocked(t)
	ben, elsewhere := tr.client("192.0.2.2"), tr.client("198.51.100.7")
	ben.join(netproto.JoinRequest{Port: 4000})
	elsewhere.join(netproto.JoinRequest{Port: 4000})
	all, last := 0, netproto.Problem{}
	for range 20 {
		pest := tr.client("192.0.2.1")
		pest.join(netproto.JoinRequest{Port: 4000})
		n, refused := pest.drain(ben)
		all, last = all+n, refused
	}
	if all != 4*netproto.MaxNotesMinute || !strings.Contains(last.Detail, "your address") || !tr.counted("notes-address") {
		t.Errorf("%d notes from one address, then %+v", all, last)
	}
	elsewhere.leave(ben, "x")
}

func TestALimitOfTheStoreIsToldAndCounted(t *testing.T) {
	tr, pass := clocked(t)
	anna, ben := tr.client("192.0.2.1"), tr.client("192.0.2.2")
	anna.join(netproto.JoinRequest{Port: 4000})
	ben.join(netproto.JoinRequest{Port: 4000})
	for range netproto.MaxNotesPair {
		anna.leave(ben, "x")
	}
	p := anna.refused("POST", notesPath(ben), noteBody("x"), netproto.CodeTooMany)
	if !strings.Contains(p.Detail, "wait for this person already") || !tr.counted("notes-waiting") {
		t.Errorf("%+v", p)
	}
	for n := netproto.MaxNotesPair; n < netproto.MaxNotesWaiting; n++ {
		peer := tr.client(fmt.Sprintf("198.51.100.%d", n))
		peer.join(netproto.JoinRequest{Port: 4000})
		peer.leave(ben, "x")
	}
	pass(time.Minute)
	late := tr.client("203.0.113.1")
	late.join(netproto.JoinRequest{Port: 4000})
	late.refused("POST", notesPath(ben), noteBody("x"), netproto.CodeFull)
	ben.call("DELETE", notePath(ben.notes()[0].ID), nil, nil)
	late.leave(ben, "x")
}

// TestTenThousandNotesOfAHostileSender are those of one key to one receiver, and of
// many keys: the receiver gets at most what the limits say, others reach it, and it is
// served meanwhile.
func TestTenThousandNotesOfAHostileSender(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	tr := startTracker(t, func(c *server.Config) { c.Limits = &admission.Limits{} }) // the limits of requests are others' business
	ben, friend := tr.client("192.0.2.2"), tr.client("198.51.100.7")
	ben.join(netproto.JoinRequest{Port: 4000})
	friend.join(netproto.JoinRequest{Port: 4000})
	before := tr.store.Sizes()
	const keys, each = 100, 100
	body, taken := noteBody(strings.Repeat("x", 4000)), 0
	began := time.Now()
	for k := range keys {
		pest := tr.client("192.0.2.1")
		pest.join(netproto.JoinRequest{Port: 4000})
		for range each {
			switch got := pest.send("POST", notesPath(ben), body); got.status {
			case http.StatusOK:
				taken++
			case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			default:
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
		if k%10 == 0 {
			ben.call("POST", netproto.RouteHeartbeat, held(), nil)
		}
	}
	if taken > netproto.MaxNotesWaiting/2 || taken == 0 {
		t.Errorf("%d notes of one address were taken", taken)
	}
	friend.leave(ben, "hello")
	got := ben.notes()
	if len(got) != taken+1 || got[taken].From != friend.id.PeerID() {
		t.Errorf("%d notes wait", len(got))
	}
	if more := tr.store.Sizes(); more.Memory-before.Memory > 2<<20 {
		t.Errorf("before %+v, after %+v", before, more)
	}
	t.Logf("%d notes in %v, %d taken", keys*each, time.Since(began), taken)
}

func TestTheNotesOfABannedKeyGoAndNoMoreCome(t *testing.T) {
	tr := startTracker(t, nil)
	pest, ben := tr.client("192.0.2.1"), tr.client("192.0.2.2")
	pest.join(netproto.JoinRequest{Port: 4000})
	ben.join(netproto.JoinRequest{Port: 4000})
	pest.leave(ben, "x")
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: pest.id.Fingerprint()}}); err != nil {
		t.Fatal(err)
	}
	if got := ben.notes(); len(got) != 0 {
		t.Errorf("%d notes of a banned key wait", len(got))
	}
	pest.refused("POST", notesPath(ben), noteBody("x"), netproto.CodeBanned)
	ben.refused("POST", notesPath(pest), noteBody("x"), netproto.CodeNotFound)
	ben.refused("GET", personPath(pest), "", netproto.CodeNotFound)
}
