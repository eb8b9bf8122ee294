//go:build !darwin || cgo

package lists

import (
	"strings"
	"time"
	"unicode"
)

// typeAheadPause ends a name that is being typed; the next letter starts
// another one.
const typeAheadPause = time.Second

// typeAhead is what was typed over a list to find a name.
type typeAhead struct {
	typed string // in lower case
	last  time.Time
	now   func() time.Time
}

// running reports whether the next letter continues what was typed.
func (t *typeAhead) running() bool { return t.typed != "" && t.now().Sub(t.last) < typeAheadPause }

// find adds a letter and returns the next of count names that starts with what
// was typed, or -1 if none does. Typing the same letter again moves from name
// to name.
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
	if strings.Trim(wanted, first) == "" { // one letter, perhaps repeated
		wanted, from = first, cursor+1
	}
	for i := range count {
		if at := (from + i) % count; strings.HasPrefix(strings.ToLower(name(at)), wanted) {
			return at
		}
	}
	return -1
}
