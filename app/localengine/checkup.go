package localengine

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

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
	clock = netproto.Finding{Topic: netproto.TopicClock, State: netproto.FindingUnknown}
	clock.Say(netproto.Detail{Kind: netproto.DetailNoClock})
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
		f.Do = netproto.RemedyChooseTracker
		f.Say(netproto.Detail{Kind: netproto.DetailNoTracker})
		return f, clock
	}
	f.Say(netproto.Detail{Kind: netproto.DetailConnection, Word: string(cmp.Or(s.State, membership.StateNone))})
	if unreached != nil {
		f.Say(netproto.Detail{Kind: netproto.DetailError, Word: string(netproto.CodeOf(unreached))})
		return f, clock
	}
	ctx, cancel := context.WithTimeout(ctx, checkupAsks)
	defer cancel()
	best := time.Duration(-1)
	for range checkupRounds {
		began := time.Now()
		if _, err := tracker.Stats(ctx); err != nil {
			f.Do = netproto.RemedyTrackerSilent
			f.Say(netproto.Detail{Kind: netproto.DetailSilent, Word: string(netproto.CodeOf(coded(err)))})
			return f, clock
		}
		if took := time.Since(began); best < 0 || took < best {
			best = took
		}
	}
	f.State, f.Do = rateAnswers(best)
	f.Say(netproto.Detail{Kind: netproto.DetailAnswers, Number: best.Microseconds()}, netproto.Detail{Kind: netproto.DetailCalls, Number: oneIf(s.Calls)},
		netproto.Detail{Kind: netproto.DetailRelay, Number: oneIf(s.Relays)}, netproto.Detail{Kind: netproto.DetailLines, Number: int64(len(s.Lines))})
	if t, ok := tracker.(interface{ ClockAhead() (time.Duration, bool) }); ok {
		if ahead, known := t.ClockAhead(); known {
			clock = checkClock(ahead)
		}
	}
	return f, clock
}

// rateAnswers says whether a tracker that takes so long to answer is slow.
func rateAnswers(took time.Duration) (netproto.FindingState, netproto.Remedy) {
	if took > slowTracker {
		return netproto.FindingWarning, netproto.RemedyTrackerSlow
	}
	return netproto.FindingGood, ""
}

// checkClock says how far a clock is ahead of the tracker's.
func checkClock(ahead time.Duration) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicClock, State: netproto.FindingGood}
	seconds := ahead.Round(time.Second)
	if seconds.Abs() <= time.Second { // as exactly as that is known
		seconds = 0
	}
	f.Say(netproto.Detail{Kind: netproto.DetailClock, Number: int64(seconds / time.Second)})
	if ahead.Abs() > clockApart {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedySetClock
	}
	return f
}

func checkReach(n *node.Node) netproto.Finding {
	r, ways := n.Engine.Reachability(), n.Engine.Ways()
	f := netproto.Finding{Topic: netproto.TopicReach, State: netproto.FindingGood}
	f.Say(netproto.Detail{Kind: netproto.DetailReach, Word: string(cmp.Or(r.Verdict, netproto.VerdictUnknown))})
	if r.Reason != "" {
		f.Say(netproto.Detail{Kind: netproto.DetailReachReason, Word: string(r.Reason)})
	}
	if r.Advice != "" {
		f.Say(netproto.Detail{Kind: netproto.DetailAdvice, Word: string(r.Advice), Number: int64(n.Engine.Port())})
	}
	f.Say(netproto.Detail{Kind: netproto.DetailPort, Number: int64(n.Engine.Port())},
		netproto.Detail{Kind: netproto.DetailRouter, Word: string(n.Engine.RouterPort().Verdict)},
		netproto.Detail{Kind: netproto.DetailWays, Counts: []netproto.Count{{Of: "lan", Number: ways.LAN}, {Of: "direct", Number: ways.Direct},
			{Of: "router", Number: ways.Router}, {Of: "called", Number: ways.Called}, {Of: "relayed", Number: ways.Relayed}}})
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

// counted lists how often each value occurs.
func counted[K ~string](kind netproto.DetailKind, counts map[K]int) netproto.Detail {
	d := netproto.Detail{Kind: kind}
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		d.Counts = append(d.Counts, netproto.Count{Of: string(key), Number: counts[key]})
	}
	return d
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
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
	f.Say(counted(netproto.DetailDownloads, downloads), counted(netproto.DetailFailures, failures), counted(netproto.DetailShares, shares),
		netproto.Detail{Kind: netproto.DetailUploads, Number: int64(n.Engine.Uploads.Running())},
		netproto.Detail{Kind: netproto.DetailDownRate, Number: down}, netproto.Detail{Kind: netproto.DetailUpRate, Number: up})
	switch {
	case n.Engine.Err() != nil:
		f.State, f.Do = netproto.FindingBad, netproto.RemedyRestart
		f.Say(netproto.Detail{Kind: netproto.DetailStopped, Word: string(netproto.CodeOf(n.Engine.Err()))})
	case downloads[queue.StateFailed]+downloads[queue.StateNoSpace] > 0:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyRetryDownloads
	case shares[sharing.StateFailed]+shares[sharing.StateMissing] > 0:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyShareAgain
	}
	return f
}

func checkLimits(n *node.Node, s library.Settings) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicLimits, State: netproto.FindingGood}
	down, up, quick := s.DownLimit, s.UpLimit, n.Engine.QuickLimit()
	if quick {
		down, up = s.QuickDown, s.QuickUp
	}
	f.Say(netproto.Detail{Kind: netproto.DetailDownLimit, Number: down}, netproto.Detail{Kind: netproto.DetailUpLimit, Number: up},
		netproto.Detail{Kind: netproto.DetailQuickLimit, Number: oneIf(quick)},
		netproto.Detail{Kind: netproto.DetailDownloadsAtOnce, Number: int64(s.MaxDownloads)},
		netproto.Detail{Kind: netproto.DetailUploadsAtOnce, Number: int64(s.UploadSlots)})
	if down > 0 && down < lowLimit || up > 0 && up < lowLimit {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyRaiseLimit
	}
	return f
}

// checkHashing measures how fast contents are checked, from memory.
func checkHashing(ctx context.Context) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicHashing, State: netproto.FindingUnknown}
	began := time.Now()
	if _, err := piece.Hash(ctx, bytes.NewReader(make([]byte, hashedBytes)), hashedBytes, nil); err != nil {
		f.Say(netproto.Detail{Kind: netproto.DetailUnmeasured})
		return f
	}
	rate := hashedBytes / max(time.Since(began).Seconds(), 1e-6)
	f.State = netproto.FindingGood
	f.Say(netproto.Detail{Kind: netproto.DetailHashRate, Number: int64(rate)})
	if rate < slowHashing {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedySlowProcessor
	}
	return f
}
