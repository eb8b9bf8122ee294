// Package trackerclient speaks netproto's REST to a tracker: version 1 over
// pinned TLS, and the seed's routes. It is the only room with resty in it.
package trackerclient

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Trust remembers the keys of trackers across restarts.
type Trust interface {
	// KnownTracker returns the fingerprint of a tracker that was reached before.
	KnownTracker(address string) (netproto.Fingerprint, bool)
	// TrackerReached saves a tracker, its key, the ports that it says it listens at, and
	// all its addresses, if there are several. "tracker-key-changed" if another key is known.
	TrackerReached(address string, key netproto.Fingerprint, name string, ports []int, addresses []string) error
	// TrackerPlaces returns those ports and addresses.
	TrackerPlaces(address string) (ports []int, addresses []string)
}

// Client calls a tracker over TLS with its key pinned. Every call fails with the
// code that the tracker answers, "tracker-unreachable", "tracker-key-changed",
// "protocol-violation" if what answers is no tracker, or the error of its
// context. It may be used from several goroutines.
type Client struct {
	id       *identity.Identity
	address  string
	trust    Trust
	main     *way
	lists    *way          // for searches and lists, once split
	split    atomic.Bool   // a node has said that another one does what it was asked
	timeout  time.Duration // of a call
	tellsFor time.Duration // how long an answer about a content stands
	noBest   atomic.Bool   // the tracker does not know netproto.SortBest

	mu       sync.Mutex
	expected netproto.Fingerprint // zero: the first key that answers is trusted
	saved    bool                 // the trust knows the key and the name
	seen     viewpoint            // the tracker and this peer
	nodes    []string             // the other addresses of the tracker, in an order of this client
	ahead    *time.Duration       // what this computer's clock is ahead of the tracker's; nil if unknown
	told     described            // last
}

// New returns a client for the tracker at host:port, without calling it. The
// tracker must show the known key, else the expected one; if neither is given,
// the first key that it shows is trusted. "tracker-key-changed" if the known key
// and the expected one differ.
func New(id *identity.Identity, address string, expected netproto.Fingerprint, trust Trust) (*Client, error) {
	known, ok := trust.KnownTracker(address)
	if ok && !expected.IsZero() && known != expected {
		return nil, keyChanged(address, known, expected)
	}
	if ok {
		expected = known
	}
	c := &Client{id: id, address: address, trust: trust, expected: expected, timeout: callTimeout, tellsFor: tellsFor}
	_, addresses := trust.TrackerPlaces(address)
	c.setNodes(addresses)
	c.main, c.lists = c.newWay(), c.newWay()
	return c, nil
}

// KeyChanged is the cause of an error with the code "tracker-key-changed": a
// tracker that shows another key than the known or expected one.
type KeyChanged struct {
	Known, Shown netproto.Fingerprint
}

// Error names both keys.
func (k *KeyChanged) Error() string {
	return fmt.Sprintf("known is %s, shown is %s", k.Known, k.Shown)
}

func keyChanged(address string, known, shown netproto.Fingerprint) error {
	return netproto.Errorf(netproto.CodeKeyChanged, "%s: %w", address, &KeyChanged{known, shown})
}

// Address returns the tracker's host:port.
func (c *Client) Address() string { return c.address }

// Remote returns the address at which the tracker answered last; invalid before that.
func (c *Client) Remote() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen.tracker
}

// Fingerprint returns the tracker's key; zero before it was first reached.
func (c *Client) Fingerprint() netproto.Fingerprint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expected
}

// Close closes idle connections.
func (c *Client) Close() error {
	c.main.transport.CloseIdleConnections()
	c.lists.transport.CloseIdleConnections()
	return nil
}

// Seed returns a client for the seed's routes of this tracker, over the same
// pinned connection.
func (c *Client) Seed() *Seed {
	return NewSeedOver("https://"+netproto.URLHost(c.address), c.main.transport)
}

// Info returns what the tracker says about itself. The first answer makes its
// key a known one; if that cannot be saved, Info fails with the error of the
// [Trust], and the next call tries again.
func (c *Client) Info(ctx context.Context) (netproto.TrackerInfo, error) {
	var info netproto.TrackerInfo
	if err := c.call(ctx, http.MethodGet, netproto.RouteTracker, nil, &info, otherBytes); err != nil {
		return info, err
	}
	info.Name, info.Version = netproto.Cut(info.Name, netproto.MaxPeerName), netproto.Cut(info.Version, netproto.MaxPeerName)
	c.mu.Lock()
	from := c.seen
	c.mu.Unlock()
	info.Ports, info.Addresses = usablePorts(info.Ports), from.usableAddresses(info.Addresses)
	moved := c.setNodes(info.Addresses)
	c.mu.Lock()
	key, saved := c.expected, c.saved
	c.mu.Unlock()
	if saved && !moved {
		return info, nil
	}
	if err := c.trust.TrackerReached(c.address, key, info.Name, info.Ports, info.Addresses); err != nil {
		return netproto.TrackerInfo{}, err
	}
	c.mu.Lock()
	c.saved = true
	c.mu.Unlock()
	return info, nil
}

// joinGrace is how long [Client.Join] waits for the answer after its context has ended.
const joinGrace = time.Second

// Join makes this peer known to the tracker and starts its lease. When ctx ends
// it still waits up to a second for the tracker's answer and returns that: a
// caller that does not know that it joined says no goodbye, and a goodbye must
// not overtake the join. This peer would count as online for a whole lease.
func (c *Client) Join(ctx context.Context, request netproto.JoinRequest) (netproto.JoinResponse, error) {
	var answer netproto.JoinResponse
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(joinGrace):
			cancel()
		case <-asking.Done():
		}
	})()
	err := c.call(asking, http.MethodPut, netproto.RouteSelf, request, &answer, otherBytes)
	at, bad := netip.ParseAddrPort(answer.ObservedAddress)
	if bad != nil {
		answer.ObservedAddress = ""
	}
	if err == nil {
		c.mu.Lock()
		c.seen.observed = at.Addr().Unmap()
		c.mu.Unlock()
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return answer, err
}

// discardPort is a port on which nobody listens (RFC 863).
const discardPort = 9

// Redeem makes this peer a member of a private tracker with the token of an
// invite link, so that the tracker answers it without a join. It does nothing
// without a token, at an open tracker, or if this peer is a member already.
func (c *Client) Redeem(ctx context.Context, invite netproto.Invite) error {
	if invite.IsZero() {
		return nil
	}
	if _, err := c.Stats(ctx); netproto.CodeOf(err) != netproto.CodeInvite {
		return err
	}
	// A token travels with a join; this one ends at once, with nothing shared.
	if _, err := c.Join(ctx, netproto.JoinRequest{Port: discardPort, Invite: invite}); err != nil {
		return err
	}
	return c.Leave(ctx)
}

// Heartbeat renews the lease.
func (c *Client) Heartbeat(ctx context.Context, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	var answer netproto.HeartbeatResponse
	return answer, c.call(ctx, http.MethodPost, netproto.RouteHeartbeat, request, &answer, otherBytes)
}

// Leave ends the lease.
func (c *Client) Leave(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, netproto.RouteSelf, nil, nil, otherBytes)
}

// goodbyeGrace is how long [Client.Goodbye] waits for the answer: a tracker near by says by
// then what is wrong.
const goodbyeGrace = 30 * time.Millisecond

// Goodbye is Leave for a program that ends. Once the tracker is told, it waits only a
// moment for the answer: the system delivers what was sent, also without the program, and
// a person need not wait for a tracker far away.
func (c *Client) Goodbye(ctx context.Context) error {
	asking, enough := context.WithCancel(ctx)
	defer enough()
	var told atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) {
		if w.Err == nil {
			time.AfterFunc(goodbyeGrace, func() { told.Store(true); enough() })
		}
	}}
	err := c.Leave(httptrace.WithClientTrace(asking, trace))
	if told.Load() && ctx.Err() == nil {
		return nil
	}
	return err
}

// Announce adds to what this peer has, at most netproto.MaxAnnounce contents per
// call.
func (c *Client) Announce(ctx context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error) {
	var answer netproto.AnnounceResponse
	return answer, c.call(ctx, http.MethodPost, netproto.RouteResources, request, &answer, refusedBytes)
}

// Withdraw removes contents that this peer no longer has.
func (c *Client) Withdraw(ctx context.Context, hashes []netproto.ContentHash) error {
	return c.call(ctx, http.MethodDelete, netproto.RouteResources, netproto.WithdrawRequest{Hashes: hashes}, nil, otherBytes)
}

// Search returns one page of hits. A tracker that does not know the order by the best
// match sorts by sources. What one that does not know owners and times answers is looked
// through here, so its pages may have few hits.
func (c *Client) Search(ctx context.Context, q netproto.SearchRequest) (netproto.SearchResponse, error) {
	if q.Sort == netproto.SortBest && c.noBest.Load() {
		q.Sort = netproto.SortSources
	}
	found, err := c.search(ctx, q)
	if q.Sort == netproto.SortBest && netproto.CodeOf(err) == netproto.CodeInvalid {
		q.Sort = netproto.SortSources
		if found, err = c.search(ctx, q); err == nil {
			c.noBest.Store(true)
		}
	}
	filters := q.Owner != (netproto.PeerID{}) || !q.Since.IsZero() || !q.Until.IsZero()
	if filters && !found.Filtered {
		found.Items = slices.DeleteFunc(found.Items, func(h netproto.Hit) bool { return !q.Fits(h) })
	}
	return found, err
}

func (c *Client) search(ctx context.Context, q netproto.SearchRequest) (netproto.SearchResponse, error) {
	values := url.Values{}
	set := func(key, value string) {
		if value != "" && value != "0" {
			values.Set(key, value)
		}
	}
	set("q", q.Words)
	set("type", q.Type)
	set("min_size", strconv.FormatInt(q.MinSize, 10))
	set("max_size", strconv.FormatInt(q.MaxSize, 10))
	set("sort", string(q.Sort))
	set("order", string(q.Order))
	set("limit", strconv.Itoa(q.Limit))
	set("cursor", q.Cursor)
	if q.Offline {
		set("offline", "true")
	}
	if q.Owner != (netproto.PeerID{}) {
		set("owner", q.Owner.String())
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			set(name, at.UTC().Format(time.RFC3339))
		}
	}
	var answer searchAnswer
	answer.Items.most, answer.Suggestions.most = cmp.Or(q.Limit, netproto.DefaultPage), netproto.MaxSuggestions
	if err := c.call(ctx, http.MethodGet, netproto.RouteResources+"?"+values.Encode(), nil, &answer, searchBytes); err != nil {
		return netproto.SearchResponse{}, err
	}
	return answer.response(), nil
}

// Stats returns the tracker's counts.
func (c *Client) Stats(ctx context.Context) (netproto.Stats, error) {
	var answer netproto.Stats
	return answer, c.call(ctx, http.MethodGet, netproto.RouteStats, nil, &answer, otherBytes)
}
