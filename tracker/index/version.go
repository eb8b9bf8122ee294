package index

import (
	"cmp"
	"slices"
	"sync/atomic"
	"unique"

	"centralizedp2p/netproto"
)

// version is a name as it was from one change of its content to the next. At a
// million names every byte counts here: 64 of them.
type version struct {
	died    atomic.Uint64 // number of the change that ended it; 0 while it lives
	text    string
	class   unique.Handle[class]
	size    int64
	content *Content // its hash and time only: the rest may change
	group   *group   // nil where the content can be found by this name only
	online  uint32   // sources of the content
	seen    uint32   // Unix seconds; counts when no source is online
}

// unborn is the death of a version that no search has seen: of a name that no
// source uses, or while names are loaded.
const unborn = 1

// class is what few values of are shared by many names.
type class struct {
	mime   string
	kind   netproto.Kind
	gram   uint32 // of the kind
	folder bool
}

// group is the versions by which a content can be found, the oldest first.
type group []member

type member struct {
	*version
	online uint32 // sources that use this name
}

// maxNames is by how many names a content can be found: those that the most
// online sources use. Otherwise many peers with a name each would make every
// change of a content cost the more.
const maxNames = 32

func (v *version) end(change uint64) { v.died.CompareAndSwap(0, change) }

// lives tells whether a search that began with that change sees the version.
func (v *version) lives(change uint64) bool {
	died := v.died.Load()
	return died == 0 || died > change
}

// using is the number of online sources that use the name.
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

// publish renews a content in the tail, unless all is published later.
func (x *Index) publish(c *Content) {
	if x.bulk {
		return
	}
	x.change++
	x.renew(c, &x.tail)
}

// renew ends the versions of a content's names and adds new ones, for those
// that a source uses, to a run.
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

// run is versions one behind the other, with their names folded, each ended
// by a line feed: no name has one.
type run struct {
	blob     []byte
	ends     []uint32 // of the names in the blob, behind the line feed
	versions []*version
}

func (r *run) len() int { return len(r.versions) }

func (r *run) bytes() int64 { return int64(len(r.blob) + 12*len(r.versions)) }

func (r *run) name(i int) []byte {
	begin := uint32(0)
	if i > 0 {
		begin = r.ends[i-1]
	}
	return r.blob[begin : r.ends[i]-1]
}

func (r *run) add(v *version) {
	r.blob = append(appendFolded(r.blob, v.text), '\n')
	r.ends = append(r.ends, uint32(len(r.blob)))
	r.versions = append(r.versions, v)
}

// living is what has not died of a run; the run itself where that is all.
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

// newRun is an empty run with room for so many versions, with names of so many
// bytes.
func newRun(versions, bytes int) run {
	return run{make([]byte, 0, bytes), make([]uint32, 0, versions), make([]*version, 0, versions)}
}

// chainRuns makes one run of several.
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

// from is a copy of what stands behind the first n versions.
func (r *run) from(n int) run {
	var rest run
	begin := uint32(0)
	if n > 0 {
		begin = r.ends[n-1]
	}
	rest.blob = slices.Clone(r.blob[begin:])
	rest.versions = slices.Clone(r.versions[n:])
	for _, end := range r.ends[n:] {
		rest.ends = append(rest.ends, end-begin)
	}
	return rest
}
