package admission

import (
	"net/netip"

	"centralizedp2p/tracker/limit"
)

// Arrive decides whether a connection from an address is let in. leave has to be called when
// it ends; without one, it was refused by the limit of that name. Connections of shared
// addresses are those of many, as proxies bring them.
func (g *Guard) Arrive(from netip.Addr, shared bool) (leave func(), refused string) {
	source, open := limit.Source(from), g.conns.Open
	if shared {
		open = g.conns.OpenShared
	} else if g.arrivals.Take(source, 1, g.Now()) > 0 {
		return nil, limitConnectionRate
	}
	switch open(source) {
	case limit.TooManyInTotal:
		return nil, limitConnections
	case limit.TooManyFromSource:
		return nil, limitConnectionsAddress
	}
	return func() { g.conns.Close(source) }, ""
}
