package wishes

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func peer(n int) netproto.PeerID { return netproto.PeerID{byte(n >> 8), byte(n)} }

func source(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}) }

func words(id uint32, text string) netproto.Wish { return netproto.Wish{ID: id, Words: text} }

// stand is wishes at work in a bubble of synctest, and the tracker around them.
type stand struct {
	*Wishes
	says  sync.Mutex // guards the following
	told  map[netproto.PeerID]int
	shown map[netproto.ContentHash]netproto.Hit

	online map[netproto.PeerID]bool // at other nodes
}

func newStand(t *testing.T) *stand {
	s := &stand{told: map[netproto.PeerID]int{}, shown: map[netproto.ContentHash]netproto.Hit{}, online: map[netproto.PeerID]bool{}}
	s.Wishes = New(Config{Lease: 90 * time.Second, Look: 10 * time.Second, Now: time.Now,
		Online: func(_ context.Context, id netproto.PeerID) bool {
			s.says.Lock()
			defer s.says.Unlock()
			return s.online[id]
		},
		Tell: func(id netproto.PeerID, waiting int) {
			s.says.Lock()
			defer s.says.Unlock()
			s.told[id] = waiting
		},
		Shown: func(_ context.Context, hash netproto.ContentHash) (netproto.Hit, bool) {
			s.says.Lock()
			defer s.says.Unlock()
			hit, ok := s.shown[hash]
			return hit, ok
		}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// show has others find a content.
func (s *stand) show(hash netproto.ContentHash, name string) {
	s.says.Lock()
	defer s.says.Unlock()
	s.shown[hash] = netproto.Hit{Hash: hash, Name: name}
}

func (s *stand) toldOf(id netproto.PeerID) int {
	s.says.Lock()
	defer s.says.Unlock()
	return s.told[id]
}

func named(by int, names ...string) []Announced {
	var all []Announced
	for _, name := range names {
		var hash netproto.ContentHash
		copy(hash[:], name)
		all = append(all, Announced{By: peer(by), Resource: netproto.Resource{Hash: hash, Name: name, Size: 1000}})
	}
	return all
}

func TestAPeerIsToldOnceOfWhatFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws := newStand(t)
		if err := ws.Set(peer(1), source(1), []netproto.Wish{words(1, "lecture"), words(2, "nothing")}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ws.Announce(named(2, "Lecture 1.pdf", "other.pdf"))
			ws.Announce(named(1, "lecture 2.pdf")) // its own
			synctest.Wait()
		}
		got := ws.Found(peer(1), 0)
		if len(got.Found) != 1 || got.Found[0].Name != "Lecture 1.pdf" || got.Found[0].Wish != 1 || ws.toldOf(peer(1)) != 1 {
			t.Errorf("%+v, told of %d", got, ws.toldOf(peer(1)))
		}
		if rest := ws.Found(peer(1), got.Found[0].Number); len(rest.Found) != 0 || rest.Wishes != 2 {
			t.Errorf("after that: %+v", rest)
		}
	})
}

func TestWishesEndWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws := newStand(t)
		for n := range 2 {
			if err := ws.Set(peer(n), source(n), []netproto.Wish{words(1, "lecture")}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			time.Sleep(60 * time.Second)
			ws.Renew(peer(1))
		}
		synctest.Wait()
		if ws.Len() != 1 || ws.Found(peer(1), 0).Wishes != 1 {
			t.Errorf("%d wishes are kept, want the one of the peer that is there", ws.Len())
		}
		ws.Drop(peer(1))
		if ws.Len() != 0 || len(ws.of)+len(ws.at)+len(ws.byGram)+len(ws.byHash)+ws.finds != 0 {
			t.Error("something is left of wishes that are gone")
		}
	})
}

// A peer whose signs of life come to another node of the tracker keeps its wishes, and is told
// again of what its heartbeats do not say.
func TestWishesOfAPeerThatIsOnlineElsewhereStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws := newStand(t)
		if err := ws.Set(peer(1), source(1), []netproto.Wish{words(1, "lecture")}); err != nil {
			t.Fatal(err)
		}
		ws.says.Lock()
		ws.online[peer(1)] = true
		ws.says.Unlock()
		ws.Announce(named(2, "lecture"))
		synctest.Wait()
		ws.says.Lock()
		clear(ws.told)
		ws.says.Unlock()
		time.Sleep(200 * time.Second)
		synctest.Wait()
		ws.says.Lock()
		defer ws.says.Unlock()
		if ws.Len() != 1 || ws.told[peer(1)] != 1 {
			t.Errorf("%d wishes are kept, and it was told of %d finds", ws.Len(), ws.told[peer(1)])
		}
	})
}

func TestAContentThatComesBackWithoutAnAnnounceIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hash := netproto.ContentHash{7}
		ws := newStand(t)
		if err := ws.Set(peer(1), source(1), []netproto.Wish{{ID: 3, Hash: hash}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if len(ws.Found(peer(1), 0).Found) != 0 {
			t.Error("what nobody shows was found")
		}
		ws.show(hash, "back.iso")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := ws.Found(peer(1), 0).Found; len(got) != 1 || got[0].Name != "back.iso" || ws.toldOf(peer(1)) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestHostilePeersReachTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws := newStand(t)
		var most []netproto.Wish
		for i := range netproto.MaxWishes {
			most = append(most, words(uint32(i), fmt.Sprintf("common %d", i)))
		}
		full := 0
		for n := range 2 * maxAtSource / netproto.MaxWishes {
			if err := ws.Set(peer(n), source(1), most); netproto.CodeOf(err) == netproto.CodeFull {
				full++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if ws.Len() != maxAtSource || full != maxAtSource/netproto.MaxWishes {
			t.Errorf("one address has %d wishes, %d peers were refused", ws.Len(), full)
		}
		if err := ws.Set(peer(0), source(1), most); err != nil {
			t.Errorf("the same wishes again: %v", err)
		}
		if err := ws.Set(peer(5000), source(2), []netproto.Wish{words(1, "common")}); err != nil {
			t.Errorf("from another address: %v", err)
		}
		var flood []Announced
		for i := range maxQueued + 5000 {
			name := "%d other"
			if i < 4*maxTold { // each of them is compared with all wishes
				name = "%d common"
			}
			flood = append(flood, named(9000, fmt.Sprintf(name, i))...)
		}
		ws.Announce(flood)
		ws.mu.Lock()
		queued := len(ws.queue)
		ws.mu.Unlock()
		if queued > maxQueued {
			t.Errorf("%d names wait", queued)
		}
		synctest.Wait()
		ws.mu.Lock()
		for id, p := range ws.of {
			if len(p.found) > netproto.MaxWishesWait {
				t.Errorf("%d finds wait for %v", len(p.found), id)
			}
			for _, w := range p.wishes {
				if len(w.told) > maxTold {
					t.Errorf("%d contents are remembered", len(w.told))
				}
			}
		}
		ws.mu.Unlock()
		if got := len(ws.Found(peer(5000), 0).Found); got != netproto.MaxWishesWait {
			t.Errorf("%d finds for the wish that everything fits", got)
		}
	})
}

// FuzzWish has any text be a wish, and any name be compared with it.
func FuzzWish(f *testing.F) {
	f.Add("lecture -old", "Lecture 1.pdf")
	f.Add(`"a phrase" type:video x`, "a phrase.mkv")
	f.Add("北京烤鸭", "北京烤鸭菜谱.pdf")
	f.Fuzz(func(t *testing.T, text, name string) {
		w, err := newWish(words(1, text))
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		ws := New(Config{Now: time.Now})
		if err := ws.Set(peer(1), source(1), []netproto.Wish{w.Wish}); err != nil {
			t.Fatal(err)
		}
		ws.Announce(named(2, name))
		ws.compareSome()
		ws.Drop(peer(1))
		if len(ws.byGram)+len(ws.at)+ws.kept+ws.finds != 0 {
			t.Error("something is left")
		}
	})
}
