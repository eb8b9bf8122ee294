package membership

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"unique"

	"centralizedp2p/netproto"
)

// book is what this peer has to announce, and what each tracker does not know of
// it yet. All memberships share it, so joining a further tracker copies nothing.
// Its lock is a leaf: nothing else is locked or waited for while it is held.
type book struct {
	mu       sync.Mutex
	holdings map[netproto.ContentHash]held
	digest   netproto.Digest // of holdings
	details  uint64          // XOR of the sums of all holdings, names and all
	pages    map[*page]struct{}
}

// held is a [netproto.Resource] but for its hash. There may be a million.
type held struct {
	name                 string
	mime                 unique.Handle[string]
	size                 int64
	md5                  [md5.Size]byte
	small                bool // it has an MD5
	folder, part, hidden bool
}

func heldOf(r *netproto.Resource) held {
	h := held{name: r.Name, mime: unique.Make(r.MIME), size: r.Size, folder: r.Folder, part: r.Part, hidden: r.Hidden}
	if len(r.MD5) == hex.EncodedLen(md5.Size) {
		_, err := hex.Decode(h.md5[:], []byte(r.MD5))
		h.small = err == nil
	}
	return h
}

func (h *held) resource(hash netproto.ContentHash) netproto.Resource {
	r := netproto.Resource{Hash: hash, Size: h.size, Name: h.name, MIME: h.mime.Value(), Folder: h.folder, Part: h.part, Hidden: h.hidden}
	if h.small {
		r.MD5 = hex.EncodeToString(h.md5[:])
	}
	return r
}

// page is one tracker's side of the book.
type page struct {
	book    *book
	wake    chan struct{}                     // something became pending
	pending map[netproto.ContentHash]struct{} // what changed since the tracker was last told
	folders map[netproto.ContentHash]struct{} // those of them that are folders to announce: they go first
	leading map[netproto.ContentHash]struct{} // folders just told, whose files follow at once
	refused map[netproto.ContentHash]error    // not taken; offered again after the next join
	resync  bool                              // the tracker holds something else, so it is told everything
	joined  bool                              // it was compared with what the tracker holds
}

func newBook() *book {
	return &book{holdings: map[netproto.ContentHash]held{}, pages: map[*page]struct{}{}}
}

// open starts a page for a tracker that knows nothing.
func (b *book) open() *page {
	p := &page{book: b, wake: make(chan struct{}, 1), pending: map[netproto.ContentHash]struct{}{},
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
	b.mu.Lock()
	defer b.mu.Unlock()
	now := heldOf(&r)
	old, known := b.holdings[r.Hash]
	if known && old == now {
		return
	}
	if known {
		b.details ^= sumOf(old.resource(r.Hash))
	} else {
		b.digest = b.digest.Toggle(r.Hash)
	}
	b.details ^= sumOf(r)
	b.holdings[r.Hash] = now
	b.changed(r.Hash, now.folder)
}

// remove forgets a resource and wakes all trackers.
func (b *book) remove(h netproto.ContentHash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, known := b.holdings[h]
	if !known {
		return
	}
	b.details ^= sumOf(old.resource(h))
	delete(b.holdings, h)
	b.digest = b.digest.Toggle(h)
	b.changed(h, false)
}

// changed notes that a content was announced, as a folder or not, or withdrawn.
func (b *book) changed(h netproto.ContentHash, folder bool) {
	for p := range b.pages {
		p.add(h, folder)
		delete(p.refused, h)
		poke(p.wake)
	}
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

// add notes that the tracker is to be told about a content. The caller holds the lock.
func (p *page) add(h netproto.ContentHash, folder bool) {
	p.pending[h] = struct{}{}
	if folder {
		p.folders[h] = struct{}{}
	} else {
		delete(p.folders, h) // it was withdrawn
	}
}

func (b *book) get(h netproto.ContentHash) (netproto.Resource, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	holding, ok := b.holdings[h]
	if !ok {
		return netproto.Resource{}, false
	}
	return holding.resource(h), true
}

// count returns what the tracker holds once it was told everything: all holdings but
// those it refused. The caller holds the lock.
func (p *page) count() netproto.HeartbeatRequest {
	digest := p.book.digest
	for h := range p.refused {
		digest = digest.Toggle(h)
	}
	return netproto.HeartbeatRequest{Count: len(p.book.holdings) - len(p.refused), Digest: digest}
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
		clear(p.pending)
		clear(p.folders)
	}
	p.joined = true
	for h := range p.refused {
		p.add(h, p.book.holdings[h].folder)
	}
	clear(p.refused)
}

// sum stands for everything that the tracker knows once it was told everything. It is ""
// if the tracker refused something. The caller holds the lock.
func (p *page) sum() string {
	if len(p.refused) > 0 {
		return ""
	}
	return fmt.Sprintf("%d %016x", len(p.book.holdings), p.book.details)
}

// known returns that sum if the tracker was told everything; "" if not, and if this peer
// offers nothing: a program that only downloads need not write to the disk for that.
func (p *page) known() string {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	if len(p.pending) > 0 || p.resync || !p.joined || len(p.book.holdings) == 0 {
		return ""
	}
	return p.sum()
}

// report returns what a heartbeat says, and whether the tracker was told everything.
func (p *page) report() (request netproto.HeartbeatRequest, told bool) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	return p.count(), len(p.pending) == 0 && !p.resync && p.joined
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
	if n.reset {
		p.pending = make(map[netproto.ContentHash]struct{}, len(p.book.holdings))
		for h, holding := range p.book.holdings {
			p.add(h, holding.folder)
		}
	}
	from := p.pending
	if n.folders = len(p.folders) > 0; n.folders {
		from = p.folders
	}
	for h := range from {
		if len(n.announced) == netproto.MaxAnnounce || len(n.withdrawn) == netproto.MaxAnnounce {
			break // much is left, and comes next
		}
		if holding, ok := p.book.holdings[h]; ok {
			n.announced = append(n.announced, holding.resource(h))
		} else {
			n.withdrawn = append(n.withdrawn, h)
		}
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
		if b.holdings[r.Hash] == heldOf(&r) { // unchanged meanwhile
			delete(p.pending, r.Hash)
			delete(p.folders, r.Hash)
			if r.Folder {
				p.leading[r.Hash] = struct{}{}
			}
		}
	}
	for _, h := range n.withdrawn {
		if _, again := b.holdings[h]; !again {
			delete(p.pending, h)
		}
	}
	if len(p.pending) == 0 { // a map keeps the room that it had for a million
		p.pending = map[netproto.ContentHash]struct{}{}
	}
	for _, r := range refused {
		if r.Index < 0 || r.Index >= len(n.announced) {
			continue
		}
		if h := n.announced[r.Index].Hash; b.holdings[h] == heldOf(&n.announced[r.Index]) {
			p.refused[h] = &netproto.Error{Code: r.Code, Detail: r.Detail}
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
	_, pending := p.pending[h]
	_, leading := p.leading[h]
	return p.joined && !pending && !leading && !p.resync, nil
}

// poke wakes the goroutine that waits on c, a channel of capacity 1.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
