package daemon

import (
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/server/origin"
)

// Options are what a person chooses about a tracker.
type Options struct {
	Listen      string // HOST:PORT, where HOST may be empty and PORT 0, or several with commas; see Listens
	Data        string // folder of its key and its database; created if missing
	Store       string // address of a database instead of the one in Data; may be empty
	KeySecret   string // file with the secret that seals the tracker's key in that database; if empty, the key is in Data
	Role        string // a server.Role
	Name        string
	Access      string // a server.Access
	SeedClients string // a netproto.SeedPolicy
	Log         string // text or json
	LogFile     string // where Run logs; empty is stderr
	JSON        bool   // print one JSON object on stdout instead of a sentence
	Version     string // of the program

	Config    string // settings file for Settle; may be empty
	PublicURL string // HOST:PORT in links, or several with commas; if empty, the address the tracker sees itself under
	NodeAt    string // ip:port at which the other nodes reach this one; they do not if it is empty
	Metrics   string // a metrics.Policy
	MapPort   bool   // ask the router to pass the port on
	AccessLog bool
	Downloads string // folder with packages of this program for the page; none if empty
	Pprof     string // loopback HOST:PORT of the profiler; off if empty

	// LANAnnounce lets peers in the local network find the tracker. A tracker
	// that listens on loopback alone is never announced.
	LANAnnounce bool

	Relay      string // on or off
	RelayRate  int64  // bytes a second, each way of each circuit; 0 is not limited
	RelayTotal int64  // bytes a second, of all circuits; 0 is not limited

	Limits         admission.Limits
	TrustedProxies string // for origin.ParseProxies
	ProxyProtocol  string // likewise

	// Heartbeat is the interval for peers, in whole seconds from 1 s; their
	// lease follows from it.
	Heartbeat time.Duration
}

// DefaultOptions returns the options of a tracker that nobody configured.
func DefaultOptions() Options {
	o := Options{
		Listen:      ":" + strconv.Itoa(netproto.DefaultPort),
		Role:        string(server.RoleBoth),
		Name:        "tracker",
		Access:      string(server.AccessOpen),
		SeedClients: string(netproto.SeedLAN),
		Log:         "text",
		Version:     version.Here().String(),
		Metrics:     string(metrics.Private),
		LANAnnounce: true,
		Heartbeat:   netproto.DefaultHeartbeat,
		Limits:      admission.DefaultLimits(),
		Relay:       relayOn,
		RelayRate:   relay.DefaultLimits().Rate,
		RelayTotal:  relay.DefaultLimits().Total,
	}
	if config, err := os.UserConfigDir(); err == nil {
		o.Data = filepath.Join(config, "centralizedp2p", "tracker")
	}
	if host, err := os.Hostname(); err == nil {
		o.Name = host
	}
	return o
}

// Flags adds the flags of a tracker to a set, with the values in o as their
// defaults. Version and Heartbeat are set by programs and have no flags.
func (o *Options) Flags(set *flag.FlagSet) {
	set.Var(&listFlag{value: &o.Listen}, "listen", "`[HOST]:PORT` to listen on; port 0 picks a free one, and \"systemd\" stands for the sockets that systemd "+
		"passes on; may be repeated: --listen :5000 --listen :443 also serves networks that let only web traffic out")
	set.StringVar(&o.Data, "data", o.Data, "`folder` for the tracker's key and database")
	set.StringVar(&o.Store, "store", o.Store, "keep everything in the PostgreSQL database at this `address`, such as postgres://tracker@db.example/tracker, "+
		"which several trackers with the same key may share; its password is in the variable PGPASSWORD, or in a file that PGPASSFILE names")
	set.StringVar(&o.KeySecret, "key-secret", o.KeySecret, "keep the tracker's key in the database of --store, "+
		"so that all nodes have it, sealed with the secret in this `file`")
	set.StringVar(&o.Role, "role", o.Role, "which part of the work of a tracker with --store this node does, `both|search|api`: "+
		"everything, only searches and lists, or everything but those, without the names in memory; "+
		"peers pass on to another address of --public-url for the rest")
	set.StringVar(&o.Name, "name", o.Name, "`name` shown to people")
	set.StringVar(&o.Access, "access", o.Access,
		"who may use it, `open|invite`: everybody, or only keys that joined with an invite link, which turns seed clients off")
	set.StringVar(&o.SeedClients, "seed-clients", o.SeedClients, "serve seed clients `off|lan|open`: nowhere, in the local network, everywhere")
	set.StringVar(&o.Log, "log", o.Log, "log to stderr as `text|json`")
	set.StringVar(&o.LogFile, "log-file", o.LogFile, "log to this `file` instead; SIGHUP opens it again after it was rotated")
	set.StringVar(&o.TrustedProxies, "trusted-proxy", o.TrustedProxies,
		"comma-separated `addresses` or ranges of reverse proxies that set X-Forwarded-For and Client-Cert")
	set.StringVar(&o.ProxyProtocol, "proxy-protocol", o.ProxyProtocol,
		"comma-separated `addresses` or ranges of proxies that pass TCP on, like HAProxy with send-proxy-v2: "+
			"all their connections, and no others, begin with whose they are")
	for _, l := range o.limits() {
		set.IntVar(l.value, l.name, *l.value, l.usage+"; 0 means no limit")
	}
	set.Var((*memoryFlag)(&o.Limits.Memory), "memory",
		"memory for the whole tracker, a `size` like 512MiB; beyond it, the tracker is full and takes no more names; 0 means no limit")
	set.StringVar(&o.Config, configFlag, o.Config, "settings `file` with lines of the form name = value, where the names are those of these flags")
	set.Var(&listFlag{value: &o.PublicURL}, "public-url", "`HOST:PORT` in links, for a tracker behind NAT or a proxy; repeat it for each node of a tracker "+
		"that has several: links have the first address, and peers learn of the others and use them while it is away")
	set.StringVar(&o.NodeAt, "node-address", o.NodeAt,
		"`IP:PORT` at which the other nodes of a tracker with --store reach this one, without a balancer between: "+
			"they pass on to it connections of peers that this one relays")
	set.StringVar(&o.Relay, "relay", o.Relay, "pass on bytes, encrypted from end to end, for peers that cannot reach each other: `on|off`")
	set.Var((*rateFlag)(&o.RelayRate), "relay-rate", "`bytes` a second that the relay passes on, each way of each connection, like 1MB; 0 means no limit")
	set.Var((*rateFlag)(&o.RelayTotal), "relay-total", "`bytes` a second that the relay passes on for all connections together, like 8MB; 0 means no limit")
	set.BoolVar(&o.MapPort, "map-port", o.MapPort, "ask the router to pass the port on (UPnP, NAT-PMP or PCP), for a tracker at home")
	set.StringVar(&o.Metrics, "metrics", o.Metrics, "show /metrics to `private|public`: its own network, everybody")
	set.StringVar(&o.Downloads, "downloads", o.Downloads,
		"offer the packages of this program that are in this `folder` on the tracker's page, with their SHA-256")
	set.BoolVar(&o.AccessLog, "access-log", o.AccessLog, "log every request")
	set.BoolVar(&o.LANAnnounce, "lan-announce", o.LANAnnounce, "let peers in the local network find the tracker (mDNS)")
	set.StringVar(&o.Pprof, "pprof", o.Pprof, "serve profiles on this `HOST:PORT` of this computer, for example 127.0.0.1:6060")
	set.BoolVar(&o.JSON, "json", o.JSON, "print the address as one JSON object on stdout")
}

// memoryFlag is a number of bytes as people write it.
type memoryFlag int64

// leastMemory is enough for a tracker of a few thousand names.
const leastMemory = 64 << 20

// String implements flag.Value.
func (m *memoryFlag) String() string {
	if m == nil || *m == 0 {
		return "0"
	}
	return strings.ReplaceAll(humanize.IBytes(uint64(*m)), " ", "")
}

// Set implements flag.Value.
func (m *memoryFlag) Set(text string) error {
	bytes, err := humanize.ParseBytes(text)
	switch {
	case err != nil || bytes > math.MaxInt64:
		return fmt.Errorf("%q is not a size like 512MiB or 2GiB", text)
	case bytes != 0 && bytes < leastMemory:
		return fmt.Errorf("%q is less than 64MiB, which a tracker needs", text)
	}
	*m = memoryFlag(bytes)
	return nil
}

// rateFlag is a number of bytes a second as people write it.
type rateFlag int64

// leastRate is the slowest relay that is of use to anybody.
const leastRate = 16_000

// String implements flag.Value.
func (r *rateFlag) String() string {
	switch {
	case r == nil:
		return "0"
	case *r != 0 && *r%1_000_000 == 0:
		return strconv.FormatInt(int64(*r)/1_000_000, 10) + "MB"
	}
	return strconv.FormatInt(int64(*r), 10)
}

// Set implements flag.Value.
func (r *rateFlag) Set(text string) error {
	bytes, err := humanize.ParseBytes(text)
	switch {
	case err != nil || bytes > math.MaxInt64:
		return fmt.Errorf("%q is not a number of bytes like 500kB or 8MB", text)
	case bytes != 0 && bytes < leastRate:
		return fmt.Errorf("%q is less than 16kB a second, which is of use to nobody; --relay off switches the relay off", text)
	}
	*r = rateFlag(bytes)
	return nil
}

// limitFlag is a limit that a person can set.
type limitFlag struct {
	name, usage string
	value       *int
}

func (o *Options) limits() []limitFlag {
	l := &o.Limits
	return []limitFlag{
		{"rate-address", "`requests` a second from one address (or IPv6 /64)", &l.RateAddress},
		{"rate-key", "`requests` a second from one peer", &l.RateKey},
		{"new-keys-address", "`peers` that may join for the first time from one address in an hour", &l.NewKeys},
		{"connections", "open `connections` in total", &l.Connections},
		{"connections-address", "open `connections` from one address", &l.ConnectionsAddress},
		{"resources-address", "`resources` that the peers at one address may announce together", &l.ResourcesAddress},
		{"resources-key", "`resources` that one peer may announce", &l.ResourcesKey},
		{"peers", "`peers` online at once", &l.Peers},
	}
}

// settled is the part of Options that was parsed.
type settled struct {
	policy    netproto.SeedPolicy
	access    server.Access
	role      server.Role
	metrics   metrics.Policy
	proxies   []netip.Prefix
	balancers []netip.Prefix // of ProxyProtocol
	relay     relay.Limits
	publics   []string // of PublicURL
}

// The values of --relay.
const (
	relayOn  = "on"
	relayOff = "off"
)

// settle parses the options, and leaves in PublicURL the first address, completed.
// Anything unusable is a netproto.CodeUsage.
func (o *Options) settle() (s settled, err error) {
	if s.policy, err = netproto.ParseSeedPolicy(o.SeedClients); err != nil {
		return s, netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", o.SeedClients)
	}
	if s.proxies, err = origin.ParseProxies(o.TrustedProxies); err != nil {
		return s, netproto.Errorf(netproto.CodeUsage, "--trusted-proxy: %w", err)
	}
	if s.balancers, err = origin.ParseProxies(o.ProxyProtocol); err != nil {
		return s, netproto.Errorf(netproto.CodeUsage, "--proxy-protocol: %w", err)
	}
	for _, l := range o.limits() {
		if *l.value < 0 {
			return s, netproto.Errorf(netproto.CodeUsage, "--%s is a number from 0, not %d", l.name, *l.value)
		}
	}
	if s.metrics, err = metrics.ParsePolicy(o.Metrics); err != nil {
		return s, err
	}
	if s.publics, err = publicAddresses(o.PublicURL); err != nil {
		return s, err
	}
	if len(s.publics) > 0 {
		o.PublicURL = s.publics[0]
	}
	if at, err := netip.ParseAddrPort(o.NodeAt); o.NodeAt != "" && (err != nil || at.Port() == 0 || at.Addr().IsUnspecified()) {
		return s, netproto.Errorf(netproto.CodeUsage, "--node-address is an IP address and a port, such as 10.0.0.1:5000, not %q", o.NodeAt)
	}
	if o.Store != "" && !IsDatabase(o.Store) {
		return s, netproto.Errorf(netproto.CodeUsage, "--store is an address like postgres://tracker@db.example/tracker")
	}
	if o.KeySecret != "" && o.Store == "" {
		return s, netproto.Errorf(netproto.CodeUsage, "--key-secret is for a tracker with --store: without, the key is in its data folder")
	}
	if s.role, err = server.ParseRole(o.Role); err != nil {
		return s, err
	}
	if s.role != server.RoleBoth && o.Store == "" {
		return s, netproto.Errorf(netproto.CodeUsage, "--role is for a node of a tracker with --store: another one does the rest of the work")
	}
	if s.role != server.RoleBoth && s.policy == netproto.SeedOpen {
		return s, netproto.Errorf(netproto.CodeUsage, "--role %s requires --seed-clients off: seed clients ask one node for everything", s.role)
	}
	if s.access, err = server.ParseAccess(o.Access); err != nil {
		return s, netproto.Errorf(netproto.CodeUsage, "--access is open or invite, not %q", o.Access)
	}
	if s.access == server.AccessInvite && s.policy == netproto.SeedOpen {
		return s, netproto.Errorf(netproto.CodeUsage, "--access invite requires --seed-clients off: seed clients have no key to invite")
	}
	if s.relay = relay.DefaultLimits(); o.Relay != relayOn {
		if o.Relay != relayOff {
			return s, netproto.Errorf(netproto.CodeUsage, "--relay is on or off, not %q", o.Relay)
		}
		s.relay.Circuits = 0
	}
	s.relay.Rate, s.relay.Total = o.RelayRate, o.RelayTotal
	if o.Data == "" {
		return s, netproto.Errorf(netproto.CodeUsage, "this system names no folder for settings: choose one for the tracker's data with --data FOLDER")
	}
	return s, nil
}

// publicAddresses reads the addresses of --public-url.
func publicAddresses(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		at, err := netproto.TrackerAddress(strings.TrimSpace(part))
		if err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--public-url: %w", err)
		}
		if !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	if len(list) > netproto.MaxAddresses {
		return nil, netproto.Errorf(netproto.CodeUsage, "--public-url: peers try at most %d addresses, not %d", netproto.MaxAddresses, len(list))
	}
	return list, nil
}

// IsDatabase reports whether a text is the address of a database, not the name of a file.
func IsDatabase(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}
