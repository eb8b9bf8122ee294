//go:build unix

package load

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
)

const mostNodes = 3

// BenchmarkGrowth measures a tracker of one, two and three nodes on one PostgreSQL that
// keeps what it commits on its disk. All share the processors, so what each request takes
// of the nodes' time, and of the database's, tells more than how many there are a second.
func BenchmarkGrowth(b *testing.B) {
	if os.Getenv(storeVariable) != "postgres" {
		b.Skip("a tracker has several nodes on PostgreSQL only")
	}
	first := map[string]float64{}
	for n := range mostNodes {
		g := &growing{B: b, database: pgtest.Start(b, "fsync=on")}
		g.nodes = runNodes(b, time.Minute, slices.Repeat([]string{g.database.Address()}, n+1)...)
		for _, f := range g.measure() {
			if n == 0 {
				first[f.what] = f.rate
			} else {
				b.ReportMetric(f.rate/first[f.what], fmt.Sprintf("%s-%d:1", f.what, n+1))
			}
			b.ReportMetric(f.rate, fmt.Sprintf("%s-%d/s", f.what, n+1))
			b.ReportMetric(f.nodes, fmt.Sprintf("%s-%d-nodes-µs", f.what, n+1))
			b.ReportMetric(f.database, fmt.Sprintf("%s-%d-database-µs", f.what, n+1))
		}
		if n+1 == mostNodes {
			b.ReportMetric(g.lag(), "lag-p99-ms")
			b.ReportMetric(g.bytesEach(), "B/resource")
			b.ReportMetric(g.logged, "log-B/resource")
		}
		for _, n := range g.nodes {
			n.kill(b)
		}
		g.database.Kill()
	}
	b.ReportMetric(0, "ns/op")
}

// growing is a tracker of some nodes.
type growing struct {
	*testing.B
	database *pgtest.Server
	nodes    []*node
	groups   int     // of peers
	names    *naming // of one of them
	logged   float64 // bytes of the database's log for a resource
}

// figure is how many requests of a kind were answered in a second, and the processor time
// of each in microseconds.
type figure struct {
	what                  string
	rate, nodes, database float64
}

// peers connects that many peers, spread over the nodes.
func (g *growing) peers(n int) (wires []*wire) {
	g.Helper()
	for i, node := range g.nodes {
		g.groups++
		wires = append(wires, peers(g.B, node.at, g.groups, (n+i)/len(g.nodes), true)...)
	}
	return wires
}

// spent returns the processor time of the nodes, and of the database, in microseconds.
func (g *growing) spent() (nodes, database float64) {
	g.Helper()
	for _, n := range g.nodes {
		nodes += metric(g, n.at, "process_cpu_seconds_total") * 1e6
	}
	return nodes, float64(g.database.Processor(g).Microseconds())
}

// figure measures requests, in which there are that many things each.
func (g *growing) figure(what string, things int, run func() result) figure {
	g.Helper()
	nodes, database := g.spent()
	r := run()
	nodesAfter, databaseAfter := g.spent()
	n := float64(len(r.took) * things)
	return figure{what, r.rate() * float64(things), (nodesAfter - nodes) / n, (databaseAfter - database) / n}
}

func (g *growing) measure() []figure {
	g.Helper()
	const announcers = 12
	var bodies [announcers][][]byte
	for n := range bodies {
		g.names = newNaming(uint64(n))
		for range sized(20, 5) {
			bodies[n] = append(bodies[n], request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: g.names.batch()}))
		}
	}
	long := sized(4*time.Second, time.Second)
	wires := g.peers(announcers)
	at := g.database.SQL(g, "select pg_current_wal_insert_lsn()")
	announces := g.figure("announces", netproto.MaxAnnounce, func() result {
		return drive(g.B, g.Context(), wires, 0, func(worker, i int) []byte {
			if i == len(bodies[worker]) {
				return nil
			}
			return bodies[worker][i]
		})
	})
	g.logged = g.number("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '"+at+"')") / float64(announcers*len(bodies[0])*netproto.MaxAnnounce)
	others := g.peers(30)
	beats := g.figure("beats", 1, func() result {
		return driveFor(g.B, long, others, 0, func(int, int) []byte { return beating })
	})
	searches := g.figure("searches", 1, func() result {
		return driveFor(g.B, long, others[:6], 0, func(int, int) []byte { return searching(g.names.words[0]) })
	})
	return []figure{announces, beats, searches}
}

// number returns what a statement prints.
func (g *growing) number(statement string) float64 {
	g.Helper()
	n, err := strconv.ParseFloat(g.database.SQL(g, statement), 64)
	if err != nil {
		g.Fatal(err)
	}
	return n
}

func (g *growing) bytesEach() float64 {
	g.Helper()
	return g.number("select pg_total_relation_size('cp2p_entries')::float / (select count(*) from cp2p_entries)")
}

// lag returns how long it takes until what one node has acknowledged is found at another
// one, in milliseconds, while others announce.
func (g *growing) lag() float64 {
	g.Helper()
	here := peers(g.B, g.nodes[0].at, 101, 1, true)[0]
	there := peers(g.B, g.nodes[1].at, 102, 1, true)[0]
	busy := g.peers(3)
	names := make([]*naming, len(busy))
	for n := range names {
		names[n] = newNaming(uint64(100 + n))
	}
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		drive(g.B, g.Context(), busy, 300*time.Millisecond, func(worker, _ int) []byte {
			select {
			case <-done:
				return nil
			default:
				return request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names[worker].batch()})
			}
		})
	}()
	var late result
	for i := range sized(400, 100) {
		r := netproto.Resource{Hash: sha256.Sum256(fmt.Append(nil, "late ", i)), Size: 1, Name: fmt.Sprint("late ", i)}
		if _, err := here.must(request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: []netproto.Resource{r}})); err != nil {
			g.Fatal(err)
		}
		began := time.Now()
		asking := request(http.MethodGet, strings.Replace(netproto.RouteResource, "{hash}", r.Hash.String(), 1), nil)
		for {
			status, _, err := there.ask(asking)
			if err != nil {
				g.Fatal(err)
			}
			if status == http.StatusOK {
				break
			}
		}
		late.took = append(late.took, time.Since(began))
	}
	close(done)
	<-stopped
	slices.Sort(late.took)
	return late.percentile(99)
}
