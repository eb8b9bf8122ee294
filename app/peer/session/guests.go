package session

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// greetTime is how long a new connection keeps its place, in which it can shake hands
	// and ask for something.
	greetTime = 2 * time.Second
	// restTime is how long a connection keeps its place on which nothing moves, while
	// others want one.
	restTime = 5 * time.Second
	// farMore is how many times as many connections as a newcomer an address has that has
	// to give it one of those that are in use.
	farMore = 8
)

// guests are the connections that others made, also before they have shaken hands. When
// all places are taken, a new one gets that of another one that does not need it: anybody
// can hold connections that he does not use, and would keep everybody else out.
type guests struct {
	mu  sync.Mutex
	all map[*guest]struct{}
	of  map[netip.Prefix]int
}

// guest is one of them.
type guest struct {
	at    netip.Prefix
	since time.Time
	conn  net.Conn
	met   atomic.Pointer[Conn] // nil before it has shaken hands
}

// admit lets a connection in, unless there are too many in all that are of use, or too
// many from its address. Connections from this computer count only towards all.
func (g *guests) admit(conn net.Conn, now time.Time) (*guest, bool) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil, false
	}
	ip := tcp.AddrPort().Addr().Unmap()
	in := &guest{at: Network(ip), since: now, conn: conn}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of[in.at] >= maxConnsPerAddress && !ip.IsLoopback() {
		return nil, false
	}
	if len(g.all) >= maxConns {
		out := g.giver(in.at, now)
		if out == nil {
			return nil, false
		}
		g.remove(out)
		out.conn.Close()
	}
	if g.of == nil {
		g.all, g.of = map[*guest]struct{}{}, map[netip.Prefix]int{}
	}
	g.all[in] = struct{}{}
	g.of[in.at]++
	return in, true
}

// leave gives the place of a connection back, if it still has one.
func (g *guests) leave(out *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(out)
}

func (g *guests) remove(out *guest) {
	if _, in := g.all[out]; !in {
		return
	}
	delete(g.all, out)
	if g.of[out.at]--; g.of[out.at] == 0 {
		delete(g.of, out.at)
	}
}

// giver returns the connection that gives its place to one from an address; nil if none
// has to. Of those that rest it is one of the address that has most of them, and of
// these the one that has rested longest. If none rests, an address that has far more
// than the newcomer's gives one: whoever keeps all of his busy with little keeps
// nobody out.
func (g *guests) giver(to netip.Prefix, now time.Time) *guest {
	var worst *guest
	var since time.Time
	var rests bool
	for other := range g.all {
		last, idle := other.rests(now)
		switch {
		case !idle && (rests || g.of[other.at] <= farMore*(g.of[to]+1)):
			continue
		case worst == nil, idle && !rests:
		case g.of[other.at] != g.of[worst.at]:
			if g.of[other.at] < g.of[worst.at] {
				continue
			}
		case !last.Before(since):
			continue
		}
		worst, since, rests = other, last, idle
	}
	return worst
}

// rests returns since when nothing has moved on a connection, and whether that is long
// enough for it to lose its place.
func (in *guest) rests(now time.Time) (since time.Time, idle bool) {
	c := in.met.Load()
	if c == nil {
		return in.since, now.Sub(in.since) > greetTime
	}
	moved := time.Unix(0, c.moved.Load())
	return moved, now.Sub(moved) > restTime
}
