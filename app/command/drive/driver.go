// Package drive finds the peer that does the work of a command, and its trackers. That peer is
// the one that runs with the profile already, or one that the command opens.
package drive

import (
	"io"
	"log/slog"
	"time"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// Driver finds the peer and the trackers for a command.
type Driver struct {
	*screen.Screen
	In       io.Reader
	Trackers []string // as --tracker named them
	Profile  string   // the folder; "" for the default
}

// ProfileDir returns the folder of --profile, or the default one.
func (d *Driver) ProfileDir() (string, error) {
	if d.Profile != "" {
		return d.Profile, nil
	}
	dir, err := library.DefaultDir()
	if err != nil {
		err := netproto.Recode(netproto.CodeOf(err), err)
		err.Detail += ": choose one with --profile DIR"
		return "", err
	}
	return dir, nil
}

// AnswerTime bounds how long a command that was stopped, or that answers somebody, waits
// until that is done elsewhere. What is not done by then goes on at the next start.
const AnswerTime = 10 * time.Second

// Log returns the log of a peer that the command opens, which goes to stderr.
func (d *Driver) Log() *slog.Logger {
	level := slog.LevelError
	if d.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: level}))
}
