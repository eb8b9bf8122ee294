package limit

import (
	"net/netip"
	"sync"
)

// amountsOfNetwork is how many times as much as one source a network may hold.
const amountsOfNetwork = 4

// Amounts counts what sources hold of something bounded, such as memory. A source gets
// an eighth of all, and its network half; one that holds nothing gets what it asks for
// as long as there is enough. All methods are safe for concurrent use.
type Amounts struct {
	total int64

	mu       sync.Mutex
	held     map[netip.Addr]int64
	networks map[netip.Prefix]int64
	all      int64
}

// NewAmounts has total to give away.
func NewAmounts(total int64) *Amounts {
	return &Amounts{total: total, held: map[netip.Addr]int64{}, networks: map[netip.Prefix]int64{}}
}

// Take gives n to a source, unless that is too much. The caller must call Give with
// the same values once for each time that Take reports true.
func (a *Amounts) Take(source netip.Addr, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	network, share := networkOf(source), a.total/8
	switch {
	case a.all+n > a.total:
		return false
	case a.held[source] > 0 && a.held[source]+n > share:
		return false
	case a.networks[network] > 0 && a.networks[network]+n > amountsOfNetwork*share:
		return false
	}
	a.held[source] += n
	a.networks[network] += n
	a.all += n
	return true
}

// Give takes back what a source got.
func (a *Amounts) Give(source netip.Addr, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all -= n
	if a.held[source] -= n; a.held[source] == 0 {
		delete(a.held, source)
	}
	network := networkOf(source)
	if a.networks[network] -= n; a.networks[network] == 0 {
		delete(a.networks, network)
	}
}
