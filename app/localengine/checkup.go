package localengine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
)

const (
	checkupRounds = 3                // questions to the tracker
	checkupAsks   = 10 * time.Second // for all of them
	slowTracker   = 500 * time.Millisecond
	clockApart    = time.Minute // expiries and leases are minutes

	hashedBytes = 64 << 20
	slowHashing = 200 << 20 // bytes a second: two full lines of 1 Gbit/s
	lowLimit    = 100_000   // bytes a second
)

// Checkup implements [face.Overview]. One runs at a time: it measures.
func (o *overview) Checkup(ctx context.Context) (netproto.Checkup, error) {
	select {
	case o.checking <- struct{}{}:
		defer func() { <-o.checking }()
	case <-ctx.Done():
		return netproto.Checkup{}, coded(ctx.Err())
	}
	settings, err := o.settings()
	if err != nil {
		return netproto.Checkup{}, err
	}
	return Checkup(ctx, o.node, settings, nil), nil
}

// Checkup finds out how a peer is doing. unreached is why no tracker could be asked; nil
// if that is what the peer itself knows.
func Checkup(ctx context.Context, n *node.Node, settings library.Settings, unreached error) netproto.Checkup {
	c := checkup.New()
	tracker, clock := checkTracker(ctx, n, unreached)
	c.Findings = []netproto.Finding{tracker, clock, checkReach(n), checkTransfers(n), checkLimits(n, settings),
		checkup.Disk(ctx, settings.DownloadDir), checkHashing(ctx), checkup.Files(), checkup.Memory(), n.Errors.Finding()}
	return c
}

// checkTracker asks the main tracker a few times, and compares the clocks.
func checkTracker(ctx context.Context, n *node.Node, unreached error) (f, clock netproto.Finding) {
	f = netproto.Finding{Topic: netproto.TopicTracker, State: netproto.FindingBad}
	clock = netproto.Finding{Topic: netproto.TopicClock, State: netproto.FindingUnknown, Fact: "no tracker says its time"}
	s, tracker := n.Engine.Trackers.Status(), n.Engine.Trackers.Main()
	if unreached == nil {
		unreached = s.Err
	}
	switch {
	case netproto.CodeOf(unreached) == netproto.CodeKeyChanged:
		f.Do = netproto.RemedyTrackerKey
	case unreached != nil:
		f.Do = netproto.RemedyTrackerSilent
	case tracker == nil:
		f.Fact, f.Do = "none is chosen", netproto.RemedyChooseTracker
		return f, clock
	}
	if unreached != nil {
		f.Fact = fmt.Sprintf("%s [%s]", cmp.Or(s.State, membership.StateNone), netproto.CodeOf(unreached))
		return f, clock
	}
	ctx, cancel := context.WithTimeout(ctx, checkupAsks)
	defer cancel()
	best := time.Duration(-1)
	for range checkupRounds {
		began := time.Now()
		if _, err := tracker.Stats(ctx); err != nil {
			f.Fact, f.Do = fmt.Sprintf("%s, but it does not answer [%s]", s.State, netproto.CodeOf(coded(err))), netproto.RemedyTrackerSilent
			return f, clock
		}
		if took := time.Since(began); best < 0 || took < best {
			best = took
		}
	}
	f.State = netproto.FindingGood
	f.Fact = fmt.Sprintf("%s, answers in %s, calls %t, relay %t, lines %d", s.State, best.Round(100*time.Microsecond), s.Calls, s.Relays, len(s.Lines))
	if best > slowTracker {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyTrackerSlow
	}
	if t, ok := tracker.(interface{ ClockAhead() (time.Duration, bool) }); ok {
		if ahead, known := t.ClockAhead(); known {
			clock = checkClock(ahead)
		}
	}
	return f, clock
}

// checkClock says how far a clock is ahead of the tracker's.
func checkClock(ahead time.Duration) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicClock, State: netproto.FindingGood}
	switch seconds := ahead.Round(time.Second); {
	case seconds > time.Second:
		f.Fact = seconds.String() + " ahead of the tracker's"
	case seconds < -time.Second:
		f.Fact = (-seconds).String() + " behind the tracker's"
	default:
		f.Fact = "as the tracker's, to a second"
	}
	if ahead.Abs() > clockApart {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedySetClock
	}
	return f
}

func checkReach(n *node.Node) netproto.Finding {
	r, ways := n.Engine.Reachability(), n.Engine.Ways()
	f := netproto.Finding{Topic: netproto.TopicReach, State: netproto.FindingGood}
	f.Fact = string(cmp.Or(r.Verdict, netproto.VerdictUnknown))
	for _, more := range []string{string(r.Reason), string(r.Advice)} {
		if more != "" {
			f.Fact += ", " + more
		}
	}
	router := n.Engine.RouterPort()
	f.Fact += fmt.Sprintf(", port %d, router %s; connections: lan %d, direct %d, router %d, called %d, relayed %d", n.Engine.Port(),
		cmp.Or(string(router.Verdict), "not asked"), ways.LAN, ways.Direct, ways.Router, ways.Called, ways.Relayed)
	switch r.Verdict {
	case netproto.VerdictReachable, netproto.VerdictRouter:
	case netproto.VerdictUnknown, "":
		f.State = netproto.FindingUnknown
	case netproto.VerdictUnreachable:
		f.State, f.Do = netproto.FindingBad, netproto.RemedyOpenPort
	default:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyOpenPort
	}
	return f
}

// counted writes how often each value occurs: "failed 2, paused 1".
func counted[K cmp.Ordered](counts map[K]int) string {
	var said []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		said = append(said, fmt.Sprintf("%v %d", key, counts[key]))
	}
	return cmp.Or(strings.Join(said, ", "), "none")
}

func checkTransfers(n *node.Node) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicTransfers, State: netproto.FindingGood}
	downloads, failures, shares := map[queue.State]int{}, map[netproto.Code]int{}, map[sharing.State]int{}
	for _, d := range n.Engine.Downloads.List() {
		downloads[d.State]++
		if d.Err != nil {
			failures[netproto.CodeOf(d.Err)]++
		}
	}
	for _, s := range n.Engine.Shares.List() {
		shares[s.State]++
	}
	down, up := n.Engine.Rates()
	f.Fact = fmt.Sprintf("downloads: %s; their failures: %s; shares: %s; uploads: %d; down %s/s, up %s/s", counted(downloads), counted(failures),
		counted(shares), n.Engine.Uploads.Running(), humanize.Bytes(uint64(max(down, 0))), humanize.Bytes(uint64(max(up, 0))))
	switch {
	case n.Engine.Err() != nil:
		f.State, f.Do = netproto.FindingBad, netproto.RemedyRestart
		f.Fact += fmt.Sprintf("; stopped: [%s]", netproto.CodeOf(n.Engine.Err()))
	case downloads[queue.StateFailed]+downloads[queue.StateNoSpace] > 0:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyRetryDownloads
	case shares[sharing.StateFailed]+shares[sharing.StateMissing] > 0:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyShareAgain
	}
	return f
}

func checkLimits(n *node.Node, s library.Settings) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicLimits, State: netproto.FindingGood}
	limit := func(bytes int64) string {
		if bytes == 0 {
			return "none"
		}
		return humanize.Bytes(uint64(bytes)) + "/s"
	}
	down, up, quick := s.DownLimit, s.UpLimit, n.Engine.QuickLimit()
	if quick {
		down, up = s.QuickDown, s.QuickUp
	}
	f.Fact = fmt.Sprintf("down %s, up %s, quick limit %t; at once: %d downloads, %d uploads", limit(down), limit(up), quick, s.MaxDownloads, s.UploadSlots)
	if down > 0 && down < lowLimit || up > 0 && up < lowLimit {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyRaiseLimit
	}
	return f
}

// checkHashing measures how fast contents are checked, from memory.
func checkHashing(ctx context.Context) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicHashing, State: netproto.FindingUnknown, Fact: "not measured"}
	began := time.Now()
	if _, err := piece.Hash(ctx, bytes.NewReader(make([]byte, hashedBytes)), hashedBytes, nil); err != nil {
		return f
	}
	rate := hashedBytes / max(time.Since(began).Seconds(), 1e-6)
	f.State, f.Fact = netproto.FindingGood, humanize.Bytes(uint64(rate))+"/s"
	if rate < slowHashing {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedySlowProcessor
	}
	return f
}
