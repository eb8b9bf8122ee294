// Package flow measures and limits bytes on their way. It knows neither
// connections nor contents.
package flow

import (
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
)

// Traffic is everything this peer sends and receives: the limits and rates of
// both directions. Connections to different peers share it.
type Traffic struct {
	Up, Down           *Throttle
	UpMeter, DownMeter Meter

	localExempt, polite atomic.Bool
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

// BePolite says whether uploads leave room for others on the line: see [Courtesy].
func (t *Traffic) BePolite(polite bool) { t.polite.Store(polite) }

// PoliteTo reports whether what is sent to a peer leaves room for others; local tells
// whether the peer is in the local network.
func (t *Traffic) PoliteTo(local bool) bool {
	return t.polite.Load() && !(local && t.localExempt.Load())
}

// UpTo returns the limit of what is sent to a peer; local tells whether the peer
// is in the local network.
func (t *Traffic) UpTo(local bool) *Throttle {
	if local && t.localExempt.Load() {
		return unlimited
	}
	return t.Up
}

// DownFrom returns the limits that apply to bytes from a peer, own among them; none if
// nothing is limited.
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

// Step returns how many bytes to request at a time under some limits: few at a low
// rate, so that they do not come in bursts.
func Step(limits []*Throttle) int64 {
	if len(limits) == 0 {
		return netproto.MaxPieceSize
	}
	step := int64(netproto.MaxDataBytes)
	for _, t := range limits {
		step = min(step, t.Frame())
	}
	return step
}

// TimeFor returns how long bytes take at a rate in bytes a second. A rate of 0 counts
// as 1 MB/s, so that an untried source is tried.
func TimeFor(bytes, rate int64) time.Duration {
	if rate <= 0 {
		rate = 1e6
	}
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}
