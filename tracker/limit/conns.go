package limit

import (
	"net/netip"
	"sync"
)

// Verdict says whether a connection is let in, and if not, why.
type Verdict int

// The verdicts.
const (
	Admitted          Verdict = iota
	TooManyInTotal            // from all sources together
	TooManyFromSource         // from this source, or from its network
)

// connsOfNetwork is how many times as many connections as one source a network may
// have.
const connsOfNetwork = 4

// Conns counts open connections, in total and by source. All methods are safe for
// concurrent use.
type Conns struct {
	total, perSource int

	mu       sync.Mutex
	open     map[netip.Addr]int
	networks map[netip.Prefix]int
	all      int
}

// NewConns allows total connections altogether, perSource from each source, and four
// times as many from each network; 0 means no limit.
func NewConns(total, perSource int) *Conns {
	return &Conns{total: total, perSource: perSource, open: map[netip.Addr]int{}, networks: map[netip.Prefix]int{}}
}

// Open counts a connection from a source unless that is one too many. The caller
// must call Close once for each connection that was admitted.
func (c *Conns) Open(source netip.Addr) Verdict { return c.count(source, c.perSource) }

// OpenShared is Open for a source that stands for many others: only the total
// limit applies.
func (c *Conns) OpenShared(source netip.Addr) Verdict { return c.count(source, 0) }

func (c *Conns) count(source netip.Addr, perSource int) Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.total > 0 && c.all >= c.total:
		return TooManyInTotal
	case perSource > 0 && c.open[source] >= perSource:
		return TooManyFromSource
	case perSource > 0 && !source.IsLoopback() && c.networks[networkOf(source)] >= connsOfNetwork*perSource:
		return TooManyFromSource
	}
	c.open[source]++
	c.networks[networkOf(source)]++
	c.all++
	return Admitted
}

// Close ends the count of an admitted connection.
func (c *Conns) Close(source netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.open[source]--; c.open[source] == 0 {
		delete(c.open, source)
	}
	network := networkOf(source)
	if c.networks[network]--; c.networks[network] == 0 {
		delete(c.networks, network)
	}
}
