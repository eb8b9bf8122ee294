//go:build !darwin || cgo

package tables

import (
	"bytes"
	"cmp"
	"slices"

	"centralizedp2p/app/desktop/words"
)

// ordering sorts rows by a column, and rows that are equal there by their
// names. It remembers what it sorted, because most rows are set again with the
// same names and sizes.
type ordering[T comparable] struct {
	columns    []Column[T]
	names      int // the column of the names
	by         int
	descending bool

	source []T   // as they were set
	places []int // indexes into source, in order
}

// of returns the ordering that a header asks for. It keeps what was sorted
// while the column and the direction stay the same.
func (o ordering[T]) of(columns []Column[T], h *header) ordering[T] {
	if o.columns == nil || o.by != h.by || o.descending != h.descending {
		return ordering[T]{columns: columns, names: h.set.flexible(), by: h.by, descending: h.descending}
	}
	return o
}

// holds reports whether rows are in the same order as those sorted last.
func (o ordering[T]) holds(rows []T) bool {
	if o.source == nil || len(rows) != len(o.source) {
		return false
	}
	by, names := o.columns[o.by], o.columns[o.names]
	for i, r := range rows {
		old := o.source[i]
		if r == old {
			continue
		}
		if names.Text(r) != names.Text(old) || by.Order != nil && by.Order(r, old) != 0 || by.Order == nil && by.Text(r) != by.Text(old) {
			return false
		}
	}
	return true
}

// sort returns the ordering with other rows. It may run on any goroutine.
func (o ordering[T]) sort(rows []T) ordering[T] {
	if o.holds(rows) {
		o.source = rows
		return o
	}
	o.source = rows
	o.places = make([]int, len(rows))
	for i := range o.places {
		o.places[i] = i
	}
	d := words.NewDictionary()
	name := collated(d, rows, o.columns[o.names].Text)
	compare := name
	if by := o.columns[o.by]; by.Order != nil {
		compare = func(a, b int) int { return by.Order(rows[a], rows[b]) }
	} else if o.by != o.names {
		compare = collated(d, rows, by.Text)
	}
	slices.SortFunc(o.places, func(a, b int) int {
		order := compare(a, b)
		if o.descending {
			order = -order
		}
		return cmp.Or(order, name(a, b), cmp.Compare(a, b))
	})
	return o
}

// rows returns the sorted rows. They are read only: if they were in order already, they
// are those that were set.
func (o ordering[T]) rows() []T {
	if slices.IsSorted(o.places) {
		return o.source
	}
	rows := make([]T, len(o.places))
	for i, place := range o.places {
		rows[i] = o.source[place]
	}
	return rows
}

// collated compares rows by a text, in the order of a dictionary. It makes keys
// when they are first needed.
func collated[T any](d *words.Dictionary, rows []T, text func(T) string) func(a, b int) int {
	keys := make([][]byte, len(rows))
	key := func(i int) []byte {
		if keys[i] == nil {
			keys[i] = d.Key(text(rows[i]))
		}
		return keys[i]
	}
	return func(a, b int) int { return bytes.Compare(key(a), key(b)) }
}
