package index

import (
	"slices"

	"centralizedp2p/netproto"
)

// Filter says of single names whether a search would find them.
type Filter struct{ c condition }

// NewFilter understands the text, the kind and the sizes of a query. Errors are those of
// [Index.Search].
func NewFilter(q Query) (*Filter, error) {
	c, err := understand(q)
	if err != nil {
		return nil, err
	}
	return &Filter{c}, nil
}

// Grams returns grams of every name that fits; none if no word has three characters.
func (f *Filter) Grams() []uint32 {
	var grams []uint32
	for _, t := range f.c.must {
		if !t.short {
			grams = appendTrigrams(grams, t.text)
		}
	}
	return grams
}

// Folded is a name that is compared with filters.
type Folded struct {
	Name
	folded []byte
	kind   netproto.Kind
}

// NewFolded prepares a name.
func NewFolded(n Name) Folded {
	return Folded{n, appendFolded(nil, n.Text), netproto.KindOf(n.Text, n.MIME, n.Folder)}
}

// Grams returns the grams of a name, each once.
func (n Folded) Grams() []uint32 {
	grams := appendTrigrams(nil, n.folded)
	slices.Sort(grams)
	return slices.Compact(grams)
}

// Fits reports whether a name fits. It may be called by one goroutine at a time.
func (f *Filter) Fits(n Folded) bool {
	c := &f.c
	if c.contradicts() || n.Size < c.minSize || c.maxSize >= 0 && n.Size > c.maxSize ||
		len(c.kinds) > 0 && n.kind != c.kinds[0] || slices.Contains(c.notKinds, n.kind) {
		return false
	}
	return c.fitsName(n.folded)
}
