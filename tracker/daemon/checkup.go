package daemon

import (
	"fmt"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
)

// slowStore is how long the store of a healthy tracker takes for its counts at most.
const slowStore = 500 * time.Millisecond

// checkup answers with how the tracker is doing.
func (c *control) checkup(r *http.Request) (any, error) {
	report := checkup.New()
	report.Findings = append([]netproto.Finding{c.checkStore(r)}, c.checkDatabase(r)...)
	report.Findings = append(report.Findings, c.checkLinks(), checkup.Disk(r.Context(), c.data), checkup.Files(), checkup.Memory(), c.last.Finding())
	return report, nil
}

// checkDatabase says how a database is that several nodes share.
func (c *control) checkDatabase(r *http.Request) (list []netproto.Finding) {
	for _, fact := range c.owner.Examine(r.Context()) {
		list = append(list, netproto.Finding{Topic: netproto.TopicTracker, State: fact.State, Fact: fact.Text})
	}
	return list
}

func (c *control) checkStore(r *http.Request) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicTracker}
	began := time.Now()
	stats, err := c.owner.Stats(r.Context())
	if err != nil {
		f.State, f.Do, f.Fact = netproto.FindingBad, netproto.RemedyReadLog, fmt.Sprintf("its store does not work [%s]", netproto.CodeOf(err))
		return f
	}
	took := time.Since(began)
	f.Fact = fmt.Sprintf("peers online %d, known %d, seed clients %d, contents %d, %s; its store answers in %s", stats.PeersOnline, stats.PeersKnown,
		stats.SeedPeers, stats.Resources, humanize.Bytes(uint64(max(stats.Bytes, 0))), took.Round(10*time.Microsecond))
	f.State, f.Do = rateStore(took)
	return f
}

// rateStore says whether a store that takes so long for its counts is slow.
func rateStore(took time.Duration) (netproto.FindingState, netproto.Remedy) {
	if took > slowStore {
		return netproto.FindingWarning, netproto.RemedySlowDisk
	}
	return netproto.FindingGood, ""
}

// checkLinks says whether others can use its links.
func (c *control) checkLinks() netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicReach, State: netproto.FindingGood, Fact: "its links work for others"}
	if c.links.LinkProblem() != LinkUsable {
		f.State, f.Do, f.Fact = netproto.FindingWarning, netproto.RemedyPublicURL, "its links work on this computer only"
	}
	return f
}
