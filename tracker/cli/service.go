package cli

import (
	"flag"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

// AddFlags adds the flags of a tracker to its command: those that the commands
// below take too as persistent ones. Those named in without stay out, but can
// still be set by Settle. The set that comes back is for Settle.
func AddFlags(cmd *cobra.Command, o *daemon.Options, without ...string) *flag.FlagSet {
	set := flag.NewFlagSet(cmd.Name(), flag.ContinueOnError)
	o.Flags(set)
	out := map[string]bool{}
	for _, name := range without {
		out[name] = true
	}
	set.VisitAll(func(f *flag.Flag) {
		switch {
		case out[f.Name]:
		case persistent[f.Name]:
			cmd.PersistentFlags().AddGoFlag(f)
		default:
			cmd.Flags().AddGoFlag(f)
		}
	})
	return set
}

var persistent = map[string]bool{"data": true, "json": true, "config": true}

// Settle fills in what the command line did not say, from the environment and
// the settings file.
func Settle(cmd *cobra.Command, set *flag.FlagSet) error {
	return daemon.Settle(set, cmd.Flags().Changed, os.Getenv)
}

func (p Program) systemdUnit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "systemd-unit",
		Short: "Print a unit with which systemd runs the tracker, and lets it do little else",
		Long: "Print a hardened unit for systemd. The flags given here are those that the service\n" +
			"runs with; its data is in /var/lib/centralizedp2p-tracker. The program has to be\n" +
			"where services may run it, /usr/local/bin for example, not in a home.",
		Example: "  tracker systemd-unit --listen :443 --seed-clients off |\n" +
			"    sudo tee /etc/systemd/system/centralizedp2p-tracker.service\n" +
			"  sudo systemctl daemon-reload\n  sudo systemctl enable --now centralizedp2p-tracker",
	}
	o := *p.Options
	AddFlags(cmd, &o, "data", "json", "config") // which it has from above
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 0 {
			return netproto.Errorf(netproto.CodeUsage, "%s takes no arguments", cmd.Name())
		}
		if cmd.Flags().Changed("data") {
			return netproto.Errorf(netproto.CodeUsage, "%s has no use for --data: systemd makes the folder", cmd.Name())
		}
		program, err := os.Executable()
		if err != nil {
			return netproto.Errorf(netproto.CodeStore, "this program's own path: %w", err)
		}
		words := strings.Fields(cmd.CommandPath())
		command := append([]string{program}, words[1:len(words)-1]...)
		cmd.Flags().Visit(func(f *pflag.Flag) { command = append(command, "--"+f.Name+"="+f.Value.String()) })
		return o.WriteSystemdUnit(cmd.OutOrStdout(), command)
	}
	return cmd
}
