package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

// LogFile is daemon.LogFile.
type LogFile = daemon.LogFile

// UnitCommand is daemon.UnitCommand.
func UnitCommand(words []string) (string, error) { return daemon.UnitCommand(words) }

// Lines of a unit; see daemon.
const (
	UnitStart     = daemon.UnitStart
	UnitRun       = daemon.UnitRun
	UnitHardening = daemon.UnitHardening
)

// AddFlags adds the flags of a tracker to its command, as persistent flags if the
// commands below take them too. It leaves out the flags named in without, which
// Settle can still set. It returns the set to pass to Settle.
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

// paths are the flags that hold the path of a file or folder.
var paths = []string{"config", "data", "downloads", "log-file"}

// hidden are the folders that the unit keeps from the service.
var hidden = []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"}

// Settle fills in what the command line did not say, from the environment and
// the settings file. "~" in a path is the home folder.
func Settle(cmd *cobra.Command, set *flag.FlagSet) error {
	environ := func(name string) string {
		if name == daemon.Variable("config") {
			return ExpandHome(os.Getenv(name))
		}
		return os.Getenv(name)
	}
	if err := errors.Join(expand(set, "config"), daemon.Settle(set, cmd.Flags().Changed, environ)); err != nil {
		return err
	}
	return expand(set, paths...)
}

func expand(set *flag.FlagSet, names ...string) error {
	for _, name := range names {
		if f := set.Lookup(name); f != nil {
			if err := f.Value.Set(ExpandHome(f.Value.String())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Again returns a function that completes the options of a command with prepare, from
// what they are now, however often it is called: the settings may have changed.
func Again(o *daemon.Options, prepare func() error) func() (daemon.Options, error) {
	given := *o
	return func() (daemon.Options, error) {
		*o = given
		err := prepare()
		return *o, err
	}
}

func (p Program) systemdUnit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "systemd-unit",
		Short: "Print a systemd unit that runs the tracker and lets it do little else",
		Long: "Print a hardened unit for systemd. The service runs with the flags given here and\n" +
			"keeps its data in /var/lib/centralizedp2p-tracker. The program must be where\n" +
			"services may run it, for example in /usr/local/bin, not in a home directory.",
		Example: "  tracker systemd-unit --listen :443 --seed-clients off |\n" +
			"    sudo tee /etc/systemd/system/centralizedp2p-tracker.service\n" +
			"  sudo systemctl daemon-reload\n  sudo systemctl enable --now centralizedp2p-tracker",
	}
	o := *p.Options
	AddFlags(cmd, &o, "data", "json", "config") // which it inherits
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 0 {
			return netproto.Errorf(netproto.CodeUsage, "%s takes no arguments", cmd.Name())
		}
		if cmd.Flags().Changed("data") {
			return netproto.Errorf(netproto.CodeUsage, "%s does not take --data: systemd creates the folder", cmd.Name())
		}
		program, err := os.Executable()
		if err != nil {
			return netproto.Errorf(netproto.CodeStore, "finding the path of this program: %w", err)
		}
		words := strings.Fields(cmd.CommandPath())
		command := append([]string{program}, words[1:len(words)-1]...)
		cmd.Flags().Visit(func(f *pflag.Flag) {
			value := f.Value.String()
			if slices.Contains(paths, f.Name) { // the service runs in another folder
				if absolute, bad := filepath.Abs(ExpandHome(value)); bad == nil {
					value = absolute
				}
				if slices.ContainsFunc(hidden, func(folder string) bool { return strings.HasPrefix(value, folder) }) {
					fmt.Fprintf(cmd.ErrOrStderr(),
						"The service cannot read %s: it sees no homes and has temporary folders of its own. Put the file into /etc.\n",
						netproto.Printable(value))
				}
			}
			command = append(command, "--"+f.Name+"="+value)
		})
		return o.WriteSystemdUnit(cmd.OutOrStdout(), command)
	}
	return cmd
}
