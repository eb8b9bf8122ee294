// Package flow measures and limits bytes on their way. It knows neither
// connections nor contents.
package flow

import "sync/atomic"

// Traffic is everything this peer sends and receives: the limits and rates of
// both directions. Connections to different peers share it.
type Traffic struct {
	Up, Down           *Throttle
	UpMeter, DownMeter Meter

	localExempt atomic.Bool
}

// NewTraffic returns traffic under limits in bytes a second; 0 is no limit. See
// [Traffic.ExemptLocal].
func NewTraffic(up, down int64, localExempt bool) *Traffic {
	t := &Traffic{Up: NewThrottle(up), Down: NewThrottle(down)}
	t.localExempt.Store(localExempt)
	return t
}

// ExemptLocal says whether peers in the local network are outside the limits.
func (t *Traffic) ExemptLocal(exempt bool) { t.localExempt.Store(exempt) }

// UpTo returns the limit of what is sent to a peer; local tells whether the peer
// is in the local network.
func (t *Traffic) UpTo(local bool) *Throttle {
	if local && t.localExempt.Load() {
		return unlimited
	}
	return t.Up
}

// DownFrom returns the limits that bytes from a peer pass, own among them. It
// returns none where nothing is limited.
func (t *Traffic) DownFrom(local bool, own *Throttle) []*Throttle {
	if local && t.localExempt.Load() {
		return nil
	}
	var limits []*Throttle
	for _, limit := range [...]*Throttle{own, t.Down} {
		if limit.Limit() > 0 {
			limits = append(limits, limit)
		}
	}
	return limits
}

var unlimited = NewThrottle(0)
