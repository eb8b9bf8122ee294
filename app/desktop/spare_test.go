//go:build !darwin || cgo

package desktop

import (
	"testing"
	"time"
)

func TestSpareMemoryIsGivenBackAtRest(t *testing.T) {
	const mib = 1 << 20
	var s spare
	start := time.Now()
	for _, c := range []struct {
		at                      int    // seconds
		unused, live, allocated uint64 // MiB
		due                     bool
	}{
		{0, 200, 50, 300, false}, // much was allocated: a list grows
		{2, 200, 50, 303, true},
		{4, 90, 50, 304, false}, // just done
		{18, 20, 10, 305, false},
		{20, 40, 100, 306, false}, // a window at rest
		{22, 60, 100, 307, true},
		{40, 60, 100, 333, false},
		{42, 60, 100, 355, true},
	} {
		if due := s.due(start.Add(time.Duration(c.at)*time.Second), c.unused*mib, c.live*mib, c.allocated*mib); due != c.due {
			t.Errorf("after %d s with %d MiB of %d: %v", c.at, c.unused, c.live, due)
		}
	}
}
