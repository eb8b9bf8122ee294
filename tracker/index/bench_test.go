package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

// benchNames returns how many names the benchmarks use: INDEX_BENCH_NAMES, or a
// million.
func benchNames(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("INDEX_BENCH_NAMES"))
	if os.Getenv("INDEX_BENCH_NAMES") == "" {
		return 1_000_000
	}
	if err != nil {
		b.Fatal("INDEX_BENCH_NAMES is not a number:", err)
	}
	return n
}

// large is an index that the benchmarks share, with the cost of making it.
type large struct {
	*index.Index
	naming       *naming
	handles      []index.NameID
	names        []string
	build        time.Duration
	bytesPerName float64
	textPerName  float64
}

var theLarge = sync.OnceValue(func() func(b *testing.B) *large {
	var l *large
	return func(b *testing.B) *large {
		if l == nil {
			l = newLarge(benchNames(b))
		}
		return l
	}
})()

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func newLarge(n int) *large {
	l := &large{Index: index.New(), naming: newNaming(1, 60_000)}
	l.handles = make([]index.NameID, n)
	entries, sources := make([]index.Name, n), make([]int, n)
	popularity := rand.NewZipf(l.naming.random, 1.5, 1, 5000)
	text := 0
	for i := range entries {
		entries[i] = l.naming.entry()
		text += len(entries[i].Text)
		sources[i] = 1 + int(popularity.Uint64())
		if i%97 == 0 {
			l.names = append(l.names, entries[i].Text)
		}
	}
	l.textPerName = float64(text) / float64(n)
	before, start := heap(), time.Now()
	loaded := l.Bulk()
	for i, e := range entries {
		l.handles[i] = l.AddName(newContent(hash(i), epoch.Add(time.Duration(i)*time.Millisecond)), e)
		l.Count(index.Change{Online: sources[i]}, l.handles[i])
	}
	loaded()
	l.build = time.Since(start)
	l.bytesPerName = (heap() - before) / float64(n)
	runtime.KeepAlive(entries)
	return l
}

// BenchmarkBuild measures what an index costs: seconds to build it and bytes in
// memory for each name, without the text, which the caller has too.
func BenchmarkBuild(b *testing.B) {
	l := theLarge(b)
	for b.Loop() {
	}
	b.ReportMetric(l.build.Seconds(), "s/build")
	b.ReportMetric(l.bytesPerName, "B/name")
	b.ReportMetric(l.textPerName, "text-B/name")
	b.ReportMetric(0, "ns/op")
}

// pieceOf returns a part of an existing name, free of query syntax.
func (l *large) pieceOf(characters int) string {
	for {
		name := []rune(l.names[l.naming.random.IntN(len(l.names))])
		if len(name) < characters {
			continue
		}
		at := l.naming.random.IntN(len(name) - characters + 1)
		piece := string(name[at : at+characters])
		if !slices.ContainsFunc([]rune(piece), func(r rune) bool { return r == ' ' || r == '-' || r == '"' }) {
			return piece
		}
	}
}

// percentiles runs queries and reports the median and the 99th percentile of
// their times.
func percentiles(b *testing.B, queries int, next func() index.Query, search func(index.Query)) {
	took := make([]time.Duration, queries)
	for b.Loop() {
		for i := range took {
			q := next()
			start := time.Now()
			search(q)
			took[i] = time.Since(start)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e6, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func benchQuery(text string) index.Query {
	return index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSources, Limit: netproto.DefaultPage}
}

func BenchmarkSearch(b *testing.B) {
	l := theLarge(b)
	word := func() index.Query { return benchQuery(l.naming.word()) }
	sorted := func(sort netproto.Sort) func() index.Query {
		return func() index.Query {
			q := word()
			q.Sort = sort
			return q
		}
	}
	for _, c := range []struct {
		name string
		next func() index.Query
	}{
		{"word", word},
		{"common 3 letters", func() index.Query {
			return benchQuery([]string{"mp3", "ter", "the", "200", "che"}[l.naming.random.IntN(5)])
		}},
		{"3 letters", func() index.Query { return benchQuery(l.pieceOf(3)) }},
		{"12 characters", func() index.Query { return benchQuery(l.pieceOf(12)) }},
		{"two words", func() index.Query { return benchQuery(l.naming.word() + " " + l.naming.word()) }},
		{"beginning", func() index.Query { return benchQuery(l.pieceOf(1 + l.naming.random.IntN(2))) }},
		{"type and word", func() index.Query {
			q := word()
			q.Kind = netproto.KindFolder
			return q
		}},
		{"best of a word", sorted(netproto.SortBest)},
		{"best of two words", func() index.Query {
			q := benchQuery(l.naming.word() + " " + l.naming.word())
			q.Sort = netproto.SortBest
			return q
		}},
		{"best of common letters", func() index.Query {
			q := benchQuery([]string{"mp3 the", "ter 200", "the che", "a mp3", "ter"}[l.naming.random.IntN(5)])
			q.Sort = netproto.SortBest
			return q
		}},
		{"by name", sorted(netproto.SortName)},
		{"by size", sorted(netproto.SortSize)},
		{"by newest", sorted(netproto.SortNewest)},
		{"list by size of a range", func() index.Query {
			q := benchQuery("")
			q.Sort, q.MinSize = netproto.SortSize, l.naming.random.Int64N(5e6)
			return q
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			percentiles(b, 1000, c.next, func(q index.Query) {
				if _, err := l.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkAbsent searches for words that no name has, which includes the search
// for suggestions: some words have one.
func BenchmarkAbsent(b *testing.B) {
	l := theLarge(b)
	for _, characters := range []int{4, 5, 6, 8, 12} {
		b.Run(fmt.Sprintf("%d characters", characters), func(b *testing.B) {
			next := func() index.Query {
				for {
					piece := []rune(l.pieceOf(characters))
					piece[l.naming.random.IntN(characters)] = 'q'
					q := benchQuery(string(piece))
					if page, _ := l.Search(b.Context(), q); len(page.Hits) == 0 {
						return q
					}
				}
			}
			offered := 0
			percentiles(b, 300, next, func(q index.Query) {
				page, err := l.Search(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				offered += min(len(page.Suggestions), 1)
			})
			b.ReportMetric(float64(offered)/300/float64(b.N), "offered")
		})
	}
}

// BenchmarkInsert adds one name with a source while another goroutine searches.
func BenchmarkInsert(b *testing.B) {
	l := theLarge(b)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				l.Search(b.Context(), benchQuery("ter"))
			}
		}
	}()
	names := make([]index.Name, 50_000)
	for i := range names {
		names[i] = l.naming.entry()
	}
	var took []time.Duration
	i := 0
	for b.Loop() {
		i++
		start := time.Now()
		id := l.AddName(newContent(hash(10_000_000+i), epoch), names[i%len(names)])
		l.Count(index.Change{Online: 1}, id)
		took = append(took, time.Since(start))
	}
	close(stop)
	<-stopped
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Nanoseconds())/1e6, "max-ms")
	l.Close()
}
