// Package ledger counts what came and went: today, ever, and by person. It remembers
// that in the library once a minute; a kill loses what came since.
package ledger

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

const (
	saveEvery = time.Minute
	// maxPeople bounds the people who are counted for themselves. The one with the
	// fewest bytes makes room.
	maxPeople = 500
)

// Ledger counts. Its methods do not wait, but for Save and Run.
type Ledger struct {
	library *library.Library
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	totals  library.Totals // without the people
	people  map[netproto.PublicKey]*library.Amounts
	changed bool
}

// New returns the ledger that the library remembers.
func New(l *library.Library, log *slog.Logger) (*Ledger, error) {
	totals, err := l.Totals()
	if err != nil {
		return nil, err
	}
	ledger := &Ledger{library: l, log: log, now: time.Now, people: map[netproto.PublicKey]*library.Amounts{}}
	for _, p := range totals.People[:min(len(totals.People), maxPeople)] {
		ledger.people[p.Key] = &p.Amounts
	}
	totals.People = nil
	ledger.totals = totals
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turnDay()
	l.changed = true
	add(&l.totals.Ever, n)
	add(&l.totals.Today, n)
	if person == (netproto.PublicKey{}) {
		return
	}
	of := l.people[person]
	if of == nil {
		l.makeRoom()
		of = new(library.Amounts)
		l.people[person] = of
	}
	add(of, n)
}

func add(to *library.Amounts, n library.Amounts) {
	to.Got += n.Got
	to.Sent += n.Sent
}

// turnDay begins another day. The caller holds the lock.
func (l *Ledger) turnDay() {
	if day := l.now().Format(time.DateOnly); day != l.totals.Day {
		l.totals.Day, l.totals.Today = day, library.Amounts{}
	}
}

// makeRoom forgets the person with the fewest bytes if there are too many. The caller
// holds the lock.
func (l *Ledger) makeRoom() {
	if len(l.people) < maxPeople {
		return
	}
	var least netproto.PublicKey
	fewest := int64(-1)
	for key, of := range l.people {
		if n := of.Got + of.Sent; fewest < 0 || n < fewest {
			least, fewest = key, n
		}
	}
	delete(l.people, least)
}

// Totals returns what came and went today and ever.
func (l *Ledger) Totals() (today, ever library.Amounts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turnDay()
	return l.totals.Today, l.totals.Ever
}

// Of returns what came from a person and went there, ever.
func (l *Ledger) Of(person netproto.PublicKey) library.Amounts {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := l.people[person]; of != nil {
		return *of
	}
	return library.Amounts{}
}

// Run remembers the totals from time to time, until ctx ends.
func (l *Ledger) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
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
	l.mu.Lock()
	if !l.changed {
		l.mu.Unlock()
		return
	}
	l.changed = false
	totals := l.totals
	for key, of := range l.people {
		totals.People = append(totals.People, library.PersonAmounts{Key: key, Amounts: *of})
	}
	l.mu.Unlock()
	slices.SortFunc(totals.People, func(a, b library.PersonAmounts) int { return cmp.Compare(b.Got+b.Sent, a.Got+a.Sent) })
	if err := l.library.SaveTotals(totals); err != nil {
		l.log.Warn("the totals are not remembered", "error", err)
	}
}
