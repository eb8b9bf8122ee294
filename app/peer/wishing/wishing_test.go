package wishing

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// tracker is a tracker with contents that a test puts there.
type tracker struct {
	address string
	refuses bool // wishes

	mu     sync.Mutex
	hits   []netproto.Hit
	finds  []netproto.Find
	wishes []netproto.Wish
	asked  int // searches
	err    error
}

func (t *tracker) Address() string { return cmp.Or(t.address, "attic:5000") }

func (t *tracker) Search(context.Context, netproto.SearchRequest) (netproto.SearchResponse, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	return netproto.SearchResponse{Items: slices.Clone(t.hits)}, t.err
}

func (t *tracker) Resource(_ context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.hits {
		if h.Hash == hash {
			return netproto.ResourceResponse{Hit: h}, t.err
		}
	}
	return netproto.ResourceResponse{}, &netproto.Error{Code: netproto.CodeNotFound}
}

func (t *tracker) SetWishes(_ context.Context, wishes []netproto.Wish) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuses {
		return netproto.Errorf(netproto.CodeInvalid, "such wishes are not kept")
	}
	t.wishes = wishes
	return t.err
}

func (t *tracker) Finds(_ context.Context, after uint64) (int, []netproto.Find, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finds = slices.DeleteFunc(t.finds, func(f netproto.Find) bool { return f.Number <= after })
	return len(t.wishes), slices.Clone(t.finds), t.err
}

// with looks at the tracker, or changes it.
func (t *tracker) with(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

func (t *tracker) searches() (asked int) {
	t.with(func() { asked = t.asked })
	return asked
}

func (t *tracker) kept() (wishes []netproto.Wish) {
	t.with(func() { wishes = t.wishes })
	return wishes
}

func (t *tracker) put(name string, added time.Time) netproto.Hit {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := netproto.Hit{Name: name, Sources: 1, Added: added}
	copy(h.Hash[:], name)
	t.hits = append(t.hits, h)
	return h
}

// desk is a room of wishes with a library of its own.
type desk struct {
	*Wishes
	used     atomic.Bool
	mu       sync.Mutex
	fetched  []string
	notified int
}

func newDesk(t *testing.T, l *library.Library) *desk {
	t.Helper()
	s := &desk{}
	s.used.Store(true)
	var err error
	s.Wishes, err = New(Config{Library: l, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
		Download: func(_ library.Wish, f library.Found) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.fetched = append(s.fetched, f.Name)
			return nil
		},
		Offered: func(hash netproto.ContentHash) bool { return hash[0] == 'm' },
		Used:    func(string) bool { return s.used.Load() },
		Notify:  func() { s.mu.Lock(); defer s.mu.Unlock(); s.notified++ }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openLibrary(t *testing.T, dir string) *library.Library {
	t.Helper()
	l, err := library.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (s *desk) add(t *testing.T, w library.Wish) uint64 {
	t.Helper()
	number, err := s.Add(w)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func (s *desk) downloaded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.fetched)
}

// names are those of what was found for the wish that was made first.
func (s *desk) names() []string {
	list := s.List()
	names := []string{}
	for _, f := range list[len(list)-1].Found {
		names = append(names, f.Name)
	}
	return names
}

func (s *desk) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func lecture() library.Wish { return library.Wish{Wish: netproto.Wish{Words: "lecture"}} }

func TestATrackerThatKeepsWishesTellsWhatFits(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{}
		attic.put("old lecture", time.Now().Add(-time.Hour))
		attic.put("my lecture", time.Now().Add(time.Hour))
		wish := lecture()
		wish.Download = true
		number := s.add(t, wish)
		s.run(t)
		s.Joined(attic, true)
		synctest.Wait()
		if kept := attic.kept(); len(kept) != 1 || kept[0].ID != uint32(number) || len(s.names()) != 0 {
			t.Fatalf("the tracker has %+v, found was %q", kept, s.names())
		}
		asked := attic.searches()
		attic.with(func() {
			attic.finds = []netproto.Find{{Number: 7, Wish: uint32(number), Hit: netproto.Hit{Hash: netproto.ContentHash{1}, Name: "new lecture"}},
				{Number: 8, Wish: 99, Hit: netproto.Hit{Hash: netproto.ContentHash{2}, Name: "of no wish"}}}
		})
		for range 2 { // told twice
			s.Waiting(attic)
			synctest.Wait()
		}
		if got := s.names(); !slices.Equal(got, []string{"new lecture"}) || !slices.Equal(s.downloaded(), got) || s.Unseen() != 1 {
			t.Errorf("found: %q, downloaded: %q, %d unseen", got, s.downloaded(), s.Unseen())
		}
		attic.with(func() {
			if attic.asked != asked || len(attic.finds) != 0 {
				t.Errorf("it was searched %d times more, and keeps %d finds", attic.asked-asked, len(attic.finds))
			}
		})
		if err := s.See(); err != nil || s.Unseen() != 0 {
			t.Errorf("%d unseen, %v", s.Unseen(), err)
		}
		if err := s.Remove(number); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if kept := attic.kept(); len(kept) != 0 {
			t.Errorf("the tracker still has %+v", kept)
		}
	})
}

// A tracker that restarts, or a node of one that ends, forgets the wishes and counts its finds
// from the beginning; nobody joins it again.
func TestATrackerThatForgetsTheWishesIsToldThemAnew(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{}
		number := s.add(t, lecture())
		s.run(t)
		s.Joined(attic, true)
		synctest.Wait()
		find := func(n uint64, name string) {
			f := netproto.Find{Number: n, Wish: uint32(number), Hit: netproto.Hit{Name: name}}
			copy(f.Hash[:], name)
			attic.with(func() { attic.finds = append(attic.finds, f) })
			s.Waiting(attic)
			synctest.Wait()
		}
		find(57, "lecture 57")
		for i, told := range []func(){
			func() { s.Waiting(attic); synctest.Wait() }, // by a line that stands again
			func() { time.Sleep(StandardTiming.Look + StandardTiming.Retry); synctest.Wait() },
		} {
			attic.with(func() { attic.wishes, attic.finds = nil, nil })
			missed := string(rune('a' + i))
			attic.put("lecture "+missed, time.Now().Add(time.Second))
			told()
			if len(attic.kept()) != 1 {
				t.Fatal("it is not told the wishes anew")
			}
			find(1, "lecture 1"+missed)
			for _, name := range []string{"lecture " + missed, "lecture 1" + missed} {
				if !slices.Contains(s.names(), name) {
					t.Errorf("%q is not found, only %q", name, s.names())
				}
			}
		}
		asked := attic.searches()
		time.Sleep(3 * StandardTiming.Look)
		synctest.Wait()
		if attic.searches() != asked {
			t.Error("a tracker that keeps them is searched")
		}
	})
}

func TestAnOlderTrackerIsSearchedNowAndThen(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{}
		wanted := netproto.ContentHash{}
		copy(wanted[:], "wanted by hash")
		s.add(t, lecture())
		s.add(t, library.Wish{Wish: netproto.Wish{Hash: wanted}})
		s.run(t)
		s.Joined(attic, false)
		synctest.Wait()
		attic.put("lecture 1", time.Now())
		attic.put("wanted by hash", time.Now())
		time.Sleep(StandardTiming.Search + time.Minute)
		synctest.Wait()
		if got := s.names(); !slices.Contains(got, "lecture 1") {
			t.Errorf("found: %q", got)
		}
		if list := s.List(); len(list[0].Found) != 1 || list[0].Name != "wanted by hash" {
			t.Errorf("%+v", list[0])
		}
		asked := attic.searches()
		time.Sleep(3 * StandardTiming.Search)
		synctest.Wait()
		if more := attic.searches() - asked; more < 2 || more > 4 || attic.kept() != nil {
			t.Errorf("it was searched %d times, and got the wishes %v", more, attic.kept())
		}
		s.used.Store(false)
		asked = attic.searches()
		time.Sleep(3 * StandardTiming.Search)
		synctest.Wait()
		if attic.searches() != asked {
			t.Error("a tracker that is not used is searched")
		}
	})
}

func TestWishesOutliveARestartAndAFailure(t *testing.T) {
	dir := t.TempDir()
	l := openLibrary(t, dir)
	s := newDesk(t, l)
	number := s.add(t, lecture())
	if again := s.add(t, lecture()); again != number || len(s.List()) != 1 {
		t.Errorf("the same wish again is %d", again)
	}
	for i := range netproto.MaxWishes - 1 {
		s.add(t, library.Wish{Wish: netproto.Wish{Words: "another " + string(rune('a'+i))}})
	}
	if _, err := s.Add(library.Wish{Wish: netproto.Wish{Words: "one too many"}}); netproto.CodeOf(err) != netproto.CodeFull {
		t.Errorf("one too many: %v", err)
	}
	if err := s.Remove(9999); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("a wish that is not there: %v", err)
	}
	l.Close()
	l = openLibrary(t, dir)
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{err: &netproto.Error{Code: netproto.CodeUnreachable}}
		s.run(t)
		s.Joined(attic, true)
		synctest.Wait()
		attic.with(func() { attic.err = nil })
		attic.put("lecture 2", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) // the clock of a bubble is behind
		time.Sleep(2 * StandardTiming.Retry)
		synctest.Wait()
		if kept := attic.kept(); len(kept) != netproto.MaxWishes || !slices.Contains(s.names(), "lecture 2") {
			t.Errorf("after the failure it has %d wishes, found was %q", len(kept), s.names())
		}
	})
}

func TestWhatWasAtAnyTrackerBeforeAWishIsNoNews(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic, cellar := newDesk(t, l), &tracker{}, &tracker{address: "cellar:5000"}
		for i, at := range []*tracker{attic, cellar} {
			at.put("old lecture "+string(rune('a'+i)), time.Now().Add(-time.Hour))
		}
		s.add(t, lecture())
		s.run(t)
		s.Joined(attic, false)
		s.Joined(cellar, false)
		synctest.Wait()
		cellar.put("lecture 3", time.Now())
		time.Sleep(StandardTiming.Search + time.Minute)
		synctest.Wait()
		if got := s.names(); !slices.Equal(got, []string{"lecture 3"}) {
			t.Errorf("found: %q", got)
		}
	})
}

func TestATrackerThatRefusesTheWishesIsSearched(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{refuses: true}
		s.add(t, lecture())
		s.run(t)
		s.Joined(attic, true)
		synctest.Wait()
		attic.put("lecture 4", time.Now())
		time.Sleep(StandardTiming.Search + time.Minute)
		synctest.Wait()
		if got := s.names(); !slices.Equal(got, []string{"lecture 4"}) {
			t.Errorf("found: %q", got)
		}
	})
}

func TestATrackerCannotMakeAPeerDownloadWhatItLikes(t *testing.T) {
	l := openLibrary(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s, attic := newDesk(t, l), &tracker{}
		all, one := lecture(), library.Wish{Download: true, Wish: netproto.Wish{Hash: netproto.ContentHash{'w'}}}
		all.Download = true
		first, second := s.add(t, all), s.add(t, one)
		s.run(t)
		s.Joined(attic, true)
		synctest.Wait()
		attic.with(func() {
			attic.finds = []netproto.Find{{Number: 1, Wish: uint32(second), Hit: netproto.Hit{Hash: netproto.ContentHash{'x'}, Name: "another content"}}}
			for i := range 3 * maxFetched {
				attic.finds = append(attic.finds, netproto.Find{Number: uint64(i) + 2, Wish: uint32(first),
					Hit: netproto.Hit{Hash: netproto.ContentHash{'l', byte(i)}, Name: "lecture"}})
			}
		})
		s.Waiting(attic)
		synctest.Wait()
		if got := s.downloaded(); len(got) != maxFetched || slices.Contains(got, "another content") {
			t.Errorf("downloaded: %q", got)
		}
		if got := len(s.names()); got != 3*maxFetched {
			t.Errorf("%d were told", got)
		}
	})
}
