//go:build !darwin || cgo

package desktop

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// dictionary makes keys of texts: in the order of the keys the texts are as in a
// dictionary of the language, and their numbers as numbers. It serves one
// goroutine.
type dictionary struct {
	collator *collate.Collator
	buffer   collate.Buffer
	letters  letterKeys
}

func newDictionary() *dictionary {
	w := the()
	return &dictionary{collator: collate.New(w.tag, collate.IgnoreCase), letters: w.letters()}
}

// letterKeys are what the letters of ASCII are in the keys of a collator: their
// weights, most names' whole keys being those of their letters side by side.
type letterKeys [utf8.RuneSelf]struct {
	weight  []byte
	accents []byte
}

// keyParts stands between the weights and the accents of a key (UTS 10, 7.3).
var keyParts = []byte{0, 0}

func newLetterKeys(tag language.Tag) letterKeys {
	var letters letterKeys
	c, buffer := collate.New(tag, collate.IgnoreCase), collate.Buffer{}
	for letter := range letters {
		key := bytes.Clone(c.KeyFromString(&buffer, string(rune(letter))))
		buffer.Reset()
		// Weights are of two bytes, and never zero.
		at := 0
		for at+2 <= len(key) && !bytes.Equal(key[at:at+2], keyParts) {
			at += 2
		}
		letters[letter].weight = key[:at]
		letters[letter].accents = key[min(at+2, len(key)):]
	}
	return letters
}

// key is valid for as long as one likes.
func (d *dictionary) key(text string) []byte {
	text = numbersInOrder(text)
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			key := bytes.Clone(d.collator.KeyFromString(&d.buffer, text))
			d.buffer.Reset()
			return key
		}
	}
	return d.plainKey(text)
}

// plainKey is the key of a text in ASCII, ten times as fast as the collator.
func (d *dictionary) plainKey(text string) []byte {
	const room = 6 // bytes of most letters
	key := make([]byte, 0, room*len(text)+len(keyParts))
	for i := range len(text) {
		key = append(key, d.letters[text[i]].weight...)
	}
	key = append(key, keyParts...)
	for i := range len(text) {
		key = append(key, d.letters[text[i]].accents...)
	}
	return key
}

// numbersInOrder writes the length of each number before it, so that in the
// order of the dictionary 2 comes before 10. (The collator's own way to do that
// puts 0 behind 9.)
func numbersInOrder(text string) string {
	const digits, longest = "0123456789", 999
	begin := strings.IndexAny(text, digits)
	if begin < 0 {
		return text
	}
	out := make([]byte, 0, 2*len(text))
	for ; begin >= 0; begin = strings.IndexAny(text, digits) {
		out = append(out, text[:begin]...)
		text = text[begin:]
		rest := strings.TrimLeft(text, digits)
		number := strings.TrimLeft(text[:len(text)-len(rest)], "0")
		length := strconv.Itoa(min(len(number), longest))
		out = append(append(append(out, "000"[len(length):]...), length...), number...)
		text = rest
	}
	return string(append(out, text...))
}
