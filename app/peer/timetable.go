package peer

import (
	"context"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto/pulse"
)

// keepTimetable turns the quick limit on when a time of the timetable begins, and off
// when it ends. What the person chooses in between holds until then.
func (e *Engine) keepTimetable(ctx context.Context) error {
	tick := pulse.NewTicker(e.timing.look)
	defer tick.Stop()
	var before library.Timetable
	held := false
	for {
		step := e.changes.nextStep() // other settings
		wall, _ := e.around.clock()
		table := e.timetable()
		if holds := table.Holds(wall); holds != held || holds && table != before {
			e.SetQuickLimit(holds)
			e.changes.step()
			held = holds
		}
		before = table
		tick.Rest(table.Holds(wall.Add(pulse.Slow*e.timing.look)) == held)
		select {
		case <-ctx.Done():
			return nil
		case <-step:
		case <-tick.C:
		}
	}
}

func (e *Engine) timetable() library.Timetable {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.Timetable
}

// Awake keeps the computer awake. Its method may wait for the system.
type Awake interface {
	// Keep keeps the computer awake, or lets it sleep.
	Keep(on bool)
}

// awakeFor is how many looks the computer is kept awake after the last byte: a transfer
// may pause between two sources.
const awakeFor = 60

// stayAwake keeps the computer awake while bytes flow, if the settings say so.
func (e *Engine) stayAwake(ctx context.Context) error {
	tick := pulse.NewTicker(e.timing.look)
	defer tick.Stop()
	defer e.config.Awake.Keep(false)
	quiet := awakeFor
	for {
		if down, up := e.Rates(); down > 0 || up > 0 {
			quiet = 0
		} else {
			quiet = min(quiet+1, awakeFor)
		}
		e.config.Awake.Keep(quiet < awakeFor && e.setting(func(s *library.Settings) bool { return s.KeepAwake }))
		tick.Rest(quiet == awakeFor) // no computer falls asleep within seconds
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
