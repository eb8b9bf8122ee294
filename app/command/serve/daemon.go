package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
	"centralizedp2p/tracker/cli"
)

// daemon is a running peer without a window.
type daemon struct {
	profile string
	options serveOptions
	node    *node.Node
	engine  *localengine.Engine
	server  *remote.Server
	far     *remote.Far  // nil while it answers no other computer
	page    *remote.Page // nil while it has no page for browsers
	log     *slog.Logger
	beside  sync.WaitGroup // what tells the log of shares and downloads, and asks trackers again
}

// openDaemon opens the peer of a profile, which its local socket answers for.
func (p *program) openDaemon(ctx context.Context, o serveOptions, log *slog.Logger, logs io.Writer) (*daemon, error) {
	profile, err := p.ProfileDir()
	if err != nil {
		return nil, err
	}
	chosen := node.Options{Profile: profile, Log: log, OfferDownloads: true, NoRouterPort: o.noRouterPort, NoCalls: o.noCalls, NoRelay: o.noRelay,
		SeedClients: netproto.SeedPolicy(o.seedClients)}
	if o.listen >= 0 {
		chosen.Listen = &o.listen
	}
	n, err := node.Open(ctx, chosen)
	if err != nil {
		return nil, err
	}
	d := &daemon{profile: profile, options: o, node: n, log: log}
	if d.engine, err = localengine.New(n, logs); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	controllers, err := remote.Controllers(profile)
	if err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	d.server = remote.NewServer(d.engine, remote.Options{Version: version.Number, Log: log, Profile: profile, Controllers: controllers,
		Outward: node.OutwardAddress})
	return d, nil
}

// begin puts the options into force, and answers from then on.
func (d *daemon) begin(ctx context.Context, p *program) error {
	if err := d.apply(ctx, d.options); err != nil {
		return err
	}
	silent, err := d.useNamed(ctx, p)
	if err != nil {
		return err
	}
	if err := d.server.ServeLocal(d.profile); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	if err := d.listen(ctx, d.options); err != nil {
		return err
	}
	if err := d.browsers(d.options); err != nil {
		return err
	}
	d.announce(p)
	l := lookout.Here(p.Screen, d.node)
	l.Log = d.log
	d.beside.Go(func() { l.UntilStopped(ctx) })
	d.beside.Go(func() { d.useLater(ctx, silent) })
	return nil
}

// named is a tracker of --tracker.
type named struct {
	link    netproto.Link
	main    bool
	instead string // the main tracker before; another one by now was chosen by the person
}

// useNamed uses the trackers of --tracker. One that does not answer is reported, and no
// error: it may start after this peer, and is to be used once it answers.
func (d *daemon) useNamed(ctx context.Context, p *program) (silent []named, err error) {
	links, err := p.NamedTrackers()
	if err != nil {
		return nil, err
	}
	settings, err := d.node.Library.Settings()
	if err != nil {
		return nil, err
	}
	for i, link := range links {
		t := named{link: link, main: i == 0, instead: settings.Tracker}
		if err := d.use(ctx, t); netproto.CodeOf(err) == netproto.CodeUnreachable {
			p.Notice(screen.Notice{Code: screen.NoticeTrackerLost, Message: "going on without a tracker: " + cli.Sentence(err)})
			if link.Tracker != settings.Tracker { // which the peer comes back to by itself
				silent = append(silent, t)
			}
		} else if err != nil {
			return nil, lookout.Replaceable(err)
		}
	}
	return silent, nil
}

func (d *daemon) use(ctx context.Context, t named) error {
	settings, err := d.node.Library.Settings()
	if err != nil {
		return err
	}
	if t.main && settings.Tracker == t.instead {
		return d.engine.UseTracker(ctx, t.link.String())
	}
	return d.engine.AlsoUseTracker(ctx, t.link.String(), true)
}

// useLater asks trackers that did not answer until they do, from one second to half a
// minute apart.
func (d *daemon) useLater(ctx context.Context, silent []named) {
	for pause := time.Second; len(silent) > 0; pause = min(2*pause, 30*time.Second) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		silent = slices.DeleteFunc(silent, func(t named) bool {
			switch err := d.use(ctx, t); {
			case err == nil:
				d.log.Info("a tracker that did not answer at first is used now", slog.String("tracker", t.link.Tracker))
			case netproto.CodeOf(err) == netproto.CodeUnreachable || ctx.Err() != nil:
				return false
			default:
				d.log.Error("a tracker is not used", slog.String("tracker", t.link.Tracker), slog.Any("error", err))
			}
			return true
		})
	}
}

// apply puts those options into force that are settings.
func (d *daemon) apply(ctx context.Context, o serveOptions) error {
	before, err := d.engine.Settings(ctx)
	if err != nil {
		return err
	}
	s := before
	if o.name != "" {
		s.Name = o.name
	}
	if o.downloads != "" {
		if s.DownloadFolder, err = filepath.Abs(cli.ExpandHome(o.downloads)); err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--download-to: %w", err)
		}
	}
	o.downLimit.Apply(&s.DownLimit)
	o.upLimit.Apply(&s.UpLimit)
	if o.seedClients != "" {
		s.SeedClients = netproto.SeedPolicy(o.seedClients)
	}
	switch o.onFinished {
	case "":
	case "off":
		s.OnFinished = ""
	default:
		s.OnFinished = o.onFinished
	}
	if s == before {
		return nil
	}
	err = d.engine.ApplySettings(ctx, s)
	if refused, ok := errors.AsType[face.InvalidSettings](err); ok {
		return netproto.Errorf(netproto.CodeUsage, "%w", refused)
	}
	return err
}

// listen answers other computers, or no longer does.
func (d *daemon) listen(ctx context.Context, o serveOptions) error {
	settings, err := d.engine.Settings(ctx)
	if err != nil {
		return err
	}
	bounds, err := o.bounds(settings.DownloadFolder)
	if err != nil {
		return err
	}
	if d.far != nil && o.control == d.options.control {
		return d.far.SetBounds(bounds)
	}
	if d.far != nil {
		if err := d.far.Close(); err != nil {
			return err
		}
		d.far = nil
	}
	if o.control != "" {
		d.far, err = d.server.ServeTLS(o.control, d.node.Library.Identity(), bounds)
	}
	return err
}

// browsers answers browsers, or no longer does.
func (d *daemon) browsers(o serveOptions) (err error) {
	if d.page != nil && o.web == d.options.web {
		return nil
	}
	if d.page != nil {
		err, d.page = d.page.Close(), nil
	}
	if err == nil && o.web != "" {
		d.page, err = d.server.ServePage(o.web)
	}
	return err
}

// change goes on with other options.
func (d *daemon) change(ctx context.Context, o serveOptions) error {
	if err := d.server.Reload(); err != nil {
		return err
	}
	if err := d.apply(ctx, o); err != nil {
		return err
	}
	err := d.listen(ctx, o)
	if d.far == nil && err != nil && d.options.control != "" { // the old one is better than none
		err = errors.Join(err, d.listen(ctx, serveOptions{control: d.options.control, allow: d.options.allow, quota: d.options.quota}))
		return err
	}
	if err == nil {
		err = d.browsers(o)
	}
	if err == nil {
		d.options = o
	}
	return err
}

// close ends the peer in order.
func (d *daemon) close() error {
	d.beside.Wait()
	return errors.Join(d.server.Close(), d.engine.Close())
}

// servingEvent says that a peer answers.
type servingEvent struct {
	Event   string `json:"event"` // serving
	Profile string `json:"profile"`
	Port    int    `json:"port"`              // for other peers
	Control string `json:"control,omitempty"` // host:port for other computers
	Web     string `json:"web,omitempty"`     // host:port for browsers
	Key     string `json:"key"`
}

func (d *daemon) announce(p *program) {
	e := servingEvent{Event: "serving", Profile: d.profile, Port: d.node.Engine.Port(), Key: d.node.Library.Identity().Fingerprint().String()}
	if d.far != nil {
		e.Control = d.far.Address()
	}
	if d.page != nil {
		e.Web = d.page.Address()
	}
	if p.JSON {
		p.Event(e)
		return
	}
	p.Say("Serving the profile %s, port %d, until you press Ctrl+C.", netproto.Printable(e.Profile), e.Port)
	if e.Web != "" {
		p.Say("Browsers see it at http://%s/; `centralizedp2p serve web-code` shows the code for that.", e.Web)
	}
	if e.Control != "" {
		p.Say("Other computers drive it at %s; `centralizedp2p serve pair` shows the code for that.", e.Control)
	}
}
