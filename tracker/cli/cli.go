// Package cli holds the commands of a tracker's owner: invite, members, ban, unban,
// bans, doctor, backup, restore, migrate and systemd-unit. They are declared here once and belong
// below `tracker` in both programs.
//
// All except restore, migrate and systemd-unit speak to the running tracker over the
// socket in its data folder; see daemon.ControlSocket.
package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

// Program is what the surrounding program knows when a command runs.
type Program struct {
	Name string // of the tracker command, as a person types it
	// Options are those of the tracker command: Data chooses the tracker, JSON the
	// form of the answers. The program defines their flags.
	Options *daemon.Options
	// Prepare completes Options once the flags are parsed; it may be nil.
	Prepare func(cmd *cobra.Command) error
}

// Commands returns the commands to add below `tracker`. Their errors are
// netproto.Errors, CodeUsage for wrong usage.
func Commands(p Program) []*cobra.Command {
	list := []*cobra.Command{p.invite(), p.members(), p.ban(), p.unban(), p.bans(), p.doctor(), p.backup(), p.restore(), p.migrate(), p.systemdUnit()}
	for _, c := range list {
		c.Example = strings.ReplaceAll(c.Example, "  tracker ", "  "+p.Name+" ")
	}
	return list
}

// run returns a command that takes n arguments, which what describes.
func (p Program) run(n int, what string, do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return netproto.Errorf(netproto.CodeUsage, "%s takes %s", cmd.Name(), what)
		}
		if p.Prepare != nil {
			if err := p.Prepare(cmd); err != nil {
				return err
			}
		}
		if p.Options.Data == "" {
			return netproto.Errorf(netproto.CodeUsage, "choose the tracker with --data FOLDER")
		}
		return do(cmd, args)
	}
}

func (p Program) socket() *socket { return newSocket(p.Options.Data) }

// tell prints the answer, as JSON or as the sentence.
func (p Program) tell(w io.Writer, answer any, format string, args ...any) error {
	if p.Options.JSON {
		return encode(w, answer)
	}
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}

// table prints a list as columns, or each entry as a line of JSON.
func table[E any](p Program, w io.Writer, list []E, none, head string, columns func(E) string) error {
	if p.Options.JSON {
		for _, entry := range list {
			if err := encode(w, entry); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	columnar := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columnar, head)
	for _, entry := range list {
		fmt.Fprintln(columnar, columns(entry))
	}
	return columnar.Flush()
}

// encode prints one line of JSON.
func encode(w io.Writer, v any) error {
	line, err := netproto.VisibleJSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}

func day(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
