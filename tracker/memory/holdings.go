package memory

import (
	"slices"

	"centralizedp2p/netproto"
)

// holding is what one peer says about one content.
type holding struct {
	row   *row
	md5   *[16]byte
	among int32 // place in content.holders
	part  bool
}

func (h holding) content() *content { return h.row.content }

// holding returns what the peer says about a content.
func (p *peer) holding(hash netproto.ContentHash) (h holding, holds bool) {
	if place := p.places.find(hash); place > 0 {
		return p.held[place-1], true
	}
	return holding{}, false
}

// same reports whether two holdings say the same.
func (h holding) same(o holding) bool {
	return h.row == o.row && h.part == o.part &&
		(h.md5 == nil) == (o.md5 == nil) && (h.md5 == nil || *h.md5 == *o.md5)
}

// resource returns a holding as the API describes it.
func (m *memory) resource(h holding) netproto.Resource {
	r := h.row
	return netproto.Resource{
		Hash: r.content.Hash(), Size: r.size, Name: r.name, MIME: m.mimes.texts[r.mime], Folder: r.folder, Hidden: r.hidden,
		Part: h.part, MD5: hexMD5(h.md5),
	}
}

// makeRoom has the peer's holdings and the contents grow before they are added, in a
// copy: that takes long if they are many, and only the write loop changes them.
func (m *memory) makeRoom(p *peer, rows, holdings int) {
	contents, places := m.contents.grown(rows), p.places.grown(holdings)
	all, held := slices.Grow(m.rows, rows), slices.Grow(p.held, holdings)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.contents.slots, p.places.slots = contents, places
	m.rows, p.held = all, held
}

// hold makes h what the peer says about its content. The caller holds the lock.
func (m *memory) hold(p *peer, h holding) {
	c := h.content()
	p.changes++
	if place := p.places.find(c.Hash()); place > 0 {
		old := p.held[place-1]
		h.among = old.among
		p.held[place-1] = h
		m.charge(p, h.charged()-old.charged())
		if old.row == h.row {
			return
		}
		m.use(p, h.row, 1)
		m.use(p, old.row, -1)
		return
	}
	h.among = int32(len(c.holders.all()))
	c.holders.add(p)
	p.held = append(p.held, h)
	p.places.add(uint32(len(p.held)))
	m.budget.used.Add(bytesOfHolding)
	m.charge(p, h.charged())
	p.digest = p.digest.Toggle(c.Hash())
	m.use(p, h.row, 1)
}

// release ends what the peer says about a content. The last holder of the
// content and the last entry of the peer move to the places that become free.
// The caller holds the lock.
func (m *memory) release(p *peer, c *content) {
	place := p.places.find(c.Hash())
	if place == 0 {
		return
	}
	h := p.held[place-1]
	p.places.remove(place)
	p.changes++
	m.budget.used.Add(-bytesOfHolding)
	m.charge(p, -h.charged())
	p.digest = p.digest.Toggle(c.Hash())

	holders := c.holders.all()
	last := len(holders) - 1
	if moved := holders[last]; moved != p {
		holders[h.among] = moved
		moved.held[moved.places.find(c.Hash())-1].among = h.among
	}
	c.holders.cut(last)

	last = len(p.held) - 1
	if moved := p.held[last]; moved.row != h.row {
		p.places.change(moved.content().Hash(), uint32(last+1), place)
		p.held[place-1] = moved
	}
	p.held[last] = holding{}
	p.held = p.held[:last]
	m.use(p, h.row, -1)
}

// releaseAll ends what the peer says about each of the contents.
func (m *memory) releaseAll(p *peer, cs []*content) {
	m.inSteps(len(cs), func(i int) { m.release(p, cs[i]) })
	m.settle(p)
}
