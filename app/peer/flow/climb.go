package flow

import "time"

// Climb finds out whether more connections to each source make a transfer faster.
// They do if packets get lost or round trips are long: then each connection is slow,
// whatever the line could carry. The zero value is ready.
type Climb struct {
	extra  int
	before int64     // bytes a second, when the last connection was added
	next   time.Time // when that one is judged, or another one is tried
}

const (
	// climbEvery is how long the rate, an average of five seconds, has to show an effect.
	climbEvery = 6 * time.Second
	// climbRest is the pause after a useless trial.
	climbRest = time.Minute
	// climbGain is the factor by which one more connection must speed up the transfer.
	climbGain = 1.15
	// fastConnection is the rate at which a connection needs no other beside it, in
	// bytes a second.
	fastConnection = 8 << 20
)

// Extra returns how many connections to have beside the usual ones.
func (c *Climb) Extra() int { return c.extra }

// Judge decides on one extra connection more or less, up to most. Call it at each
// tick with the rate, in bytes a second, and the number of all connections.
func (c *Climb) Judge(rate int64, connections, most int, now time.Time) {
	switch {
	case connections == 0 || c.next.IsZero():
		c.before, c.next = 0, now.Add(climbEvery)
	case now.Before(c.next):
	case c.before > 0 && float64(rate) < climbGain*float64(c.before):
		c.extra--
		c.before, c.next = 0, now.Add(climbRest)
	case c.extra < most && rate < int64(connections)*fastConnection:
		c.extra++
		c.before, c.next = max(rate, 1), now.Add(climbEvery)
	default:
		c.before, c.next = 0, now.Add(climbEvery)
	}
}
