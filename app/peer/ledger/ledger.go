// Package ledger counts what came and went: today, ever, and by person. It remembers
// that in the library once a minute; a kill loses what came since.
package ledger

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

const (
	saveEvery = time.Minute
	// maxPeople bounds the people who are counted for themselves. The one with the
	// fewest bytes makes room.
	maxPeople = 500
)

// Ledger counts. Its methods do not wait, but for Save and Run. Got and Sent are called
// for every frame: they add to counters, and take the lock only for a person they do not
// know yet, and when a day ends.
type Ledger struct {
	library *library.Library
	log     *slog.Logger
	now     func() time.Time

	ever    amounts
	today   atomic.Pointer[day]
	people  sync.Map // of *amounts by netproto.PublicKey
	changed atomic.Bool

	mu    sync.Mutex // for another day, and for another person
	known int        // people
}

// amounts are library.Amounts that grow while they are read.
type amounts struct{ got, sent atomic.Int64 }

func (a *amounts) add(n library.Amounts) {
	if n.Got != 0 {
		a.got.Add(n.Got)
	}
	if n.Sent != 0 {
		a.sent.Add(n.Sent)
	}
}

func (a *amounts) load() library.Amounts {
	return library.Amounts{Got: a.got.Load(), Sent: a.sent.Load()}
}

// day is what came and went on a day of the calendar here.
type day struct {
	amounts
	name        string // 2006-01-02
	begins, end int64  // in nanoseconds since 1970: from begins on, before end
}

func dayOf(t time.Time) *day {
	return &day{name: t.Format(time.DateOnly), begins: midnight(t, 0).UnixNano(), end: midnight(t, 1).UnixNano()}
}

// midnight is when the day of a time begins, or one that is some days later. Where clocks
// go forward at midnight, a day begins at one: Date may return an hour before that.
func midnight(t time.Time, later int) time.Time {
	day := t.Day() + later
	m := time.Date(t.Year(), t.Month(), day, 0, 0, 0, 0, t.Location())
	if noon := time.Date(t.Year(), t.Month(), day, 12, 0, 0, 0, t.Location()); m.Day() != noon.Day() {
		return m.Add(time.Hour)
	}
	return m
}

// New returns the ledger that the library remembers.
func New(l *library.Library, log *slog.Logger) (*Ledger, error) {
	totals, err := l.Totals()
	if err != nil {
		return nil, err
	}
	ledger := &Ledger{library: l, log: log, now: time.Now}
	for _, p := range totals.People[:min(len(totals.People), maxPeople)] {
		ledger.of(p.Key).add(p.Amounts)
	}
	ledger.ever.add(totals.Ever)
	today := &day{name: totals.Day} // it ends at once, unless that is what day it is
	if now := dayOf(time.Now()); now.name == totals.Day {
		today = now
	}
	today.add(totals.Today)
	ledger.today.Store(today)
	return ledger, nil
}

// Got counts bytes that came from a person; the zero key stands for nobody in
// particular.
func (l *Ledger) Got(from netproto.PublicKey, bytes int) {
	l.count(from, library.Amounts{Got: int64(bytes)})
}

// Sent counts bytes that went to a person, as Got.
func (l *Ledger) Sent(to netproto.PublicKey, bytes int) {
	l.count(to, library.Amounts{Sent: int64(bytes)})
}

func (l *Ledger) count(person netproto.PublicKey, n library.Amounts) {
	l.ever.add(n)
	l.day().add(n)
	if person != (netproto.PublicKey{}) {
		l.of(person).add(n)
	}
	if !l.changed.Load() {
		l.changed.Store(true)
	}
}

// day returns the present day, and begins another one if that is over.
func (l *Ledger) day() *day {
	now := l.now()
	today := l.today.Load()
	if at := now.UnixNano(); today.begins <= at && at < today.end {
		return today
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	today = l.today.Load()
	next := dayOf(now)
	if next.name == today.name { // what was remembered, or the clock of another place
		next.add(today.load())
	}
	l.today.Store(next)
	return next
}

// of returns the counter of a person.
func (l *Ledger) of(person netproto.PublicKey) *amounts {
	if of, ok := l.people.Load(person); ok {
		return of.(*amounts)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if of, ok := l.people.Load(person); ok {
		return of.(*amounts)
	}
	l.makeRoom()
	of := new(amounts)
	l.people.Store(person, of)
	l.known++
	return of
}

// makeRoom forgets the person with the fewest bytes if there are too many. The caller
// holds the lock.
func (l *Ledger) makeRoom() {
	if l.known < maxPeople {
		return
	}
	var least any
	fewest := int64(-1)
	l.people.Range(func(key, of any) bool {
		n := of.(*amounts).load()
		if sum := n.Got + n.Sent; fewest < 0 || sum < fewest {
			least, fewest = key, sum
		}
		return true
	})
	l.people.Delete(least)
	l.known--
}

// Totals returns what came and went today and ever.
func (l *Ledger) Totals() (today, ever library.Amounts) {
	today = l.day().load() // first: count adds to it last
	return today, l.ever.load()
}

// Of returns what came from a person and went there, ever.
func (l *Ledger) Of(person netproto.PublicKey) library.Amounts {
	if of, ok := l.people.Load(person); ok {
		return of.(*amounts).load()
	}
	return library.Amounts{}
}

// Run remembers the totals from time to time, until ctx ends.
func (l *Ledger) Run(ctx context.Context) error {
	tick := pulse.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			l.Save()
		}
	}
}

// Save remembers the totals if they changed.
func (l *Ledger) Save() {
	if !l.changed.Swap(false) {
		return
	}
	today := l.today.Load()
	totals := library.Totals{Day: today.name, Today: today.load(), Ever: l.ever.load()}
	l.people.Range(func(key, of any) bool {
		totals.People = append(totals.People, library.PersonAmounts{Key: key.(netproto.PublicKey), Amounts: of.(*amounts).load()})
		return true
	})
	slices.SortFunc(totals.People, func(a, b library.PersonAmounts) int { return cmp.Compare(b.Got+b.Sent, a.Got+a.Sent) })
	if err := l.library.SaveTotals(totals); err != nil {
		l.log.Warn("the totals are not remembered", "error", err)
	}
}
