//go:build !darwin || cgo

package kit

import (
	"strings"
	"time"
	"unicode"
)

// typeAheadPause ends a name that is typed to be found; the next letter begins
// another.
const typeAheadPause = time.Second

// typeAhead is what was typed over a list to get to a name.
type typeAhead struct {
	typed string // in small letters
	last  time.Time
	now   func() time.Time
}

// running tells whether letters still go on from those before.
func (t *typeAhead) running() bool { return t.typed != "" && t.now().Sub(t.last) < typeAheadPause }

// find takes one more letter, and returns the next of count names that begins
// with what was typed; -1 when none does. The same letter again and again goes
// from name to name.
func (t *typeAhead) find(letter rune, cursor, count int, name func(int) string) int {
	if !t.running() {
		t.typed = ""
	}
	if unicode.IsControl(letter) || t.typed == "" && letter == ' ' {
		return -1
	}
	t.typed += strings.ToLower(string(letter))
	t.last = t.now()
	wanted, from := t.typed, max(cursor, 0)
	first := string([]rune(wanted)[:1])
	if strings.Trim(wanted, first) == "" { // one letter, or the same again
		wanted, from = first, cursor+1
	}
	for i := range count {
		if at := (from + i) % count; strings.HasPrefix(strings.ToLower(name(at)), wanted) {
			return at
		}
	}
	return -1
}
