package words

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/text/collate"
)

// Dictionary makes keys of texts. Texts sorted by their keys are in the order
// of a dictionary of the language, with numbers in numerical order. It serves
// one goroutine.
type Dictionary struct {
	collator *collate.Collator
	buffer   collate.Buffer
}

// NewDictionary returns a dictionary of the language in use.
func NewDictionary() *Dictionary {
	return &Dictionary{collator: collate.New(current().tag, collate.IgnoreCase)}
}

// Key returns the key of a text, which belongs to the caller.
func (d *Dictionary) Key(text string) []byte {
	key := bytes.Clone(d.collator.KeyFromString(&d.buffer, numbersInOrder(text)))
	d.buffer.Reset()
	return key
}

// numbersInOrder writes the length of each number before it, so that 2 sorts
// before 10. (The collator's own option for that sorts 0 after 9.)
func numbersInOrder(text string) string {
	const digits, longest = "0123456789", 999
	start := strings.IndexAny(text, digits)
	if start < 0 {
		return text
	}
	out := make([]byte, 0, 2*len(text))
	for ; start >= 0; start = strings.IndexAny(text, digits) {
		out = append(out, text[:start]...)
		text = text[start:]
		rest := strings.TrimLeft(text, digits)
		number := strings.TrimLeft(text[:len(text)-len(rest)], "0")
		length := strconv.Itoa(min(len(number), longest))
		out = append(append(append(out, "000"[len(length):]...), length...), number...)
		text = rest
	}
	return string(append(out, text...))
}
