package load

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const (
	killsVariable = "CP2P_TRACKER_KILLS" // of a long campaign

	atOnce       = 3  // trackers that are killed side by side
	livesOfADisk = 40 // of a tracker, before the next one begins with nothing
	membersEach  = 4  // peers that use a tracker all the time; another one comes in each life
)

// A tracker is killed at random instants while peers join, announce, withdraw and
// leave. After each kill it opens its database, knows every peer that it let join,
// and holds for each exactly what it acknowledged.
func TestKillsOfATrackerLoseNothingThatItAcknowledged(t *testing.T) {
	kills := 9
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var landed, peers, requests atomic.Int64
	t.Run("", func(t *testing.T) { // waits for all
		for lane := range atOnce {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				for n := 0; n < (kills+atOnce-1)/atOnce; n += livesOfADisk {
					m := &mortal{TB: t, folder: t.TempDir(), lane: lane}
					for range min(livesOfADisk, (kills+atOnce-1)/atOnce-n) {
						m.live()
						landed.Add(1)
					}
					m.verify(m.start())
					peers.Add(int64(len(m.members)))
					requests.Add(m.acknowledged.Load())
				}
			})
		}
	})
	t.Logf("tried %d", landed.Load())
	t.Logf("%d peers and %d acknowledged requests outlived them", peers.Load(), requests.Load())
	if requests.Load() < 2*landed.Load() {
		t.Errorf("%d requests were acknowledged in %d lives: this proves little", requests.Load(), landed.Load())
	}
}

// mortal is a tracker that is killed, and those who use it.
type mortal struct {
	testing.TB
	folder       string
	lane         int
	members      []*member
	acknowledged atomic.Int64 // requests
}

// standing is what a tracker knows of a peer. What it announced outlives its leave.
type standing struct {
	joined bool
	held   map[netproto.ContentHash]bool
}

// member is a peer. Its tracker holds what it acknowledged last, or what it was asked
// for when the kill came.
type member struct {
	id    *identity.Identity
	no    int
	is    standing
	asked standing // other than is only while a request is under way
	next  uint64
}

func (m *mortal) start() *process { return startServer(m, "unlimited", m.folder) }

// live starts the tracker, checks it, uses it and kills it.
func (m *mortal) live() {
	m.Helper()
	if rand.IntN(4) == 0 { // while it starts
		p := start(m, "unlimited", m.folder)
		time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond)
		p.kill(m)
		return
	}
	p := m.start()
	m.verify(p)
	id, err := newIdentity()
	if err != nil {
		m.Fatal(err)
	}
	m.members = append(m.members, &member{id: id, no: len(m.members)})
	ctx, cancel := context.WithCancel(m.Context())
	defer cancel()
	enough := m.acknowledged.Load() + int64(rand.IntN(20)) // also on a computer that has much else to do
	var all sync.WaitGroup
	for _, one := range slices.Concat(m.members[:min(membersEach, len(m.members)-1)], m.members[len(m.members)-1:]) {
		all.Go(func() {
			if err := m.use(ctx, p.address, one); err != nil && ctx.Err() == nil {
				m.Error(err)
			}
		})
	}
	for m.acknowledged.Load() < enough && !m.Failed() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(rand.IntN(80_000)) * time.Microsecond) // the instant of the kill is what is random here
	cancel()
	p.kill(m)
	all.Wait()
	if m.Failed() {
		m.FailNow()
	}
}

// use sends one request after the other until the tracker is killed; ctx ends just
// before that.
func (m *mortal) use(ctx context.Context, address string, one *member) error {
	w, err := dial(context.WithoutCancel(ctx), address, source(1+m.lane, one.no%250), one.id)
	if err != nil {
		return err
	}
	defer w.Close()
	for {
		request := one.ask()
		status, body, err := w.ask(request)
		if err != nil {
			return err // and it is not known whether it came through
		}
		if status/100 != 2 {
			return fmt.Errorf("%s: status %d: %s", strings.SplitN(string(request), "\r", 2)[0], status, body)
		}
		one.is = one.asked
		m.acknowledged.Add(1)
	}
}

// ask is the next request of a peer; asked is what it has the tracker hold.
func (one *member) ask() []byte {
	kind := rand.IntN(20)
	one.asked = standing{true, one.is.held}
	switch {
	case !one.is.joined:
		return joining
	case kind == 0:
		one.asked.joined = false
		return request(http.MethodDelete, netproto.RouteSelf, nil)
	case kind < 5 && len(one.is.held) > 0:
		return one.withdraw()
	}
	return one.announce(1 + rand.IntN(20))
}

// announce announces that many new resources.
func (one *member) announce(n int) []byte {
	one.asked = standing{true, maps.Clone(one.is.held)}
	if one.asked.held == nil {
		one.asked.held = map[netproto.ContentHash]bool{}
	}
	var news []netproto.Resource
	for range n {
		one.next++
		hash := netproto.ContentHash(blake3.Sum256(binary.BigEndian.AppendUint64(one.id.Key(), one.next)))
		news = append(news, netproto.Resource{Hash: hash, Size: 1000, Name: fmt.Sprintf("song %d of %d", one.next, one.no)})
		one.asked.held[hash] = true
	}
	return request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: news})
}

func (one *member) withdraw() []byte {
	one.asked.held = maps.Clone(one.is.held)
	var gone []netproto.ContentHash
	for hash := range one.is.held {
		gone = append(gone, hash)
		delete(one.asked.held, hash)
		if len(gone) == 10 {
			break
		}
	}
	return request(http.MethodDelete, netproto.RouteResources, netproto.WithdrawRequest{Hashes: gone})
}

func (s standing) beat() netproto.HeartbeatRequest {
	r := netproto.HeartbeatRequest{Count: len(s.held)}
	for hash := range s.held {
		r.Digest = r.Digest.Toggle(hash)
	}
	return r
}

// verify asks the tracker what it holds for each peer.
func (m *mortal) verify(p *process) {
	m.Helper()
	for _, one := range m.members {
		if err := m.verifyOne(p.address, one); err != nil {
			m.Fatalf("peer %d: %v", one.no, err)
		}
	}
}

func (m *mortal) verifyOne(address string, one *member) error {
	w, err := dial(m.Context(), address, source(1+m.lane, one.no%250), one.id)
	if err != nil {
		return err
	}
	defer w.Close()
	var answers []netproto.HeartbeatStatus
	for _, may := range []standing{one.is, one.asked} {
		body, err := w.must(request(http.MethodPost, netproto.RouteHeartbeat, may.beat()))
		if err != nil {
			return err
		}
		var answer netproto.HeartbeatResponse
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		answers = append(answers, answer.Status)
		if want := map[bool]netproto.HeartbeatStatus{false: netproto.HeartbeatJoin, true: netproto.HeartbeatOK}[may.joined]; answer.Status == want {
			one.is, one.asked = may, may
			return m.find(w, one)
		}
	}
	return fmt.Errorf("it was acknowledged %d resources (joined: %v) and may have %d (joined: %v); the tracker says %v",
		len(one.is.held), one.is.joined, len(one.asked.held), one.asked.joined, answers)
}

// find asks for one of the peer's contents.
func (m *mortal) find(w *wire, one *member) error {
	if !one.is.joined {
		return nil
	}
	for hash := range one.is.held {
		body, err := w.must(request(http.MethodGet, strings.Replace(netproto.RouteResource, "{hash}", hash.String(), 1), nil))
		if err != nil {
			return err
		}
		var found netproto.ResourceResponse
		if err := json.Unmarshal(body, &found); err != nil {
			return err
		}
		if found.Hash != hash || found.Sources != 1 {
			return fmt.Errorf("what it announced is found as %s", body)
		}
		break
	}
	return nil
}
