package words

import (
	"strings"

	"centralizedp2p/netproto"
)

// Cut is how a text is cut where there is no room for all of it.
type Cut int

// How a text may be cut.
const (
	CutNothing Cut = iota
	CutMiddles     // a name, or a path
	CutEnds        // a sentence
)

// leasts are the numbers of characters that texts have at least when they are cut.
var leasts = [...]int{CutMiddles: 12, CutEnds: longPart}

// Part is one of several texts on a line.
type Part struct {
	Text  string
	Short string // says less, where Text does not fit; "" is nothing shorter
	Cut   Cut
	Stays bool // it is left out only after all that do not stay
}

// Parts stand side by side on a line. They can be compared.
type Parts [mostParts]Part

// mostParts is how many parts a line has at most.
const mostParts = 6

// Side puts parts side by side, leaving out empty ones. They may come from anywhere: they
// are made safe to show.
func Side(parts ...Part) (side Parts) {
	n := 0
	for _, part := range parts {
		if part.Text != "" {
			part.Text, part.Short = netproto.Printable(part.Text), netproto.Printable(part.Short)
			side[n] = part
			n++
		}
	}
	return side
}

// String is the whole text.
func (p Parts) String() string {
	texts := make([]string, len(p))
	for i, part := range p {
		texts[i] = part.Text
	}
	return Join(texts...)
}

// Fit shortens the text until it fits. Parts that may be cut are. If that is not enough,
// parts give way from the last to the first: they say less, and those that do not stay
// are left out. Then those that stay are left out, too, and the first is cut at its end.
func (p Parts) Fit(fits func(string) bool) string {
	for shorter := range p.shorter {
		if text, ok := shorter.cut(fits); ok {
			return text
		}
		p = shorter
	}
	return CutEnd(p.String(), fits)
}

// shorter yields the parts, and what is left of them as they give way one after another.
func (p Parts) shorter(yield func(Parts) bool) {
	if !yield(p) {
		return
	}
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Short != "" {
			p[i].Text, p[i].Short = p[i].Short, ""
			if !yield(p) {
				return
			}
		}
		if p[i].Text != "" && !p[i].Stays {
			if p = p.without(i); !yield(p) {
				return
			}
		}
	}
	for p[1].Text != "" && p[1].Text != leftOut {
		last := 1
		for last+1 < len(p) && p[last+1].Text != "" && p[last+1].Text != leftOut {
			last++
		}
		if p = p.without(last); !yield(p) {
			return
		}
	}
}

// leftOut stands for the parts that are left out.
const leftOut = "…"

// without leaves out a part, and says so at the end.
func (p Parts) without(at int) Parts {
	var kept []Part
	for i, part := range p {
		if i != at && part.Text != leftOut {
			kept = append(kept, part)
		}
	}
	return Side(append(kept, Part{Text: leftOut, Stays: true})...)
}

// cut cuts the parts that may be cut, all to the same length, and reports whether the
// text then fits.
func (p Parts) cut(fits func(string) bool) (string, bool) {
	if text := p.String(); fits(text) {
		return text, true
	}
	most := 0
	for _, part := range p {
		most = max(most, len([]rune(part.Text)))
	}
	low, high := -1, most // the largest length that fits is in [low, high)
	for low+1 < high {
		if middle := (low + high) / 2; fits(p.cutTo(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return p.cutTo(low), low >= 0
}

// cutTo cuts the parts that may be cut to a number of characters, or to the least that
// they have.
func (p Parts) cutTo(length int) string {
	texts := make([]string, 0, len(p))
	for _, part := range p {
		short := func(text string) bool { return len([]rune(text)) <= max(length, leasts[part.Cut]) }
		switch part.Cut {
		case CutMiddles:
			part.Text = CutMiddle(part.Text, short)
		case CutEnds:
			part.Text = CutEnd(part.Text, short)
		}
		texts = append(texts, part.Text)
	}
	return strings.TrimSpace(Join(texts...))
}
