//go:build unix

package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

// mostWires is how many connections stay open: a process may have 20,000 files open in
// most places, and HAProxy has two for each. Further peers connect for each request.
const mostWires = 8000

// wholeCheck is up to how many peers are checked at all nodes; more are checked at one node
// each, another one each time.
const wholeCheck = 200

// mostChecked is how many peers are checked after each kill; of more, other ones each time,
// and all of them after the last kill.
const mostChecked = 2000

// crowd are peers that use a cluster all the time, over HAProxy. Whatever is not answered
// is asked again, over another connection, until it is.
type crowd struct {
	*cluster
	users  []*client
	cancel context.CancelFunc
	work   sync.WaitGroup

	requests, resyncs, rejoins, failures atomic.Int64
	longest                              atomic.Int64 // nanoseconds during which a peer had no answer
	reason                               atomic.Value // of the last failure
	whole                                atomic.Bool  // the database has all that it ever had: nothing may be missing
	checks, visits                       int
}

// user is one of them.
type client struct {
	*member
	mu sync.Mutex // held while a request is under way
	w  *wire
}

// startCrowd has peers join that announce that many resources each, and go on.
func (c *cluster) startCrowd(peers, each int, pause time.Duration) *crowd {
	c.Helper()
	k := &crowd{cluster: c}
	ctx, cancel := context.WithCancel(c.Context())
	k.cancel = cancel
	for n := range peers {
		k.users = append(k.users, &client{member: &member{id: c.stranger(), no: n}})
	}
	var first errgroup.Group
	first.SetLimit(16)
	for _, u := range k.users {
		first.Go(func() error {
			defer u.rest()
			if err := k.use(ctx, u, u.ask()); err != nil { // joins
				return err
			}
			for n := 0; n < each; n += netproto.MaxAnnounce {
				if err := k.use(ctx, u, u.announce(min(each-n, netproto.MaxAnnounce))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := first.Wait(); err != nil {
		c.Fatal(err)
	}
	for _, u := range k.users {
		k.work.Go(func() {
			for ctx.Err() == nil {
				u.mu.Lock()
				err := k.step(ctx, u)
				u.rest()
				u.mu.Unlock()
				if err != nil && ctx.Err() == nil {
					c.Error(err)
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(pause/2 + rand.N(pause)):
				}
			}
		})
	}
	return k
}

func (k *crowd) stop() {
	k.cancel()
	k.work.Wait()
	for _, u := range k.users {
		if u.w != nil {
			u.w.Close()
		}
	}
}

// rest closes the connection of one of too many peers.
func (u *client) rest() {
	if u.no >= mostWires && u.w != nil {
		u.w.Close()
		u.w = nil
	}
}

// step is a heartbeat, an announce, a withdrawal or a search.
func (k *crowd) step(ctx context.Context, u *client) error {
	switch rand.IntN(4) {
	case 0:
		for {
			if r := u.ask(); u.asked.joined { // nobody leaves: that ends no error
				return k.use(ctx, u, r)
			}
		}
	case 1:
		_, err := k.answer(ctx, u, searching(fmt.Sprintf("song %d", rand.IntN(1000))))
		return err
	}
	return k.beat(ctx, u)
}

// use asks for a change, and takes it as made once it is acknowledged.
func (k *crowd) use(ctx context.Context, u *client, request []byte) error {
	if _, err := k.answer(ctx, u, request); err != nil {
		return err
	}
	u.is = u.asked
	return nil
}

// beat sends a heartbeat, and does what it says: so the peers mend what a failover has lost.
// While the database is whole, there must be nothing to mend, once a node that lags has heard
// of all.
func (k *crowd) beat(ctx context.Context, u *client) error {
	var answer netproto.HeartbeatResponse
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		body, err := k.answer(ctx, u, request(http.MethodPost, netproto.RouteHeartbeat, u.is.beat()))
		if err != nil {
			return err
		}
		answer = netproto.HeartbeatResponse{}
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		if answer.Status != netproto.HeartbeatResync || !k.whole.Load() {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("peer %d was acknowledged %d resources, and the tracker misses some: %s", u.no, len(u.is.held), body)
		}
	}
	switch answer.Status {
	case netproto.HeartbeatOK:
		return nil
	case netproto.HeartbeatJoin:
		k.rejoins.Add(1)
		if _, err := k.answer(ctx, u, joining); err != nil {
			return err
		}
	}
	k.resyncs.Add(1)
	var all []netproto.Resource
	for hash := range u.is.held {
		all = append(all, netproto.Resource{Hash: hash, Size: 1000, Name: fmt.Sprintf("song again of %d", u.no)})
	}
	for reset := true; reset || len(all) > 0; reset = false {
		n := min(len(all), netproto.MaxAnnounce)
		if _, err := k.answer(ctx, u, request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Reset: reset, Resources: all[:n]})); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// errHopeless ends a peer that has had no answer for too long.
var errHopeless = errors.New("a peer was not answered for a minute")

// answer sends a request until it succeeds, and notes how long that took.
func (k *crowd) answer(ctx context.Context, u *client, request []byte) ([]byte, error) {
	began := time.Now()
	for {
		body, err := k.try(ctx, u, request)
		k.requests.Add(1)
		if err == nil {
			k.lasted(time.Since(began))
			return body, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		k.failures.Add(1)
		k.reason.Store(err.Error())
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%w: %w", errHopeless, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (k *crowd) lasted(d time.Duration) {
	for old := k.longest.Load(); int64(d) > old; old = k.longest.Load() {
		if k.longest.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// try sends a request once. A peer that the tracker does not know joins first.
func (k *crowd) try(ctx context.Context, u *client, request []byte) ([]byte, error) {
	if u.w == nil {
		w, err := dial(ctx, k.address, source(10+u.no/250%200, u.no%250), u.id)
		if err != nil {
			return nil, err
		}
		u.w = w
	}
	status, body, err := u.w.ask(request)
	if err == nil && status == http.StatusConflict && strings.Contains(string(body), string(netproto.CodeJoinFirst)) {
		k.rejoins.Add(1)
		if status, body, err = u.w.ask(joining); err == nil && status == http.StatusOK {
			status, body, err = u.w.ask(request)
		}
	}
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("status %d: %s", status, body)
	}
	if err != nil {
		u.w.Close()
		u.w = nil
	}
	return body, err
}

// verify has each peer send a heartbeat, as it does within an interval, and then checks
// that all nodes hold of each just what was acknowledged, and speak with each other. Unless it
// is the last time, it does so for mostChecked peers.
func (k *crowd) verify(last bool) {
	k.Helper()
	k.checks++
	var all errgroup.Group
	all.SetLimit(16)
	apart := max(1, len(k.users)/mostChecked)
	for _, u := range k.users {
		if !last && (u.no+k.checks)%apart != 0 {
			continue
		}
		all.Go(func() error {
			u.mu.Lock()
			defer u.mu.Unlock()
			defer u.rest()
			if err := k.beat(k.Context(), u); err != nil {
				return err
			}
			for i, n := range k.nodes {
				if len(k.users) > wholeCheck && (u.no+k.checks)%len(k.nodes) != i {
					continue
				}
				if err := k.verifyAt(n, u); err != nil {
					return fmt.Errorf("node %d: %w", i+1, err)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		k.Fatal(err)
	}
	k.speak()
}

// verifyAt asks a node about a peer until it has heard of all, which takes a moment, and
// more so if it is taking back what the database lost.
func (k *crowd) verifyAt(n *node, u *client) error {
	w, err := dial(k.Context(), n.at, source(10+u.no/250%200, u.no%250), u.id)
	if err != nil {
		return err
	}
	defer w.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, body, err := w.ask(request(http.MethodPost, netproto.RouteHeartbeat, u.is.beat()))
		if err != nil {
			return err
		}
		if status == http.StatusOK && strings.Contains(string(body), `"status":"ok"`) {
			return k.find(w, u.member)
		}
		if time.Now().After(end) {
			return fmt.Errorf("peer %d was acknowledged %d resources: %s", u.no, len(u.is.held), body)
		}
	}
}

// find asks for one of the peer's contents.
func (k *crowd) find(w *wire, one *member) error { return (&mortal{TB: k}).find(w, one) }
