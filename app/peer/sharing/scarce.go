package sharing

import (
	"context"
	"time"

	"centralizedp2p/netproto/oserror"
)

// scarcePause is how long to wait before a file is opened again that could not be,
// because descriptors or memory were used up.
const scarcePause = 250 * time.Millisecond

// patiently does something again and again while descriptors or memory are scarce,
// until ctx ends: that says nothing about the file. waits, if not nil, learns of it.
func patiently(ctx context.Context, waits func(err error), do func() error) error {
	for {
		err := do()
		if err == nil || !oserror.Scarce(err) {
			return err
		}
		if waits != nil {
			waits(err)
		}
		pause := time.NewTimer(scarcePause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

// waits says once in a scan that it waits.
func (sc *scan) waits(err error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if !sc.waited {
		sc.waited = true
		sc.share.shares.config.Log.Warn("too many files are open: hashing waits until some are closed", "path", sc.record.Path, "error", err)
	}
}
