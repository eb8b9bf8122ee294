package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

// AddVersion adds the command version and the flag --version to the root of a program,
// which has its RunE by now. asJSON is read when one of them runs.
func AddVersion(root *cobra.Command, asJSON func() bool) {
	name, run := root.Name(), root.RunE
	tell := func(w io.Writer) error {
		if asJSON() {
			return encode(w, version.Here())
		}
		_, err := fmt.Fprintf(w, "%s version %s\n", name, version.Here())
		return err
	}
	wanted := root.Flags().BoolP("version", "v", false, "print the version")
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *wanted {
			return tell(cmd.OutOrStdout())
		}
		return run(cmd, args)
	}
	root.AddCommand(&cobra.Command{
		Use:     "version",
		Short:   "Print the version, with the commit and its date",
		Example: fmt.Sprintf("  %s version\n  %s version --json", name, name),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 0 {
				return netproto.Errorf(netproto.CodeUsage, "%s takes no arguments", cmd.Name())
			}
			return tell(cmd.OutOrStdout())
		},
	})
}
