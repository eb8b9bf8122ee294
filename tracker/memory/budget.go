package memory

import (
	"math"
	"net/netip"
	"sync"
	"sync/atomic"

	"centralizedp2p/netproto"
)

// What things take in memory, in bytes: the structures, and their part of the
// index, of tables and of slices with room to grow. A name counts for its text, for
// its folded form, and for a place in the list of each of its trigrams.
// TestTheBudgetIsAboutWhatThingsTake measures it.
const (
	bytesOfRow     = 320
	bytesOfLetter  = 5 // of a name
	bytesOfHolding = 60
	bytesOfPeer    = 1500
	bytesOfSeedRow = 400
)

// leastShare is what the peers at any address may hold as long as there is memory
// at all: about 1,500 names.
const leastShare = 1 << 20

// budget bounds the memory for everything that others put into a store, in total
// and for each address (of IPv6, each /48, which a site can have). The share of an
// address is half of what the others leave, so no single one can fill the store.
// The last tenth is for those who hold little.
//
// Only the write loop changes it.
type budget struct {
	most int64 // math.MaxInt64 without a limit
	used atomic.Int64

	mu      sync.Mutex // to change sources, and to read it elsewhere
	sources map[netip.Addr]int64
}

func newBudget(most int64) *budget {
	if most <= 0 {
		most = math.MaxInt64
	}
	return &budget{most: most, sources: map[netip.Addr]int64{}}
}

// payer returns what the holdings at an address are counted under.
func payer(a netip.Addr) netip.Addr {
	if site, err := a.Prefix(48); err == nil && a.Is6() {
		return site.Addr()
	}
	return a
}

// take counts bytes, or with a negative number gives them back. from may be
// invalid: then they count in the total alone.
func (b *budget) take(from netip.Addr, bytes int64) {
	b.used.Add(bytes)
	b.charge(from, bytes)
}

// charge counts bytes for an address that are in the total already: several peers
// may hold one content, and each of them is charged for it.
func (b *budget) charge(from netip.Addr, bytes int64) {
	if !from.IsValid() || bytes == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sources[from] += bytes; b.sources[from] == 0 {
		delete(b.sources, from)
	}
}

// claims are the bytes that the operations of one commit will add.
type claims struct {
	total   int64
	sources map[netip.Addr]int64
}

// claim reserves bytes in a commit, for which an address is charged, perhaps more
// than they are. If they do not fit into the budget it returns netproto.CodeFull.
func (b *budget) claim(c *claims, from netip.Addr, bytes, charged int64) *netproto.Error {
	if b.most == math.MaxInt64 {
		return nil
	}
	if full := b.fits(b.used.Load()+c.total, b.sources[from]+c.sources[from], bytes, charged); full != nil {
		return full
	}
	if c.sources == nil {
		c.sources = map[netip.Addr]int64{}
	}
	c.total += bytes
	c.sources[from] += charged
	return nil
}

// full returns netproto.CodeFull if nothing more from an address fits.
func (b *budget) full(from netip.Addr) *netproto.Error {
	if b.most == math.MaxInt64 {
		return nil
	}
	b.mu.Lock()
	own := b.sources[from]
	b.mu.Unlock()
	const least = bytesOfRow + bytesOfHolding
	return b.fits(b.used.Load(), own, least, least)
}

// fits tells whether more bytes fit into the budget. An address already holds a part of it.
func (b *budget) fits(used, own, more, charged int64) *netproto.Error {
	held := own + charged
	switch {
	case used+more > b.most:
		return netproto.Errorf(netproto.CodeFull, "its memory is used up")
	case held <= min(leastShare, b.most/16):
		return nil
	case used+more > b.most/10*9:
		return netproto.Errorf(netproto.CodeFull, "its memory is nearly used up")
	case held > (b.most-max(used-own, 0))/2:
		return netproto.Errorf(netproto.CodeFull, "what the peers at this address announced takes half of the memory that is left")
	}
	return nil
}

// bytes returns what a row takes.
func (r *rowRecord) bytes() int64 { return bytesOfRow + bytesOfLetter*int64(len(r.name)) }

// bytes returns what a seed row takes.
func (r *seedRow) bytes() int64 {
	return bytesOfSeedRow + int64(len(r.ResourcePath)+len(r.ResourceName)+len(r.ResourceHash))
}

// charged returns what the holder of a row is charged for it.
func (h holding) charged() int64 { return bytesOfHolding + h.row.bytes() }
