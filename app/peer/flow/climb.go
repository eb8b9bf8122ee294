package flow

import "time"

// Climb finds out whether more connections to each source make a transfer faster.
// They do if packets get lost or round trips are long: then each connection is slow,
// whatever the line could carry. The zero value is ready.
type Climb struct {
	extra  int
	tried  int       // of these, those that are not judged yet
	paid   int       // those that were added last and paid
	before int64     // bytes a second, when the last ones were added
	next   time.Time // when those are judged, or others are tried
}

const (
	// climbEvery is how long the rate, an average of five seconds, has to show an effect.
	climbEvery = 6 * time.Second
	// climbRest is the pause after a useless trial.
	climbRest = time.Minute
	// climbGain is the factor by which more connections must speed up the transfer.
	climbGain = 1.15
	// fastConnection is the rate at which a connection needs no other beside it, in
	// bytes a second.
	fastConnection = 8 << 20
)

// Extra returns how many connections to have beside the usual ones.
func (c *Climb) Extra() int { return c.extra }

// Judge decides on extra connections more or less, up to most: one at first, and twice as
// many as those that paid. Call it at each tick with the rate, in bytes a second, and the
// number of all connections.
func (c *Climb) Judge(rate int64, connections, most int, now time.Time) {
	if now.Before(c.next) && connections > 0 {
		return
	}
	rest := climbEvery
	switch {
	case connections == 0 || c.next.IsZero():
		c.tried, c.paid = 0, 0
	case c.tried > 0 && float64(rate) < climbGain*float64(c.before):
		c.extra -= c.tried
		c.tried, c.paid, rest = 0, 0, climbRest
	default:
		c.paid = c.tried
		c.tried = 0
		if rate < int64(connections)*fastConnection {
			c.tried = max(min(max(2*c.paid, 1), most-c.extra), 0)
		}
		c.extra += c.tried
		c.before = max(rate, 1)
	}
	c.next = now.Add(rest)
}
