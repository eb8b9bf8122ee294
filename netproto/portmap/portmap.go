// Package portmap has the router pass a TCP port on to this computer, and keeps it so:
// by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP (IGD 1 and 2), whichever the router
// speaks. For IPv6, where nothing is translated, it has the router's firewall let the
// port through ("pinhole").
//
// All three are asked at once; PCP and NAT-PMP answer within milliseconds, and UPnP is
// waited for only if they do not. A mapping is a lease of an hour, renewed at half time
// and given back in the end.
//
// Only the router on this computer's way out is asked, only answers that come from it
// count, and each is bounded in size and time: anybody in the network can send some.
package portmap

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is to be mapped.
type Options struct {
	// Port is the TCP port on which this computer listens; 0 maps nothing until
	// [Mapping.Map]. The router is asked for the same number, but may choose another.
	Port int
	// Description is what the router's list of mappings says, at most 64 bytes of ASCII.
	Description string
	Log         *slog.Logger
	// Routes returns this computer's ways out; nil is [SystemRoutes].
	Routes func() ([]Route, error)

	network *network // nil: the standard one; tests use fake routers
}

// Verdict says how far a mapping is.
type Verdict string

// The verdicts.
const (
	Off       Verdict = "off"       // no port is to be mapped, and no router is asked
	Searching Verdict = "searching" // nothing is known yet
	Mapped    Verdict = "mapped"
	Unmapped  Verdict = "unmapped" // State.Reason says why; it is tried again later
)

// Protocol is what the router speaks.
type Protocol string

// The protocols.
const (
	PCP    Protocol = "PCP"
	NATPMP Protocol = "NAT-PMP"
	UPnP   Protocol = "UPnP"
)

// Reason says why the port is not mapped, or why a mapping may be of no use. Faces
// have a sentence for each.
type Reason string

// The reasons.
const (
	NoRouter Reason = "no-router"      // this computer has no way out over a router, as without a network or in some VPNs
	Public   Reason = "public-address" // no router translates this computer's address, so there is nothing to map
	Silent   Reason = "silent"         // the router answers none of the protocols: they are missing or switched off
	Refused  Reason = "refused"        // the router answers, but does not want to
	Taken    Reason = "port-taken"     // other computers have all ports that were asked for
	Failed   Reason = "failed"         // the router answers what cannot be understood
	// Shared: the router has no public address itself, because the provider shares one
	// among customers or there is another router before it. A mapping, if there is one,
	// is useful only if that passes everything on.
	Shared Reason = "shared-address"
)

// rank orders reasons by how much they tell a person.
var rank = map[Reason]int{NoRouter: 1, Silent: 2, Failed: 3, Taken: 4, Refused: 5, Shared: 6, Public: 7}

// State is what is known about a mapping.
type State struct {
	Verdict      Verdict
	Protocol     Protocol // in which it was made
	ExternalPort int      // of the router, passed on to the port of this computer; 0 unless mapped
	// External is the router's address as it says, with ExternalPort. It may not be the
	// one that others see: see [Shared]. Invalid if it does not say.
	External netip.AddrPort
	Reason   Reason
	// Pinhole is the protocol in which the IPv6 firewall was opened; "" if it was not.
	Pinhole Protocol
}

// Mapping is a port that is kept mapped.
type Mapping struct {
	options Options
	network *network
	cancel  context.CancelFunc
	done    chan struct{}
	refresh chan struct{}
	changed chan struct{}
	wanted  atomic.Int32 // port
	port    int          // the one that is mapped or asked for; only run uses it

	mu    sync.Mutex
	state State
}

// Keep maps a port and keeps it mapped until ctx ends or Close is called. It returns at
// once; see [Mapping.Changed].
func Keep(ctx context.Context, o Options) *Mapping {
	m := &Mapping{options: o, network: o.network, done: make(chan struct{}), refresh: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		state: State{Verdict: Off}}
	m.wanted.Store(int32(o.Port))
	if m.network == nil {
		m.network = &standard
	}
	if m.options.Routes == nil {
		m.options.Routes = SystemRoutes
	}
	ctx, m.cancel = context.WithCancel(ctx)
	go m.run(ctx)
	return m
}

// State returns what is known now.
func (m *Mapping) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Changed receives after the state has changed; changes that nobody took yet count as
// one. It is closed when the mapping has ended.
func (m *Mapping) Changed() <-chan struct{} { return m.changed }

// Refresh asks the router again now: after a change of network, or when a person
// wants it.
func (m *Mapping) Refresh() {
	select {
	case m.refresh <- struct{}{}:
	default:
	}
}

// Map asks for another port from now on, and gives the lease of the one before back; 0
// asks for none.
func (m *Mapping) Map(port int) {
	if m.wanted.Swap(int32(port)) != int32(port) {
		m.Refresh()
	}
}

// Close gives the lease back, within two seconds, and ends.
func (m *Mapping) Close() {
	m.cancel()
	<-m.done
}

func (m *Mapping) set(s State) {
	m.mu.Lock()
	changed := m.state != s
	m.state = s
	m.mu.Unlock()
	if !changed {
		return
	}
	m.options.Log.Info("the port on the router", "verdict", s.Verdict, "protocol", s.Protocol, "external", s.External, "port", s.ExternalPort,
		"reason", s.Reason, "pinhole", s.Pinhole)
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// run maps, renews and, in the end, gives back.
func (m *Mapping) run(ctx context.Context) {
	defer close(m.done)
	defer close(m.changed)
	var held leases
	defer func() {
		m.giveBack(ctx, &held)
		m.set(State{Verdict: Off})
	}()
	for {
		if port := int(m.wanted.Load()); port != m.port {
			m.giveBack(ctx, &held)
			m.port = port
			if port != 0 {
				m.set(State{Verdict: Searching})
			}
		}
		state, next := State{Verdict: Off}, m.network.life
		if m.port != 0 {
			state, next = m.round(ctx, &held)
		}
		if ctx.Err() != nil {
			return
		}
		m.set(state)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-m.refresh:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// giveBack gives back what is held, even after ctx has ended.
func (m *Mapping) giveBack(ctx context.Context, held *leases) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.network.goodbye)
	defer cancel()
	held.release(ctx)
}

// lease is a mapping that a router has made.
type lease struct {
	route  Route
	client client
	granted
}

// granted is what a router answers.
type granted struct {
	external netip.AddrPort // the address may be invalid
	life     time.Duration
}

// client asks one router in one protocol for one port. It remembers what it needs to
// renew that.
type client interface {
	protocol() Protocol
	// request asks for the port or, with a life of 0, gives it back. An error that is
	// no *refusal is one of the network, or of ctx.
	request(ctx context.Context, life time.Duration) (granted, error)
}

// refusal is an answer of a router, or its silence, that ends a request.
type refusal struct {
	reason Reason
	detail string
}

func (r *refusal) Error() string { return string(r.reason) + ": " + r.detail }

// reasonOf returns why a request failed.
func reasonOf(err error) Reason {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return Silent
}

// leases are what a mapping holds, by family.
type leases struct{ four, six *lease }

// release gives all back at once.
func (l *leases) release(ctx context.Context) {
	var work sync.WaitGroup
	for _, held := range []*lease{l.four, l.six} {
		if held != nil {
			work.Go(func() { _, _ = held.client.request(ctx, 0) }) // it ends by itself if the router cannot be reached
		}
	}
	work.Wait()
	*l = leases{}
}

// round renews what is held, or asks for what is not. It returns the state and when
// the next round is due.
func (m *Mapping) round(ctx context.Context, held *leases) (State, time.Duration) {
	routes, err := m.options.Routes()
	if err != nil {
		m.options.Log.Debug("the ways out of this computer", "error", err)
	}
	var four, six Route
	for _, r := range routes {
		switch {
		case r.Own.Is4() && !four.Own.IsValid():
			four = r
		case r.Own.Is6() && !six.Own.IsValid():
			six = r
		}
	}
	var why4, why6 error
	var work sync.WaitGroup
	work.Go(func() { held.four, why4 = m.keep(ctx, held.four, four, m.acquire4) })
	work.Go(func() {
		held.six, why6 = m.keep(ctx, held.six, six, func(ctx context.Context, six Route) (*lease, error) { return m.acquire6(ctx, six, four) })
	})
	work.Wait()
	m.options.Log.Debug("asked the router", "IPv4", why4, "IPv6", why6)
	return m.judge(held, four, why4, why6)
}

// judge makes a state of what came of a round.
func (m *Mapping) judge(held *leases, four Route, why4, why6 error) (State, time.Duration) {
	next := m.network.retry
	state := State{Verdict: Unmapped}
	if held.six != nil {
		state.Pinhole = held.six.client.protocol()
		next = min(next, m.network.renewal(held.six.life))
	}
	shown := held.four
	if shown == nil && !four.Own.IsValid() {
		shown = held.six // there is only IPv6
	}
	if shown == nil {
		state.Reason = reasonOf(why4)
		if !four.Own.IsValid() && why6 != nil {
			state.Reason = reasonOf(why6)
		}
		return state, next
	}
	state.Verdict, state.Protocol = Mapped, shown.client.protocol()
	state.External, state.ExternalPort = shown.external, int(shown.external.Port())
	if !shown.external.Addr().IsValid() {
		state.External = netip.AddrPort{}
	} else if !m.network.outside(shown.external.Addr()) {
		state.Reason = Shared
	}
	if held.four != nil {
		life := m.network.renewal(held.four.life)
		if held.six != nil {
			life = min(life, next)
		}
		next = life
	}
	return state, next
}

// keep renews a lease, or asks for one with acquire. If ctx ends meanwhile, it returns
// what may have been granted.
func (m *Mapping) keep(ctx context.Context, held *lease, route Route, acquire func(context.Context, Route) (*lease, error)) (*lease, error) {
	if held != nil && held.route == route {
		again, err := held.client.request(ctx, m.network.life)
		if err == nil {
			held.granted = again
			return held, nil
		}
		if ctx.Err() != nil {
			return held, err
		}
		m.options.Log.Debug("the router does not renew the port", "error", err)
	} else if held != nil {
		ctx, cancel := context.WithTimeout(ctx, m.network.patience)
		_, _ = held.client.request(ctx, 0) // that router may be out of reach
		cancel()
	}
	if !route.Own.IsValid() {
		return nil, &refusal{NoRouter, "this computer has no way out"}
	}
	return acquire(ctx, route)
}
