//go:build linux

package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// What a hostile tracker can have a peer do over a time: whom it dials, and how often it
// asks.
func TestHostileTrackersHaveNobodyDialledOften(t *testing.T) {
	s := newStage(t)
	path := randomFile(t, filepath.Join(t.TempDir(), "wanted.bin"), liesSize, 202)
	sharer, link := s.shareAt(t, path)
	wanted, err := netproto.ParseLink(link)
	check(t, err)
	lasts := time.Duration(some(0, 75)) * time.Second // before the honest source can be reached
	var tried atomic.Int64
	for name, c := range map[string]struct {
		targets int
		all     int64 // dials in a minute
		name    func(all []string) []string
	}{
		"one victim with many keys": {1, 4, func(all []string) []string { return all }},
		"fifty victims":             {50, 60, func(all []string) []string { return all[time.Now().UnixNano()%50:][:1] }},
		"eight victims a source":    {50, 60, func(all []string) []string { return all[time.Now().UnixNano()%42:][:8] }},
	} {
		if c.targets > 1 && !hostileFull() {
			continue // the honest source has to wait for the next minute of the budget
		}
		tried.Add(1)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []*target
			var addresses []string
			for range c.targets {
				v := startTarget(t)
				all, addresses = append(all, v), append(addresses, v.address())
			}
			gate := startGate(t, sharer.address)
			p := startPuppet(t, nil)
			p.knows(wanted.Hash, "wanted.bin", liesSize, false)
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if kindOf(r) != asksSources {
					return false
				}
				var list []netproto.Source
				for range 100 {
					list = append(list, sourceAt(newIdentity(t), c.name(addresses)...))
				}
				says(w, netproto.SourcesResponse{Sources: list})
				return true
			}
			// Another tracker names the honest source.
			honest := startPuppet(t, nil)
			honest.knows(wanted.Hash, "wanted.bin", liesSize, false, sourceAt(sharer.id, gate.address))
			open := time.AfterFunc(lasts, gate.Open)
			defer open.Stop()
			to := t.TempDir()
			o := s.fetchWithin(t, lasts+honestTime, to, nil, p.link(), "--tracker", p.trackerLink(), "--tracker", honest.trackerLink()) // who did not answer is tried again within a minute
			o.saved(t, path, to)
			sum, minutes := int64(0), int64(o.took/time.Minute)+1
			for _, v := range all {
				n := v.conns.Load()
				if sum += n; n > 4*minutes {
					t.Errorf("a victim was dialled %d times in %s", n, o.took)
				}
			}
			if sum == 0 && lasts > 0 || sum > c.all*minutes {
				t.Errorf("victims were dialled %d times in %s", sum, o.took)
			}
			if n := p.calls.Load(); n > 20+2*int64(o.took/time.Second) {
				t.Errorf("the tracker was asked %d times in %s", n, o.took)
			}
			t.Logf("%d dials and %d calls in %.0f s", sum, p.calls.Load(), o.took.Seconds())
		})
	}
	fmt.Printf("victims of trackers: tried %d\n", tried.Load())
}

// offerer is a peer that shares at a known port.
type offerer struct {
	*process
	id      *identity.Identity
	address string
}

// shareAt starts a peer that shares a path, with further arguments.
func (s *stage) shareAt(t testing.TB, path string, args ...string) (offerer, string) {
	t.Helper()
	profile, err := s.profile(t.TempDir(), nil)
	check(t, err)
	if len(args) == 0 {
		args = []string{"--tracker", s.tracker}
	}
	p, err := s.launch(append([]string{"share", path, "--json", "--listen", "0", "--seed-clients", "off", "--profile", profile}, args...)...)
	check(t, err)
	s.endWith(p)
	shared, err := p.until("shared", nil)
	check(t, err)
	return offerer{p, identityOf(t, profile), listensAt(t, p.Process.Pid)}, shared.Link
}

// A peer shares with a hostile tracker and an honest one: it asks the hostile one no more
// than now and then, and others find it with the honest one.
func TestHostileTrackersHarmNoSharer(t *testing.T) {
	s := newStage(t)
	lasts := time.Duration(some(1, 60)) * time.Second
	var cases atomic.Int64
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
				if k.play != nil {
					k.play(p, v)
				}
				path := randomFile(t, filepath.Join(t.TempDir(), fmt.Sprintf("offered-%d.bin", i)), 300_000, byte(i))
				// The honest one is the main one: what waits for the main tracker waits for it.
				sharer, link := s.shareAt(t, path, "--tracker", s.tracker, "--tracker", p.address)
				defer sharer.kill()
				most := gauge(sharer.Process.Pid)
				wait(t.Context(), lasts)
				to := t.TempDir()
				o := s.fetchWith(t, to, nil, link)
				o.saved(t, path, to)
				if n, seconds := p.calls.Load(), int64((lasts+o.took)/time.Second); n > 30+3*seconds {
					t.Errorf("the tracker was asked %d times in %d s", n, seconds)
				}
				bounded(t, taken{mib: 40}, most())
				if v.conns.Load() > 0 {
					t.Errorf("the victim was dialled %d times", v.conns.Load())
				}
				if err := sharer.Process.Signal(syscall.Signal(0)); err != nil {
					t.Errorf("the sharer is gone: %v", err)
				}
			})
		}
	})
	fmt.Printf("tricks of trackers with who shares: tried %d\n", cases.Load())
}

// said runs the program to its end and returns the lines that it printed.
func (s *stage) said(t testing.TB, args ...string) (lines []string, code int) {
	t.Helper()
	p, err := s.launch(args...)
	check(t, err)
	defer p.kill()
	late := time.AfterFunc(honestTime, func() { p.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	for p.out.Scan() {
		if !strings.Contains(p.out.Text(), `"event":"ended"`) {
			lines = append(lines, p.out.Text())
		}
	}
	p.Wait() // its exit code says the same
	return lines, p.ProcessState.ExitCode()
}

func TestHostileTrackersAreShownAsText(t *testing.T) {
	s := newStage(t)
	hit := func(name string) string {
		return fmt.Sprintf(`{"hash":"%s","name":%s,"size":5,"sources":1,"added":"2026-01-01T00:00:00Z"}`, strings.Repeat("ab", 32), name)
	}
	names := []string{
		`"\u001b]0;owned\u0007"`, `"a\u202egnp.exe"`, `"../../etc/passwd"`, `"a\u0000b"`, `"a\nb"`, `"CON"`, `"a\u009b31m"`, `"a\u200bb"`, `"<script>"`, `"%s%n"`, `"$(id)"`, `"-rf"`, `".cp2p-x.part"`,
		`"` + strings.Repeat("ü", 2000) + `"`, `"\ud800"`, `5`, `null`, `["a"]`, `"` + strings.Repeat(`\u0301`, 100) + `"`, `"fine.txt"`,
	}
	for _, text := range names {
		p := startPuppet(t, nil)
		body(asksSearch, func() string { return `{"items":[` + hit(text) + `],"suggestions":[` + text + `],"next":` + text + `}` })(p, nil)
		profile, err := s.profile(s.dir, nil)
		check(t, err)
		for _, form := range [][]string{{"--json"}, nil} {
			lines, code := s.said(t, append([]string{"search", "x", "--tracker", p.address, "--profile", profile}, form...)...)
			if code != 0 && code != 1 && code != 3 {
				t.Errorf("%.40s: exit code %d", text, code)
			}
			for _, line := range lines {
				if form != nil && !json.Valid([]byte(line)) {
					t.Errorf("%.40s: %q is not JSON", text, line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x200b }) {
					t.Errorf("%.40s: %q has characters that are not shown", text, line)
				}
			}
		}
	}
	fmt.Printf("names of trackers: tried %d\n", len(names))
}

// Whoever asks for a name gets pages that never end, seed clients that are victims, or a
// key that changes. What the honest tracker knows is fetched all the same.
func TestHostileTrackersAnswerAName(t *testing.T) {
	s := newStage(t)
	path := randomFile(t, filepath.Join(t.TempDir(), "by name.bin"), 300_000, 203)
	_, _ = s.share(path, nil)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	defer udp.Close()
	row := fmt.Sprintf(`{"peer_ip":"127.0.0.1","peer_port":%d,"resource_path":"p","resource_name":"only there.bin","resource_hash":"%032d"}`, udp.LocalAddr().(*net.UDPAddr).Port, 0)
	envelope, err := json.Marshal(map[string]any{"success": true, "data": row})
	check(t, err)
	page := func() string {
		return fmt.Sprintf(`{"items":[{"hash":"%s","name":"by name.bin.txt","size":1,"sources":1}],"next":"again"}`, strings.Repeat("cd", 32))
	}
	other := newIdentity(t)
	tried := 0
	for name, play := range map[string]func(p *puppet, v *target){
		"pages without end": body(asksSearch, page),
		"a key that changes": func(p *puppet, _ *target) {
			p.key = func(n int64) *identity.Identity {
				if n > 1 {
					return other
				}
				return p.id
			}
			p.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Connection", "close")
				return false
			}
		},
		"a key that changes each time": func(p *puppet, v *target) {
			p.key = func(int64) *identity.Identity { return newIdentity(v.tb) }
			p.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Connection", "close")
				return false
			}
		},
		"another content of that name": func(p *puppet, _ *target) {
			p.knows(netproto.ContentHash{7}, "another.bin", 5, false)
		},
	} {
		tried++
		p := startPuppet(t, nil)
		play(p, startTarget(t))
		to := t.TempDir()
		o := s.fetchWith(t, to, nil, "by name.bin", "--tracker", p.address, "--tracker", s.tracker)
		o.saved(t, path, to)
		if n := p.calls.Load(); n > 150 {
			t.Errorf("%s: the tracker was asked %d times", name, n)
		}
	}

	for name, answer := range map[string]string{
		"a victim":            string(envelope),
		"a list":              `{"success":true,"data":"[]"}`,
		"a list of a million": `{"success":true,"data":"[` + strings.Repeat("0,", 1_000_000) + `0]"}`,
		"no text":             `{"success":true,"data":{}}`,
		"another resource":    strings.Replace(string(envelope), "only there", "another", 1),
		"no address":          strings.Replace(string(envelope), "127.0.0.1", "255.255.255.255", 1),
		"a path":              strings.Replace(string(envelope), `\"p\"`, `\"../../etc\"`, 1),
		"not JSON":            "<html>",
	} {
		tried++
		p := startPuppet(t, nil)
		p.answer = func(w http.ResponseWriter, r *http.Request) bool {
			switch kindOf(r) {
			case asksSearch:
				says(w, netproto.SearchResponse{})
			case asksSeed:
				fmt.Fprint(w, answer)
			default:
				return false
			}
			return true
		}
		to := t.TempDir()
		o := s.fetchWith(t, to, nil, "only there.bin", "--tracker", p.address)
		if o.fail.Message == "" || o.fail.Code == string(netproto.CodeInternal) {
			t.Errorf("%s: it says %q, %q", name, o.fail.Code, o.fail.Message)
		}
		nothing(t, to)
	}
	got := 0
	for udp.SetReadDeadline(time.Now().Add(time.Second)); ; got++ {
		if _, _, err := udp.ReadFrom(make([]byte, 5000)); err != nil {
			if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
				t.Error(err)
			}
			break
		}
	}
	if got > 4 {
		t.Errorf("a victim got %d datagrams", got)
	}
	fmt.Printf("names that trackers answer: tried %d\n", tried)
}
