//go:build unix

package load

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clusterVariable has the campaigns run, which need what .ci/setup cluster installs, and
// says how large they are: "peers=N resources=N kills=N failovers=N cuts=N roles=N".
const clusterVariable = "CP2P_CLUSTER"

// Bounds of what peers notice. The first two are the aims; a machine that is busy gets more.
const (
	killNoticed     = 3 * time.Second
	failoverNoticed = 5 * time.Second // after the promotion
	cutNoticed      = 8 * time.Second // a failover must not take a node out of the balancer, so it waits for 5 s
)

type campaign struct{ peers, resources, kills, failovers, cuts, roles int }

func campaignOf(t *testing.T) campaign {
	t.Helper()
	text := os.Getenv(clusterVariable)
	if text == "" {
		t.Skip(".ci/cluster runs this")
	}
	var c campaign
	if _, err := fmt.Sscanf(text, "peers=%d resources=%d kills=%d failovers=%d cuts=%d roles=%d",
		&c.peers, &c.resources, &c.kills, &c.failovers, &c.cuts, &c.roles); err != nil {
		t.Fatalf("%s=%q: %v", clusterVariable, text, err)
	}
	return c
}

// A node is killed at random while peers use the tracker: no peer is without an answer for
// long, and nothing that was acknowledged is missing after one interval of heartbeats. Then
// the primary of the database is killed and its standby promoted. Then a node is cut from the
// database, says so, and heals. At last two nodes share the work between them.
func TestClusterOutlivesItsParts(t *testing.T) {
	size := campaignOf(t)
	// All peers together do this much a second, or each something every second.
	const most = 250
	pause := time.Duration((size.peers+most-1)/most) * time.Second
	c := startCluster(t, 2*pause)
	k := c.startCrowd(size.peers, size.resources, pause)
	defer k.stop()
	k.verify(true)
	k.killNodes(size.kills)
	k.failOver(size.failovers)
	k.cutOff(size.cuts)
	k.splitWork(size.roles)
	k.stop()
}

// row prints a line of the table of .ci/cluster.
func (k *crowd) row(what string, times int, worst time.Duration, allowed time.Duration) {
	k.Helper()
	fmt.Printf("CLUSTER|%s|%d|%.2f|%.2f|%d|%d|%d|%d\n", what, times, worst.Seconds(), allowed.Seconds(),
		k.requests.Swap(0), k.failures.Swap(0), k.resyncs.Swap(0), k.rejoins.Swap(0))
	if worst > allowed {
		k.Errorf("%s: a peer was without an answer for %v, %v are allowed: %v", what, worst, allowed, k.reason.Load())
	}
}

func (k *crowd) killNodes(times int) {
	k.Helper()
	k.longest.Store(0)
	k.whole.Store(true)
	defer k.whole.Store(false)
	for left := times; left > 0; left-- {
		n := k.nodes[rand.IntN(len(k.nodes))]
		time.Sleep(rand.N(time.Second)) // the instant of the kill is what is random here
		n.kill(k)
		time.Sleep(rand.N(2 * time.Second))
		n.run(k)
		k.until("the node is back", func() bool { status, _ := n.ready(k); return status == http.StatusOK })
		k.verify(left == 1)
	}
	if times > 0 {
		k.row("a node killed", times, time.Duration(k.longest.Swap(0)), killNoticed)
	}
}

func (k *crowd) failOver(times int) {
	k.Helper()
	var worst time.Duration
	for left := times; left > 0; left-- {
		time.Sleep(rand.N(time.Second))
		k.primary.Kill()
		time.Sleep(rand.N(2 * time.Second)) // until somebody notices
		k.standby.Promote(k)
		promoted := time.Now()
		k.point(k.standby)
		k.until("a change is taken again", func() bool {
			u := k.users[rand.IntN(len(k.users))]
			u.mu.Lock()
			defer u.mu.Unlock()
			for {
				if r := u.ask(); u.asked.joined {
					return k.use(k.Context(), u, r) == nil
				}
			}
		})
		worst = max(worst, time.Since(promoted))
		k.primary.Follow(k, k.standby)
		k.primary, k.standby = k.standby, k.primary
		for _, n := range k.nodes {
			// Ready is one that was up to date a moment ago, too: it need not know of the failover.
			k.until("the node has all that the new primary has", func() bool {
				ago := time.Since(promoted).Seconds()
				status, _ := n.ready(k)
				return status == http.StatusOK && metric(k, n.at, "cp2p_shared_lag_seconds") < ago
			})
		}
		k.verify(left == 1)
		for _, n := range k.nodes {
			k.until("the node speaks with the others", func() bool { return metric(k, n.at, "cp2p_shared_apart") == 0 })
		}
	}
	if times > 0 {
		k.row("the primary killed, from the promotion", times, worst, failoverNoticed)
	}
}

// cutOff has the database of a node fall silent.
func (k *crowd) cutOff(times int) {
	k.Helper()
	n := k.nodes[2]
	k.longest.Store(0)
	for left := times; left > 0; left-- {
		k.bouncer.Process.Signal(syscall.SIGSTOP)
		k.until("the node says that it is without its database", func() bool {
			status, said := n.ready(k)
			return status == http.StatusServiceUnavailable && strings.Contains(said, "store-away")
		})
		k.bouncer.Process.Signal(syscall.SIGCONT)
		k.until("the node heals", func() bool { status, _ := n.ready(k); return status == http.StatusOK })
		k.verify(left == 1)
	}
	if times > 0 {
		k.row("a node cut from the database", times, time.Duration(k.longest.Swap(0)), cutNoticed)
	}
}
