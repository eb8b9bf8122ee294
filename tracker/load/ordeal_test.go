package load

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/server/admission"
)

// ordealMemory is the budget of the tracker in BenchmarkOrdeal.
const ordealMemory = 1 << 30

// refusedPause is how long an attacker waits after a refusal: here he shares his
// processors with the tracker, and all that he can do otherwise is to keep both
// busy with refusals.
const refusedPause = 20 * time.Millisecond

func serveOrdeal(ctx context.Context, folder string) error {
	limits := admission.DefaultLimits()
	limits.Memory = ordealMemory
	return serveTracker(ctx, folder, limits)
}

// worstQuestions take as many looks as a search can have, none of them in vain.
func worstQuestions() []string {
	but := func(kind string) string {
		var text strings.Builder
		for _, k := range strings.Fields("video audio image document archive program folder other") {
			if k != kind {
				text.WriteString("-type:" + k + " ")
			}
		}
		return text.String()
	}
	fill := func(text, unit string) string {
		return text + strings.Repeat(unit, (netproto.MaxQueryBytes-len(text))/len(unit))
	}
	return []string{
		fill(but(""), "-o "), // no kind is left
		but("audio") + `-mp3`,
		but("audio") + `-"mp3" -ka -la -ma -na -pa -ra -sa -ta -va -a -e -o -u -i`,
		`mp3 -".mp3"`, "(19 (20 -mp3 -x -y -z", "mp3 ter che sta -mp3", // frequent terms, and nothing fits
		"anarbez cachecoz dadediz elenerz estfagoz hailinz kalalez lilolaz mamemiz monanez noonorz paperez rarerio", // typing errors
		"-h", `1 2 0 9 -"."`,
	}
}

// attacker sends the worst that he knows over one connection, until ctx ends, and
// ignores that he is refused.
type attacker struct {
	address string
	n       int
	sent    *atomic.Int64
}

// plain asks over plain HTTP without reading more than he must.
func (a attacker) plain(ctx context.Context, next func(i int) []byte) {
	for i := 0; ctx.Err() == nil; {
		conn, err := dialTCP(ctx, a.address, source(20+a.n%4, a.n))
		if err != nil {
			continue
		}
		in := bufio.NewReader(conn)
		for ctx.Err() == nil {
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Write(next(i)); err != nil {
				break
			}
			i++
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				break
			}
			a.sent.Add(1)
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				break
			}
			if resp.StatusCode != http.StatusOK {
				pause(ctx, refusedPause)
			}
		}
		conn.Close()
	}
}

// secure does the same with a key, which joins first.
func (a attacker) secure(ctx context.Context, id *identity.Identity, next func(i int) []byte) {
	for i := 0; ctx.Err() == nil; {
		w, err := dial(ctx, a.address, source(20+a.n%4, a.n), id)
		if err != nil {
			pause(ctx, refusedPause)
			continue
		}
		w.ask(joining)
		for ctx.Err() == nil {
			status, _, err := w.ask(next(i))
			if err != nil {
				break
			}
			i++
			a.sent.Add(1)
			if status != http.StatusOK {
				pause(ctx, refusedPause)
			}
		}
		w.Close()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// hugeNames is an announce of made-up contents with the longest names and media
// types, which all differ.
func hugeNames() []byte {
	rs := make([]netproto.Resource, 200)
	for i := range rs {
		rand.Read(rs[i].Hash[:])
		text := fmt.Sprintf("%x", rs[i].Hash)
		rs[i].Name = strings.Repeat(text, 4)[:netproto.MaxNameBytes]
		rs[i].MIME = "a/" + (text + text)[:netproto.MaxMIMEBytes-2]
	}
	return request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: rs})
}

// seedBomb registers rows of the largest size and asks for all of them.
func seedBomb(i int) []byte {
	if i%8 == 0 {
		return request(http.MethodGet, netproto.RouteSeedResource, map[string]string{})
	}
	row := map[string]any{
		"peer_id": uuid.NewString(), "peer_ip": "127.0.0.1", "peer_port": 3000, "resource_path": strings.Repeat("ü", 512),
		"resource_name": strings.Repeat("\x01", netproto.MaxNameBytes), "resource_hash": fmt.Sprintf("%0128d", i),
	}
	return request(http.MethodPost, netproto.RouteSeedResource, row)
}

// ordeal is a part: 64 connections from as many addresses, each with one of the worst
// things a stranger can do, until ctx ends.
func ordeal(ctx context.Context, address string) error {
	var questions [][]byte
	for _, q := range worstQuestions() {
		questions = append(questions, request(http.MethodGet, "/?q="+url.QueryEscape(q), nil), searching(q))
	}
	ask := func(i int) []byte { return questions[2*i%len(questions)] }
	search := func(i int) []byte { return questions[(2*i+1)%len(questions)] }
	var group errgroup.Group
	var sent atomic.Int64
	for n := range 64 {
		a := attacker{address, n, &sent}
		id, err := newIdentity()
		if err != nil {
			return err
		}
		group.Go(func() error {
			switch n % 4 {
			case 0:
				a.plain(ctx, func(i int) []byte { return ask(i + n) })
			case 1:
				a.secure(ctx, id, func(i int) []byte { return search(i + n) })
			case 2:
				a.secure(ctx, id, func(int) []byte { return hugeNames() })
			case 3:
				a.plain(ctx, seedBomb)
			}
			return nil
		})
	}
	group.Wait() // no attacker fails
	return json.NewEncoder(os.Stdout).Encode(sent.Load())
}

// BenchmarkOrdeal asks ordinary searches and sends heartbeats while 64 connections
// ask the worst questions, fill the memory, and ask for the largest lists.
func BenchmarkOrdeal(b *testing.B) {
	tracker := startServer(b, "ordeal-tracker", b.TempDir())
	const sharers = 16
	batches := sized(200_000, 50_000) / netproto.MaxAnnounce / sharers
	names := make([]*naming, sharers)
	for n := range names {
		names[n] = newNaming(uint64(n))
	}
	drive(b, b.Context(), peers(b, tracker.address, 1, sharers, true), 0, func(worker, i int) []byte {
		if i == batches {
			return nil
		}
		return request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names[worker].batch()})
	})
	searchers, beaters := peers(b, tracker.address, 7, goodPeers, true), peers(b, tracker.address, 8, goodPeers, true)
	both := append(searchers, beaters...)
	next := func(worker, _ int) []byte {
		if worker < goodPeers {
			return names[worker].query()
		}
		return beating
	}
	full := sized(time.Minute, 10*time.Second)
	run := func(d time.Duration) (searches, beats result) {
		ctx, cancel := context.WithTimeout(b.Context(), d)
		defer cancel()
		each := driveEach(b, ctx, both, goodPause, next)
		return joined(each[:goodPeers]), joined(each[goodPeers:])
	}
	aloneSearches, aloneBeats := run(full / 6)

	attack := start(b, "ordeal", tracker.address)
	most := 0.0
	watched, watch := context.WithCancel(b.Context())
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		for watched.Err() == nil {
			if mib, err := residentOf(tracker.Process.Pid); err == nil {
				most = max(most, mib)
			}
			pause(watched, 100*time.Millisecond)
		}
	}()
	searches, beats := run(full)
	watch()
	<-seen
	b.ReportMetric(aloneSearches.percentile(99), "alone-search-p99-ms")
	b.ReportMetric(aloneBeats.percentile(99), "alone-beat-p99-ms")
	b.ReportMetric(searches.percentile(99), "search-p99-ms")
	b.ReportMetric(beats.percentile(99), "beat-p99-ms")
	b.ReportMetric(most, "RSS-MiB")
	b.ReportMetric(most/(ordealMemory>>20), "RSS-ratio")
	b.ReportMetric(metric(b, tracker.address, "cp2p_refusals_total"), "refused")
	b.ReportMetric(metric(b, tracker.address, "cp2p_index_names"), "names")
	b.ReportMetric(0, "ns/op")
	attack.Process.Kill() // it ends with the benchmark anyway
}

// residentOf returns the MiB of memory that a process takes, on Linux.
func residentOf(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0, err
	}
	return float64(resident*os.Getpagesize()) / (1 << 20), nil
}
