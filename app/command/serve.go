package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
	"centralizedp2p/tracker/cli"
)

// serveOptions are what a person chooses about a peer without a window. What is empty or
// negative leaves the settings as they are.
type serveOptions struct {
	control      string // [HOST]:PORT for other computers; empty for none
	allow        string // folders for callers from other computers, with commas
	name         string
	downloads    string
	downLimit    rateText
	upLimit      rateText
	listen       int
	seedClients  string
	onFinished   string // a program and its arguments; "off" for none
	log, logFile string
	config       string
	profile      string // as --profile and --tracker of all commands say it, unless
	trackers     string // they stand in the environment or in the file; with commas

	noRouterPort, noCalls, noRelay bool
}

// rateText is a number of bytes a second as people write it; empty leaves the setting.
type rateText string

// String implements flag.Value.
func (r *rateText) String() string { return string(*r) }

// Set implements flag.Value.
func (r *rateText) Set(text string) error {
	if _, err := humanize.ParseBytes(text); err != nil && text != "" {
		return fmt.Errorf("%q is not a number of bytes like 500kB or 8MB", text)
	}
	*r = rateText(text)
	return nil
}

// apply puts the rate into a setting, unless it is empty.
func (r rateText) apply(setting *int64) {
	if n, err := humanize.ParseBytes(string(r)); err == nil {
		*setting = int64(min(n, 1<<62))
	}
}

func (o *serveOptions) flags(set *flag.FlagSet) {
	set.StringVar(&o.control, "control", o.control,
		"let paired programs on other computers drive this peer at `[HOST]:PORT`, for example :5050; see `serve pair`")
	set.StringVar(&o.allow, "allow", o.allow,
		"comma-separated `folders` from which they may share and to which they may move; the download folder is always one")
	set.StringVar(&o.name, "name", o.name, "`name` of this peer, as others see it")
	set.StringVar(&o.downloads, "download-to", o.downloads, "`folder` for downloads")
	set.Var(&o.downLimit, "down-limit", "`bytes` a second for all downloads, like 2MB; 0 is unlimited")
	set.Var(&o.upLimit, "up-limit", "`bytes` a second for all uploads, like 500kB; 0 is unlimited")
	set.IntVar(&o.listen, "listen", -1, "`PORT` for other peers (default: the saved one, else a free one)")
	set.StringVar(&o.seedClients, "seed-clients", o.seedClients, "answer seed clients by UDP: `off|lan|open`")
	set.StringVar(&o.onFinished, "on-finished", o.onFinished,
		"`program` to run when a download or a received file is finished, with its arguments and without a shell: it learns\n"+
			"CP2P_FINISHED_NAME, _PATH, _HASH and _SIZE from its environment; off for none")
	set.StringVar(&o.log, "log", "text", "log to stderr as `text|json`")
	set.StringVar(&o.logFile, "log-file", o.logFile, "log to this `file` instead; SIGHUP opens it again after it was rotated")
	set.StringVar(&o.config, "config", o.config, "settings `file` with lines of the form name = value, where the names are those of these flags")
	set.StringVar(&o.profile, "profile", "", "")
	set.StringVar(&o.trackers, "tracker", "", "")
	set.BoolVar(&o.noRouterPort, "no-router-port", false, "do not ask the router to open the port for other peers")
	set.BoolVar(&o.noCalls, "no-calls", false, "do not let the tracker arrange connections through routers and firewalls")
	set.BoolVar(&o.noRelay, "no-relay", false, "do not let the tracker pass bytes on when nothing else works")
}

// folders are those that callers from other computers may use, absolute.
// downloads is the folder for downloads, if it is known.
func (o *serveOptions) folders(downloads string) ([]string, error) {
	var folders []string
	if downloads != "" {
		folders = append(folders, downloads)
	}
	for folder := range strings.SplitSeq(o.allow, ",") {
		if folder = strings.TrimSpace(folder); folder == "" {
			continue
		}
		absolute, err := filepath.Abs(cli.ExpandHome(folder))
		if err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--allow: %w", err)
		}
		if info, err := os.Stat(absolute); err != nil || !info.IsDir() {
			return nil, netproto.Errorf(netproto.CodeUsage, "--allow: %s is no folder", absolute)
		}
		folders = append(folders, absolute)
	}
	return folders, nil
}

func (o *serveOptions) check() error {
	if o.listen < -1 || o.listen > 65535 {
		return netproto.Errorf(netproto.CodeUsage, "--listen is a port from 1 to 65535, or 0 for a free one, not %d", o.listen)
	}
	if o.seedClients != "" {
		if _, err := netproto.ParseSeedPolicy(o.seedClients); err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", o.seedClients)
		}
	}
	if o.log != "text" && o.log != "json" {
		return netproto.Errorf(netproto.CodeUsage, "--log is text or json, not %q", o.log)
	}
	if o.control != "" {
		if _, _, err := net.SplitHostPort(o.control); err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--control is [HOST]:PORT, for example :%d, not %q", remote.DefaultPort, o.control)
		}
	}
	return nil
}

// serveFlags are the flags of `serve` and how they are settled.
type serveFlags struct {
	options serveOptions
	set     *flag.FlagSet
	cmd     *cobra.Command
}

func newServeFlags(cmd *cobra.Command) *serveFlags {
	f := &serveFlags{set: flag.NewFlagSet("serve", flag.ContinueOnError), cmd: cmd}
	f.options.flags(f.set)
	f.set.VisitAll(func(flag *flag.Flag) {
		if flag.Name != "profile" && flag.Name != "tracker" { // which all commands have
			cmd.Flags().AddGoFlag(flag)
		}
	})
	return f
}

// settle returns the options of now: the command line, the environment, and the file.
func (f *serveFlags) settle() (serveOptions, error) {
	var err error
	f.set.VisitAll(func(flag *flag.Flag) {
		if !f.cmd.Flags().Changed(flag.Name) { // what was in the file before may be gone
			err = errors.Join(err, flag.Value.Set(flag.DefValue))
		}
	})
	if err = errors.Join(err, cli.Settle(f.cmd, f.set)); err != nil {
		return f.options, err
	}
	return f.options, f.options.check()
}

func (p *program) serveCommand() *cobra.Command {
	var flags *serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a peer without a window, for a server or a NAS",
		Long: "serve runs the peer of a profile until it is stopped: it goes on with its shares and\n" +
			"downloads. The other commands with the same --profile then drive it, and so do\n" +
			"windows on other computers that were paired with it, if you say --control.\n\n" +
			"Every flag can also stand in the environment, as CP2P_NAME, or in the file of\n" +
			"--config. After SIGHUP they are read again.",
		Example: "  centralizedp2p serve --tracker 203.0.113.7\n" +
			"  centralizedp2p serve --control :5050 --allow /srv/media    drive it from another computer\n" +
			"  centralizedp2p serve pair                                  shows the code for that",
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), flags) },
	}
	flags = newServeFlags(cmd)
	cmd.AddCommand(p.pairCommand(), p.unpairCommand(), p.serveUnitCommand())
	return cmd
}

// serve runs a peer until ctx ends.
func (p *program) serve(ctx context.Context, flags *serveFlags) error {
	o, err := flags.settle()
	if err != nil {
		return err
	}
	logs := &cli.LogFile{Standard: p.Err}
	defer logs.Close()
	if err := logs.Reopen(o.logFile); err != nil {
		return err
	}
	hangUp := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangUp, syscall.SIGHUP)
		defer signal.Stop(hangUp)
	}
	if o.profile != "" {
		p.profile = cli.ExpandHome(o.profile)
	}
	if o.trackers != "" {
		p.trackers = strings.Split(o.trackers, ",")
	}
	d, err := p.openDaemon(ctx, o, p.serveLog(o.log, logs), logs)
	if err != nil {
		return err
	}
	if err := d.begin(ctx, p); err != nil {
		return errors.Join(err, d.close())
	}
	for {
		select {
		case <-ctx.Done():
			return d.close()
		case <-hangUp:
			next, err := flags.settle()
			if err == nil {
				err = errors.Join(d.change(ctx, next), logs.Reopen(next.logFile))
			}
			if err != nil {
				d.log.Error("the settings cannot be used; the peer goes on with the old ones", slog.Any("error", err))
				continue
			}
			d.log.Info("the settings were read again")
		}
	}
}

func (p *program) serveLog(format string, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if p.verbose {
		options.Level = slog.LevelDebug
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// daemon is a running peer without a window.
type daemon struct {
	profile string
	options serveOptions
	node    *node.Node
	engine  *localengine.Engine
	server  *remote.Server
	far     *remote.Far // nil while it answers no other computer
	log     *slog.Logger
}

// openDaemon opens the peer of a profile, which its local socket answers for.
func (p *program) openDaemon(ctx context.Context, o serveOptions, log *slog.Logger, logs io.Writer) (*daemon, error) {
	profile, err := p.profileDir()
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
	d.server = remote.NewServer(d.engine, remote.Options{Version: version.Number, Log: log, Controllers: controllers})
	return d, nil
}

// begin puts the options into force, and answers from then on.
func (d *daemon) begin(ctx context.Context, p *program) error {
	if err := d.apply(ctx, d.options); err != nil {
		return err
	}
	if err := p.useNamed(ctx, d.engine); err != nil {
		return err
	}
	if err := d.server.ServeLocal(d.profile); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	if err := d.listen(ctx, d.options); err != nil {
		return err
	}
	d.announce(p)
	return nil
}

// useNamed uses the trackers of --tracker. One that does not answer is reported, and no
// error: it may start after this peer.
func (p *program) useNamed(ctx context.Context, engine face.Engine) error {
	named, err := p.namedTrackers()
	if err != nil {
		return err
	}
	for i, link := range named {
		use := engine.UseTracker
		if i > 0 {
			use = func(ctx context.Context, address string) error { return engine.AlsoUseTracker(ctx, address, true) }
		}
		if err := use(ctx, link.String()); netproto.CodeOf(err) == netproto.CodeUnreachable {
			p.notice(noticeEvent{Code: noticeTrackerLost, Message: "going on without a tracker: " + cli.Sentence(err)})
		} else if err != nil {
			return replaceable(err)
		}
	}
	return nil
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
	o.downLimit.apply(&s.DownLimit)
	o.upLimit.apply(&s.UpLimit)
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
	folders, err := o.folders(settings.DownloadFolder)
	if err != nil {
		return err
	}
	if d.far != nil && o.control == d.options.control {
		d.far.SetFolders(folders)
		return nil
	}
	if d.far != nil {
		if err := d.far.Close(); err != nil {
			return err
		}
		d.far = nil
	}
	if o.control != "" {
		d.far, err = d.server.ServeTLS(o.control, d.node.Library.Identity(), folders)
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
		err = errors.Join(err, d.listen(ctx, serveOptions{control: d.options.control, allow: d.options.allow}))
		return err
	}
	if err == nil {
		d.options = o
	}
	return err
}

// close ends the peer in order.
func (d *daemon) close() error { return errors.Join(d.server.Close(), d.engine.Close()) }

// servingEvent says that a peer answers.
type servingEvent struct {
	Event   string `json:"event"` // serving
	Profile string `json:"profile"`
	Port    int    `json:"port"`              // for other peers
	Control string `json:"control,omitempty"` // host:port for other computers
	Key     string `json:"key"`
}

func (d *daemon) announce(p *program) {
	e := servingEvent{Event: "serving", Profile: d.profile, Port: d.node.Engine.Port(), Key: d.node.Library.Identity().Fingerprint().String()}
	if d.far != nil {
		e.Control = d.far.Address()
	}
	if p.json {
		p.event(e)
		return
	}
	p.say("Serving the profile %s, port %d, until you press Ctrl+C.", netproto.Printable(e.Profile), e.Port)
	if e.Control != "" {
		p.say("Other computers drive it at %s; `centralizedp2p serve pair` shows the code for that.", e.Control)
	}
}
