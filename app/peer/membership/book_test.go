package membership

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// tell tells a tracker everything that its page has for it.
func tell(p *page, held map[netproto.ContentHash]netproto.Resource, refuse ...netproto.ContentHash) {
	for n := p.next(); !n.empty(); n = p.next() {
		if n.reset {
			clear(held)
		}
		var refused []netproto.Refusal
		for i, r := range n.announced {
			if slices.Contains(refuse, r.Hash) {
				refused = append(refused, netproto.Refusal{Index: i, Code: netproto.CodeFull})
			} else {
				held[r.Hash] = r
			}
		}
		for _, h := range n.withdrawn {
			delete(held, h)
		}
		p.told(n, refused)
	}
}

// agrees reports whether a heartbeat of the page says what the tracker holds.
func agrees(p *page, held map[netproto.ContentHash]netproto.Resource) bool {
	var digest netproto.Digest
	for h := range held {
		digest = digest.Toggle(h)
	}
	request, told := p.report()
	return told && request.Count == len(held) && request.Digest == digest
}

func TestEachTrackerIsToldWhatItDoesNotKnow(t *testing.T) {
	b := newBook()
	first, second := b.open(), b.open()
	one, two := map[netproto.ContentHash]netproto.Resource{}, map[netproto.ContentHash]netproto.Resource{}
	for n := range 2500 {
		b.set(resource(n))
	}
	first.compare(0, 0, "")
	second.compare(0, 0, "")
	tell(first, one)
	b.remove(resource(0).Hash)
	renamed := resource(1)
	renamed.Name = "tune.flac"
	b.set(renamed)
	if n := first.next(); len(n.announced) != 1 || n.announced[0] != renamed || len(n.withdrawn) != 1 || n.reset {
		t.Errorf("the first is told %d resources and %d withdrawals", len(n.announced), len(n.withdrawn))
	}
	tell(first, one)
	tell(second, two)
	if !maps.Equal(one, two) || len(one) != 2499 || one[renamed.Hash] != renamed || !agrees(first, one) || !agrees(second, two) {
		t.Errorf("they hold %d and %d", len(one), len(two))
	}
	b.set(renamed) // as it is known
	if n := first.next(); !n.empty() {
		t.Errorf("what is known is told again: %v", n)
	}
	b.close(second)
	b.remove(renamed.Hash)
	if n := second.next(); !n.empty() {
		t.Error("a tracker that was left is told on")
	}
}

func TestNoBatchIsLargerThanATrackerTakes(t *testing.T) {
	b := newBook()
	p := b.open()
	for n := range 3 * netproto.MaxAnnounce {
		b.set(resource(n))
	}
	batches := 0
	for n := p.next(); !n.empty(); n = p.next() {
		if batches++; len(n.announced) > netproto.MaxAnnounce {
			t.Fatalf("a batch has %d", len(n.announced))
		}
		p.told(n, nil)
	}
	if batches != 3 {
		t.Errorf("they came in %d batches", batches)
	}
}

func TestFoldersAreToldBeforeTheManyFilesInThem(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	for n := range 3 * netproto.MaxAnnounce {
		b.set(resource(n))
	}
	folder, gone := resource(-1), resource(-2)
	folder.Folder, gone.Folder = true, true
	held := map[netproto.ContentHash]netproto.Resource{}
	refused := func() {
		p.refused[folder.Hash] = &netproto.Error{Code: netproto.CodeFull}
		holds := p.count()
		p.compare(holds.Count, holds.Digest, "")
	}
	for _, again := range []func(){func() {}, p.startOver, refused} {
		b.set(folder)
		b.set(gone)
		b.remove(gone.Hash)
		again()
		if n := p.next(); len(n.announced) != 1 || n.announced[0] != folder || len(n.withdrawn) > 0 {
			t.Fatalf("%d contents come with the folder, or before it", len(n.announced)+len(n.withdrawn)-1)
		}
		tell(p, held)
		if len(held) != 3*netproto.MaxAnnounce+1 || !agrees(p, held) {
			t.Fatalf("the tracker holds %d", len(held))
		}
	}
}

func TestWhatChangesWhileATrackerIsToldIsToldNext(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	held := map[netproto.ContentHash]netproto.Resource{}
	b.set(resource(1))
	b.set(resource(2))
	n := p.next()
	renamed := resource(1)
	renamed.Name = "tune.flac"
	b.set(renamed)
	b.remove(resource(2).Hash)
	for _, r := range n.announced {
		held[r.Hash] = r
	}
	p.told(n, nil)
	if taken, _ := p.taken(renamed.Hash); taken {
		t.Error("the new name counts as told")
	}
	tell(p, held)
	if len(held) != 1 || held[renamed.Hash] != renamed || !agrees(p, held) {
		t.Errorf("the tracker holds %v", held)
	}
}

func TestARefusalLastsUntilTheNextJoin(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	held := map[netproto.ContentHash]netproto.Resource{}
	b.set(resource(1))
	b.set(resource(2))
	tell(p, held, resource(2).Hash)
	if taken, err := p.taken(resource(2).Hash); taken || netproto.CodeOf(err) != netproto.CodeFull {
		t.Errorf("it is taken: %v, %v", taken, err)
	}
	if n := p.next(); !n.empty() || !agrees(p, held) {
		t.Error("it is offered again at once, or counted among what the tracker holds")
	}
	request, _ := p.report()
	p.compare(request.Count, request.Digest, "")
	tell(p, held)
	if taken, err := p.taken(resource(2).Hash); !taken || err != nil || len(held) != 2 || !agrees(p, held) {
		t.Errorf("after the next join it is taken: %v, %v", taken, err)
	}
}

func TestATrackerThatHoldsSomethingElseIsToldEverything(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	held := map[netproto.ContentHash]netproto.Resource{}
	for n := range 1500 {
		b.set(resource(n))
	}
	tell(p, held)
	for name, startOver := range map[string]func(){
		"after a join":      func() { p.compare(1, 99, "") },
		"after a heartbeat": p.startOver,
	} {
		clear(held)
		held[resource(9999).Hash] = resource(9999)
		startOver()
		if taken, _ := p.taken(resource(1).Hash); taken {
			t.Errorf("%s: what the tracker may have lost counts as taken", name)
		}
		tell(p, held)
		if len(held) != 1500 || !agrees(p, held) {
			t.Errorf("%s: the tracker holds %d", name, len(held))
		}
	}
}

func TestAFurtherTrackerCopiesNothingAndHoldsUpNoAnnounce(t *testing.T) {
	const contents, soon = 100_000, 100 * time.Millisecond
	b := newBook()
	for n := range contents {
		b.set(resource(n))
	}
	if allocs := testing.AllocsPerRun(10, func() { b.close(b.open()) }); allocs > 20 {
		t.Errorf("a page of an unknown tracker takes %v allocations", allocs)
	}
	var rounds atomic.Int64
	var joining sync.WaitGroup
	defer joining.Wait()
	done := make(chan struct{})
	defer close(done)
	joining.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			p := b.open()
			p.compare(0, 0, "")
			p.told(p.next(), nil)
			b.close(p)
			rounds.Add(1)
		}
	})
	var longest time.Duration
	n := contents
	for range 20 { // the computer may be busy
		longest = 0
		for end := rounds.Load() + 3; rounds.Load() < end; n++ {
			began := time.Now()
			b.set(resource(n))
			longest = max(longest, time.Since(began))
			b.remove(resource(n).Hash)
		}
		if longest < soon {
			return
		}
	}
	t.Errorf("an announce waited for %s", longest)
}

func TestATrackerThatIsAddedLaterIsToldEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := start(t)
		defer ms.Close()
		first, second := newFakeTracker("127.0.0.1:5000"), newFakeTracker("127.0.0.1:5001")
		ms.Use(first)
		for n := range 1200 {
			ms.Announce(resource(n))
		}
		time.Sleep(time.Second)
		ms.Add(second)
		time.Sleep(time.Second)
		ms.Withdraw(resource(3).Hash)
		time.Sleep(time.Second)
		for _, f := range []*fakeTracker{first, second} {
			f.with(func() {
				if len(f.held) != 1199 {
					t.Errorf("%s holds %d", f.address, len(f.held))
				}
			})
		}
		if taken, err := ms.Announced(resource(4).Hash); !taken || err != nil {
			t.Errorf("it is announced: %v, %v", taken, err)
		}
	})
}

// A tracker says how many resources it holds, and which hashes, but not how it names them.
func TestATrackerThatHoldsTheSameHashesIsToldNothingIfItWasToldTheSameBefore(t *testing.T) {
	b := newBook()
	first := b.open()
	first.compare(0, 0, "")
	if first.known() != "" {
		t.Error("that nothing is offered is remembered")
	}
	for n := range 10 {
		b.set(resource(n))
	}
	if first.known() != "" {
		t.Error("what a tracker was not told yet counts as known")
	}
	tell(first, map[netproto.ContentHash]netproto.Resource{})
	told := first.known()
	holds, _ := first.report()
	again := func(change func(b *book)) *page { // after another start
		b := newBook()
		p := b.open()
		for n := range 10 {
			b.set(resource(n))
		}
		change(b)
		if taken, _ := p.taken(resource(1).Hash); taken || p.known() != "" {
			t.Error("before it is joined, the tracker counts as told")
		}
		p.compare(holds.Count, holds.Digest, told)
		return p
	}
	same := again(func(*book) {})
	if n := same.next(); !n.empty() || same.known() != told {
		t.Errorf("it is told again: %v", n)
	}
	if taken, err := same.taken(resource(1).Hash); !taken || err != nil {
		t.Errorf("what it holds does not count as taken: %v", err)
	}
	for what, change := range map[string]func(b *book){
		"a name changed":   func(b *book) { r := resource(1); r.Name = "tune.flac"; b.set(r) },
		"one is hidden":    func(b *book) { r := resource(1); r.Hidden = true; b.set(r) },
		"one is gone":      func(b *book) { b.remove(resource(1).Hash) },
		"one was added":    func(b *book) { b.set(resource(10)) },
		"another is there": func(b *book) { b.remove(resource(1).Hash); b.set(resource(10)) },
	} {
		if n := again(change).next(); !n.reset {
			t.Errorf("%s, and it is not told", what)
		}
	}
	told = ""
	if n := again(func(*book) {}).next(); !n.reset {
		t.Error("nothing certain is remembered, and it is not told")
	}
}

func TestATrackerIsToldAllThatAResourceSays(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	r := resource(1)
	for _, change := range []func(){
		func() { r.MD5 = "00112233445566778899aabbccddeeff" }, func() { r.MIME = "audio/flac" }, func() { r.Size = 7 },
		func() { r.Folder = true }, func() { r.Part = true }, func() { r.Hidden = true }, func() { r.MD5 = "" },
	} {
		change()
		b.set(r)
		n := p.next()
		if len(n.announced) != 1 || n.announced[0] != r {
			t.Fatalf("it is told %+v instead of %+v", n.announced, r)
		}
		if again, ok := b.get(r.Hash); !ok || again != r {
			t.Errorf("the book has %+v", again)
		}
		p.told(n, nil)
		if n := p.next(); !n.empty() {
			t.Errorf("it is told again: %+v", n)
		}
	}
	before := b.details
	b.set(r)
	if n := p.next(); !n.empty() {
		t.Errorf("nothing changed, and it is told: %+v", n)
	}
	b.remove(r.Hash)
	b.set(r)
	if b.details != before {
		t.Error("what is announced again counts as something else")
	}
}
