package index

import (
	"slices"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// A gram is three consecutive bytes of a folded name. Anything that cannot be
// found by three bytes has grams that begin with a control character, which no
// name contains.
const (
	gramStart1 = 1 << 16 // | the first byte of a word
	gramStart2 = 2 << 16 // | the first two bytes of a word
	gramKind   = 3 << 16 // | the number of a kind
)

var kinds = []netproto.Kind{
	netproto.KindVideo, netproto.KindAudio, netproto.KindImage, netproto.KindDocument,
	netproto.KindArchive, netproto.KindProgram, netproto.KindFolder, netproto.KindOther,
}

func kindGram(k netproto.Kind) uint32 { return gramKind | uint32(slices.Index(kinds, k)+1) }

// appendTrigrams appends the trigrams of a text.
func appendTrigrams(dst []uint32, text []byte) []uint32 {
	for i := 2; i < len(text); i++ {
		dst = append(dst, uint32(text[i-2])<<16|uint32(text[i-1])<<8|uint32(text[i]))
	}
	return dst
}

// startGram returns the gram of names with a word that starts with the text, one
// or two bytes.
func startGram(text []byte) uint32 {
	if len(text) == 1 {
		return gramStart1 | uint32(text[0])
	}
	return gramStart2 | uint32(text[0])<<8 | uint32(text[1])
}

// appendGrams appends all grams of a name, some of them more than once.
func appendGrams(dst []uint32, name []byte, kind uint32) []uint32 {
	dst = append(appendTrigrams(dst, name), kind)
	before := false
	for i := 0; i < len(name); {
		r, size := rune(name[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(name[i:])
		}
		if r != ' ' && beginsWord(before, r) {
			dst = append(dst, startGram(name[i:i+1]))
			if i+1 < len(name) {
				dst = append(dst, startGram(name[i:i+2]))
			}
		}
		before = inWord(r)
		i += size
	}
	return dst
}
