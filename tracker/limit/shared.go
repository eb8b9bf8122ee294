package limit

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Shared are rates that several nodes of a tracker count together: each tells the others
// what was spent there, and charges what was spent elsewhere. So all nodes together give a
// key its rate in the long run, however it spreads over them, and at most a burst each
// before they have told.
type Shared interface {
	// Share begins to count what the others are told.
	Share()
	// Spent returns what at most 4,096 keys spent here, and forgets it; nil if that is not
	// worth telling.
	Spent() json.RawMessage
	// SpentElsewhere charges what another node returned from Spent. The error says that it
	// cannot be read.
	SpentElsewhere(told json.RawMessage, now time.Time) error
}

// Bounds of what nodes tell each other.
const (
	tellsBurst = 50   // this part of a burst is worth telling
	tellsKeys  = 4096 // at once; the others follow with the next
	mostBursts = 100  // are charged at once for what a key spent elsewhere
)

// Share is one of Shared.
func (r *Rates[K]) Share() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent = map[K]int{}
}

// note remembers what was spent here. The caller holds the lock.
func (r *Rates[K]) note(key K, n int) {
	if _, known := r.spent[key]; r.spent != nil && (known || len(r.spent) < r.entries) {
		r.spent[key] += n
	}
}

// Spent is one of Shared. It leaves out keys that spent little, until it is more.
func (r *Rates[K]) Spent() json.RawMessage {
	if r == nil {
		return nil
	}
	worth := map[K]int{}
	r.mu.Lock()
	for key, n := range r.spent {
		if len(worth) < tellsKeys && n*tellsBurst >= r.burst {
			worth[key] = n
			delete(r.spent, key)
		}
	}
	if len(r.spent) == r.entries {
		clear(r.spent) // a crowd makes limits looser
	}
	r.mu.Unlock()
	if len(worth) == 0 {
		return nil
	}
	raw, err := json.Marshal(worth)
	if err != nil {
		panic(err) // keys are texts
	}
	return raw
}

// SpentElsewhere is one of Shared.
func (r *Rates[K]) SpentElsewhere(told json.RawMessage, now time.Time) error {
	spent, err := spentOf[K](told)
	if err != nil || r == nil {
		return err
	}
	for key, n := range spent {
		r.elsewhere(key, n, now)
	}
	return nil
}

func spentOf[K comparable](told json.RawMessage) (spent map[K]int, err error) {
	return spent, json.Unmarshal(told, &spent)
}

// Share is one of Shared.
func (r *SourceRates) Share() {
	if r != nil {
		r.sources.Share()
	}
}

// Spent is one of Shared.
func (r *SourceRates) Spent() json.RawMessage {
	if r == nil {
		return nil
	}
	return r.sources.Spent()
}

// SpentElsewhere is one of Shared.
func (r *SourceRates) SpentElsewhere(told json.RawMessage, now time.Time) error {
	spent, err := spentOf[netip.Addr](told)
	if err != nil || r == nil {
		return err
	}
	for source, n := range spent {
		r.sources.elsewhere(source, n, now)
		if !source.IsLoopback() {
			r.networks.elsewhere(networkOf(source), n, now)
		}
	}
	return nil
}

// elsewhere charges what was spent at another node. Less than nothing, which no node spends,
// would give a key more than its rate.
func (r *Rates[K]) elsewhere(key K, n int, now time.Time) {
	if n <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.charge(key, min(n, mostBursts*r.burst), now)
}
