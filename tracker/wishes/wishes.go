// Package wishes keeps what peers wish for, as long as their leases last, and finds out
// what fits when something is announced. It knows nothing of HTTP.
//
// A wish with words stands under one of its trigrams, the one that fewest wishes share,
// so that a name is compared only with wishes that have a trigram of it. Comparing is
// the work of one goroutine, behind a bounded queue: announces never wait for it.
package wishes

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
	"centralizedp2p/tracker/index"
)

// Bounds besides those of netproto.
const (
	maxKept     = 50_000 // wishes of all peers
	maxFinds    = 50_000 // that wait for all peers
	maxAtSource = 1_000  // wishes of the peers at one address
	maxQueued   = 20_000 // names that wait to be compared
	maxCompared = 4_096  // wishes that one name is compared with
	atOnce      = 64     // names, or hashes, under one lock
	tellers     = 16     // peers that are told at once
	maxTold     = 64     // contents that one wish does not find again
)

// Config is what wishes need of the tracker around them.
type Config struct {
	Lease time.Duration
	Look  time.Duration // how often contents that are waited for are looked up
	Now   func() time.Time
	// Online reports whether the lease of a peer runs, of which no sign of life came here: it
	// may have come to another node of the tracker.
	Online func(ctx context.Context, id netproto.PeerID) bool
	// Tell says to a peer how many finds wait for it. It may wait for the peer.
	Tell func(id netproto.PeerID, waiting int)
	// Shown returns a content as others find it; false if they do not.
	Shown func(ctx context.Context, hash netproto.ContentHash) (netproto.Hit, bool)
}

// Announced is a resource that a peer announced, unhidden.
type Announced struct {
	By       netproto.PeerID
	Unlisted bool // the peer is
	netproto.Resource
}

// Wishes are all wishes at a tracker. All methods are safe for concurrent use.
type Wishes struct {
	config Config
	came   chan struct{} // something was queued

	mu     sync.Mutex
	of     map[netproto.PeerID]*wisher
	at     map[netip.Addr]int // wishes by address
	byGram map[uint32][]*wish
	byHash map[netproto.ContentHash][]*wish
	kept   int
	number uint64 // of the last find
	finds  int    // that wait
	queue  []Announced
}

type wisher struct {
	id     netproto.PeerID
	source netip.Addr
	seen   time.Time
	wishes []*wish
	found  []netproto.Find // the oldest first
}

type wish struct {
	netproto.Wish
	by     *wisher
	filter *index.Filter // nil of a hash
	gram   uint32
	told   []netproto.ContentHash // the oldest first
}

// New returns no wishes; Run finds what fits.
func New(c Config) *Wishes {
	return &Wishes{config: c, came: make(chan struct{}, 1), of: map[netproto.PeerID]*wisher{}, at: map[netip.Addr]int{},
		byGram: map[uint32][]*wish{}, byHash: map[netproto.ContentHash][]*wish{}}
}

// Len returns how many wishes are kept.
func (ws *Wishes) Len() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.kept
}

// Keeps reports whether wishes of a peer are kept.
func (ws *Wishes) Keeps(id netproto.PeerID) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.of[id] != nil
}

// Set puts the wishes of a peer in place of those before; equal ones go on. The error is
// a netproto.CodeInvalid for a wish that cannot be searched for, and netproto.CodeFull
// beyond the bounds; the wishes before then stay.
func (ws *Wishes) Set(id netproto.PeerID, source netip.Addr, asked []netproto.Wish) error {
	fresh := make([]*wish, len(asked))
	for i, w := range asked {
		made, err := newWish(w)
		if err != nil {
			return err
		}
		fresh[i] = made
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	old := ws.of[id]
	var had, hadHere int
	if old != nil {
		had = len(old.wishes)
		if old.source == source {
			hadHere = had
		}
	}
	if ws.kept-had+len(asked) > maxKept || ws.at[source]-hadHere+len(asked) > maxAtSource {
		full := netproto.Errorf(netproto.CodeFull, "too many wishes are kept already")
		full.RetryAfter = time.Minute
		return full
	}
	next := &wisher{id: id, source: source, seen: ws.config.Now()}
	if old != nil {
		ws.drop(old)
		next.found = slices.DeleteFunc(old.found, func(f netproto.Find) bool {
			return !slices.ContainsFunc(asked, func(w netproto.Wish) bool { return w.ID == f.Wish })
		})
		ws.finds += len(next.found)
	}
	for _, w := range fresh {
		if old != nil {
			if i := slices.IndexFunc(old.wishes, func(o *wish) bool { return o.Wish == w.Wish }); i >= 0 {
				w.told = old.wishes[i].told
			}
		}
		w.by = next
		ws.add(w)
	}
	next.wishes = fresh
	if len(fresh) > 0 {
		ws.of[id] = next
	}
	return nil
}

func newWish(w netproto.Wish) (*wish, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	made := &wish{Wish: w}
	if !w.Hash.IsZero() {
		return made, nil
	}
	q := index.Query{Text: w.Words, Kind: w.Type, MinSize: w.MinSize, MaxSize: cmp.Or(w.MaxSize, -1)}
	var err error
	if made.filter, err = index.NewFilter(q); err != nil {
		return nil, err
	}
	if len(made.filter.Grams()) == 0 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "a wish has at least one word of %d characters", netproto.LeastWishWord)
	}
	return made, nil
}

// add puts a wish where it is found. The caller holds the lock.
func (ws *Wishes) add(w *wish) {
	ws.kept++
	ws.at[w.by.source]++
	if w.filter == nil {
		ws.byHash[w.Hash] = append(ws.byHash[w.Hash], w)
		return
	}
	w.gram = slices.MinFunc(w.filter.Grams(), func(a, b uint32) int { return len(ws.byGram[a]) - len(ws.byGram[b]) })
	ws.byGram[w.gram] = append(ws.byGram[w.gram], w)
}

// drop forgets a peer and its wishes. The caller holds the lock.
func (ws *Wishes) drop(p *wisher) {
	delete(ws.of, p.id)
	ws.finds -= len(p.found)
	for _, w := range p.wishes {
		if w.filter == nil {
			without(ws.byHash, w.Hash, w)
		} else {
			without(ws.byGram, w.gram, w)
		}
	}
	ws.kept -= len(p.wishes)
	if ws.at[p.source] -= len(p.wishes); ws.at[p.source] == 0 {
		delete(ws.at, p.source)
	}
}

func without[K comparable](lists map[K][]*wish, key K, w *wish) {
	list := lists[key]
	i := slices.Index(list, w)
	list[i] = list[len(list)-1]
	list[len(list)-1] = nil
	if lists[key] = list[:len(list)-1]; len(list) == 1 {
		delete(lists, key)
	}
}

// Renew notes a sign of life of a peer, and returns how many finds wait for it.
func (ws *Wishes) Renew(id netproto.PeerID) (waiting int) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	p := ws.of[id]
	if p == nil {
		return 0
	}
	p.seen = ws.config.Now()
	return len(p.found)
}

// Drop forgets the wishes of a peer.
func (ws *Wishes) Drop(id netproto.PeerID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if p := ws.of[id]; p != nil {
		ws.drop(p)
	}
}

// Found returns how many wishes are kept for a peer, and what was found for them; finds
// up to the number after are forgotten.
func (ws *Wishes) Found(id netproto.PeerID, after uint64) netproto.WishesResponse {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	p := ws.of[id]
	if p == nil {
		return netproto.WishesResponse{}
	}
	ws.finds -= len(p.found)
	p.found = slices.DeleteFunc(p.found, func(f netproto.Find) bool { return f.Number <= after })
	ws.finds += len(p.found)
	return netproto.WishesResponse{Wishes: len(p.wishes), Found: slices.Clone(p.found)}
}

// Announce has names compared with all wishes, later. If too many wait, it leaves out
// the rest.
func (ws *Wishes) Announce(all []Announced) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.kept == 0 {
		return
	}
	ws.queue = append(ws.queue, all[:min(len(all), maxQueued-len(ws.queue))]...)
	select {
	case ws.came <- struct{}{}:
	default:
	}
}

// Run finds what fits and forgets wishes whose lease is over, until ctx ends.
func (ws *Wishes) Run(ctx context.Context) error {
	var telling errgroup.Group
	telling.SetLimit(tellers)
	defer telling.Wait() //nolint:errcheck // none fails
	look := pulse.NewTicker(ws.config.Look)
	defer look.Stop()
	tell := func(found map[netproto.PeerID]int) {
		for id, waiting := range found {
			telling.TryGo(func() error { // else its next heartbeat says so
				ws.config.Tell(id, waiting)
				return nil
			})
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ws.came:
			for more := true; more && ctx.Err() == nil; {
				var found map[netproto.PeerID]int
				found, more = ws.compareSome()
				tell(found)
			}
		case <-look.C:
			tell(ws.expire(ctx))
			tell(ws.lookUp(ctx))
		}
	}
}

// compareSome compares a few of the names that wait.
func (ws *Wishes) compareSome() (found map[netproto.PeerID]int, more bool) {
	ws.mu.Lock()
	some := ws.queue[:min(len(ws.queue), atOnce)]
	ws.mu.Unlock()
	folded, grams := make([]index.Folded, len(some)), make([][]uint32, len(some))
	for i, a := range some {
		folded[i] = index.NewFolded(index.Name{Text: a.Name, MIME: a.MIME, Size: a.Size, Folder: a.Folder})
		grams[i] = folded[i].Grams()
	}
	found = map[netproto.PeerID]int{}
	for i := range some {
		ws.mu.Lock()
		ws.compare(&some[i], folded[i], grams[i], found)
		ws.mu.Unlock()
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.queue = ws.queue[len(some):]; len(ws.queue) == 0 {
		ws.queue = nil // the array with all that passed through it
	}
	return found, len(ws.queue) > 0
}

// compare finds the wishes that a resource fits. The caller holds the lock.
func (ws *Wishes) compare(a *Announced, n index.Folded, grams []uint32, found map[netproto.PeerID]int) {
	hit := netproto.Hit{Hash: a.Hash, Name: a.Name, Size: a.Size, MIME: a.MIME, Folder: a.Folder, Sources: 1, Added: ws.config.Now().UTC()}
	for _, w := range ws.byHash[a.Hash] {
		ws.find(w, a.By, hit, found)
	}
	left := maxCompared
	for _, gram := range grams {
		for _, w := range ws.byGram[gram] {
			if left--; left < 0 {
				return
			}
			if w.Owner != (netproto.PeerID{}) && (w.Owner != a.By || a.Unlisted) {
				continue
			}
			if w.filter.Fits(n) {
				ws.find(w, a.By, hit, found)
			}
		}
	}
}

// find notes that a wish is fulfilled. The caller holds the lock.
func (ws *Wishes) find(w *wish, by netproto.PeerID, hit netproto.Hit, found map[netproto.PeerID]int) {
	p := w.by
	if p.id == by || len(p.found) >= netproto.MaxWishesWait || ws.finds >= maxFinds || slices.Contains(w.told, hit.Hash) {
		return
	}
	if len(w.told) == maxTold {
		w.told = slices.Delete(w.told, 0, 1)
	}
	w.told = append(w.told, hit.Hash)
	ws.number++
	ws.finds++
	p.found = append(p.found, netproto.Find{Number: ws.number, Wish: w.ID, Hit: hit})
	found[p.id] = len(p.found)
}

// lookUp looks for contents that are waited for: a peer that comes back with what it had
// announces nothing.
func (ws *Wishes) lookUp(ctx context.Context) map[netproto.PeerID]int {
	ws.mu.Lock()
	hashes := make([]netproto.ContentHash, 0, len(ws.byHash))
	for hash := range ws.byHash {
		hashes = append(hashes, hash)
	}
	ws.mu.Unlock()
	found := map[netproto.PeerID]int{}
	for _, hash := range hashes {
		hit, ok := ws.config.Shown(ctx, hash)
		if ctx.Err() != nil {
			break
		}
		if !ok {
			continue
		}
		ws.mu.Lock()
		for _, w := range ws.byHash[hash] {
			ws.find(w, netproto.PeerID{}, hit, found)
		}
		ws.mu.Unlock()
	}
	return found
}

// expire forgets the wishes of peers whose lease is over, and returns how many finds wait for
// those that gave a sign of life elsewhere, which did not learn of them with that.
func (ws *Wishes) expire(ctx context.Context) map[netproto.PeerID]int {
	ws.mu.Lock()
	var silent []netproto.PeerID
	for id, p := range ws.of {
		if ws.config.Now().Sub(p.seen) > ws.config.Lease {
			silent = append(silent, id)
		}
	}
	ws.mu.Unlock()
	waiting := map[netproto.PeerID]int{}
	for _, id := range silent {
		if ws.config.Online(ctx, id) {
			if n := ws.Renew(id); n > 0 {
				waiting[id] = n
			}
		} else if ctx.Err() == nil {
			ws.Drop(id)
		}
	}
	return waiting
}
