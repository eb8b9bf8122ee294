package people

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

func TestWhatIsSentIsAcceptedAndFetchedAndBothKnow(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	number := anna.send(ben, "song")
	anna.expect(number, library.RequestWaiting)
	if to := anna.offered[fmt.Sprint(number)]; to != ben.Key() {
		t.Errorf("it is offered to %x", to)
	}
	ben.look()
	in := ben.Inbox()
	if len(in) != 1 || in[0].Name != "Anna" || in[0].Peer != anna.Key() || in[0].Message != "hello" || in[0].Items[0].Name != "song" || len(ben.downloads) != 0 {
		t.Fatalf("the inbox has %+v, and %d downloads began", in, len(ben.downloads))
	}
	pictures := t.TempDir()
	if !anna.idle() || !ben.idle() {
		t.Error("somebody looks every second for an answer, which comes by itself")
	}
	if err := ben.Accept(in[0].Number, pictures); err != nil {
		t.Fatal(err)
	}
	ben.look()
	if ben.idle() {
		t.Error("nobody looks every second for the end of the download")
	}
	anna.look()
	anna.expect(number, library.RequestAccepted)
	if len(ben.downloads) != 1 || ben.dirs[0] != pictures {
		t.Errorf("%v is downloaded to %v", ben.downloads, ben.dirs)
	}
	ben.progress = Finished
	ben.look()
	ben.expect(in[0].Number, library.RequestDone)
	anna.look()
	anna.expect(number, library.RequestDone)
	if len(anna.offered) != 0 {
		t.Error("it is still offered")
	}
	if !anna.idle() || !ben.idle() {
		t.Error("somebody looks every second for what is over")
	}
}

// The library may take its time over what is sent, and something else have the notes
// looked at meanwhile.
func TestARequestIsToldOnceItIsRemembered(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	number, err := anna.Send(Sending{To: ben.Key(), Name: "Ben", Sources: []library.RequestSource{{Path: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := anna.find(number)
	if err != nil {
		t.Fatal(err)
	}
	anna.People.saving.Lock()
	anna.offerDue(t.Context())
	for offered := false; !offered; {
		time.Sleep(time.Millisecond)
		anna.People.mu.Lock()
		offered = r.offered
		anna.People.mu.Unlock()
	}
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		anna.deliver(t.Context())
	}()
	anna.People.saving.Unlock()
	<-delivered
	anna.work.Wait()
	anna.look()
	if now, err := anna.Request(number); err != nil || now.State != library.RequestWaiting {
		t.Errorf("it is %s: %s, %v", now.State, now.Reason, err)
	}
}

func TestARequestOutlivesEveryRestart(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	b.down = true
	number, err := anna.Send(Sending{To: ben.Key(), Sources: []library.RequestSource{{Path: "song"}}})
	if err != nil {
		t.Fatal(err)
	}
	anna.restart("Anna")
	b.down = false
	anna.look()
	anna.expect(number, library.RequestWaiting)
	anna.restart("Anna")
	ben.look()
	ben.restart("Ben")
	if err := ben.Accept(ben.Inbox()[0].Number, "/x"); err != nil {
		t.Fatal(err)
	}
	ben.progress = Finished
	ben.restart("Ben")
	anna.look()
	if anna.offered[fmt.Sprint(number)] != ben.Key() {
		t.Error("after a start it is not offered")
	}
	ben.look()
	anna.look()
	anna.expect(number, library.RequestDone)
}

func TestDeclinedAndWithdrawnRequestsEndOnBothSides(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	declined, withdrawn := anna.send(ben, "a"), anna.send(ben, "b")
	ben.look()
	in := ben.Inbox() // the newest first
	if err := ben.Decline(in[1].Number); err != nil {
		t.Fatal(err)
	}
	if err := anna.Withdraw(withdrawn); err != nil {
		t.Fatal(err)
	}
	ben.look()
	anna.look()
	ben.look()
	anna.expect(declined, library.RequestDeclined)
	anna.expect(withdrawn, library.RequestWithdrawn)
	ben.expect(in[0].Number, library.RequestWithdrawn)
	if len(anna.offered) != 0 {
		t.Errorf("%v is still offered", anna.offered)
	}
	if err := ben.Accept(in[0].Number, "/x"); netproto.CodeOf(err) != netproto.CodeNotFound || len(ben.downloads) != 0 {
		t.Errorf("a withdrawn request is accepted: %v", err)
	}
}

// Whoever sends more than may wait learns that the rest came to nothing, and does not wait.
func TestARequestBeyondTheLimitFailsForItsSender(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	var sent []uint64
	for n := range maxWaitingPerson + 1 {
		sent = append(sent, anna.send(ben, fmt.Sprint("request ", n)))
	}
	ben.look()
	anna.look()
	if n := len(ben.Inbox()); n != maxWaitingPerson {
		t.Errorf("%d requests wait", n)
	}
	anna.expect(sent[0], library.RequestWaiting)
	anna.expect(sent[maxWaitingPerson], library.RequestFailed)
}

// A hostile sender is alone with this peer: no tracker limits it.
func TestAPestFillsNothing(t *testing.T) {
	b := newMailbox()
	ben, friend := join(t, b, "Ben"), join(t, b, "Friend")
	if err := ben.Know(library.Person{Key: friend.Key(), Name: "Friend", Favourite: true}); err != nil {
		t.Fatal(err)
	}
	pest := stranger(t)
	for range 10_000 {
		sealed := sealedRequest(t, pest, ben.Key(), strings.Repeat("n", 255))
		if err := ben.take(sealed); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(ben.Inbox()); n != maxWaitingPerson {
		t.Errorf("one person has %d requests in the list", n)
	}
	for range 500 {
		if err := ben.take(sealedRequest(t, stranger(t), ben.Key(), "a")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(ben.Inbox()); n != maxWaiting {
		t.Errorf("strangers have %d requests in the list", n)
	}
	if n := len(ben.refusals); n > maxRefusals {
		t.Errorf("%d answers are on their way to them", n)
	}
	friend.send(ben, "from a friend")
	ben.look()
	if ben.Inbox()[0].Peer != friend.Key() {
		t.Error("strangers crowd out a friend")
	}
	kept, err := ben.library.Requests()
	if err != nil || len(kept) != maxWaiting+1 {
		t.Errorf("%d requests are remembered: %v", len(kept), err)
	}
}

func TestABlockedPersonIsNotHeard(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	anna.send(ben, "a")
	ben.look()
	if err := ben.Know(library.Person{Key: anna.Key(), Blocked: true}); err != nil {
		t.Fatal(err)
	}
	if ben.Waiting() != 0 {
		t.Error("a card of hers is still there")
	}
	anna.send(ben, "b")
	ben.look()
	ben.restart("Ben")
	if n := len(ben.Inbox()); n != 1 {
		t.Errorf("%d requests are there", n)
	}
	ben.mu.Lock() // each piece that is sent asks, and waits for nothing
	if !ben.Blocked(anna.Key()) {
		t.Error("she is blocked no longer")
	}
	ben.mu.Unlock()
	if _, err := ben.Send(Sending{To: anna.Key(), Sources: []library.RequestSource{{Path: "x"}}}); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("something is sent to a blocked person: %v", err)
	}
	if err := ben.Know(library.Person{Key: anna.Key(), Favourite: true}); err != nil || ben.Blocked(anna.Key()) {
		t.Errorf("she stays blocked: %v", err)
	}
}

func TestAlwaysAcceptedIsSavedInTheFolderOfThatPerson(t *testing.T) {
	b := newMailbox()
	anna, ben, eve := join(t, b, "Anna"), join(t, b, "Ben"), join(t, b, "Eve")
	fromAnna := t.TempDir()
	if err := ben.Know(library.Person{Key: anna.Key(), Always: true, Folder: fromAnna}); err != nil {
		t.Fatal(err)
	}
	anna.send(ben, "a")
	eve.send(ben, "e")
	ben.look()
	if !slices.Equal(ben.dirs, []string{fromAnna}) || ben.downloads[0].Name != "a" || ben.Waiting() != 1 {
		t.Errorf("%v is saved in %v, %d wait", ben.downloads, ben.dirs, ben.Waiting())
	}
}

// An answer counts only from the one who was asked, and a withdrawal only from the one
// who asked.
func TestNobodyElseDecidesAboutARequest(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	eve := stranger(t)
	number := anna.send(ben, "a")
	ben.look()
	id := ben.Inbox()[0].ID
	for to, n := range map[*someone]netproto.Note{
		anna: {Kind: netproto.NoteAnswered, ID: id, Result: netproto.NoteDone},
		ben:  {Kind: netproto.NoteWithdrawn, ID: id},
	} {
		if err := to.take(seal(t, eve, to.Key(), n)); err != nil {
			t.Fatal(err)
		}
	}
	anna.expect(number, library.RequestWaiting)
	ben.expect(ben.Inbox()[0].Number, library.RequestWaiting)
}

func TestWhatChangedBeforeItWasFetchedIsTakenBack(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	number := anna.send(ben, "a")
	ben.look()
	anna.changed = true
	anna.restart("Anna")
	anna.look()
	anna.look()
	ben.look()
	anna.expect(number, library.RequestFailed)
	ben.expect(ben.Inbox()[0].Number, library.RequestWithdrawn)
}

func TestARequestThatNobodyAnswersExpires(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	number := anna.send(ben, "a")
	ben.look()
	week := time.Now().Add(netproto.NoteLife + time.Hour)
	ben.expire(week)
	anna.expire(week)
	ben.expect(ben.Inbox()[0].Number, library.RequestExpired)
	anna.expect(number, library.RequestWaiting) // it may have come to them a week late
	anna.expire(week.Add(netproto.NoteLife))
	anna.expect(number, library.RequestExpired)
	if len(anna.offered) != 0 {
		t.Error("it is still offered")
	}
}

func TestTheSameCommandGoesOnWithTheSameRequest(t *testing.T) {
	b := newMailbox()
	anna, ben := join(t, b, "Anna"), join(t, b, "Ben")
	first := anna.send(ben, "a")
	if again := anna.send(ben, "a"); again != first {
		t.Errorf("it is request %d and then %d", first, again)
	}
	if other := anna.send(ben, "b"); other == first {
		t.Error("something else is the same request")
	}
	ben.look()
	if n := len(ben.Inbox()); n != 2 {
		t.Errorf("%d requests came", n)
	}
}

func TestPeopleStandInTheirOrder(t *testing.T) {
	b := newMailbox()
	ben := join(t, b, "Ben")
	for _, p := range []struct {
		name   string
		online bool
		known  library.Person
	}{{"zed", false, library.Person{}}, {"Amy", true, library.Person{}}, {"Bob", true, library.Person{Blocked: true}},
		{"Cal", false, library.Person{Verified: true}}, {"Dee", false, library.Person{Favourite: true}}, {"eva", true, library.Person{}}} {
		key := netproto.PublicKey(stranger(t).Key())
		b.people = append(b.people, netproto.Person{PeerID: netproto.PeerIDOf(key[:]), Key: key, Name: p.name, Online: p.online})
		if p.known.Key, p.known.Name = key, p.name; !p.known.Stranger() {
			if err := ben.Know(p.known); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, more, err := ben.List(t.Context(), "")
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "Dee Cal Amy eva zed Bob" || more || err != nil {
		t.Errorf("the order is %s (%v, %v)", got, more, err)
	}
	b.down = true
	if list, _, err := ben.List(t.Context(), ""); len(list) != 3 || netproto.CodeOf(err) != netproto.CodeUnreachable {
		t.Errorf("without a tracker %d are known: %v", len(list), err)
	}
	b.down = false
	if _, err := ben.Named(t.Context(), "AMY"); err != nil {
		t.Error(err)
	}
	b.people = append(b.people, func() netproto.Person {
		key := netproto.PublicKey(stranger(t).Key())
		return netproto.Person{PeerID: netproto.PeerIDOf(key[:]), Key: key, Name: "amy"}
	}())
	if _, err := ben.Named(t.Context(), "Amy"); netproto.CodeOf(err) != netproto.CodeAmbiguous {
		t.Errorf("two people are called Amy, and it says %v", err)
	}
}

func TestBothSidesSeeTheSameWords(t *testing.T) {
	a, b, c := netproto.PublicKey{1}, netproto.PublicKey{2}, netproto.PublicKey{3}
	if got := Words(a, b); len(got) != wordCount || !slices.Equal(got, Words(b, a)) || slices.Equal(got, Words(a, c)) {
		t.Errorf("the words are %v", got)
	}
	sorted := slices.Sorted(slices.Values(wordList))
	if len(wordList) != 256 || len(slices.Compact(sorted)) != 256 {
		t.Errorf("the list has %d words", len(wordList))
	}
}
