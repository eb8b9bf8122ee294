// Package command is the command line of centralizedp2p.
package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/control"
	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/person"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/serve"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/command/webpage"
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
	p := newProgram(streams, output, desktop)
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
	p.JSON = p.JSON || slices.Contains(args, "--json") // it may stand behind the flag that was wrong
	p.Fail(err)
	switch netproto.CodeOf(err) {
	case netproto.CodeUsage:
		return exitUsage
	case netproto.CodeNotFound, netproto.CodeNoSource:
		return exitNothing
	}
	return exitFailed
}

// newProgram returns a run that writes to out, which leads to the Out of streams.
func newProgram(streams Streams, out io.Writer, desktop Desktop) *program {
	shown := &screen.Screen{Out: out, Err: streams.Err, Terminal: streams.Terminal, Wide: screen.WidthOf(streams.Out)}
	return &program{Driver: &drive.Driver{Screen: shown, In: streams.In}, desktop: desktop}
}

// before runs before every command.
func (p *program) before(cmd *cobra.Command, _ []string) {
	p.Profile = cli.ExpandHome(p.Profile)
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
	var reach drive.ReachFlags
	reach.Add(root)
	root.RunE = func(cmd *cobra.Command, args []string) error { return p.openDesktop(cmd, args, reach) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage.WrongFlag(err) })
	flags := root.PersistentFlags()
	flags.StringArrayVar(&p.Trackers, "tracker", nil,
		"`HOST[:PORT]` or link of the tracker (default: the last one named); give it several\n"+
			"times to use several at once; - reads it from standard input, where no other user sees it")
	flags.StringVar(&p.Profile, "profile", "", "`folder` with everything this peer remembers (default: in your configuration folder)")
	flags.BoolVar(&p.JSON, "json", false, "print one JSON object per line")
	flags.BoolVar(&p.Verbose, "verbose", false, "log details to stderr")
	root.AddCommand(p.trackerCommand(), p.shareCommand(), p.searchCommand(), p.getCommand(), p.wishCommand(),
		p.doctorCommand(), p.peerCommand(), p.demoCommand())
	root.AddCommand(serve.Command(p.Driver))
	root.AddCommand(control.Commands(p.Driver)...)
	root.AddCommand(person.Commands(p.Driver)...)
	root.AddCommand(webpage.Commands(p.Driver)...)
	cli.AddVersion(root, func() bool { return p.JSON })
	cli.AddManual(root)
	return root
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

func (p *program) openDesktop(cmd *cobra.Command, args []string, reach drive.ReachFlags) error {
	if p.desktop == nil {
		return netproto.Errorf(netproto.CodeUsage, "this build has no window, so say what to do: "+commands)
	}
	profile, err := p.ProfileDir()
	if err != nil {
		return err
	}
	for i, a := range args {
		if !node.IsLink(a) {
			args[i] = cli.ExpandHome(a)
		}
	}
	o := node.Options{Profile: profile, Log: p.Log()}
	reach.Set(&o)
	return p.desktop(cmd.Context(), o, args)
}

// NoDisplay returns the error of a desktop that finds no screen to open on.
func NoDisplay() error {
	return netproto.Errorf(netproto.CodeUsage, "there is no display for the window, so say what to do: "+commands)
}

func (p *program) trackerCommand() *cobra.Command {
	options := node.TrackerOptions()
	var flags *flag.FlagSet
	prepare := func(cmd *cobra.Command) error {
		if p.Profile != "" && !cmd.Flags().Changed("data") {
			options.Data = node.TrackerData(p.Profile)
		}
		if err := cli.Settle(cmd, flags); err != nil {
			return err
		}
		options.JSON = options.JSON || p.JSON
		return usage.Without(cmd, "tracker")
	}
	cmd := &cobra.Command{
		Use:     "tracker",
		Short:   "Run a tracker, which knows who has what and answers searches",
		Example: "  centralizedp2p tracker\n  centralizedp2p tracker --listen :5001 --data /var/lib/centralizedp2p --seed-clients off",
		Args:    usage.Exactly(0, "no arguments"),
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

// program is one run of the command line.
type program struct {
	*drive.Driver
	desktop Desktop
}
