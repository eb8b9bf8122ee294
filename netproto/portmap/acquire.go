package portmap

import (
	"context"
	"math/rand/v2"
	"sync"
)

// acquire4 asks the router of IPv4 in all protocols at once.
func (m *Mapping) acquire4(ctx context.Context, route Route) (*lease, error) {
	if m.network.outside(route.Own) {
		return nil, &refusal{Public, route.Own.String()}
	}
	if !route.Gateway.IsValid() || !m.network.inside(route.Gateway) {
		return nil, &refusal{NoRouter, "no router in the local network"}
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	begin := func(attempt func() (client, granted, error)) func() (client, granted, error) {
		return begin(&work, attempt)
	}
	attempts := []func() (client, granted, error){
		begin(func() (client, granted, error) { return m.ask(ctx, newPCP(m.network, route, m.port)) }),
		begin(func() (client, granted, error) {
			c := newNATPMP(m.network, route, m.port)
			return c, granted{}, c.findAddress(ctx) // a mapping only if PCP makes none
		}),
		begin(func() (client, granted, error) {
			g, err := discover(ctx, m.network, route)
			if err != nil {
				return nil, granted{}, err
			}
			c, err := newIGD(ctx, g, m.port, m.options.Description)
			return c, granted{}, err
		}),
	}
	var why error = &refusal{Silent, "no answer"}
	for i, attempt := range attempts {
		c, got, err := attempt()
		if err == nil && i > 0 {
			got, err = c.request(ctx, m.network.life)
		}
		if err == nil || ctx.Err() != nil && c != nil {
			return &lease{route, c, got}, err
		}
		m.options.Log.Debug("the router maps nothing", "attempt", i, "error", err)
		if rank[reasonOf(err)] > rank[reasonOf(why)] {
			why = err
		}
	}
	return nil, why
}

// acquire6 has the firewall of the IPv6 router opened: by PCP, or by the UPnP of the
// router that IPv4 goes over, which is the same box in a home.
func (m *Mapping) acquire6(ctx context.Context, six, four Route) (*lease, error) {
	if !six.Gateway.IsValid() || !m.network.outside(six.Own) {
		return nil, &refusal{NoRouter, "no public IPv6 address behind a router"}
	}
	c, got, why := m.ask(ctx, newPCP(m.network, six, m.port))
	if why == nil || ctx.Err() != nil {
		return &lease{six, c, got}, why
	}
	if !four.Gateway.IsValid() || !m.network.inside(four.Gateway) || m.network.outside(four.Own) {
		return nil, why
	}
	g, err := discover(ctx, m.network, four)
	if err != nil {
		return nil, why
	}
	hole, err := newPinhole(g, six.Own, m.port)
	if err != nil {
		return nil, why
	}
	if got, err = hole.request(ctx, m.network.life); err != nil && ctx.Err() == nil {
		return nil, err
	}
	return &lease{six, hole, got}, err
}

func (m *Mapping) ask(ctx context.Context, c client) (client, granted, error) {
	got, err := c.request(ctx, m.network.life)
	return c, got, err
}

// begin starts an attempt; the function that it returns waits for its result.
func begin(work *sync.WaitGroup, attempt func() (client, granted, error)) func() (client, granted, error) {
	var c client
	var got granted
	var err error
	done := make(chan struct{})
	work.Go(func() {
		defer close(done)
		c, got, err = attempt()
	})
	return func() (client, granted, error) {
		<-done
		return c, got, err
	}
}

// candidates are external ports to ask for: that of this computer, and three others.
func candidates(port int) [4]int {
	list := [4]int{port}
	for i := range list[1:] {
		list[i+1] = 20000 + rand.IntN(40000)
	}
	return list
}
