package server

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/lan"
)

// Operation is what the owner chooses about running a tracker, beside what it
// is.
type Operation struct {
	Config    string // file of settings, for Settle; may be empty
	PublicURL string // HOST:PORT of links; as the tracker sees itself, where empty
	Metrics   string // a MetricsPolicy
	AccessLog bool
	Pprof     string // HOST:PORT on loopback; no profiler, where empty

	// LANAnnounce lets peers in the local network find the tracker. One that
	// listens on loopback alone is never announced.
	LANAnnounce bool
}

// DefaultOperation is that of a tracker that nobody said anything about.
func DefaultOperation() Operation {
	return Operation{Metrics: string(MetricsPrivate), LANAnnounce: true}
}

// Flags adds its flags to a set.
func (o *Operation) Flags(set *flag.FlagSet) {
	set.StringVar(&o.Config, configFlag, o.Config, "`file` of settings: lines of the form name = value, with the names of these flags")
	set.StringVar(&o.PublicURL, "public-url", o.PublicURL, "`HOST:PORT` in links, for a tracker behind NAT or a proxy")
	set.StringVar(&o.Metrics, "metrics", o.Metrics, "show /metrics to `private|public`: the own network, everybody")
	set.BoolVar(&o.AccessLog, "access-log", o.AccessLog, "log every request")
	set.BoolVar(&o.LANAnnounce, "lan-announce", o.LANAnnounce, "let peers in the local network find the tracker (mDNS)")
	set.StringVar(&o.Pprof, "pprof", o.Pprof, "profile on that `HOST:PORT` of this computer, for example 127.0.0.1:6060")
}

// check completes what was chosen; what means nothing is a netproto.CodeUsage.
func (o *Operation) check() error {
	if _, err := ParseMetricsPolicy(o.Metrics); err != nil {
		return err
	}
	if o.PublicURL != "" {
		address, err := netproto.TrackerAddress(o.PublicURL)
		if err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--public-url: %w", err)
		}
		o.PublicURL = address
	}
	return nil
}

// openPprof opens the port of the profiler, if there is to be one.
func (o *Operation) openPprof() (net.Listener, error) {
	if o.Pprof == "" {
		return nil, nil
	}
	return listenPprof(o.Pprof)
}

// operate runs the server and what goes with it, until ctx ends.
func (t *Tracker) operate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer cancel() // the end of the server is the end of all
		return t.server.Serve(ctx, t.ln)
	})
	if t.pprof != nil {
		group.Go(func() error { return servePprof(ctx, t.pprof) })
	}
	if t.lan {
		group.Go(func() error {
			t.announceLAN(ctx)
			return nil
		})
	}
	return group.Wait()
}

// announceLAN answers in the local networks until ctx ends. That it cannot is
// no reason to serve nobody.
func (t *Tracker) announceLAN(ctx context.Context) {
	at := t.ln.Addr().(*net.TCPAddr).AddrPort()
	if at.Addr().IsLoopback() {
		return
	}
	announced := lan.Tracker{Name: t.server.config.Name, Fingerprint: t.Fingerprint(), Port: at.Port()}
	if a := plainAddr(at.Addr()); !a.IsUnspecified() {
		announced.Address = a
	}
	if err := lan.Announce(ctx, announced); err != nil {
		t.server.log.Warn("peers in the local network will not find the tracker by themselves", slog.Any("error", err))
	}
}

// closePorts gives back the ports of a tracker that does not serve.
func (t *Tracker) closePorts() error {
	if t.pprof == nil {
		return t.ln.Close()
	}
	return errors.Join(t.ln.Close(), t.pprof.Close())
}

// PprofAddress is where the profiler listens, empty without one.
func (t *Tracker) PprofAddress() string {
	if t.pprof == nil {
		return ""
	}
	return t.pprof.Addr().String()
}
