package index

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the form in which names and words are compared: Unicode case
// folding in normal form C.
func Fold(s string) string { return string(appendFolded(nil, s)) }

func appendFolded(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[start:] {
		switch {
		case c >= utf8.RuneSelf:
			return append(dst[:start], norm.NFC.String(cases.Fold().String(s))...)
		case 'A' <= c && c <= 'Z':
			dst[start+i] = c + 'a' - 'A'
		}
	}
	return dst
}

// A word is a row of letters, marks and digits. In scripts without spaces, every
// letter counts as the beginning of a word.

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// beginsWord reports whether a short term can start at r. wordBefore says whether
// the character before r belongs to a word.
func beginsWord(wordBefore bool, r rune) bool {
	return !wordBefore || r >= utf8.RuneSelf &&
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
