//go:build !darwin || cgo

package desktop

import (
	"bytes"
	"cmp"
	"slices"
)

// ordering sorts rows by a column. Rows that are alike in it are in the order
// of their names. It remembers what it sorted, since most rows are set again
// with the same names and sizes.
type ordering[T comparable] struct {
	columns []column[T]
	names   int // the column of the names
	by      int
	falling bool

	source []T   // as it was given
	places []int // in source, in order
}

// of is the ordering that a header asks for; it keeps the memory while the
// column and the direction stay.
func (o ordering[T]) of(columns []column[T], h *header) ordering[T] {
	if o.columns == nil || o.by != h.by || o.falling != h.falling {
		return ordering[T]{columns: columns, names: h.set.flexible(), by: h.by, falling: h.falling}
	}
	return o
}

// holds tells whether rows are in the order of those that were sorted last.
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
		if names.text(r) != names.text(old) || by.order != nil && by.order(r, old) != 0 || by.order == nil && by.text(r) != by.text(old) {
			return false
		}
	}
	return true
}

// sort returns the ordering with other rows in it. It may run anywhere.
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
	d := newDictionary()
	name := collated(d, rows, o.columns[o.names].text)
	compare := name
	if by := o.columns[o.by]; by.order != nil {
		compare = func(a, b int) int { return by.order(rows[a], rows[b]) }
	} else if o.by != o.names {
		compare = collated(d, rows, by.text)
	}
	slices.SortFunc(o.places, func(a, b int) int {
		order := compare(a, b)
		if o.falling {
			order = -order
		}
		return cmp.Or(order, name(a, b), cmp.Compare(a, b))
	})
	return o
}

// rows are those that were sorted, in order.
func (o ordering[T]) rows() []T {
	rows := make([]T, len(o.places))
	for i, place := range o.places {
		rows[i] = o.source[place]
	}
	return rows
}

// collated compares rows by a text in the order of a dictionary. The keys are
// made when they are needed.
func collated[T any](d *dictionary, rows []T, text func(T) string) func(a, b int) int {
	keys := make([][]byte, len(rows))
	key := func(i int) []byte {
		if keys[i] == nil {
			keys[i] = d.key(text(rows[i]))
		}
		return keys[i]
	}
	return func(a, b int) int { return bytes.Compare(key(a), key(b)) }
}
