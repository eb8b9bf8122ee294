package lan

import (
	"net/netip"
	"time"
)

// How often a tracker answers. Whoever asks repeats the question, each time after a
// longer pause.
const (
	answersToOne = 2  // in paceSpan
	answersToAll = 20 // in paceSpan
	paceSpan     = time.Second
)

// pace bounds the answers of one announcer.
type pace struct {
	now   func() time.Time
	began time.Time // of the span
	total int
	given map[netip.Addr]int // at most answersToAll entries
}

func newPace(now func() time.Time) *pace { return &pace{now: now, given: map[netip.Addr]int{}} }

// allows counts an answer to an address, unless that is one too many.
func (p *pace) allows(to netip.Addr) bool {
	if now := p.now(); now.Sub(p.began) >= paceSpan {
		p.began, p.total = now, 0
		clear(p.given)
	}
	if p.total >= answersToAll || p.given[to] >= answersToOne {
		return false
	}
	p.total++
	p.given[to]++
	return true
}
