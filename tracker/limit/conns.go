package limit

import (
	"net/netip"
	"sync"
)

// Verdict is why a connection is not let in.
type Verdict int

// The verdicts.
const (
	Admitted      Verdict = iota
	TooManyInAll          // connections of all sources
	TooManyOfThis         // connections of this source
)

// Conns counts open connections, in all and by source. All methods are safe
// for concurrent use.
type Conns struct {
	total, perSource int

	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

// NewConns allows so many connections in all and of one source; 0 is without
// limit.
func NewConns(total, perSource int) *Conns {
	return &Conns{total: total, perSource: perSource, open: map[netip.Addr]int{}}
}

// Open counts a connection of a source, unless it is one too many. Each one
// that was admitted has to be closed, once.
func (c *Conns) Open(source netip.Addr) Verdict { return c.count(source, c.perSource) }

// OpenShared is Open for a source that stands for many others: only the limit
// of all applies.
func (c *Conns) OpenShared(source netip.Addr) Verdict { return c.count(source, 0) }

func (c *Conns) count(source netip.Addr, perSource int) Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.total > 0 && c.all >= c.total:
		return TooManyInAll
	case perSource > 0 && c.open[source] >= perSource:
		return TooManyOfThis
	}
	c.open[source]++
	c.all++
	return Admitted
}

// Close gives a connection back.
func (c *Conns) Close(source netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.open[source]--; c.open[source] == 0 {
		delete(c.open, source)
	}
}

// Count is how many are open.
func (c *Conns) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}
