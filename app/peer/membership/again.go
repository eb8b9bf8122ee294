package membership

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"

	"centralizedp2p/netproto"
)

// How long a lost tracker is left alone.

const (
	// maxAskedToWait bounds how long a tracker can ask to be left alone.
	maxAskedToWait = 10 * time.Minute
	// noWayRetry is the longest wait, ± a quarter, for a tracker to which there is no way.
	noWayRetry = 6 * time.Second
	// silentRetry is the same for a tracker that does not answer at all, for as long as
	// silentNews: mostly a router hangs, and swallows what is sent.
	silentRetry = 2 * time.Second
	silentNews  = 5 * time.Minute
)

// back says that the tracker is there again, if it was lost: at first without a line only
// if none will come.
func (m *membership) back() {
	if m.broke.Swap(false) {
		m.config.Back()
	}
}

// longest bounds how long a tracker that was lost at some time is left alone.
func (m *membership) longest(err error, lost time.Time) time.Duration {
	switch {
	case noWay(err):
		return noWayRetry
	case isSilence(err) && time.Since(lost) < silentNews:
		return silentRetry
	}
	return m.config.Timing.MaxRetry
}

// isSilence reports whether nothing came, not even a refusal.
func isSilence(err error) bool {
	return slices.ContainsFunc(silences, func(late error) bool { return errors.Is(err, late) })
}

// silences are the errors that say so. The number is WSAETIMEDOUT.
var silences = []error{context.DeadlineExceeded, os.ErrDeadlineExceeded, syscall.ETIMEDOUT, syscall.Errno(10060)}

// noWay reports whether this computer, or a router, had no way to the tracker: that is
// mostly a fault near by, and trying again soon burdens nobody.
func noWay(err error) bool {
	return slices.ContainsFunc(noWays, func(no syscall.Errno) bool { return errors.Is(err, no) })
}

// noWays are the errors of a dial that say so. Windows has numbers of its own, which the
// portable names do not match: WSAENETDOWN, WSAENETUNREACH and WSAEHOSTUNREACH.
var noWays = []syscall.Errno{syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTUNREACH, 10050, 10051, 10065}

// jitter varies a time by a quarter, so that peers that lost a tracker together do
// not all return together.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}

// askedToWait returns how long the tracker wants to be left alone; 0 if it did not
// say so.
func askedToWait(err error) time.Duration {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return min(e.RetryAfter, maxAskedToWait)
	}
	return 0
}
