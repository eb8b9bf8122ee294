package server

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Names in the data folder of a tracker.
const (
	keyFile   = "tracker.key"
	storeFile = "tracker.db"
)

// Options are what a person chooses about a tracker.
type Options struct {
	Listen      string // HOST:PORT, where HOST may be empty and PORT 0
	Data        string // the folder of its key and its store; made when missing
	Name        string
	Access      string // open or invite
	SeedClients string // a netproto.SeedPolicy
	Log         string // text or json
	JSON        bool   // one JSON object instead of a sentence on stdout
	Version     string // of the program

	Operation

	Limits         Limits
	TrustedProxies string // for ParseProxies

	// Heartbeat is the interval for peers, from 1 s and in whole seconds; their
	// lease follows from it.
	Heartbeat time.Duration
}

// DefaultOptions are those of a tracker that nobody said anything about.
func DefaultOptions() Options {
	o := Options{
		Listen:      ":" + strconv.Itoa(netproto.DefaultPort),
		Name:        "tracker",
		Access:      string(AccessOpen),
		SeedClients: string(netproto.SeedLAN),
		Log:         "text",
		Version:     "unknown",
		Heartbeat:   netproto.DefaultHeartbeat,
		Operation:   DefaultOperation(),
		Limits:      DefaultLimits(),
	}
	if config, err := os.UserConfigDir(); err == nil {
		o.Data = filepath.Join(config, "centralizedp2p", "tracker")
	}
	if host, err := os.Hostname(); err == nil {
		o.Name = host
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		o.Version = build.Main.Version
	}
	return o
}

// Flags adds the flags of a tracker to a set, with what stands in o as their
// defaults. Version and Heartbeat are for programs, and no flags.
func (o *Options) Flags(set *flag.FlagSet) {
	set.StringVar(&o.Listen, "listen", o.Listen, "`[HOST]:PORT` to listen on; port 0 is a free one")
	set.StringVar(&o.Data, "data", o.Data, "`folder` of the tracker's key and database")
	set.StringVar(&o.Name, "name", o.Name, "`name` that people see")
	set.StringVar(&o.Access, "access", o.Access, "who may use it, `open|invite`: everybody, or the keys that joined with an invite link; then seed clients are off")
	set.StringVar(&o.SeedClients, "seed-clients", o.SeedClients, "serve seed clients `off|lan|open`: nowhere, in the local network, everywhere")
	set.StringVar(&o.Log, "log", o.Log, "log to stderr as `text|json`")
	set.StringVar(&o.TrustedProxies, "trusted-proxy", o.TrustedProxies, "`addresses` or ranges, with commas between, of reverse proxies that set X-Forwarded-For and Client-Cert")
	o.Limits.Flags(set)
	o.Operation.Flags(set)
	set.BoolVar(&o.JSON, "json", o.JSON, "tell the address as one JSON object on stdout")
}

// Tracker is a server with its key, its store and its port.
type Tracker struct {
	server  *Server
	store   Store
	control *control // nil where the data folder can have no socket
	ln      net.Listener
	pprof   net.Listener // nil without a profiler
	lan     bool         // announced in the local network
	json    bool
}

// OpenTracker opens the data folder and the port. Nothing is answered until
// Serve; either Serve or Close has to follow. Any number of trackers, one after
// another or at once in different folders, can be in one process.
//
// Errors are netproto.Errors: CodeUsage for options that mean nothing,
// CodePortInUse, CodeInvalid for an address that is none, CodeStore.
func OpenTracker(o Options, open OpenStore, logs io.Writer) (*Tracker, error) {
	policy, err := netproto.ParseSeedPolicy(o.SeedClients)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", o.SeedClients)
	}
	proxies, err := ParseProxies(o.TrustedProxies)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--trusted-proxy: %w", err)
	}
	if err := o.Limits.check(); err != nil {
		return nil, err
	}
	if err := o.Operation.check(); err != nil {
		return nil, err
	}
	access, err := ParseAccess(o.Access)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--access is open or invite, not %q", o.Access)
	}
	if access == AccessInvite && policy == netproto.SeedOpen {
		return nil, netproto.Errorf(netproto.CodeUsage, "--access invite goes with --seed-clients off: seed clients have no key to invite")
	}
	logger, err := newLogger(o.Log, logs)
	if err != nil {
		return nil, err
	}
	if o.Data == "" {
		return nil, netproto.Errorf(netproto.CodeUsage, "this system names no folder for settings: say where the tracker keeps its data with --data FOLDER")
	}
	// The port first: of two trackers the second should hear of the port, which
	// it can choose, before it waits for the database.
	ln, err := listen(o.Listen)
	if err != nil {
		return nil, err
	}
	t := &Tracker{ln: ln, lan: o.LANAnnounce, json: o.JSON}
	if t.pprof, err = o.openPprof(); err != nil {
		ln.Close()
		return nil, err
	}
	if err := t.openData(o, policy, proxies, open, logger); err != nil {
		t.closePorts()
		return nil, err
	}
	return t, nil
}

func (t *Tracker) openData(o Options, policy netproto.SeedPolicy, proxies []netip.Prefix, open OpenStore, logger *slog.Logger) error {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	key, err := identity.LoadOrCreate(filepath.Join(o.Data, keyFile))
	if err != nil {
		return err
	}
	t.store, err = open(filepath.Join(o.Data, storeFile), StoreConfig{
		Lease: netproto.LeaseHeartbeats * o.Heartbeat, ResourcesPerPeer: o.Limits.resourcesKey(), Logger: logger,
	})
	if err != nil {
		return err
	}
	t.server = New(Config{
		Store: t.store, Identity: key, Name: o.Name, Version: o.Version,
		Access: Access(o.Access), SeedClients: policy, Heartbeat: o.Heartbeat, Logger: logger,
		PublicURL: o.PublicURL, Metrics: MetricsPolicy(o.Metrics), AccessLog: o.AccessLog,
		Limits: &o.Limits, Resources: o.Limits.resourcesKey(), Proxies: proxies,
	})
	// A path that is too long for a socket, or a file system without them, is no
	// reason to serve nobody.
	if t.control, err = openControl(t.server, o.Data, t.Link); err != nil {
		logger.Warn("commands like ban and backup will not reach this tracker", slog.Any("error", err))
	}
	return nil
}

// Serve answers until ctx ends, then closes the port and the store.
func (t *Tracker) Serve(ctx context.Context) error {
	log := t.server.log
	log.Info("the tracker listens", slog.String("address", t.Address()), slog.Any("fingerprint", t.Fingerprint()), slog.String("access", string(t.server.config.Access)), slog.String("seed_clients", string(t.server.config.SeedClients)))
	if t.control != nil {
		t.control.start()
	}
	err := t.operate(ctx)
	if t.control != nil {
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), t.server.timeouts.stop)
		err = errors.Join(err, t.control.stop(grace))
		done()
	}
	err = errors.Join(err, t.store.Close())
	log.Info("the tracker stopped")
	return err
}

// Close gives back the port and the store of a tracker that never served.
func (t *Tracker) Close() error {
	err := t.closePorts()
	if t.control != nil {
		err = errors.Join(err, t.control.ln.Close())
	}
	return errors.Join(err, t.store.Close())
}

// Address is where the tracker listens, as ip:port.
func (t *Tracker) Address() string { return t.ln.Addr().String() }

// Fingerprint is that of the tracker's key.
func (t *Tracker) Fingerprint() netproto.Fingerprint { return t.server.config.Identity.Fingerprint() }

// Requests is how many were answered since it was opened.
func (t *Tracker) Requests() uint64 { return t.server.requests.Load() }

// Link invites to the tracker, under the public address that its owner named.
// Without one, and where it listens on all addresses, the link has the address
// that others in the local network most likely reach.
func (t *Tracker) Link() netproto.Link {
	if public := t.server.config.PublicURL; public != "" {
		return netproto.Link{Tracker: public, Size: -1, Fingerprint: t.Fingerprint()}
	}
	at := t.ln.Addr().(*net.TCPAddr).AddrPort()
	ip := plainAddr(at.Addr())
	if ip.IsUnspecified() {
		ip = outwardAddr()
	}
	return netproto.Link{Tracker: netip.AddrPortFrom(ip, at.Port()).String(), Size: -1, Fingerprint: t.Fingerprint()}
}

// Announce tells on stdout where the tracker listens.
func (t *Tracker) Announce(stdout io.Writer) error {
	if !t.json {
		_, err := fmt.Fprintf(stdout, "The tracker listens on %s with the key %s. Invite others: %s\n", t.Address(), t.Fingerprint(), t.Link())
		return err
	}
	return json.NewEncoder(stdout).Encode(struct {
		Event       string               `json:"event"`
		Address     string               `json:"address"`
		Fingerprint netproto.Fingerprint `json:"fingerprint"`
		Link        string               `json:"link"`
	}{"listening", t.Address(), t.Fingerprint(), t.Link().String()})
}

// Run is a tracker from its start to the end of ctx: the whole of the command.
func Run(ctx context.Context, o Options, open OpenStore, stdout, stderr io.Writer) error {
	t, err := OpenTracker(o, open, stderr)
	if err != nil {
		return err
	}
	if err := t.Announce(stdout); err != nil {
		return errors.Join(err, t.Close())
	}
	return t.Serve(ctx)
}

func newLogger(form string, w io.Writer) (*slog.Logger, error) {
	switch form {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, netproto.Errorf(netproto.CodeUsage, "--log is text or json, not %q", form)
}

// windowsPortInUse is WSAEADDRINUSE, which package syscall knows on Windows
// only.
const windowsPortInUse = syscall.Errno(10048)

func listen(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, windowsPortInUse):
		return nil, &netproto.Error{Code: netproto.CodePortInUse, Detail: address, Cause: err}
	}
	return nil, netproto.Errorf(netproto.CodeInvalid, "the tracker cannot listen on %q: %w", address, err)
}

// outwardAddr is the address from which this computer reaches others, the
// loopback address when it has no network.
func outwardAddr() netip.Addr {
	// A UDP socket that is connected sends nothing; the system only chooses
	// the way. The target is reserved for examples (RFC 5737).
	if conn, err := net.Dial("udp4", "192.0.2.1:9"); err == nil {
		defer conn.Close()
		if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
			return plainAddr(local.AddrPort().Addr())
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
