//go:build linux

package load

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// trick is a way in which a tracker attacks its peers.
type trick struct {
	name string
	slow bool
	// play makes the puppet do it; the victim is a port that has no part in anything.
	play  func(p *puppet, v *target)
	onTCP func(net.Conn) bool
	// dials is how often the victim may be dialled; calls how often the puppet may be
	// asked while the peer downloads; 0: 100 times
	dials, calls int64
}

// body answers every request of a kind with that text.
func body(kind string, text func() string) func(*puppet, *target) {
	return answering(kind, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, text())
	})
}

// Kinds of requests.
const (
	anything     = ""
	asksInfo     = "info"
	asksJoin     = "join"
	asksBeat     = "beat"
	asksAnnounce = "announce"
	asksSearch   = "search"
	asksContent  = "content"
	asksSources  = "sources"
	asksSeed     = "seed"
)

func kindOf(r *http.Request) string {
	switch path := r.URL.Path; {
	case path == netproto.RouteTracker:
		return asksInfo
	case path == netproto.RouteSelf:
		return asksJoin
	case path == netproto.RouteHeartbeat:
		return asksBeat
	case path == netproto.RouteResources && r.Method == http.MethodGet:
		return asksSearch
	case path == netproto.RouteResources:
		return asksAnnounce
	case strings.HasSuffix(path, "/peers"):
		return asksSources
	case path == netproto.RouteSeedResource || path == netproto.RouteSeedHeartbeat:
		return asksSeed
	}
	return asksContent
}

func answering(kind string, do http.HandlerFunc) func(*puppet, *target) {
	return func(p *puppet, _ *target) {
		p.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if kind != anything && kindOf(r) != kind {
				return false
			}
			do(w, r)
			return true
		}
	}
}

// refusal answers everything with a refusal that tells how long to wait.
func refusal(status int, code netproto.Code, after string) func(*puppet, *target) {
	return answering(anything, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", netproto.MediaTypeProblem)
		w.Header().Set("Retry-After", after)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"about:blank","title":"no","status":%d,"code":%q,"detail":"\u001b[31m%s"}`, status, code, strings.Repeat("x", 20_000))
	})
}

// naming names sources at those addresses, each with a key of its own that changes every
// time.
func naming(n int, addresses func(v *target) []string) func(*puppet, *target) {
	return func(p *puppet, v *target) {
		p.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if kindOf(r) != asksSources {
				return false
			}
			var answer netproto.SourcesResponse
			for range n {
				answer.Sources = append(answer.Sources, sourceAt(newIdentity(v.tb), addresses(v)...))
			}
			says(w, answer)
			return true
		}
	}
}

func (v *target) address() string { return v.Addr().String() }

func tricks() []trick {
	joined := func(text string) func(*puppet, *target) {
		return body(asksJoin, func() string { return text })
	}
	return []trick{
		{name: "a million sources", play: body(asksSources, func() string { return `{"sources":[` + strings.Repeat("{},", 1e6) + `{}]}` })},
		{name: "a million hits", play: body(asksSearch, func() string { return `{"items":[` + strings.Repeat("{},", 1e6) + `{}]}` })},
		{name: "a million names", play: body(asksContent, func() string { return `{"names":[` + strings.Repeat(`"a",`, 1e6) + `"a"]}` })},
		{name: "an answer that never ends", play: answering(anything, endless)},
		{name: "sources that never end", play: answering(asksSources, endless)},
		{name: "an answer of one byte a second", slow: true, play: answering(anything, trickle)},
		{name: "sources of one byte a second", play: answering(asksSources, trickle)},
		{name: "headers that never end", play: answering(anything, endlessHeader)},
		{name: "early hints without end", play: answering(asksSources, earlyHints)},
		{name: "no answer", slow: true, play: answering(anything, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{name: "no sources, and no answer about them", play: answering(asksSources, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{name: "no handshake", slow: true, onTCP: func(c net.Conn) bool { go io.Copy(io.Discard, c); return true }},
		{name: "plain HTTP where TLS belongs", onTCP: func(c net.Conn) bool {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			c.Close()
			return true
		}},
		{name: "connections that are reset", onTCP: func(c net.Conn) bool { c.(*net.TCPConn).SetLinger(0); c.Close(); return true }},
		{name: "a bomb of gzip", play: answering(anything, gzipBomb)},
		{name: "a bomb of gzip for sources", play: answering(asksSources, gzipBomb)},
		{name: "redirects", play: redirects},
		{name: "pages of HTML", play: answering(anything, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>\x1b[31m"+strings.Repeat("<p>", 1000))
		})},
		{name: "sources of another type", play: answering(asksSources, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			w.Write(make([]byte, 1000))
		})},
		{name: "JSON that is a million deep", play: body(asksSources, func() string { return strings.Repeat(`{"sources":[`, 100_000) })},
		{name: "JSON that is nothing", play: body(anything, func() string { return "null" })},
		{name: "JSON that is a list", play: body(anything, func() string { return "[]" })},
		{name: "no bytes at all", play: body(anything, func() string { return "" })},
		{name: "no content", play: answering(anything, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })},
		{name: "statuses that are none", play: answering(anything, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(999) })},
		{name: "negative numbers", play: numbers("-1")},
		{name: "numbers of 2^63", play: numbers("9223372036854775808")},
		{name: "numbers of 2^63-1", play: numbers("9223372036854775807")},
		{name: "numbers of 1e400", play: numbers("1e400")},
		{name: "leases of no time", play: joined(`{"heartbeat_seconds":0,"lease_seconds":0}`), calls: 200},
		{name: "leases of a hundred years", play: joined(`{"heartbeat_seconds":3153600000,"lease_seconds":3153600000}`)},
		{name: "leases of minus a day", play: joined(`{"heartbeat_seconds":-86400,"lease_seconds":-86400}`), calls: 200},
		{name: "an address that is none", play: joined(`{"observed_address":"\u001b[31m` + strings.Repeat("x", 30_000) + `","heartbeat_seconds":30}`)},
		{name: "a new id each time", play: func(p *puppet, _ *target) {
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if kindOf(r) != asksJoin {
					return false
				}
				says(w, netproto.JoinResponse{PeerID: netproto.PeerIDOf([]byte(time.Now().String())), HeartbeatSeconds: 1, LeaseSeconds: 3, Count: int(time.Now().UnixNano() % 1000), Digest: netproto.Digest(time.Now().UnixNano())})
				return true
			}
		}},
		{name: "heartbeats that say join", play: body(asksBeat, func() string { return `{"status":"join"}` })},
		{name: "heartbeats that say resync", play: body(asksBeat, func() string { return `{"status":"resync"}` })},
		{name: "heartbeats that say nothing known", play: body(asksBeat, func() string { return `{"status":"explode","stats":{"peers_online":-9,"bytes":-1}}` })},
		{name: "refusals of what is not there", play: body(asksAnnounce, func() string {
			return `{"accepted":-5,"refused":[{"index":-1,"code":"full"},{"index":9223372036854775807,"code":"x"},{"index":5,"code":"\u001b[31m"}]}`
		})},
		{name: "times of another clock", play: answering(asksContent, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
			io.WriteString(w, `{"hash":"`+strings.Repeat("ab", 32)+`","name":"x","size":1,"sources":1,"added":"9999-12-31T23:59:59Z","last_seen":"0000-01-01T00:00:00Z"}`)
		})},
		{name: "times that are none", play: body(asksContent, func() string { return `{"added":"yesterday"}` })},
		{name: "401 to everything", play: refusal(http.StatusUnauthorized, netproto.CodeCertificate, "0")},
		{name: "429 for a year", play: refusal(http.StatusTooManyRequests, netproto.CodeTooMany, "31536000")},
		{name: "429 for less than no time", play: refusal(http.StatusTooManyRequests, netproto.CodeTooMany, "-1")},
		{name: "503 until a date", play: refusal(http.StatusServiceUnavailable, netproto.CodeFull, "Fri, 31 Dec 9999 23:59:59 GMT")},
		{name: "503 for 2^63 seconds", play: refusal(http.StatusServiceUnavailable, netproto.CodeFull, "9223372036854775808")},
		{name: "500 with a code of its own", play: refusal(http.StatusInternalServerError, "\x1b[31mx", "1")},
		{name: "victims as sources", dials: 8, play: naming(100, func(v *target) []string { return []string{v.address()} })},
		{name: "victims eight times each", dials: 8, play: naming(100, func(v *target) []string { return slicesOf(8, v.address()) })},
		{name: "victims by name", dials: 0, play: naming(100, func(v *target) []string {
			return []string{"localhost:" + strings.Split(v.address(), ":")[1], "victim.example:80", "0x7f000001:80", "2130706433:80"}
		})},
		{name: "victims in other words", dials: 8, play: naming(100, func(v *target) []string { return []string{"[::ffff:127.0.0.1]:" + strings.Split(v.address(), ":")[1]} })},
		{name: "addresses of nobody", play: naming(100, func(*target) []string {
			return []string{"0.0.0.0:5000", "255.255.255.255:5000", "224.0.0.251:5353", "[ff02::fb]:5353", "[::]:5000", "127.0.0.1:0", "127.0.0.1:65536", ":", ":0", ":-1", ":99999", "", "x"}
		})},
		{name: "the peer itself as source", play: naming(50, func(*target) []string { return []string{":1", "127.0.0.1:1"} })},
		{name: "sources with keys that do not fit", dials: 0, play: func(p *puppet, v *target) {
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if kindOf(r) != asksSources {
					return false
				}
				s := sourceAt(newIdentity(v.tb), v.address())
				s.PeerID = newIdentity(v.tb).PeerID()
				says(w, netproto.SourcesResponse{Sources: []netproto.Source{s, {}}})
				return true
			}
		}},
	}
}

func slicesOf(n int, s string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	spaces := []byte(strings.Repeat(" ", 1<<16))
	for range 1 << 14 {
		if _, err := w.Write(spaces); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

func trickle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		io.WriteString(w, " ")
		w.(http.Flusher).Flush()
		wait(r.Context(), time.Second)
	}
}

// hijacked lets a handler write what it wants to a connection.
func hijacked(w http.ResponseWriter, do func(c net.Conn) error) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	for do(c) == nil {
	}
}

func endlessHeader(w http.ResponseWriter, _ *http.Request) {
	began := false
	hijacked(w, func(c net.Conn) error {
		text := strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 10)
		if !began {
			began, text = true, "HTTP/1.1 200 OK\r\n"+text
		}
		_, err := io.WriteString(c, text)
		return err
	})
}

func earlyHints(w http.ResponseWriter, _ *http.Request) {
	hijacked(w, func(c net.Conn) error {
		_, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
		return err
	})
}

// bomb is what becomes a gibibyte of spaces.
var bomb = sync.OnceValue(func() []byte {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	spaces := []byte(strings.Repeat(" ", 1<<20))
	for range some(256, 1024) {
		z.Write(spaces)
	}
	z.Close()
	return []byte(b.String())
})

func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	w.Write(bomb())
}

func redirects(p *puppet, v *target) {
	answering(anything, func(w http.ResponseWriter, r *http.Request) {
		status := []int{301, 302, 303, 307, 308}[p.calls.Load()%5]
		w.Header().Set("Location", "http://"+v.address()+r.URL.Path)
		w.WriteHeader(status)
	})(p, v)
}

// numbers puts a number wherever one belongs.
func numbers(n string) func(*puppet, *target) {
	all := fmt.Sprintf(`{"heartbeat_seconds":%[1]s,"lease_seconds":%[1]s,"count":%[1]s,"limits":{"announce":%[1]s,"page":%[1]s,"resources_per_peer":%[1]s},
		"hash":"%[2]s","name":"x","size":%[1]s,"sources":[],"peers_online":%[1]s,"bytes":%[1]s,"status":"ok","stats":{"peers_online":%[1]s,"bytes":%[1]s},"accepted":%[1]s}`, n, strings.Repeat("ab", 32))
	return body(anything, func() string { return all })
}

// A peer has a hostile tracker and an honest one. Whatever the hostile one does, what
// the honest one knows is found and fetched, a person reads what is wrong, and nobody
// is dialled who has no part in it.
func TestHostileTrackersHarmNoPeer(t *testing.T) {
	s := newStage(t)
	path := randomFile(t, filepath.Join(t.TempDir(), "wanted.bin"), liesSize, 201)
	_, link := s.share(path, nil)
	wanted, err := netproto.ParseLink(link)
	check(t, err)
	var cases, calls atomic.Int64
	t.Run("tricks", func(t *testing.T) {
		for i, k := range tricks() {
			if left(i, k.slow) {
				continue
			}
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				cases.Add(1)
				v := startTarget(t)
				p := startPuppet(t, k.onTCP)
				p.knows(wanted.Hash, "wanted.bin", liesSize, false)
				if k.play != nil {
					k.play(p, v)
				}
				to := t.TempDir()
				o := s.fetchWith(t, to, nil, wanted.Hash.String(), "--tracker", p.address, "--tracker", s.tracker)
				o.saved(t, path, to)
				bounded(t, taken{mib: 40}, o.most)
				if n := v.conns.Load(); n > k.dials {
					t.Errorf("the victim was dialled %d times", n)
				}
				if n := p.calls.Load(); n > max(k.calls, 100) {
					t.Errorf("the tracker was asked %d times in %s", n, o.took)
				}
				calls.Add(p.calls.Load())
				t.Logf("it took %.1f s, %.0f MiB, %d calls", o.took.Seconds(), o.most.mib, p.calls.Load())
			})
		}
	})
	fmt.Printf("tricks of trackers, in %d calls: tried %d\n", calls.Load(), cases.Load())
}
