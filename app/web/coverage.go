package web

import "slices"

// span is a range of bytes, from to (exclusive).
type span struct{ from, to int64 }

// mostSpans bounds a coverage. A browser that asks for more pieces than that is not
// downloading.
const mostSpans = 4096

// coverage is which bytes of an offering, with its files one behind the other, somebody
// got: spans in order that do not touch.
type coverage struct{ spans []span }

// add notes a span.
func (c *coverage) add(s span) {
	if s.from >= s.to {
		return
	}
	first, _ := slices.BinarySearchFunc(c.spans, s.from, func(have span, from int64) int {
		if have.to < from {
			return -1
		}
		return 1
	})
	last := first
	for last < len(c.spans) && c.spans[last].from <= s.to {
		s = span{min(s.from, c.spans[last].from), max(s.to, c.spans[last].to)}
		last++
	}
	c.spans = slices.Replace(c.spans, first, last, s)
	if len(c.spans) > mostSpans {
		c.spans = c.spans[1:]
	}
}

// whole reports whether all of size bytes are there.
func (c *coverage) whole(size int64) bool {
	return size == 0 || len(c.spans) == 1 && c.spans[0] == span{0, size}
}
