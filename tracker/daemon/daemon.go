// Package daemon is the tracker as a program: a server with its data folder, its
// port, its flags and settings, its profiler, and the socket on which its owner
// gives commands. Both programs run it, `tracker` and `centralizedp2p`.
package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/lan"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/webpages"
	"centralizedp2p/tracker/store"
)

// Names in the data folder of a tracker.
const (
	keyFile   = "tracker.key"
	storeFile = "tracker.db"
)

// Bounds of the secret with which the key in a database is sealed, in bytes.
const (
	leastSecret = 16
	mostSecret  = 64 << 10
)

// stopTime bounds how long a command of the owner may hold up the end.
const stopTime = 5 * time.Second

// StoreFile returns the path of the database in a data folder.
func StoreFile(data string) string { return filepath.Join(data, storeFile) }

// Tracker is a server with its key, its store and its port.
type Tracker struct {
	given     Options // as the person gave them
	options   Options // settled
	key       *identity.Identity
	server    *server.Server
	store     store.Store
	log       *slog.Logger
	last      *checkup.Errors     // of the log
	downloads *webpages.Downloads // nil without a folder of packages
	control   *control            // nil if the data folder cannot hold a socket
	ports     ports
	pprof     net.Listener // nil without a profiler

	mapPort    atomic.Int32                    // to be mapped; 0 for none
	mapChanged chan struct{}                   // receives after mapPort has changed
	mapping    atomic.Pointer[portmap.State]   // nil before the router was asked
	mapTold    chan struct{}                   // receives after mapping has changed
	routes     func() ([]portmap.Route, error) // nil: those of this computer
}

// Open opens the data folder and the port. Nothing is answered until Serve; the
// caller must call either Serve or Close. One process can have any number of
// trackers, one after another or at once in different folders.
//
// Errors are netproto.Errors: CodeUsage for unusable options, CodePortInUse,
// CodeInvalid for something that is not an address, CodeStore.
func Open(o Options, open store.Opener, logs io.Writer) (*Tracker, error) {
	given := o
	s, err := o.settle()
	if err != nil {
		return nil, err
	}
	t := &Tracker{given: given, options: o, mapChanged: make(chan struct{}, 1), mapTold: make(chan struct{}, 1)}
	log, err := newLogger(o.Log, logs)
	if err != nil {
		return nil, err
	}
	t.last = &checkup.Errors{}
	t.log = t.last.Keep(log)
	// The port comes first: a second tracker should fail because of the port,
	// which it can choose, before it waits for the database.
	if t.ports, err = listenAll(o.Listens()); err != nil {
		return nil, err
	}
	if o.Pprof != "" {
		if t.pprof, err = listenPprof(o.Pprof); err != nil {
			return nil, errors.Join(err, t.ports.close())
		}
	}
	if err := t.openData(s, open); err != nil {
		t.closePorts()
		return nil, err
	}
	t.MapPort(o.MapPort)
	return t, nil
}

func (t *Tracker) openData(s settled, open store.Opener) error {
	o := t.options
	if err := durable.MkdirAll(o.Data, 0o700); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	var err error
	if o.KeySecret == "" { // before the database is waited for
		if t.key, err = identity.LoadOrCreate(filepath.Join(o.Data, keyFile)); err != nil {
			return err
		}
	}
	at := o.Store
	if at == "" {
		at = StoreFile(o.Data)
	}
	t.store, err = open(at, store.Config{
		Lease: netproto.LeaseHeartbeats * o.Heartbeat, ResourcesPerPeer: o.Limits.ResourcesPerPeer(), Memory: o.Limits.StoreMemory(),
		NoSearch: s.role == server.RoleAPI, Logger: t.log,
	})
	if err != nil {
		return err
	}
	if t.key == nil {
		if t.key, err = keptKey(o, t.store, t.log); err != nil {
			return errors.Join(err, t.store.Close())
		}
	}
	if o.Downloads != "" {
		if t.downloads, err = webpages.OpenDownloads(o.Downloads); err != nil {
			return errors.Join(err, t.store.Close())
		}
	}
	t.server = server.New(server.Config{
		Store: t.store, Identity: t.key, Name: o.Name, Version: o.Version,
		Role: s.role, Access: s.access, SeedClients: s.policy, Heartbeat: o.Heartbeat, Logger: t.log,
		PublicURL: o.PublicURL, NodeAddress: o.NodeAt, Addresses: s.publics, Metrics: s.metrics, AccessLog: o.AccessLog,
		Limits: &o.Limits, Proxies: s.proxies, Balancers: s.balancers, Relay: &s.relay, Downloads: t.downloads,
	})
	// A file system without sockets must not keep the tracker from serving.
	if t.control, err = openControl(t.server.Owner(), o.Data, t, t.log, t.last); err != nil {
		t.log.Warn("commands like ban and backup will not reach this tracker", slog.Any("error", err))
	}
	return nil
}

// readSecret reads the secret that seals the key. One that everybody on this computer may read
// is used all the same, because the secrets of containers are such files; but it is said.
func readSecret(name string, log *slog.Logger) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret: %w", err)
	}
	const others = 0o004
	if runtime.GOOS != "windows" && info.Mode()&others != 0 { // the system tells nothing of its rights there
		log.Warn("everybody on this computer may read the secret of the tracker's key: chmod 600 keeps it to this user", slog.String("file", name))
	}
	secret, err := io.ReadAll(io.LimitReader(file, mostSecret+1))
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret: %w", err)
	}
	if len(secret) > mostSecret {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret: %s has more than %d bytes", name, mostSecret)
	}
	if secret = bytes.TrimSpace(secret); len(secret) < leastSecret {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret: %s has less than %d characters", name, leastSecret)
	}
	return secret, nil
}

// keptKey returns the key that all nodes with one database have. The first one puts its own
// there, if its data folder has one, or else a new one.
func keptKey(o Options, s store.Store, log *slog.Logger) (*identity.Identity, error) {
	secret, err := readSecret(o.KeySecret, log)
	if err != nil {
		return nil, err
	}
	keyed, is := s.(store.Keyed)
	if !is {
		return nil, netproto.Errorf(netproto.CodeUsage, "--key-secret is for a tracker with --store")
	}
	der, err := keyed.Key(context.Background(), secret, func() ([]byte, error) {
		own, err := identity.LoadOrCreate(filepath.Join(o.Data, keyFile))
		if err != nil {
			return nil, err
		}
		return own.Marshal()
	})
	if err != nil {
		return nil, err
	}
	return identity.Parse(der)
}

// Serve answers until ctx ends, then closes the port and the store.
func (t *Tracker) Serve(ctx context.Context) error {
	t.log.Info("the tracker listens", slog.String("address", strings.Join(t.Addresses(), " ")), slog.Any("fingerprint", t.Fingerprint()),
		slog.String("access", t.options.Access), slog.String("seed_clients", string(t.server.SeedClients())))
	switch notice := t.LinkNotice(); {
	case notice != "":
		t.log.Warn(notice)
	case t.options.PublicURL == "" && netaddr.IsLocal(t.outward().Addr()):
		t.log.Info("the link works in the local network; --public-url HOST:PORT makes links for others")
	}
	if advice := t.portAdvice(); advice != "" {
		t.log.Info(advice)
	}
	if t.control != nil {
		t.control.start()
	}
	err := t.operate(ctx)
	if t.control != nil {
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		err = errors.Join(err, t.control.stop(grace))
		done()
	}
	err = errors.Join(err, t.closeFiles())
	t.log.Info("the tracker stopped")
	return err
}

// Close releases the port and the store of a tracker that never served.
func (t *Tracker) Close() error {
	err := t.closePorts()
	if t.control != nil {
		err = errors.Join(err, t.control.ln.Close())
	}
	return errors.Join(err, t.closeFiles())
}

func (t *Tracker) closeFiles() error {
	err := t.store.Close()
	if t.downloads != nil {
		err = errors.Join(err, t.downloads.Close())
	}
	return err
}

// operate runs the server, the profiler and the announcement until ctx ends.
func (t *Tracker) operate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer cancel() // when the server ends, so does the rest
		var lns []net.Listener
		for _, p := range t.ports {
			lns = append(lns, p.Listener)
		}
		return t.server.Serve(ctx, lns...)
	})
	if t.pprof != nil {
		group.Go(func() error { return servePprof(ctx, t.pprof) })
	}
	group.Go(func() error {
		t.keepMapped(ctx)
		return nil
	})
	if t.options.LANAnnounce {
		group.Go(func() error {
			t.announceLAN(ctx)
			return nil
		})
	}
	return group.Wait()
}

// announceLAN answers questions in the local networks until ctx ends. A failure
// is logged and does not keep the tracker from serving.
func (t *Tracker) announceLAN(ctx context.Context) {
	i := slices.IndexFunc(t.ports, func(p port) bool { return !p.at().Addr().IsLoopback() })
	if i < 0 {
		return
	}
	at := t.ports[i].listening()
	announced := lan.Tracker{Name: t.options.Name, Fingerprint: t.Fingerprint(), Port: at.Port()}
	if !at.Addr().IsUnspecified() {
		announced.Address = at.Addr()
	}
	if err := lan.Announce(ctx, announced); err != nil {
		t.log.Warn("peers in the local network will not find the tracker by themselves", slog.Any("error", err))
	}
}

// closePorts releases the ports of a tracker that does not serve.
func (t *Tracker) closePorts() error {
	if t.pprof == nil {
		return t.ports.close()
	}
	return errors.Join(t.ports.close(), t.pprof.Close())
}

// Address returns the ip:port on which the tracker listens, the first of several.
func (t *Tracker) Address() string { return t.ports[0].String() }

// Addresses returns every ip:port on which the tracker listens.
func (t *Tracker) Addresses() []string {
	var list []string
	for _, p := range t.ports {
		list = append(list, p.String())
	}
	return list
}

// webPort is the one that every network lets out.
const webPort = 443

// portAdvice returns a sentence about another port that would let more people in; ""
// if there is none, or nobody out there can reach the tracker anyway.
func (t *Tracker) portAdvice() string {
	if t.options.PublicURL == "" && netaddr.IsLocal(t.outward().Addr()) {
		return ""
	}
	if _, port, err := net.SplitHostPort(t.options.PublicURL); err == nil && port == strconv.Itoa(webPort) {
		return ""
	}
	if slices.ContainsFunc(t.ports, func(p port) bool { return p.at().Port() == webPort }) {
		return ""
	}
	return "some offices and hotels let only web traffic out: with a second --listen :443, the tracker is reached from there, too"
}

// Fingerprint returns the fingerprint of the tracker's key.
func (t *Tracker) Fingerprint() netproto.Fingerprint { return t.key.Fingerprint() }

// Requests returns how many requests were answered since Open.
func (t *Tracker) Requests() uint64 { return t.server.Requests() }

// Announce prints on stdout where the tracker listens.
func (t *Tracker) Announce(stdout io.Writer) error {
	if !t.options.JSON {
		_, err := fmt.Fprintf(stdout, "The tracker listens on %s with the key %s. Invite others: %s\n",
			strings.Join(t.Addresses(), " and "), t.Fingerprint(), t.Link())
		return err
	}
	var all []string
	if len(t.ports) > 1 {
		all = t.Addresses()
	}
	line, err := netproto.VisibleJSON(struct {
		Event       string               `json:"event"`
		Address     string               `json:"address"`
		Addresses   []string             `json:"addresses,omitempty"` // if there are several
		Fingerprint netproto.Fingerprint `json:"fingerprint"`
		Link        string               `json:"link"`
		Notice      string               `json:"notice,omitempty"`
	}{"listening", t.Address(), all, t.Fingerprint(), t.Link().String(), t.LinkNotice()})
	if err != nil {
		return err
	}
	_, err = stdout.Write(line)
	return err
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

// served returns the result of http.Server.Serve, nil after an orderly end.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
