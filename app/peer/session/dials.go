package session

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Trackers name addresses of peers, and peers introduce each other. An address may be
// made up to have many peers dial somebody who has no part in it. So
//   - a peer passes on only addresses at which it sees the other one itself, with
//     the port that the other claims, as the tracker does;
//   - an address that another peer named is forgotten when the right key does not
//     answer there;
//   - an address in a private network counts only among peers of private networks;
//   - one budget stands in front of every dial of the process: see [Dials].
//
// A lie therefore costs its victim a few connection attempts from each peer that
// heard it, whoever told it and however often.
const (
	// dialsPerAddress is how many dials without the right answer one address gets in
	// dialsTime, in the local network one port of it in localDialsTime. A tracker that had
	// no part in them gets one more: another one may have named the address for keys that
	// are not there.
	dialsPerAddress = 4
	dialsTime       = 10 * time.Minute
	localDialsTime  = time.Minute
	// dialsPerMinute is how many there are to all addresses in a minute; at most
	// againPerMinute go where nobody has answered before.
	dialsPerMinute = 60
	againPerMinute = 30
	// Whoever names many addresses leaves some dials to others: one content gets at most
	// dialsPerContent of those in a minute. Where all are used up, what a tracker names
	// that got fewer than dialsPerTracker is dialled all the same, at most extraPerMinute
	// in all, and the fewer the tracker got, the more of them are for it: its first dial
	// in a minute is never refused.
	dialsPerContent = 45
	dialsPerTracker = 8
	extraPerMinute  = 24
	// maxDialled and maxProven bound the memory of what was dialled, and of who
	// answered where.
	maxDialled = 10_000
	maxProven  = 10_000
)

var (
	// ErrLater is why an address is not dialled now.
	ErrLater = errors.New("its address was dialled often without an answer")
	// ErrBudget is why no new address is dialled now.
	ErrBudget = errors.New("many addresses were dialled without an answer")
)

// Dials is the budget of all dials of the process, whoever named the address. Where
// the key that is looked for has answered before, it may always be dialled; every
// other dial counts until that key answers. The zero value is ready.
type Dials struct {
	mu     sync.Mutex
	tries  map[target]tries
	proven map[provenAt]struct{}
	busy   map[netip.AddrPort]*dialled // that are being dialled
	minute time.Time                   // when the current one began
	// Of the dials in it that got no answer: all, those where there had been none before,
	// and who wanted them.
	count, again int
	trackers     map[string]int
	contents     map[netproto.ContentHash]int
}

// Named is why an address is dialled: which trackers named it, by host:port, and for
// what. It may be empty.
type Named struct {
	Trackers []string
	Content  netproto.ContentHash
}

// target is what shares a count: an address or a /64, in the local network one port.
type target struct {
	net  netip.Prefix
	port uint16
}

type tries struct {
	since    time.Time
	count    int
	trackers []string // that named it
}

// spent reports whether what was named so may not be dialled again.
func (t *tries) spent(named Named) bool {
	first := func(tracker string) bool { return !slices.Contains(t.trackers, tracker) }
	return t.count >= dialsPerAddress && !slices.ContainsFunc(named.Trackers, first)
}

// dialled is an address that is being dialled to reach a key: several times at once,
// if it is called besides, which counts once.
type dialled struct {
	key     netproto.PublicKey
	named   Named
	times   int
	counted bool // against the budget
	minute  time.Time
	again   bool
}

type provenAt struct {
	key netproto.PublicKey
	at  netip.AddrPort
}

func targetOf(at netip.AddrPort) (of target, lasts time.Duration) {
	of, lasts = target{net: Network(at.Addr())}, dialsTime
	if InLocalNetwork(at.Addr()) { // several peers may be on one computer
		of.port, lasts = at.Port(), localDialsTime
	}
	return of, lasts
}

// Begin reports whether an address may be dialled to reach a key, and counts it for whom
// it was named by. At one
// time it is dialled only for one key. The caller says at the end whether the key
// answered. The error is [ErrLater] or [ErrBudget], or says that the address is none of
// a peer.
func (d *Dials) Begin(key netproto.PublicKey, at netip.AddrPort, named Named, now time.Time) (end func(answered bool), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !at.IsValid() || at.Port() == 0 || !IsUnicast(at.Addr()) {
		return nil, errors.New("it is not the address of a peer")
	}
	b := d.busy[at]
	if b != nil && b.key != key {
		return nil, ErrLater
	}
	if b == nil {
		if b, err = d.begin(key, at, named, now); err != nil {
			return nil, err
		}
	}
	b.times++
	return func(answered bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if b.times--; b.times == 0 {
			delete(d.busy, at)
		}
		if !answered {
			return
		}
		d.prove(key, at)
		if b.counted {
			b.counted = false
			d.giveBack(at, b)
		}
	}, nil
}

// begin counts the first of the dials that are under way to an address. The caller
// holds the lock.
func (d *Dials) begin(key netproto.PublicKey, at netip.AddrPort, named Named, now time.Time) (*dialled, error) {
	b := &dialled{key: key, named: named}
	if _, known := d.proven[provenAt{key, at}]; !known {
		if err := d.admits(at, named, now); err != nil {
			return nil, err
		}
		b.counted, b.minute = true, d.minute
		b.again = d.add(at, named, now)
		d.charge(named, 1)
	}
	if d.busy == nil {
		d.busy, d.proven = map[netip.AddrPort]*dialled{}, map[provenAt]struct{}{}
	}
	d.busy[at] = b
	return b, nil
}

// Hears reports whether an address that another peer named is worth remembering: it
// may be dialled now.
func (d *Dials) Hears(at netip.AddrPort, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return at.Port() >= LowestPort && IsUnicast(at.Addr()) && d.admits(at, Named{}, now) == nil
}

// Renew forgets what got no answer: the network of this computer has changed.
func (d *Dials) Renew() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.tries)
	d.forgetMinute()
}

// Open reports whether new addresses that were named so may be dialled now.
func (d *Dials) Open(named Named, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Sub(d.minute) > time.Minute || d.hasRoom(named, false)
}

// hasRoom reports whether the budget of this minute has room for one more dial, or for
// one more where nobody has answered before. The caller holds the lock.
func (d *Dials) hasRoom(named Named, again bool) bool {
	few := func(tracker string) bool {
		got := d.trackers[tracker]
		return got == 0 || got < dialsPerTracker && d.count < dialsPerMinute+extraPerMinute-got*extraPerMinute/dialsPerTracker
	}
	if slices.ContainsFunc(named.Trackers, few) {
		return true
	}
	return d.count < dialsPerMinute && !(again && d.again >= againPerMinute) &&
		(named.Content == netproto.ContentHash{} || d.contents[named.Content] < dialsPerContent)
}

// charge counts a dial for whom it was named by, or takes it out of the count.
func (d *Dials) charge(named Named, n int) {
	if d.trackers == nil {
		d.trackers, d.contents = map[string]int{}, map[netproto.ContentHash]int{}
	}
	d.count = max(d.count+n, 0)
	for _, t := range named.Trackers {
		d.trackers[t] = max(d.trackers[t]+n, 0)
	}
	d.contents[named.Content] = max(d.contents[named.Content]+n, 0)
}

func (d *Dials) forgetMinute() {
	d.count, d.again = 0, 0
	clear(d.trackers)
	clear(d.contents)
}

// admits returns why an address may not be dialled where the key has not answered yet;
// nil if it may. The caller holds the lock.
func (d *Dials) admits(at netip.AddrPort, named Named, now time.Time) error {
	if now.Sub(d.minute) > time.Minute {
		d.minute = now
		d.forgetMinute()
	}
	of, lasts := targetOf(at)
	before, ok := d.tries[of]
	switch {
	case at.Port() < LowestPort && !InLocalNetwork(at.Addr()):
		return ErrLater
	case ok && now.Sub(before.since) <= lasts && before.spent(named):
		return ErrLater
	case !d.hasRoom(named, ok):
		return ErrBudget
	case !ok && len(d.tries) >= maxDialled && !d.forget(now):
		return ErrBudget
	}
	return nil
}

// add counts a dial, and reports whether there had been one without an answer.
func (d *Dials) add(at netip.AddrPort, named Named, now time.Time) (again bool) {
	of, lasts := targetOf(at)
	t, again := d.tries[of]
	if again {
		d.again++
	}
	if now.Sub(t.since) > lasts {
		t = tries{since: now}
	}
	t.count++
	for _, tracker := range named.Trackers {
		if !slices.Contains(t.trackers, tracker) {
			t.trackers = append(t.trackers, tracker)
		}
	}
	if d.tries == nil {
		d.tries = map[target]tries{}
	}
	d.tries[of] = t
	return again
}

// giveBack takes a dial out of the count: the right key answered.
func (d *Dials) giveBack(at netip.AddrPort, b *dialled) {
	of, _ := targetOf(at)
	if t := d.tries[of]; t.count > 1 {
		t.count--
		d.tries[of] = t
	} else {
		delete(d.tries, of)
	}
	if !d.minute.Equal(b.minute) {
		return
	}
	d.charge(b.named, -1)
	if b.again {
		d.again = max(d.again-1, 0)
	}
}

func (d *Dials) prove(key netproto.PublicKey, at netip.AddrPort) {
	if len(d.proven) >= maxProven {
		for other := range d.proven {
			delete(d.proven, other)
			break
		}
	}
	d.proven[provenAt{key, at}] = struct{}{}
}

// forget makes room; it reports false if nothing is old enough.
func (d *Dials) forget(now time.Time) bool {
	for of, t := range d.tries {
		if now.Sub(t.since) > dialsTime {
			delete(d.tries, of)
		}
	}
	return len(d.tries) < maxDialled
}

// Fits reports whether a peer at one address can be of use to one at another.
func Fits(address, reader netip.Addr) bool {
	return !InLocalNetwork(address) || InLocalNetwork(reader) && address.IsLoopback() == reader.IsLoopback()
}
