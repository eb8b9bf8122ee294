// The tracker alone, for a server without a screen: `go run ./tracker`. The app
// has the same command as `centralizedp2p tracker`.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/cli"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/store"
)

func main() {
	ctx, _ := cli.UntilStopped(context.Background()) // until the very end
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "tracker: "+cli.Sentence(err))
	if netproto.CodeOf(err) == netproto.CodeUsage {
		os.Exit(2)
	}
	os.Exit(1)
}

// loadPercent of what lives may be garbage while the store is loaded: most of
// what is allocated then stays, so a collection frees little yet costs a third
// of the load time.
const loadPercent = 400

// openStore opens the store with a lazy garbage collector. The setting is one of
// the whole process, so it is made here and not by the store.
func openStore(file string, c store.Config) (store.Store, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(loadPercent))
	return pgstore.Or(boltstore.Open)(file, c)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cli.FromExplorer()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	output := cli.NewOutput(stdout, cancel)
	options := daemon.DefaultOptions()
	command := &cobra.Command{
		Use:   "tracker",
		Short: "Knows who has which file, and answers searches",
		Long: "A tracker of CentralizedP2P: it knows who has which file and answers searches.\n" +
			"The files themselves go straight from peer to peer.",
		Example:       "  tracker\n  tracker --listen :5001 --data /var/lib/centralizedp2p --seed-clients off",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return netproto.Errorf(netproto.CodeUsage, "%w", err)
			}
			return nil
		},
	}
	flags := cli.AddFlags(command, &options)
	settle := func(cmd *cobra.Command) error { return cli.Settle(cmd, flags) }
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		again := cli.Again(&options, func() error { return settle(cmd) })
		if _, err := again(); err != nil {
			return err
		}
		return daemon.Run(cmd.Context(), options, again, openStore, output, stderr)
	}
	command.CompletionOptions.HiddenDefaultCmd = true
	command.AddCommand(cli.Commands(cli.Program{Name: "tracker", Options: &options, Prepare: settle})...)
	cli.AddVersion(command, func() bool { return options.JSON })
	cli.AddManual(command)
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return netproto.Errorf(netproto.CodeUsage, "%w", err)
	})
	command.SetArgs(args)
	command.SetOut(output)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	if unwritten := output.Err(); unwritten != nil {
		return unwritten
	}
	return err
}
