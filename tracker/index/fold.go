package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the form in which names and words are compared: Unicode case
// folding, without accents, in normal form C.
func Fold(s string) string { return string(appendFolded(nil, s)) }

func appendFolded(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[start:] {
		switch {
		case c >= utf8.RuneSelf:
			return append(dst[:start], withoutAccents(cases.Fold().String(s))...)
		case 'A' <= c && c <= 'Z':
			dst[start+i] = c + 'a' - 'A'
		}
	}
	return dst
}

// withoutAccents drops the diacritics of Latin, Greek and Cyrillic letters. In other
// scripts marks are letters, and stay.
func withoutAccents(folded string) string {
	parts := norm.NFD.String(folded)
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r >= 0x300 && r <= 0x36F:
			return -1
		case r == 'ø':
			return 'o'
		case r == 'ł':
			return 'l'
		case r == 'đ':
			return 'd'
		case r == 'ı':
			return 'i'
		}
		return r
	}, parts))
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
