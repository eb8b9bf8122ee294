// Package server answers the requests of peers and seed clients on one TCP port
// from a store.Store. The package comment of netproto describes what they say.
//
// Each noun has its file: peers, resources, search, sources, access. Every
// request comes in through routes.go, which maps methods and paths to handlers.
// What needs to know no route is in the rooms below this one.
package server

import (
	"cmp"
	"log/slog"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/dialback"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/nodes"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/seedapi"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/front"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/places"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/server/webpages"
	"centralizedp2p/tracker/store"
	"centralizedp2p/tracker/wishes"
)

// Config describes a tracker. Store and Identity are required, the rest has
// defaults.
type Config struct {
	Store       store.Store
	Identity    *identity.Identity
	Name        string              // shown to people
	Version     string              // of the program
	Access      Access              // AccessOpen
	Role        Role                // RoleBoth; RoleAPI is for a store without search
	SeedClients netproto.SeedPolicy // netproto.SeedLAN; always SeedOff with AccessInvite, and with another role than RoleBoth
	Heartbeat   time.Duration       // interval for peers in whole seconds; netproto.DefaultHeartbeat
	Limits      *admission.Limits   // admission.DefaultLimits
	Proxies     origin.Proxies      // reverse proxies whose headers are believed; none
	Balancers   origin.Proxies      // proxies whose connections begin with a header of the PROXY protocol; none
	PublicURL   string              // HOST:PORT in links; what the visitor used
	NodeAddress string              // HOST:PORT at which the other nodes of the tracker reach this one, to relay; they do not without
	Addresses   []string            // HOST:PORT, all at which peers find the tracker; not said unless there are several
	Metrics     metrics.Policy      // metrics.Private
	AccessLog   bool                // log every request
	Relay       *relay.Limits       // relay.DefaultLimits
	Downloads   *webpages.Downloads // none are offered
	Logger      *slog.Logger        // none
}

// lease returns how long a peer counts as online after its last sign of life.
func (c *Config) lease() time.Duration { return netproto.LeaseHeartbeats * c.Heartbeat }

// Access says who may use a tracker.
type Access string

// The two kinds of access.
const (
	AccessOpen   Access = "open"   // everybody except the banned
	AccessInvite Access = "invite" // keys that joined with an invite; no seed clients, which have no key
)

// ParseAccess reads open or invite. Any other text is netproto.CodeInvalid.
func ParseAccess(s string) (Access, error) {
	switch a := Access(s); a {
	case AccessOpen, AccessInvite:
		return a, nil
	}
	return "", netproto.Errorf(netproto.CodeInvalid, "access is open or invite, not %q", s)
}

// Server answers requests. It can serve once.
type Server struct {
	config   Config
	store    store.Store
	seed     *seedapi.API
	log      *slog.Logger
	times    front.Times
	conns    *front.Conns
	requests metrics.Meter // answered so far
	metrics  *metrics.Metrics
	guard    *admission.Guard
	searches *admission.Searcher
	work     *admission.Work // for everything that takes long
	proxies  origin.Proxies
	reach    *dialback.Peers
	lines    *line.Lines
	calls    *line.Calls
	relay    *relay.Relay
	wishes   *wishes.Wishes
	others   *nodes.Others
	places   *places.Places
	ports    atomic.Pointer[[]int] // that it listens on, once it does
}

// New returns a server; Serve runs it.
func New(c Config) *Server {
	if c.Access == "" {
		c.Access = AccessOpen
	}
	c.Role = cmp.Or(c.Role, RoleBoth)
	if c.Access == AccessInvite || c.Role != RoleBoth { // a seed client knows one address, for all it asks
		c.SeedClients = netproto.SeedOff
	}
	if c.SeedClients == "" {
		c.SeedClients = netproto.SeedLAN
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = netproto.DefaultHeartbeat
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, store: c.Store, log: c.Logger, times: front.DefaultTimes, conns: front.NewConns()}
	limits := admission.DefaultLimits()
	if c.Limits != nil {
		limits = *c.Limits
	}
	s.guard, s.proxies, s.reach = admission.NewGuard(limits), c.Proxies, dialback.New(c.Identity, s.config.lease(), c.Logger)
	s.work = admission.NewWork()
	s.searches = admission.NewSearcher(s.store, s.guard, s.work)
	s.seed = &seedapi.API{Store: c.Store, Policy: c.SeedClients, ReadBody: rest.ReadBody, Work: s.seedWork,
		Charge: func(c seedapi.Caller, bytes int) { s.guard.ChargeBytes(c.Addr, bytes) }}
	s.lines = line.New(host{s}, 0)
	s.calls = line.NewCalls(s.lines)
	s.wishes = s.newWishes()
	s.others = s.newOthers()
	s.places = places.New(s.seen, s.reach.Known)
	s.SetPublicAddress(c.PublicURL)
	relayed := relay.DefaultLimits()
	if c.Relay != nil {
		relayed = *c.Relay
	}
	s.relay = relay.New(relayed)
	if shared, is := s.store.(store.Nodes); is {
		s.relay.Mark(nodes.Mark(shared.Self()))
	}
	s.metrics = metrics.New(metrics.Config{Policy: c.Metrics, AccessLog: c.AccessLog, Log: c.Logger, Store: c.Store, Searches: c.Role != RoleAPI})
	s.metrics.Ways(s.lines.Len, s.relay.Circuits, s.relay.Bytes)
	return s
}

// SetPublicAddress says at which HOST:PORT others reach the tracker, as its operator or
// its router told; "" if that is no longer known. If the host is an address, peers in the
// tracker's own network are published there. It may be called while the server runs.
func (s *Server) SetPublicAddress(at string) { s.places.SetPublic(at) }

// Requests returns how many requests the server has answered.
func (s *Server) Requests() uint64 { return s.requests.Total() }

// Waiting returns how many searches and other pieces of long work wait for a processor.
func (s *Server) Waiting() int { return s.work.Waiting() }

// Queued receives after such work has begun to wait.
func (s *Server) Queued() <-chan struct{} { return s.work.Queued() }

// SeedClients returns the policy in force, which Access may have tightened.
func (s *Server) SeedClients() netproto.SeedPolicy { return s.config.SeedClients }
