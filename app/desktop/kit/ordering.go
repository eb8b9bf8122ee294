//go:build !darwin || cgo

package kit

import (
	"bytes"
	"cmp"
	"slices"

	"centralizedp2p/app/desktop/words"
)

// ordering sorts rows by a column. Rows that are alike in it are in the order
// of their names. It remembers what it sorted, since most rows are set again
// with the same names and sizes.
type ordering[T comparable] struct {
	columns    []Column[T]
	names      int // the column of the names
	by         int
	descending bool

	source []T   // as it was given
	places []int // in source, in order
}

// of is the ordering that a header asks for; it keeps the memory while the
// column and the direction stay.
func (o ordering[T]) of(columns []Column[T], h *header) ordering[T] {
	if o.columns == nil || o.by != h.by || o.descending != h.descending {
		return ordering[T]{columns: columns, names: h.set.flexible(), by: h.by, descending: h.descending}
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
		if names.Text(r) != names.Text(old) || by.Order != nil && by.Order(r, old) != 0 || by.Order == nil && by.Text(r) != by.Text(old) {
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
