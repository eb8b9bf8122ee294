// Package serve is the command that runs a peer without a window, and those below it: they pair
// it with other computers and browsers, and make a service of it.
package serve

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// serveOptions are what a person chooses about a peer without a window. What is empty or
// negative leaves the settings as they are.
type serveOptions struct {
	control      string // [HOST]:PORT for other computers; empty for none
	web          string // [HOST]:PORT of the page for browsers; empty for none
	allow        string // folders for callers from other computers, with commas
	quota        usage.Bytes
	name         string
	downloads    string
	downLimit    usage.Bytes
	upLimit      usage.Bytes
	listen       int
	seedClients  string
	onFinished   string // a program and its arguments; "off" for none
	log, logFile string
	config       string
	profile      string // as --profile and --tracker of all commands say it, unless
	trackers     string // they stand in the environment or in the file; with commas

	noRouterPort, noCalls, noRelay bool
}

func (o *serveOptions) flags(set *flag.FlagSet) {
	set.StringVar(&o.control, "control", o.control,
		"let paired programs on other computers drive this peer at `[HOST]:PORT`, for example :5050; see `serve pair`")
	set.StringVar(&o.web, "web", o.web,
		"a page for browsers at `[HOST]:PORT`, for example :5051, behind a code; it is not encrypted; see `serve web-code`")
	set.StringVar(&o.allow, "allow", o.allow,
		"comma-separated `folders` from which they may share and to which they may move; the download folder is always one")
	set.Var(&o.quota, "upload-quota", "`bytes` that their uploads may take in the download folder, like 50GB; 0 is unlimited")
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

// bounds are what callers from other computers may use of the disk.
func (o *serveOptions) bounds(downloads string) (b remote.Bounds, err error) {
	o.quota.Apply(&b.UploadBytes)
	b.Folders, err = o.folders(downloads)
	return b, err
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
	if o.web != "" {
		if _, _, err := net.SplitHostPort(o.web); err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--web is [HOST]:PORT, for example :%d, not %q", remote.DefaultPort+1, o.web)
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

// Command returns the command that runs a peer without a window.
func Command(d *drive.Driver) *cobra.Command {
	p := &program{Driver: d}
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
		Args: usage.Exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), flags) },
	}
	flags = newServeFlags(cmd)
	cmd.AddCommand(p.pairCommand(), p.webCodeCommand(), p.unpairCommand(), p.serveUnitCommand())
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
		p.Profile = cli.ExpandHome(o.profile)
	}
	if o.trackers != "" {
		p.Trackers = strings.Split(o.trackers, ",")
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
	if p.Verbose {
		options.Level = slog.LevelDebug
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// program is one run of a command.
type program struct{ *drive.Driver }
