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
	// Share begins to count what others are to be told of.
	Share()
	// Spent returns what was spent here, and forgets it; nil if it is not worth telling.
	Spent() json.RawMessage
	// SpentElsewhere charges what another node returned from Spent.
	SpentElsewhere(told json.RawMessage, now time.Time) error
}

// tellsBurst is the part of a burst that is worth telling.
const tellsBurst = 50

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

// Spent is one of Shared. Keys that spent little are told of once it is more.
func (r *Rates[K]) Spent() json.RawMessage {
	if r == nil {
		return nil
	}
	worth := map[K]int{}
	r.mu.Lock()
	for key, n := range r.spent {
		if n*tellsBurst >= r.burst {
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

// elsewhere charges what was spent at another node.
func (r *Rates[K]) elsewhere(key K, n int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.charge(key, n, now)
}
