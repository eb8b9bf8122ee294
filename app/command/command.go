// Package command is the command line of centralizedp2p.
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
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitNothing = 3 // nothing was found
)

// Streams are what a command reads from and writes to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal means that Err is a terminal, on which a progress bar can be drawn.
	Terminal bool
}

// Desktop opens the window of a peer that is started like that. args are links and
// files to open in it. A build without a window has the nil Desktop.
type Desktop func(ctx context.Context, o node.Options, args []string) error

// program holds what all commands share: the common flags and the streams.
type program struct {
	Streams
	desktop  Desktop
	trackers []string
	profile  string
	json     bool
	verbose  bool
	wide     int       // columns of the terminal that Out is; 0 if it is none
	drawn    *progress // the bar on the terminal; nil if there is none
}

// UntilStopped returns the context of a program that signals end in order; see
// [cli.UntilStopped].
func UntilStopped(ctx context.Context) (context.Context, func()) { return cli.UntilStopped(ctx) }

// Run runs the command line and returns its exit code: 0 done, 1 failed, 2 wrong
// usage, 3 nothing found. When ctx ends it ends early, in order. It does so, and
// fails, when its output cannot be written.
func Run(ctx context.Context, args []string, streams Streams, desktop Desktop) int {
	cli.FromExplorer()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	output := cli.NewOutput(streams.Out, cancel)
	p := &program{Streams: streams, desktop: desktop, wide: widthOf(streams.Out)}
	p.Out = output
	root := p.root()
	root.PersistentPreRun = p.before
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	err := root.ExecuteContext(ctx)
	if unwritten := output.Err(); unwritten != nil {
		fmt.Fprintln(p.Err, "centralizedp2p: "+cli.Sentence(unwritten))
		return exitFailed
	}
	if err == nil {
		return exitDone
	}
	p.json = p.json || slices.Contains(args, "--json") // it may stand behind the flag that was wrong
	p.fail(err)
	switch netproto.CodeOf(err) {
	case netproto.CodeUsage:
		return exitUsage
	case netproto.CodeNotFound, netproto.CodeNoSource:
		return exitNothing
	}
	return exitFailed
}

// before runs before every command.
func (p *program) before(cmd *cobra.Command, _ []string) {
	p.profile = cli.ExpandHome(p.profile)
	if cmd.Name() == "tracker" || cmd.Name() == "serve" { // which read their settings again
		return
	}
	ctx, stop := cli.UntilHangUp(cmd.Context())
	context.AfterFunc(ctx, stop)
	cmd.SetContext(ctx)
}

const rootExample = `  centralizedp2p tracker                          run the tracker on this computer
  centralizedp2p share Holidays song.flac         offer a folder and a file
  centralizedp2p search holiday photos
  centralizedp2p get cp2p://203.0.113.7:5000/b4c0…
  centralizedp2p send thesis.pdf --to Zoe         to one person, and nobody else
  centralizedp2p demo                             see it work, all on this computer`

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "centralizedp2p [LINK|FILE…]",
		Short: "Share files straight between computers",
		Long: "CentralizedP2P shares files straight between computers. A tracker knows who has\n" +
			"what; peers move the bytes, from several sources at once, every piece verified.\n" +
			"Without a command it opens its window.",
		Example:                    rootExample,
		SilenceErrors:              true,
		SilenceUsage:               true,
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:                       openable,
		SuggestionsMinimumDistance: 2,
	}
	var reach reachFlags
	reach.add(root)
	root.RunE = func(cmd *cobra.Command, args []string) error { return p.openDesktop(cmd, args, reach) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongFlag(err) })
	flags := root.PersistentFlags()
	flags.StringArrayVar(&p.trackers, "tracker", nil,
		"`HOST[:PORT]` or link of the tracker (default: the last one named); give it several\n"+
			"times to use several at once; - reads it from standard input, where no other user sees it")
	flags.StringVar(&p.profile, "profile", "", "`folder` with everything this peer remembers (default: in your configuration folder)")
	flags.BoolVar(&p.json, "json", false, "print one JSON object per line")
	flags.BoolVar(&p.verbose, "verbose", false, "log details to stderr")
	root.AddCommand(p.trackerCommand(), p.shareCommand(), p.searchCommand(), p.getCommand(), p.sendCommand(), p.inboxCommand(), p.peopleCommand(),
		p.wishCommand(), p.linkCommand(), p.receiveCommand(),
		p.listCommand(), p.pauseCommand(), p.resumeCommand(), p.removeCommand(), p.moveCommand(), p.limitCommand(), p.peersCommand(), p.sharesCommand(),
		p.settingsCommand(), p.statusCommand(), p.doctorCommand(),
		p.serveCommand(), p.peerCommand(), p.demoCommand())
	cli.AddVersion(root, func() bool { return p.json })
	cli.AddManual(root)
	return root
}

// wrongFlag returns the sentence about a flag that cannot be read.
func wrongFlag(err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return netproto.Errorf(netproto.CodeUsage, "--%s cannot be %q", bad.GetFlag().Name, bad.GetValue())
	}
	return netproto.Errorf(netproto.CodeUsage, "%w", err)
}

// without refuses common flags that mean nothing to a command.
func without(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return netproto.Errorf(netproto.CodeUsage, "%s has no use for --%s", cmd.Name(), name)
		}
	}
	return nil
}

// openable accepts what the window can open: links and paths that exist.
func openable(cmd *cobra.Command, args []string) error {
	for _, a := range args {
		if node.IsLink(a) {
			continue
		}
		if _, err := os.Lstat(cli.ExpandHome(a)); err != nil {
			if meant := cmd.SuggestionsFor(a); len(meant) > 0 {
				return netproto.Errorf(netproto.CodeUsage, "%q is no command, did you mean %q?", a, meant[0])
			}
			return netproto.Errorf(netproto.CodeUsage, "%q is no command, no link and no file", a)
		}
	}
	return nil
}

// commands says what to run if there is no window.
const commands = "`centralizedp2p tracker`, `share`, `search`, `get`, or `demo` to see it work"

func (p *program) openDesktop(cmd *cobra.Command, args []string, reach reachFlags) error {
	if p.desktop == nil {
		return netproto.Errorf(netproto.CodeUsage, "this build has no window, so say what to do: "+commands)
	}
	profile, err := p.profileDir()
	if err != nil {
		return err
	}
	for i, a := range args {
		if !node.IsLink(a) {
			args[i] = cli.ExpandHome(a)
		}
	}
	o := node.Options{Profile: profile, Log: p.log()}
	reach.set(&o)
	return p.desktop(cmd.Context(), o, args)
}

// NoDisplay returns the error of a desktop that finds no screen to open on.
func NoDisplay() error {
	return netproto.Errorf(netproto.CodeUsage, "there is no display for the window, so say what to do: "+commands)
}

func (p *program) profileDir() (string, error) {
	if p.profile != "" {
		return p.profile, nil
	}
	dir, err := library.DefaultDir()
	if err != nil {
		err := netproto.Recode(netproto.CodeOf(err), err)
		err.Detail += ": choose one with --profile DIR"
		return "", err
	}
	return dir, nil
}

func (p *program) log() *slog.Logger {
	level := slog.LevelError
	if p.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(p.Err, &slog.HandlerOptions{Level: level}))
}

// exactly accepts n arguments; what says which.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == n:
			return nil
		case len(args) == 0:
			return netproto.Errorf(netproto.CodeUsage, "%s takes %s, none was given", cmd.Name(), what)
		}
		return netproto.Errorf(netproto.CodeUsage, "%s takes %s, not %s", cmd.Name(), what, plural(len(args), "argument"))
	}
}

// atLeastOne accepts one argument or more; what says which.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return netproto.Errorf(netproto.CodeUsage, "%s takes %s, none was given", cmd.Name(), what)
		}
		return nil
	}
}

func (p *program) trackerCommand() *cobra.Command {
	options := node.TrackerOptions()
	var flags *flag.FlagSet
	prepare := func(cmd *cobra.Command) error {
		if p.profile != "" && !cmd.Flags().Changed("data") {
			options.Data = node.TrackerData(p.profile)
		}
		if err := cli.Settle(cmd, flags); err != nil {
			return err
		}
		options.JSON = options.JSON || p.json
		return without(cmd, "tracker")
	}
	cmd := &cobra.Command{
		Use:     "tracker",
		Short:   "Run a tracker, which knows who has what and answers searches",
		Example: "  centralizedp2p tracker\n  centralizedp2p tracker --listen :5001 --data /var/lib/centralizedp2p --seed-clients off",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			again := cli.Again(&options, func() error { return prepare(cmd) })
			if _, err := again(); err != nil {
				return err
			}
			for _, listen := range options.Listens() {
				if _, _, err := net.SplitHostPort(listen); err != nil && listen != node.SystemdSockets {
					return netproto.Errorf(netproto.CodeUsage, "--listen is [HOST]:PORT, for example :5000, not %q", listen)
				}
			}
			return node.RunTracker(cmd.Context(), options, again, p.Out, p.Err)
		},
	}
	flags = cli.AddFlags(cmd, &options, "json") // which all commands have
	cmd.AddCommand(cli.Commands(cli.Program{Name: "centralizedp2p tracker", Options: &options, Prepare: prepare})...)
	return cmd
}

// fail reports what went wrong on stderr and, with --json, on stdout.
func (p *program) fail(err error) {
	code := netproto.CodeOf(err)
	if errors.Is(err, context.Canceled) { // that of the command, which also ends with a closed terminal
		code = netproto.CodeCancelled
		err = &netproto.Error{Code: code}
	}
	fmt.Fprintln(p.Err, "centralizedp2p: "+cli.Sentence(err))
	if p.json {
		p.event(failedEvent{Event: "error", Code: code, Message: err.Error(), Hint: cli.Hint(code)})
	}
}
