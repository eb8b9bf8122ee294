package sharing

import (
	"testing"
	"time"
)

// Where scans are slow, the first shares are due again before the last ones had a scan.
func TestTheShareThatWaitsLongestIsScannedNext(t *testing.T) {
	now := time.Now()
	again, waits, busy, idle, later := &share{}, &share{}, &share{}, &share{}, &share{}
	ss := &Shares{list: []*share{again, busy, idle, later, waits}, due: map[*share]*due{
		again: {when: now.Add(-time.Second)}, waits: {when: now.Add(-time.Minute)}, busy: {when: now.Add(-time.Hour), busy: true},
		idle: {}, later: {when: now.Add(time.Hour)},
	}}
	ss.config.Timing.Rescan = 2 * time.Hour
	for _, want := range []*share{waits, again} {
		if s, _ := ss.next(); s != want {
			t.Errorf("%+v is next, not %+v", ss.due[s], ss.due[want])
		}
	}
	if s, wait := ss.next(); s != nil || wait > time.Hour || wait < time.Minute {
		t.Errorf("then %+v, or after %v", s, wait)
	}
}
