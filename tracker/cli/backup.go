package cli

import (
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// backupEvent reports a backup that was written or restored.
type backupEvent struct {
	Event string `json:"event"`
	File  string `json:"file"`
	Kept  string `json:"kept,omitempty"` // where a restore moved the old database
	// Base64 of the paths that are no UTF-8.
	FileBytes string `json:"file_bytes,omitempty"`
	KeptBytes string `json:"kept_bytes,omitempty"`
	boltstore.Contents
}

func newBackupEvent(event, file, kept string, contents boltstore.Contents) backupEvent {
	e := backupEvent{Event: event, Contents: contents}
	e.File, e.FileBytes = PathText(file)
	e.Kept, e.KeptBytes = PathText(kept)
	return e
}

func (p Program) backup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database of the running tracker to a file",
		Long: "Copy the database of the running tracker, as it is at one instant, to a file.\n" +
			"The copy is checked before it gets its name. It does not contain the tracker's\n" +
			"key, tracker.key in the data folder: copy that once, to a safe place.",
		Example: "  tracker backup /srv/backup/tracker-$(date +%F).db",
	}
	cmd.RunE = p.run(1, "the FILE to write", func(cmd *cobra.Command, args []string) error {
		to := ExpandHome(args[0])
		contents, err := boltstore.SaveBackup(to, func(w io.Writer) error {
			return p.socket().copy(cmd.Context(), daemon.ControlBackup, w)
		})
		if err != nil {
			return err
		}
		return p.tell(cmd.OutOrStdout(), newBackupEvent("backed-up", to, "", contents),
			"%s has %s: %d peers, %d resources, %d members, %d bans.",
			netproto.Printable(to), humanize.Bytes(uint64(contents.Bytes)), contents.Peers, contents.Resources, contents.Members, contents.Bans)
	})
	return cmd
}

func (p Program) restore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the database of a stopped tracker with a backup",
		Long: "Replace the database of a tracker that is not running with a backup. The backup\n" +
			"is checked first, and the old database is kept beside it. With --store it goes into\n" +
			"that database, which must be empty.",
		Example: "  tracker restore /srv/backup/tracker-2026-03-01.db --data /var/lib/centralizedp2p",
	}
	cmd.RunE = p.run(1, "the FILE of a backup", func(cmd *cobra.Command, args []string) error {
		if p.Options.Store != "" {
			return p.move(cmd, ExpandHome(args[0]), p.Options.Store)
		}
		file := daemon.StoreFile(p.Options.Data)
		kept, contents, err := boltstore.Restore(ExpandHome(args[0]), file)
		if err != nil {
			return err
		}
		before := ""
		if kept != "" {
			before = " The old database is now " + netproto.Printable(kept) + "."
		}
		return p.tell(cmd.OutOrStdout(), newBackupEvent("restored", file, kept, contents),
			"%s is restored: %d peers, %d resources, %d members, %d bans.%s",
			netproto.Printable(file), contents.Peers, contents.Resources, contents.Members, contents.Bans, before)
	})
	return cmd
}
