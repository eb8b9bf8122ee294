package load

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// naming makes up names like those people share: few words are common, most are
// rare.
type naming struct {
	random *rand.Rand
	words  []string
	common *rand.Zipf
	made   int
	seed   uint64
	sample []string // one name of each batch
}

const syllables = "an ar be ca che co da de di el en er est fa go ha il in ka la le lo ma me mi mo na ne no on or pa pe ra re ri ro sa se shi so sta ta te ter ti to tra un va ve vi wa wo ze"

func newNaming(seed uint64) *naming {
	const vocabulary = 60_000
	shared := rand.New(rand.NewPCG(1, 2)) // all share one vocabulary
	parts := strings.Fields(syllables)
	n := &naming{random: rand.New(rand.NewPCG(seed, 3)), seed: seed}
	for range vocabulary {
		word := ""
		for range 2 + shared.IntN(3) {
			word += parts[shared.IntN(len(parts))]
		}
		n.words = append(n.words, word)
	}
	n.common = rand.NewZipf(n.random, 1.1, 4, vocabulary-1)
	return n
}

func (n *naming) word() string { return n.words[n.common.Uint64()] }

func (n *naming) batch() []netproto.Resource {
	rs := make([]netproto.Resource, netproto.MaxAnnounce)
	for i := range rs {
		n.made++
		name := fmt.Sprintf("%02d - %s %s %s (%d).mp3", n.random.IntN(30), n.word(), n.word(), n.word(), 1950+n.random.IntN(76))
		rs[i] = netproto.Resource{Hash: sha256.Sum256(fmt.Appendf(nil, "%d %d", n.seed, n.made)), Size: int64(n.random.IntN(1e8)), Name: name, MIME: "audio/mpeg"}
	}
	n.sample = append(n.sample, rs[n.random.IntN(len(rs))].Name)
	return rs
}

func searching(text string) []byte {
	return request(http.MethodGet, netproto.RouteResources+"?q="+url.QueryEscape(text), nil)
}

// query returns a search for something that exists, as people make them.
func (n *naming) query() []byte {
	_, name, _ := strings.Cut(n.sample[n.random.IntN(len(n.sample))], " - ")
	words := strings.Fields(name)
	switch n.random.IntN(4) {
	case 0:
		return searching(words[2] + " " + words[0])
	case 1:
		word := n.word()
		return searching(word[:min(3, len(word))]) // the first letters, while one types
	case 2:
		return searching(fmt.Sprintf("%q", words[0]+" "+words[1]))
	}
	return searching(n.word())
}

// BenchmarkMillion announces a million names over HTTPS, kills the tracker, starts it
// again and searches.
func BenchmarkMillion(b *testing.B) {
	const clients = 16
	batches := sized(1_000_000, 100_000) / netproto.MaxAnnounce / clients
	folder := b.TempDir()
	tracker := startServer(b, "unlimited", folder)
	bodies, names := make([][][]byte, clients), make([]*naming, clients)
	for n := range bodies {
		names[n] = newNaming(uint64(n))
		for range batches {
			bodies[n] = append(bodies[n], request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names[n].batch()}))
		}
	}
	wires := peers(b, tracker.address, 1, clients, true) // their leases begin
	announced := drive(b, b.Context(), wires, 0, func(worker, i int) []byte {
		if i == batches {
			return nil
		}
		return bodies[worker][i]
	})
	b.ReportMetric(announced.rate()*netproto.MaxAnnounce, "announced/s")
	clear(bodies)

	tracker.kill(b)
	began := time.Now()
	tracker = startServer(b, "unlimited", folder)
	drive(b, b.Context(), peers(b, tracker.address, 2, 1, false), 0, func(_, i int) []byte {
		if i > 0 {
			return nil
		}
		return request(http.MethodGet, netproto.RouteReady, nil)
	})
	b.ReportMetric(time.Since(began).Seconds(), "restart-s")
	if want, got := batches*clients*netproto.MaxAnnounce, resources(b, tracker.address); got != want {
		b.Errorf("%d resources were acknowledged, after the restart there are %d", want, got)
	}

	// From now on the tracker only answers.
	wires = peers(b, tracker.address, 4, 8, true)
	found := driveFor(b, sized(8*time.Second, 2*time.Second), wires, 0, func(worker, _ int) []byte { return names[worker].query() })
	b.ReportMetric(found.rate(), "searches/s")
	b.ReportMetric(found.percentile(50), "p50-ms")
	b.ReportMetric(found.percentile(99), "p99-ms")
	mended := driveFor(b, sized(5*time.Second, time.Second), wires[:1], 0, func(int, int) []byte { return searching(misspelt(names[0])) })
	b.ReportMetric(mended.percentile(99), "mended-p99-ms")
	b.ReportMetric(residentMiB(b, tracker.address), "RSS-MiB")
	b.ReportMetric(0, "ns/op")
}

// misspelt returns a word with one wrong letter.
func misspelt(n *naming) string {
	for {
		word := []byte(n.word())
		if len(word) < 6 {
			continue
		}
		word[1+n.random.IntN(len(word)-2)] = 'q'
		return string(word)
	}
}

// resources returns how many resources a tracker says it has.
func resources(b *testing.B, address string) int {
	b.Helper()
	body, err := peers(b, address, 3, 1, true)[0].must(request(http.MethodGet, netproto.RouteStats, nil))
	if err != nil {
		b.Fatal(err)
	}
	var stats netproto.Stats
	if err := json.Unmarshal(body, &stats); err != nil {
		b.Fatal(err)
	}
	return stats.Resources
}
