package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
)

func (p Program) migrate() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "migrate --from FILE --to ADDRESS",
		Short: "Move what a stopped tracker knows between its file and a PostgreSQL database",
		Long: "Copy everything that a tracker keeps from its file to an empty PostgreSQL database, or\n" +
			"back. No tracker may run on either. No peer has to announce again: start the tracker\n" +
			"on the new place with the same tracker.key.",
		Example: "  tracker migrate --from /var/lib/centralizedp2p/tracker.db --to postgres://tracker@db.example/tracker\n" +
			"  tracker migrate --from postgres://tracker@db.example/tracker --to tracker.db",
	}
	cmd.Flags().StringVar(&from, "from", "", "`file` or address of the data")
	cmd.Flags().StringVar(&to, "to", "", "`address` or new file for them")
	cmd.RunE = p.run(0, "no arguments besides --from and --to", func(cmd *cobra.Command, _ []string) error {
		return p.move(cmd, from, to)
	})
	return cmd
}

// move copies between a file and a database.
func (p Program) move(cmd *cobra.Command, from, to string) error {
	switch out, in := daemon.IsDatabase(from), daemon.IsDatabase(to); {
	case from == "" || to == "" || out == in:
		return netproto.Errorf(netproto.CodeUsage, "name a file and a database like postgres://tracker@db.example/tracker, with --from and --to")
	case in:
		if err := pgstore.Import(cmd.Context(), ExpandHome(from), to); err != nil {
			return err
		}
	default:
		if to = ExpandHome(to); fileThere(to) {
			return netproto.Errorf(netproto.CodeStore, "%s exists: choose a new name", to)
		}
		if _, err := boltstore.SaveBackup(to, func(w io.Writer) error { return pgstore.Dump(cmd.Context(), from, w) }); err != nil {
			return err
		}
	}
	from, to = pgstore.Display(from), pgstore.Display(to)
	return p.tell(cmd.OutOrStdout(), struct {
		Event string `json:"event"`
		From  string `json:"from"`
		To    string `json:"to"`
	}{"migrated", from, to}, "What %s has is in %s.", netproto.Printable(from), netproto.Printable(to))
}

func fileThere(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
