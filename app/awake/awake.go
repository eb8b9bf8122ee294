// Package awake keeps the computer from falling asleep while something runs. Its screen
// may still go dark.
package awake

import (
	"io"
	"log/slog"
)

// Keeper keeps the computer awake while it is asked to. One goroutine uses it.
type Keeper struct {
	log   *slog.Logger
	stop  func() (io.Closer, error) // keeps the system awake until it is closed
	held  io.Closer                 // nil while nothing keeps it awake
	tried bool                      // since it was last asked to
}

// New returns a keeper that lets the computer sleep.
func New(log *slog.Logger) *Keeper { return &Keeper{log: log, stop: stopSleep} }

// Keep keeps the computer awake, or lets it sleep again. It may wait for the system for
// a few seconds. If the system does not let a program do that, the log says so.
func (k *Keeper) Keep(on bool) {
	if !on {
		k.tried = false
		if k.held != nil {
			k.held.Close()
			k.held = nil
		}
		return
	}
	if k.tried {
		return
	}
	k.tried = true
	held, err := k.stop()
	if err != nil {
		k.log.Info("the computer may fall asleep", "error", err)
		return
	}
	k.held = held
}
