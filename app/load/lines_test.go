//go:build linux

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

const mbit = 1e6 / 8 // bytes a second

// profiles are lines as people have them: that of the downloader, from which the source
// is as far away as its round trip says, and has room to spare.
var profiles = []struct {
	name string
	access
}{
	{"lan", access{up: 1000 * mbit, down: 1000 * mbit, delay: 150 * time.Microsecond, queue: 5 * time.Millisecond}},
	{"fibre", access{up: 100 * mbit, down: 500 * mbit, delay: 6 * time.Millisecond, queue: 50 * time.Millisecond}},
	{"cable", access{up: 10 * mbit, down: 100 * mbit, delay: 15 * time.Millisecond, queue: 500 * time.Millisecond}},
	{"mobile", access{up: 5 * mbit, down: 20 * mbit, delay: 30 * time.Millisecond, jitter: 15 * time.Millisecond, loss: 0.01, queue: 300 * time.Millisecond}},
	{"ocean", access{up: 300 * mbit, down: 300 * mbit, delay: 90 * time.Millisecond, queue: 100 * time.Millisecond}},
}

// BenchmarkLines downloads from one source what a line carries in ten seconds, and
// compares with one bare TCP connection: with a program that begins and ends with the
// download, whose tracker is as far away as the source, or near; and with a peer that runs
// already, and has the far tracker.
func BenchmarkLines(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.name, func(b *testing.B) {
			source, getter := p.connect(b)
			size := p.down * sized[int64](10, 3)
			path := randomFile(b, filepath.Join(source.dir, sharedName), size, 10)
			_, link := source.share(path, nil)
			beside := newStageOn(b, getter.host)
			_, nearLink := beside.on(source.host).share(path, nil)
			near := beside.ours(nearLink, nil)
			near.name = nearName
			took := rounds(b, memory(b), path, source.iperf(getter, size), getter.ours(link, nil), near, getter.there(source.tracker, link))
			report(b, took)
			line := float64(size) / float64(p.down)
			b.ReportMetric(line/median(took[oursName]), "of-the-line")
			b.ReportMetric(line/median(took[nearName]), "near-of-the-line")
			b.ReportMetric(line/median(took[thereName]), "there-of-the-line")
			b.ReportMetric(median(quotients(took["iperf3"], took[thereName])), "there-iperf3-ratio")
		})
	}
}

const (
	nearName  = "near"  // a download with a tracker that is near
	thereName = "there" // one by a peer that runs already
)

// there is a download by a peer that runs already, as that of a window does. Its start does
// not count.
func (s *stage) there(tracker, link string) contender {
	return contender{name: thereName, run: func(to string) (took time.Duration, err error) {
		peer, profile, err := s.running(filepath.Dir(to), tracker)
		if err != nil {
			return 0, err
		}
		time.Sleep(rest)
		took, err = s.fetchThere(link, to, profile)
		return took, errors.Join(err, peer.stop(), os.RemoveAll(profile))
	}}
}

// fetchThere has a running peer fetch a link of a file into a folder, and is how long that takes
// until the file is there: the command learns of it a little later.
func (s *stage) fetchThere(link, to, profile string) (took time.Duration, err error) {
	parsed, err := netproto.ParseLink(link)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	command, err := s.launch("get", link, "--json", "--to", to, "--profile", profile)
	if err != nil {
		return 0, err
	}
	there := filepath.Join(to, parsed.Name)
	for _, err = os.Stat(there); err != nil && time.Since(began) < patience; _, err = os.Stat(there) {
		time.Sleep(time.Millisecond)
	}
	took = time.Since(began)
	_, failed := command.until("completed", nil)
	return took, errors.Join(err, failed, command.finish())
}

// running starts a peer with a new profile in a folder, and waits until it is joined to the
// tracker.
func (s *stage) running(dir, tracker string) (peer *process, profile string, err error) {
	if profile, err = s.profile(dir, nil); err != nil {
		return nil, "", err
	}
	peer, err = s.launch("serve", "--json", "--listen", "0", "--seed-clients", "off", "--tracker", tracker, "--profile", profile)
	if err != nil {
		return nil, "", err
	}
	s.endWith(peer)
	_, err = peer.until("serving", nil)
	return peer, profile, err
}

// BenchmarkSmallFilesFarAway downloads a folder of many small files over the ocean: none of
// them may wait for a round trip of its own.
func BenchmarkSmallFilesFarAway(b *testing.B) {
	const files, size = 1000, 64 << 10
	p := profiles[len(profiles)-1]
	source, getter := p.connect(b)
	path := filepath.Join(source.dir, "folder")
	check(b, os.Mkdir(path, 0o700))
	content := randomFile(b, filepath.Join(source.dir, "content"), files*size, 11)
	check(b, split(content, path, size))
	_, link := source.share(path, nil)
	took := rounds(b, memory(b), path, getter.ours(link, nil))
	b.ReportMetric(median(took[oursName])-float64(files*size)/float64(p.down), "s-beyond-the-line")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFirstByte downloads a file of one frame with the whole command: all that a line
// adds to it are round trips between source and downloader. The tracker is beside the
// downloader, or as far away as the source.
func BenchmarkFirstByte(b *testing.B) {
	for _, place := range []string{"near", "far"} {
		b.Run(place, func(b *testing.B) {
			none, alone := access{}, 0.0
			b.Run("alone", func(b *testing.B) {
				alone = none.firstByte(b, none, none)
				b.ReportMetric(alone*1000, "took-ms")
				b.ReportMetric(0, "ns/op")
			})
			for _, p := range profiles[1:] { // the first one's trips are shorter than a start differs from the next
				b.Run(p.name, func(b *testing.B) {
					trip := 2 * p.delay
					away := access{delay: trip, jitter: p.jitter, loss: p.loss, queue: p.queue}
					took := p.firstByte(b, map[string]access{"near": none, "far": {delay: trip}}[place], away)
					b.ReportMetric((took-alone)/trip.Seconds(), "round-trips")
					b.ReportMetric(took*1000, "took-ms")
					b.ReportMetric(0, "ns/op")
				})
			}
		})
	}
}

// firstByte is for how many seconds a command waits behind that line for the few bytes of
// another host.
func (p access) firstByte(b *testing.B, tracker, source access) float64 {
	hosts := []*host{newHost(b, 1), newHost(b, 2), newHost(b, 3)}
	p.delay, p.jitter = 0, 0 // they are at the other end
	connect(b, hosts, source, p, tracker)
	s := newStageOn(b, hosts[2])
	path := randomFile(b, filepath.Join(s.dir, sharedName), 4<<10, 14)
	_, link := s.on(hosts[0]).share(path, nil)
	var waited []float64
	rounds(b, memory(b), path, s.on(hosts[1]).ours(link, func(f fetched) { waited = append(waited, f.durable.Seconds()) }))
	return median(waited)
}

// BenchmarkFirstByteThere is the same with a peer that runs already, as that of a window
// does: it has a connection to the tracker, which is as far away as the source.
func BenchmarkFirstByteThere(b *testing.B) {
	var alone float64
	for _, p := range []struct {
		name string
		access
	}{{name: "alone"}, profiles[len(profiles)-1]} {
		b.Run(p.name, func(b *testing.B) {
			took := p.firstByteThere(b)
			if p.delay == 0 {
				alone = took
			} else {
				b.ReportMetric((took-alone)/(2*p.delay).Seconds(), "round-trips")
			}
			b.ReportMetric(took*1000, "took-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rest is how long a peer has nothing to do before it is asked for something. What it tells the
// tracker when it has begun, or of what it fetched last, takes a few round trips.
const rest = 2 * time.Second

// firstByteThere is after how many seconds a file of few bytes is there that a command has
// a running peer fetch.
func (p access) firstByteThere(b *testing.B) float64 {
	source, getter := p.connect(b)
	_, profile, err := getter.running(getter.dir, source.tracker)
	check(b, err)
	var waited []float64
	for i := range turns {
		path := randomFile(b, filepath.Join(source.dir, fmt.Sprintf("small-%d", i)), 4<<10, byte(20+i)) // what is here already is not fetched
		_, link := source.share(path, nil)
		to := b.TempDir()
		time.Sleep(rest)
		took, err := getter.fetchThere(link, to, profile)
		check(b, errors.Join(err, same(path, filepath.Join(to, filepath.Base(path)))))
		b.Logf("%.3f s", took.Seconds())
		waited = append(waited, took.Seconds())
	}
	return median(waited)
}

// BenchmarkMixedSwarm downloads from six sources, each behind a line of another kind, and
// compares with what their lines carry together.
func BenchmarkMixedSwarm(b *testing.B) {
	lines := []access{profiles[0].access, profiles[1].access, profiles[1].access, profiles[2].access, profiles[3].access, profiles[4].access}
	lines[0].up = 100 * mbit // a gigabit would leave two processors nothing for the wire itself
	all, fast := []*host{newHost(b, 1), newHost(b, 2)}, access{}
	plugs := []access{fast, fast}
	sum := int64(0)
	for i, line := range lines {
		line.delay *= 2 // the downloader's end of the way has none
		all, plugs = append(all, newHost(b, i+3)), append(plugs, line)
		sum += line.up
	}
	connect(b, all, plugs...)
	s := newStageOn(b, all[0])
	seconds := sized[int64](20, 8)
	path := randomFile(b, filepath.Join(s.dir, sharedName), sum*seconds, 15)
	getter, link := s.on(all[1]), ""
	var bare []func(...string) (received, error)
	for _, h := range all[2:] {
		_, link = s.on(h).share(path, nil)
		bare = append(bare, s.on(h).bare(getter))
	}
	took := rounds(b, memory(b), path, together(bare, 1, sum, seconds), together(bare, 4, sum, seconds), getter.ours(link, nil))
	report(b, took)
	b.ReportMetric(float64(seconds)/median(took[oursName]), "of-the-lines")
}

// together sends over bare TCP connections from several sources at once for some seconds.
// It took as long as the bytes of all lines in these seconds would have taken.
func together(sources []func(...string) (received, error), connections int, sum, seconds int64) contender {
	return contender{fmt.Sprintf("iperf3-x%d", connections), func(string) (time.Duration, error) {
		came := make([]float64, len(sources))
		var all errgroup.Group
		for i, bare := range sources {
			all.Go(func() error {
				r, err := bare("--time", strconv.FormatInt(seconds, 10), "--parallel", strconv.Itoa(connections))
				came[i] = r.Bytes
				return err
			})
		}
		err := all.Wait()
		total := 0.0
		for _, n := range came {
			total += n
		}
		return time.Duration(float64(sum*seconds) / total * float64(seconds) * float64(time.Second)), err
	}, true}
}

// connect makes two hosts: a source, on whose host the tracker is, and a downloader on
// the line.
func (p access) connect(b *testing.B) (source, getter *stage) {
	b.Helper()
	hosts := []*host{newHost(b, 1), newHost(b, 2)}
	connect(b, hosts, access{delay: p.delay, jitter: p.jitter, loss: p.loss, queue: p.queue}, p)
	source = newStageOn(b, hosts[0])
	return source, source.on(hosts[1])
}

// BenchmarkPoliteUpload uploads over a cable line, with a ping beside it: polite, and as
// fast as it goes.
func BenchmarkPoliteUpload(b *testing.B) {
	cable := profiles[2]
	for _, polite := range []bool{true, false} {
		b.Run(map[bool]string{true: "polite", false: "greedy"}[polite], func(b *testing.B) {
			getter, source := cable.connect(b)
			size := cable.up * sized[int64](30, 10)
			path := randomFile(b, filepath.Join(source.dir, sharedName), size, 12)
			_, link := source.share(path, func(s *library.Settings) { s.PoliteUploads, s.LocalExempt = polite, false })
			alone, err := source.pings(getter, time.Second)
			check(b, err)
			beside := make(chan []time.Duration, 1)
			took := rounds(b, memory(b), path, contender{name: oursName, run: func(dir string) (time.Duration, error) {
				go func() {
					times, _ := source.pings(getter, time.Duration(size/cable.up)*time.Second)
					beside <- times
				}()
				return getter.ours(link, nil).run(dir)
			}})
			var added []float64
			for range len(took[oursName]) {
				for _, t := range <-beside {
					added = append(added, (t-slices.Min(alone)).Seconds()*1000)
				}
			}
			if len(added) < 100 {
				b.Fatalf("only %d pings came back", len(added))
			}
			slices.Sort(added)
			b.ReportMetric(added[len(added)*95/100], "added-p95-ms")
			b.ReportMetric(median(added), "added-p50-ms")
			b.ReportMetric(float64(size)/float64(cable.up)/median(took[oursName]), "of-the-line")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// pings sends small packets to another host for some time, and returns how long each took
// there and back. Lost ones are left out.
func (s *stage) pings(to *stage, lasts time.Duration) (took []time.Duration, err error) {
	var there, here net.PacketConn
	listen := func(s *stage, conn *net.PacketConn) error {
		return s.do(func() (err error) {
			*conn, err = net.ListenPacket("udp4", s.address()+":0")
			return err
		})
	}
	if err := listen(to, &there); err != nil {
		return nil, err
	}
	defer there.Close()
	if err := listen(s, &here); err != nil {
		return nil, err
	}
	go func() {
		defer here.Close()
		var packet [64]byte
		for {
			n, from, err := there.ReadFrom(packet[:])
			if err != nil {
				return
			}
			there.WriteTo(packet[:n], from)
		}
	}()
	began := time.Now()
	go func() {
		for time.Since(began) < lasts {
			here.WriteTo(binary.BigEndian.AppendUint64(nil, uint64(time.Since(began))), there.LocalAddr())
			time.Sleep(20 * time.Millisecond)
		}
	}()
	here.SetReadDeadline(began.Add(lasts + time.Second))
	var packet [8]byte
	for {
		if _, _, err := here.ReadFrom(packet[:]); err != nil {
			break
		}
		took = append(took, time.Since(began)-time.Duration(binary.BigEndian.Uint64(packet[:])))
	}
	if len(took) == 0 {
		return nil, errors.New("no ping came back")
	}
	return took, nil
}
