package membership

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"

	"centralizedp2p/netproto"
)

// book is what this peer has to announce, and what each tracker does not know of
// it yet. All memberships share it, so joining a further tracker copies nothing.
// Its lock is a leaf: nothing else is locked or waited for while it is held.
type book struct {
	mu       sync.Mutex
	holdings holdings
	digest   netproto.Digest // of holdings
	details  uint64          // XOR of the sums of all holdings, names and all
	pages    map[*page]struct{}
}

// page is one tracker's side of the book.
type page struct {
	book    *book
	wake    chan struct{}                     // something became pending
	pending marks                             // the numbers of holdings to announce
	gone    map[netproto.ContentHash]struct{} // what is to be withdrawn
	folders map[netproto.ContentHash]struct{} // those pending that are folders: they go first
	leading map[netproto.ContentHash]struct{} // folders just told, whose files follow at once
	refused map[netproto.ContentHash]error    // not taken; offered again after the next join
	resync  bool                              // the tracker holds something else, so it is told everything
	joined  bool                              // it was compared with what the tracker holds
}

func newBook() *book {
	return &book{holdings: holdings{first: map[uint64]uint32{}}, pages: map[*page]struct{}{}}
}

// open starts a page for a tracker that knows nothing.
func (b *book) open() *page {
	p := &page{book: b, wake: make(chan struct{}, 1), gone: map[netproto.ContentHash]struct{}{},
		folders: map[netproto.ContentHash]struct{}{}, leading: map[netproto.ContentHash]struct{}{}, refused: map[netproto.ContentHash]error{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[p] = struct{}{}
	return p
}

// close drops the page of a tracker that is left.
func (b *book) close(p *page) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pages, p)
}

// set notes a resource and wakes all trackers.
func (b *book) set(r netproto.Resource) {
	now := heldOf(&r)
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.holdings.find(r.Hash)
	if n == 0 {
		b.digest = b.digest.Toggle(r.Hash)
		n = b.holdings.put(now)
	} else {
		old := b.holdings.at(n)
		if old.says(now) {
			return
		}
		b.details ^= sumOf(old.resource())
		now.next = old.next
		*old = now
	}
	b.details ^= sumOf(r)
	for p := range b.pages {
		p.add(n)
		delete(p.gone, r.Hash)
		p.changed(r.Hash)
	}
}

// remove forgets a resource and wakes all trackers.
func (b *book) remove(h netproto.ContentHash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.holdings.find(h)
	if n == 0 {
		return
	}
	b.details ^= sumOf(b.holdings.at(n).resource())
	b.holdings.drop(n)
	b.digest = b.digest.Toggle(h)
	for p := range b.pages {
		p.pending.unset(n)
		delete(p.folders, h)
		p.gone[h] = struct{}{}
		p.changed(h)
	}
}

// changed notes that what the tracker said of a content no longer counts.
func (p *page) changed(h netproto.ContentHash) {
	delete(p.refused, h)
	poke(p.wake)
}

// sumOf is a number for everything that a resource says, the same at each start.
func sumOf(r netproto.Resource) uint64 {
	b := binary.BigEndian.AppendUint64(append(make([]byte, 0, 256), r.Hash[:]...), uint64(r.Size))
	for _, text := range []string{r.Name, r.MIME, r.MD5} {
		b = append(append(b, text...), 0) // which is in none of them
	}
	for _, is := range []bool{r.Folder, r.Part, r.Hidden} {
		b = strconv.AppendBool(b, is)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// add notes that a holding is to be announced. The caller holds the lock.
func (p *page) add(n uint32) {
	p.pending.set(n)
	if h := p.book.holdings.at(n); h.folder {
		p.folders[h.hash] = struct{}{}
	} else {
		delete(p.folders, h.hash)
	}
}

// upToDate reports whether nothing is left to tell. The caller holds the lock.
func (p *page) upToDate() bool {
	return p.pending.count == 0 && len(p.gone) == 0 && !p.resync && p.joined
}

func (b *book) get(h netproto.ContentHash) (netproto.Resource, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.holdings.find(h)
	if n == 0 {
		return netproto.Resource{}, false
	}
	return b.holdings.at(n).resource(), true
}

// count returns what the tracker holds once it was told everything: all holdings but
// those it refused. The caller holds the lock.
func (p *page) count() netproto.HeartbeatRequest {
	digest := p.book.digest
	for h := range p.refused {
		digest = digest.Toggle(h)
	}
	return netproto.HeartbeatRequest{Count: p.book.holdings.count - len(p.refused), Digest: digest}
}

// compare takes what a tracker says it holds when the peer joins, and at the first time
// also what it was told before this start: see [page.sum]. What the tracker refused before
// is offered again.
func (p *page) compare(count int, digest netproto.Digest, before string) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	own := p.count()
	p.resync = count != own.Count || digest != own.Digest
	if !p.joined && !p.resync {
		// It holds the same hashes. The names of files may have changed since.
		p.resync = count > 0 && before != p.sum()
		p.pending.clear()
		clear(p.gone)
		clear(p.folders)
	}
	p.joined = true
	for h := range p.refused {
		p.add(p.book.holdings.find(h))
	}
	clear(p.refused)
}

// sum stands for everything that the tracker knows once it was told everything. It is ""
// if the tracker refused something. The caller holds the lock.
func (p *page) sum() string {
	if len(p.refused) > 0 {
		return ""
	}
	return fmt.Sprintf("%d %016x", p.book.holdings.count, p.book.details)
}

// known returns that sum if the tracker was told everything; "" if not, and if this peer
// offers nothing: a program that only downloads need not write to the disk for that.
func (p *page) known() string {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	if !p.upToDate() || p.book.holdings.count == 0 {
		return ""
	}
	return p.sum()
}

// report returns what a heartbeat says, and whether the tracker was told everything.
func (p *page) report() (request netproto.HeartbeatRequest, told bool) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	return p.count(), p.upToDate()
}

// startOver has the tracker told everything again.
func (p *page) startOver() {
	p.book.mu.Lock()
	p.resync = true
	p.book.mu.Unlock()
	poke(p.wake)
}

// news is what to tell a tracker next.
type news struct {
	reset     bool // the tracker first forgets what it holds
	folders   bool // it is only folders
	announced []netproto.Resource
	withdrawn []netproto.ContentHash
}

func (n *news) empty() bool { return len(n.announced) == 0 && len(n.withdrawn) == 0 && !n.reset }

// next returns at most netproto.MaxAnnounce pending changes of each kind. Folders come
// before everything else, in a request of their own: a tracker takes the many files of one
// only as fast as it allows a peer, and a small request need not wait for that.
func (p *page) next() news {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	n := news{reset: p.resync}
	holdings := &p.book.holdings
	if n.reset {
		clear(p.gone)
		for number := range holdings.all() {
			p.add(number)
		}
	}
	if n.folders = len(p.folders) > 0; n.folders {
		for h := range p.folders {
			if len(n.announced) == netproto.MaxAnnounce {
				break // much is left, and comes next
			}
			n.announced = append(n.announced, holdings.at(holdings.find(h)).resource())
		}
		return n
	}
	n.announced = make([]netproto.Resource, 0, min(p.pending.count, netproto.MaxAnnounce))
	for number := range p.pending.all() {
		if len(n.announced) == netproto.MaxAnnounce {
			break
		}
		n.announced = append(n.announced, holdings.at(number).resource())
	}
	for h := range p.gone {
		if len(n.withdrawn) == netproto.MaxAnnounce {
			break
		}
		n.withdrawn = append(n.withdrawn, h)
	}
	return n
}

// hasFolders reports whether folders are to be announced.
func (p *page) hasFolders() bool {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	return len(p.folders) > 0
}

// told notes what the tracker knows now, and what it refused.
func (p *page) told(n news, refused []netproto.Refusal) {
	b := p.book
	b.mu.Lock()
	defer b.mu.Unlock()
	p.resync = false
	for _, r := range n.announced {
		number := b.holdings.find(r.Hash)
		if number == 0 || !b.holdings.at(number).says(heldOf(&r)) { // it changed meanwhile
			continue
		}
		p.pending.unset(number)
		delete(p.folders, r.Hash)
		if r.Folder {
			p.leading[r.Hash] = struct{}{}
		}
	}
	for _, h := range n.withdrawn {
		delete(p.gone, h)
	}
	if len(p.gone) == 0 { // a map keeps the room that it had for a million
		p.gone = map[netproto.ContentHash]struct{}{}
	}
	for _, r := range refused {
		if r.Index < 0 || r.Index >= len(n.announced) {
			continue
		}
		said := &n.announced[r.Index]
		if number := b.holdings.find(said.Hash); number != 0 && b.holdings.at(number).says(heldOf(said)) {
			p.refused[said.Hash] = &netproto.Error{Code: r.Code, Detail: r.Detail}
		}
	}
}

// settle notes that the tracker knows everything for now, or asked to wait.
func (p *page) settle() {
	p.book.mu.Lock()
	clear(p.leading)
	p.book.mu.Unlock()
}

// taken reports whether the tracker has taken a resource; the error says why it
// refused it. A folder is taken once its files are, too, so that a search finds them;
// it does not wait for those that the tracker has no time for.
func (p *page) taken(h netproto.ContentHash) (bool, error) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	if err := p.refused[h]; err != nil {
		return false, err
	}
	_, gone := p.gone[h]
	_, leading := p.leading[h]
	pending := p.pending.has(p.book.holdings.find(h))
	return p.joined && !pending && !gone && !leading && !p.resync, nil
}

// poke wakes the goroutine that waits on c, a channel of capacity 1.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
