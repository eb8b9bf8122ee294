package index

import (
	"cmp"
	"slices"
	"sync/atomic"
	"unique"

	"centralizedp2p/netproto"
)

// version is a name as it was between two changes of its content. With a million
// names every byte counts here; it has 64.
type version struct {
	died    atomic.Uint64 // number of the change that ended it; 0 while it lives
	text    string
	class   unique.Handle[class]
	size    int64
	content *Content // only its hash and time may be read: the rest may change
	group   *group   // nil if the content can be found by this name alone
	online  uint32   // sources of the content
	seen    uint32   // Unix seconds; meaningful if no source is online
}

// unborn marks a version that no search has seen yet: of a name that no source
// uses, or of any name during a bulk load.
const unborn = 1

// class is the part of a version that takes few distinct values; interning it
// saves memory.
type class struct {
	mime   string
	kind   netproto.Kind
	gram   uint32 // of the kind
	folder bool
}

// group holds the versions by which a content can be found, the oldest first.
type group []member

type member struct {
	*version
	online uint32 // sources that use this name
}

// maxNames bounds how many names a content can be found by: those that most
// online sources use. Without a bound, many peers with a name each would make
// every change of a content expensive.
const maxNames = 32

func (v *version) end(change uint64) { v.died.CompareAndSwap(0, change) }

// lives reports whether a search that began after that change sees the version.
func (v *version) lives(change uint64) bool {
	died := v.died.Load()
	return died == 0 || died > change
}

// using returns how many online sources use the name.
func (v *version) using() uint32 {
	if v.group == nil {
		return v.online
	}
	for _, m := range *v.group {
		if m.version == v {
			return m.online
		}
	}
	return 0
}

// publish renews a content in the tail, except during a bulk load.
func (x *Index) publish(c *Content) {
	if x.bulk {
		return
	}
	x.change++
	x.renew(c, &x.tail)
}

// renew ends the versions of a content's names and adds new ones to a run for
// the names that a source uses.
func (x *Index) renew(c *Content, to *run) {
	var room [4]NameID
	held, seen := room[:0], uint32(0)
	for id := c.first; id != noName; {
		e := x.names.at(id)
		e.now.end(x.change)
		seen = max(seen, e.seen)
		if e.online+e.dormant > 0 {
			held = append(held, id)
		}
		id = e.next
	}
	if len(held) > maxNames {
		slices.SortStableFunc(held, func(a, b NameID) int { return cmp.Compare(x.names.at(b).online, x.names.at(a).online) })
		held = held[:maxNames]
	}
	var all *group
	if len(held) > 1 {
		all = new(make(group, 0, len(held)))
	}
	for _, id := range held {
		e := x.names.at(id)
		v := e.now
		if v.died.Load() != unborn {
			v = &version{text: v.text, class: v.class, size: v.size, content: c}
			e.now = v
		}
		v.group, v.online, v.seen = all, c.online, seen
		if all != nil {
			*all = append(*all, member{v, e.online})
		}
		v.died.Store(0)
		to.add(v)
	}
}

// run is a row of versions with their folded names. Each name ends with a line
// feed, which no name contains.
type run struct {
	blob     []byte
	ends     []uint32 // of the names in blob, after the line feed
	versions []*version
}

func (r *run) len() int { return len(r.versions) }

func (r *run) name(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.blob[start : r.ends[i]-1]
}

func (r *run) add(v *version) {
	r.blob = append(appendFolded(r.blob, v.text), '\n')
	r.ends = append(r.ends, uint32(len(r.blob)))
	r.versions = append(r.versions, v)
}

// living returns the versions of a run that have not died: the run itself if none
// has.
func (r *run) living() *run {
	first := slices.IndexFunc(r.versions, func(v *version) bool { return v.died.Load() != 0 })
	if first < 0 {
		return r
	}
	var all run
	for i, v := range r.versions {
		if i < first || v.died.Load() == 0 {
			all.take(r, i)
		}
	}
	return &all
}

// take appends a version of another run.
func (r *run) take(from *run, i int) {
	r.blob = append(append(r.blob, from.name(i)...), '\n')
	r.ends = append(r.ends, uint32(len(r.blob)))
	r.versions = append(r.versions, from.versions[i])
}

// newRun returns an empty run with room for a number of versions and for the
// bytes of their names.
func newRun(versions, bytes int) run {
	return run{make([]byte, 0, bytes), make([]uint32, 0, versions), make([]*version, 0, versions)}
}

// chainRuns joins several runs into one.
func chainRuns(runs []*run) *run {
	var blob, versions int
	for _, r := range runs {
		blob, versions = blob+len(r.blob), versions+r.len()
	}
	all := newRun(versions, blob)
	for _, r := range runs {
		for _, end := range r.ends {
			all.ends = append(all.ends, uint32(len(all.blob))+end)
		}
		all.blob, all.versions = append(all.blob, r.blob...), append(all.versions, r.versions...)
	}
	return &all
}

// from returns a copy of everything after the first n versions.
func (r *run) from(n int) run {
	var rest run
	start := uint32(0)
	if n > 0 {
		start = r.ends[n-1]
	}
	rest.blob = slices.Clone(r.blob[start:])
	rest.versions = slices.Clone(r.versions[n:])
	for _, end := range r.ends[n:] {
		rest.ends = append(rest.ends, end-start)
	}
	return rest
}
