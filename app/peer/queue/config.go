package queue

import (
	"context"
	"log/slog"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Timing says how long downloads wait.
type Timing struct {
	Tick time.Duration // how often to look after the downloads
	Disk time.Duration // how often to try a disk that could not be used
	// A download that gets nothing for Idle leaves its place to another one. The
	// trackers are asked about a parked one after Scout, and each time a source
	// turns out to be none after twice as long, up to MaxScout.
	Idle, Scout, MaxScout time.Duration
	// A failed download is tried again after Retry, doubled each time up to MaxRetry.
	Retry, MaxRetry time.Duration
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{Tick: time.Second, Disk: 30 * time.Second, Idle: time.Minute, Scout: 15 * time.Second, MaxScout: 30 * time.Minute,
	Retry: 30 * time.Second, MaxRetry: time.Hour}

// retryAfter returns how long a download rests after it failed a number of times.
func (t *Timing) retryAfter(tries int) time.Duration {
	return min(t.Retry<<min(tries-1, 20), t.MaxRetry)
}

// Shares takes what becomes of finished downloads. Its methods may wait for the disk.
type Shares interface {
	// AddFetched shares what is at a path, whose files and hashes are known.
	AddFetched(path string, files []library.File, manifests []*piece.Manifest) error
	// Moved shares at another path what was shared at the old one, if it was.
	Moved(old, path string) error
	// StopPath takes the shares of a path back, if there are any.
	StopPath(path string)
}

// Config is what the queue needs of the peer. The functions that take no context
// must not wait.
type Config struct {
	Library *library.Library
	Swarms  *swarm.Swarms
	Shares  Shares
	Log     *slog.Logger
	Timing  Timing
	// Share reports whether finished downloads are shared; nil: never.
	Share  func() bool
	Joined func() bool // a tracker
	// Sources asks the trackers which peers other than this one have a content.
	Sources func(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
	// Trash moves a file or folder to the trash of the system, and may wait for the disk.
	Trash func(path string) error
	// Finished gets each download whose content is in its place; nil: nobody does.
	Finished func(library.Download)
	Notify   func() // something a person sees has changed
	Limit    int    // downloads that fetch at once
}
