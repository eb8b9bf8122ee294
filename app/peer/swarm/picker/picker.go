// Package picker knows which pieces of a content are missing, asked for, had by others or
// claimed by them, and chooses from that which one to ask for next. It knows neither sources
// nor connections: what a source has is a set of pieces.
//
// Of the pieces that nothing else puts first, the rarest goes first, so that every piece soon
// has several owners. Equally rare ones come in order, which suits disks, but each reader
// begins elsewhere: several readers of one source then ask it for different pieces, and get
// the rest from each other.
//
// Readers of a swarm also tell each other what they fetch. For a while they ask nobody else
// for such a piece, so that the first source sends each piece only once. A claim counts once
// for each piece: a lie costs the patience with it, and no more.
package picker

import (
	"time"

	"centralizedp2p/app/piece"
)

// Here is what has been written of the content. It may have pieces that the picker does not
// know to be verified yet.
type Here interface {
	Has(piece int) bool
}

// Claimer is another reader, which said that it fetches pieces.
type Claimer interface {
	// Fetches reports whether a piece that it has claimed is still to be expected of it.
	Fetches(piece int) bool
}

// Picker is that of one content. It has no lock: the caller guards it with one.
type Picker struct {
	here     Here
	start    int        // where the order begins
	cursor   int        // no piece before it is free, in that order
	free     piece.Bits // neither asked for nor verified
	verified piece.Bits
	missing  int // pieces not verified
	flying   int // pieces that are asked for

	held    []int32 // how many of those counted have a piece, by piece
	partial int     // how many of those counted lack some

	claims    []claim   // by piece; nil before there is one
	claimedAt time.Time // the first one
}

// claim is that another reader fetches a piece.
type claim struct {
	by Claimer
	at time.Duration // after the first one
}

// New returns the picker of a content of count pieces, of which those of verified are here;
// it keeps that set. Its order begins at start, which may be larger than count.
func New(count, start int, verified piece.Bits, here Here) *Picker {
	p := &Picker{here: here, start: start % count, free: piece.AllBits(count), verified: verified, missing: count - verified.Count(),
		held: make([]int32, count)}
	for i := range verified {
		p.free[i] &^= verified[i]
	}
	return p
}

// Take notes that a free piece is asked for, and Give that it no longer is.
func (p *Picker) Take(i int) {
	p.flying++
	p.free.Clear(i)
}

// Give makes a piece free that was asked for, unless it is verified.
func (p *Picker) Give(i int) {
	p.flying--
	if p.verified.Has(i) {
		return
	}
	p.free.Set(i)
	p.cursor = min(p.cursor, (i-p.start+len(p.held))%len(p.held))
}

// Verify notes that a piece is right, which was not verified before and is not asked for.
func (p *Picker) Verify(i int) {
	p.verified.Set(i)
	p.free.Clear(i)
	p.missing--
}

// Verified reports whether a piece is known to be right.
func (p *Picker) Verified(i int) bool { return p.verified.Has(i) }

// Done reports whether all pieces are verified.
func (p *Picker) Done() bool { return p.missing == 0 }

// Flying is how many pieces are asked for.
func (p *Picker) Flying() int { return p.flying }

// Exhausted reports whether all pieces that are missing are asked for.
func (p *Picker) Exhausted() bool { return p.missing == p.flying }

// Count counts the pieces that a source has, and Uncount no longer does. The set may only
// grow meanwhile, as [Picker.Gain] says.
func (p *Picker) Count(have piece.Bits) { p.tally(have, 1) }

// Uncount undoes Count.
func (p *Picker) Uncount(have piece.Bits) { p.tally(have, -1) }

func (p *Picker) tally(have piece.Bits, by int) {
	for i := range p.held {
		if have.Has(i) {
			p.held[i] += int32(by)
		}
	}
	if p.Lacks(have) {
		p.partial += by
	}
}

// Gain adds pieces to what a counted source has, as far as that set is large enough for them.
func (p *Picker) Gain(have piece.Bits, pieces []uint32) {
	lacked := p.Lacks(have)
	for _, n := range pieces {
		i := int(n)
		if i/8 >= len(have) || have.Has(i) {
			continue
		}
		have.Set(i)
		if i < len(p.held) {
			p.held[i]++
		}
	}
	if lacked && !p.Lacks(have) {
		p.partial--
	}
}

// Held is how many of the counted sources have a piece.
func (p *Picker) Held(i int) int { return int(p.held[i]) }

// Partial reports whether one of the counted sources lacks pieces.
func (p *Picker) Partial() bool { return p.partial > 0 }

// Lacks reports whether a source does not have all pieces. A set may have bits beyond the last
// one, which count for nothing.
func (p *Picker) Lacks(have piece.Bits) bool {
	full, rest := len(p.held)/8, len(p.held)%8
	if len(have) < (len(p.held)+7)/8 {
		return true
	}
	for _, eight := range have[:full] {
		if eight != 0xff {
			return true
		}
	}
	return rest > 0 && have[full]>>(8-rest) != 0xff>>(8-rest)
}

// Helps reports whether a source has a piece that is missing.
func (p *Picker) Helps(have piece.Bits) bool {
	for i := range min(len(have), len(p.verified)) {
		if have[i]&^p.verified[i] != 0 {
			return true
		}
	}
	return false
}

// FreeOf returns the free pieces that one of several sources has.
func (p *Picker) FreeOf(haves []piece.Bits) piece.Bits {
	of := piece.NewBits(len(p.held))
	for _, have := range haves {
		for i := range min(len(of), len(have)) {
			of[i] |= have[i] & p.free[i]
		}
	}
	return of
}

// Claim notes that another reader fetches pieces, unless others have claimed them before.
func (p *Picker) Claim(by Claimer, pieces []uint32, now time.Time) {
	if p.claims == nil {
		p.claims, p.claimedAt = make([]claim, len(p.held)), now
	}
	for _, n := range pieces {
		if i := int(n); i < len(p.claims) && p.claims[i].by == nil {
			p.claims[i] = claim{by, now.Sub(p.claimedAt)}
		}
	}
}

// awaited reports whether another reader is about to have a piece.
func (p *Picker) awaited(i int, patience time.Duration, now time.Time) bool {
	if p.claims == nil || p.claims[i].by == nil {
		return false
	}
	c := &p.claims[i]
	return now.Sub(p.claimedAt)-c.at < patience && c.by.Fetches(i)
}

// Takes reports whether a piece is free and a source has it.
func (p *Picker) Takes(have piece.Bits, i int) bool {
	return p.free.Has(i) && have.Has(i) && !p.here.Has(i)
}

// InOrder chooses the first free piece that a source has, from one on.
func (p *Picker) InOrder(have piece.Bits, from int) (index int, ok bool) {
	for i := from; i < len(p.held); i++ {
		if p.Takes(have, i) {
			return i, true
		}
	}
	return 0, false
}

// Rarest chooses the first of the free pieces that a source has and the fewest counted
// sources have. It leaves out those that are left to others, and with some patience those
// that others have claimed not longer ago.
func (p *Picker) Rarest(have, others piece.Bits, patience time.Duration, now time.Time) (index int, ok bool) {
	count := len(p.held)
	for p.cursor < count && !p.free.Has(p.at(p.cursor)) {
		p.cursor++
	}
	fewest := int32(1<<31 - 1)
	for k := p.cursor; k < count; k++ {
		i := p.at(k)
		if i%8 == 0 && i/8 < len(have) && p.free[i/8]&have[i/8] == 0 {
			k += min(7, count-1-i) // none of these eight
			continue
		}
		if p.held[i] >= fewest || !p.Takes(have, i) || others.Has(i) || patience > 0 && p.awaited(i, patience, now) {
			continue
		}
		index, fewest, ok = i, p.held[i], true
		if p.partial == 0 || fewest <= 1 {
			break
		}
	}
	return index, ok
}

// at is the k-th piece in the order of this reader.
func (p *Picker) at(k int) int {
	if k += p.start; k >= len(p.held) {
		k -= len(p.held)
	}
	return k
}
