package reach

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// tracker arranges calls and relays in a world.
type tracker struct {
	world   *world
	noRelay bool
	why     netproto.NoRelay
	again   time.Time
	fail    error                                    // of every call
	silent  bool                                     // it does not answer any longer
	late    time.Duration                            // between the ring and the answer
	slow    time.Duration                            // until a side is at the relay, besides
	missed  time.Duration                            // until the callee has a line again over which it is rung
	tamper  func(net.Conn, net.Conn) (a, b net.Conn) // what a relay makes of its two ends

	mu     sync.Mutex
	asked  []time.Time
	relays map[netproto.RelayToken]chan net.Conn
	tokens byte
	ends   int // relays that were joined
}

// exchange is the tracker as one host sees it.
type exchange struct {
	*tracker
	host *host
}

func (e *exchange) Address() string { return "tracker:5000" }

func (e *exchange) Call(ctx context.Context, r netproto.CallRequest) (netproto.CallResponse, error) {
	e.mu.Lock()
	e.asked = append(e.asked, time.Now())
	e.tokens++
	token := netproto.RelayToken{e.tokens}
	e.mu.Unlock()
	if e.silent {
		<-ctx.Done()
		return netproto.CallResponse{}, ctx.Err()
	}
	if err := pause(ctx, oneWay); err != nil {
		return netproto.CallResponse{}, err
	}
	if e.fail != nil {
		return netproto.CallResponse{}, e.fail
	}
	e.world.mu.Lock()
	i := slices.IndexFunc(e.world.peers, func(h *host) bool { return h.id.PeerID() == r.PeerID })
	e.world.mu.Unlock()
	if i < 0 {
		return netproto.CallResponse{}, netproto.Errorf(netproto.CodeNotFound, "nobody")
	}
	callee := e.world.peers[i]
	var relay *netproto.Relay
	if !e.noRelay {
		relay = &netproto.Relay{Token: token}
	}
	ring := netproto.Ring{Call: netproto.CallID{1}, PeerID: e.host.id.PeerID(), Key: e.host.key, Hash: r.Hash, Addresses: []string{e.host.at.String()}, Relay: relay}
	if err := pause(ctx, oneWay); err != nil {
		return netproto.CallResponse{}, err
	}
	if e.missed > 0 {
		time.AfterFunc(e.missed, func() { callee.Ring(&exchange{e.tracker, callee}, ring) })
		err := pause(ctx, cmp.Or(e.late, 2*time.Second))
		return netproto.CallResponse{Call: ring.Call, Addresses: []string{callee.at.String()}, Relay: relay, Silent: e.late < e.missed}, err
	}
	result := callee.Ring(&exchange{e.tracker, callee}, ring)
	if err := pause(ctx, e.late+2*oneWay); err != nil {
		return netproto.CallResponse{}, err
	}
	switch result {
	case netproto.RingBusy:
		return netproto.CallResponse{}, netproto.Errorf(netproto.CodeBusy, "it is busy")
	case netproto.RingNo:
		return netproto.CallResponse{}, netproto.Errorf(netproto.CodeDenied, "it does not want to")
	}
	return netproto.CallResponse{Call: netproto.CallID{1}, Addresses: []string{callee.at.String()}, Relay: relay, NoRelay: e.why, RelayAgain: &e.again}, nil
}

func (e *exchange) Relay(ctx context.Context, token netproto.RelayToken) (net.Conn, error) {
	if err := pause(ctx, 2*oneWay); err != nil {
		return nil, err
	}
	if err := pause(ctx, e.slow); err != nil {
		return nil, err
	}
	e.mu.Lock()
	wait, there := e.relays[token]
	if there {
		a, b := pipe(netip.MustParseAddrPort("203.0.113.5:5000"), netip.MustParseAddrPort("203.0.113.5:5001"))
		if e.tamper != nil {
			a, b = e.tamper(a, b)
		}
		e.ends++
		wait <- a
		e.mu.Unlock()
		return b, nil
	}
	wait = make(chan net.Conn, 1)
	e.relays[token] = wait
	e.mu.Unlock()
	select {
	case c := <-wait:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (tr *tracker) calledAt() []time.Time {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.asked)
}
