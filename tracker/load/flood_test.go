package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const floodKeys = 10_000

// flooder is a peer that ignores limits.
type flooder struct {
	address string
	source  int // of the group of sources that flood
	id      *identity.Identity
	bodies  [][]byte
}

// announce joins and announces that often, or until ctx ends. A flooder ignores the
// answers and reconnects whenever the tracker hangs up.
func (f flooder) announce(ctx context.Context, times int) (sent int) {
	var w *wire
	for sent < times && ctx.Err() == nil {
		if w == nil {
			var err error
			if w, err = dial(ctx, f.address, source(8, f.source), f.id); err != nil {
				w = nil
				sent++
				continue
			}
			w.ask(joining)
		}
		if _, _, err := w.ask(f.bodies[sent%len(f.bodies)]); err != nil {
			w.Close()
			w = nil
		}
		sent++
	}
	if w != nil {
		w.Close()
	}
	return sent
}

// flood is a part: one kind of flood at full speed until ctx ends or all keys have
// had their turn. Then it reports how many announces there were.
func flood(ctx context.Context, kind, address string) error {
	names := newNaming(77)
	var bodies [][]byte
	for range 20 {
		bodies = append(bodies, request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names.batch()}))
	}
	small := [][]byte{request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names.batch()[:10]})}
	sent := make(chan int, floodKeys)
	var group errgroup.Group
	group.SetLimit(32)
	begin := func(f flooder, times int) {
		group.Go(func() error {
			sent <- f.announce(ctx, times)
			return nil
		})
	}
	const forever = 1 << 40
	id, err := newIdentity()
	if err != nil {
		return err
	}
	switch kind {
	case "one key":
		for n := range 8 {
			begin(flooder{address, n, id, bodies}, forever) // from several addresses: the limit of the key is met
		}
	case "one address":
		for range 32 {
			if id, err = newIdentity(); err != nil {
				return err
			}
			begin(flooder{address, 20, id, bodies}, forever)
		}
	case "many keys":
		for n := 0; n < floodKeys && ctx.Err() == nil; n++ {
			if id, err = newIdentity(); err != nil {
				return err
			}
			begin(flooder{address, 40 + n%10, id, small}, 3)
		}
	default:
		return fmt.Errorf("there is no flood %q", kind)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	close(sent)
	all := 0
	for n := range sent {
		all += n
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

// BenchmarkFlood floods with announces from one key, from one address and from
// 10,000 keys, beside well-behaved peers, with the default limits.
func BenchmarkFlood(b *testing.B) {
	for _, kind := range []string{"one key", "one address", "many keys"} {
		b.Run(kind, func(b *testing.B) {
			tracker := startServer(b, "tracker", b.TempDir())
			good := peers(b, tracker.address, 7, goodPeers, true)
			full := sized(10*time.Second, 2*time.Second)
			alone := driveFor(b, full/2, good, goodPause, goodRequest)
			flooding := start(b, "flood", kind, tracker.address)
			ctx, cancel := context.WithTimeout(b.Context(), sized(time.Minute, 15*time.Second))
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				flooding.out.Scan() // once all keys have had their turn
				cancel()
			}()
			if kind != "many keys" {
				timer := time.AfterFunc(full, cancel)
				defer timer.Stop()
			}
			beside := drive(b, ctx, good, goodPause, goodRequest)
			cancel()
			b.ReportMetric(metric(b, tracker.address, "cp2p_refusals_total"), "refused")
			b.ReportMetric(metric(b, tracker.address, "cp2p_announced_total"), "announced")
			b.ReportMetric(alone.percentile(99), "alone-p99-ms")
			b.ReportMetric(beside.percentile(99), "p99-ms")
			b.ReportMetric(0, "ns/op")
			flooding.Process.Kill() // it may have ended
			<-ended
		})
	}
}
