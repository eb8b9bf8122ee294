package sharing

import (
	"maps"
	"slices"

	"centralizedp2p/netproto"
)

// maxNamed bounds how many paths that are left out of a share are named.
const maxNamed = 1000

// LeftOut is something in a shared folder that is not shared.
type LeftOut struct {
	Path string // slash-separated and relative to the folder
	Why  Reason
}

// Omitted says what the last scan of a folder left out.
type Omitted struct {
	Counts map[Reason]int
	Named  []LeftOut // at most 1,000, in the order of their paths
}

// Total is the number of files and folders.
func (o Omitted) Total() int {
	total := 0
	for _, n := range o.Counts {
		total += n
	}
	return total
}

func (o *Omitted) add(rel string, why Reason) {
	if o.Counts == nil {
		o.Counts = map[Reason]int{}
	}
	o.Counts[why]++
	if len(o.Named) < maxNamed {
		o.Named = append(o.Named, LeftOut{rel, why})
	}
}

// take adds what another one says.
func (o *Omitted) take(other Omitted) {
	for _, l := range other.Named {
		o.add(l.Path, l.Why)
		other.Counts[l.Why]--
	}
	if o.Counts == nil && len(other.Counts) > 0 {
		o.Counts = map[Reason]int{}
	}
	for why, n := range other.Counts {
		o.Counts[why] += n
	}
}

// clone returns a copy that does not change with o.
func (o Omitted) clone() Omitted {
	named := slices.Clone(o.Named)
	slices.SortFunc(named, func(a, b LeftOut) int { return netproto.ComparePaths(a.Path, b.Path) })
	return Omitted{maps.Clone(o.Counts), named}
}
