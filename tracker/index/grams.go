package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// A gram is three bytes that stand one behind the other in a folded name. What
// cannot be found by three bytes has grams that begin with a control character,
// which is in no name.
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

// appendTrigrams appends those of a text.
func appendTrigrams(dst []uint32, text []byte) []uint32 {
	for i := 2; i < len(text); i++ {
		dst = append(dst, uint32(text[i-2])<<16|uint32(text[i-1])<<8|uint32(text[i]))
	}
	return dst
}

// startGram is the gram of names in which a word begins so.
func startGram(text []byte) uint32 {
	if len(text) == 1 {
		return gramStart1 | uint32(text[0])
	}
	return gramStart2 | uint32(text[0])<<8 | uint32(text[1])
}

// appendGrams appends all grams of a name, some of them twice.
func appendGrams(dst []uint32, name []byte, kind netproto.Kind) []uint32 {
	dst = append(appendTrigrams(dst, name), kindGram(kind))
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

// gramLists has for each gram the ranks of the names that have it: rising, as
// differences from one to the next in varints, the first from -1.
type gramLists struct {
	grams  []uint32 // rising
	counts []uint32 // of ranks
	begins []uint64 // of a list in raw
	raw    []byte
}

func (l *gramLists) bytes() int64 { return int64(16*len(l.grams) + len(l.raw)) }

// list is the posting list of a gram, empty where no name has it.
func (l *gramLists) list(gram uint32) postings {
	i, ok := slices.BinarySearch(l.grams, gram)
	if !ok {
		return postings{}
	}
	return postings{raw: l.raw[l.begins[i]:], left: int(l.counts[i])}
}

// postings is a posting list that is read from its begin.
type postings struct {
	raw  []byte
	left int
	next uint32 // the rank that was read last, and 1
}

// seek reads on to the first rank that is at least so large.
func (p *postings) seek(least uint32) (rank uint32, ok bool) {
	if p.next > least {
		return p.next - 1, true
	}
	for p.left > 0 {
		delta, n := uint64(p.raw[0]), 1
		if delta >= 0x80 {
			delta, n = binary.Uvarint(p.raw)
		}
		p.raw = p.raw[n:]
		p.next += uint32(delta)
		p.left--
		if p.next > least {
			return p.next - 1, true
		}
	}
	return 0, false
}

// gramTable counts grams and then places their lists: an open hash table,
// because a map would take three times as long.
type gramTable struct {
	slots []gramSlot // a power of two
	used  int
}

type gramSlot struct {
	gram  uint32 // 0 is free: no gram is 0
	count uint32
	last  uint32 // rank + 1
	at    uint64 // size of the list at first, then where its next rank goes
}

func newGramTable() *gramTable { return &gramTable{slots: make([]gramSlot, 1<<12)} }

func (t *gramTable) slot(gram uint32) *gramSlot {
	mask := uint32(len(t.slots) - 1)
	for i := gram * 0x9E3779B1 >> (32 - uint(bits.Len32(mask))); ; i = (i + 1) & mask {
		switch s := &t.slots[i]; s.gram {
		case gram:
			return s
		case 0:
			if t.used++; t.used > len(t.slots)/2 {
				t.grow()
				return t.slot(gram)
			}
			s.gram = gram
			return s
		}
	}
}

func (t *gramTable) grow() {
	old := t.slots
	t.slots, t.used = make([]gramSlot, 2*len(old)), 0
	for _, s := range old {
		if s.gram != 0 {
			*t.slot(s.gram) = s
		}
	}
}

// place lays the lists one behind the other.
func (t *gramTable) place() gramLists {
	all := make([]*gramSlot, 0, t.used)
	for i := range t.slots {
		if t.slots[i].gram != 0 {
			all = append(all, &t.slots[i])
		}
	}
	slices.SortFunc(all, func(a, b *gramSlot) int { return cmp.Compare(a.gram, b.gram) })
	l := gramLists{grams: make([]uint32, len(all)), counts: make([]uint32, len(all)), begins: make([]uint64, len(all))}
	end := uint64(0)
	for i, s := range all {
		l.grams[i], l.counts[i], l.begins[i] = s.gram, s.count, end
		s.at, s.last, end = end, 0, end+s.at
	}
	l.raw = make([]byte, end)
	return l
}

// listGrams makes the posting lists of a run; it gives up when stop says so.
func listGrams(r *run, stop func() bool) (gramLists, bool) {
	t := newGramTable()
	var grams []uint32
	each := func(take func(s *gramSlot, delta uint32)) bool {
		for i, v := range r.versions {
			if i%1024 == 0 && stop() {
				return false
			}
			grams = appendGrams(grams[:0], r.name(i), v.class.Value().kind)
			for _, gram := range grams {
				if s := t.slot(gram); s.last != uint32(i)+1 {
					take(s, uint32(i)+1-s.last)
					s.last = uint32(i) + 1
				}
			}
		}
		return true
	}
	if !each(func(s *gramSlot, delta uint32) {
		s.count++
		s.at += uint64(bits.Len32(delta)+6) / 7
	}) {
		return gramLists{}, false
	}
	l := t.place()
	return l, each(func(s *gramSlot, delta uint32) {
		for ; delta >= 0x80; delta >>= 7 {
			l.raw[s.at] = byte(delta) | 0x80
			s.at++
		}
		l.raw[s.at] = byte(delta)
		s.at++
	})
}
