package index

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

	"centralizedp2p/netproto"
)

// Pick is a name of a content.
type Pick struct {
	Content *Content
	Name    NameID
}

// Listing is a set of names in the order of netproto.SortName. It does not change
// when the index does: a name that is gone is left out of a page, as is one whose
// number another content has now.
type Listing struct {
	picks []Pick
	blob  []byte   // the folded names
	ends  []uint32 // of the names in blob
}

// listAtOnce is how many names are read under one lock.
const listAtOnce = 512

// List returns a listing of the names that a search can find. picks may have at
// most one name of each content.
func (x *Index) List(picks []Pick) *Listing {
	found, kept := run{}, make([]Pick, 0, len(picks))
	for some := range slices.Chunk(picks, listAtOnce) {
		for i, v := range x.currents(some) {
			if v != nil {
				found.add(v)
				kept = append(kept, some[i])
			}
		}
	}
	sorted := (&builder{from: &found}).namesInOrder()
	l := &Listing{picks: make([]Pick, len(kept)), blob: make([]byte, 0, len(found.blob)), ends: make([]uint32, len(kept))}
	for i, place := range sorted {
		l.picks[i] = kept[place]
		l.blob = append(l.blob, found.name(int(place))...)
		l.ends[i] = uint32(len(l.blob))
	}
	return l
}

// current returns the version by which a search finds a name that was picked, or
// nil. The caller holds the lock.
func (x *Index) current(p Pick, change uint64) *version {
	if v := x.names.at(p.Name).now; v != nil && v.content == p.Content && v.lives(change) {
		return v
	}
	return nil
}

// Len returns how many names a listing has.
func (l *Listing) Len() int { return len(l.picks) }

func (l *Listing) place(i int) place {
	start := uint32(0)
	if i > 0 {
		start = l.ends[i-1]
	}
	return place{name: cut(l.blob[start:l.ends[i]]), hash: &l.picks[i].Content.hash}
}

// Page returns at most limit names of a listing that online sources use. The scope
// says whose names these are: a cursor of another one is a netproto.CodeInvalid.
func (x *Index) Page(l *Listing, scope string, limit int, cursor string) (Page, error) {
	var c condition
	digest, first := c.digest(netproto.SortName, false, scope), 0
	if cursor != "" {
		after, err := parseCursor(cursor, digest)
		if err != nil {
			return Page{}, err
		}
		first = sort.Search(l.Len(), func(i int) bool {
			at := l.place(i)
			return cmp.Or(bytes.Compare(at.name, after.name), bytes.Compare(at.hash[:], after.hash[:])) > 0
		})
	}
	page, last := Page{Hits: []netproto.Hit{}}, 0
	for start := first; start < l.Len(); start += listAtOnce {
		versions := x.currents(l.picks[start:min(start+listAtOnce, l.Len())])
		for i, v := range versions {
			page.Looks++
			if v == nil || v.using() == 0 {
				continue
			}
			if len(page.Hits) == limit {
				at := l.place(last)
				page.Next = at.cursor(digest)
				return page, nil
			}
			page.Hits, last = append(page.Hits, v.hit()), start+i
		}
	}
	return page, nil
}

// currents is current for each of a few picks.
func (x *Index) currents(picks []Pick) []*version {
	versions := make([]*version, len(picks))
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i, p := range picks {
		versions[i] = x.current(p, x.change)
	}
	return versions
}
