package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
	"centralizedp2p/tracker/daemon"
)

func (p Program) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with a tracker, as one text to paste when you ask for help",
		Long: "doctor looks at the running tracker of a data folder: who uses it, how full it is, its\n" +
			"disk, memory, open files and last errors, and says what helps. Without one it looks at\n" +
			"the disk. What it prints holds no keys and no names of files.",
		Example: "  tracker doctor\n  tracker doctor --json",
	}
	cmd.RunE = p.run(0, "no arguments", func(cmd *cobra.Command, _ []string) error {
		var c netproto.Checkup
		err := p.socket().call(cmd.Context(), http.MethodGet, daemon.ControlCheckup, nil, &c)
		if netproto.CodeOf(err) == netproto.CodeUnreachable {
			c, err = stoppedTracker(cmd.Context(), p.Options.Data), nil
		}
		if err != nil {
			return err
		}
		return PrintCheckup(cmd.OutOrStdout(), c, p.Options.JSON)
	})
	return cmd
}

// stoppedTracker is the checkup of a tracker that does not run.
func stoppedTracker(ctx context.Context, data string) netproto.Checkup {
	c := checkup.New()
	c.Findings = []netproto.Finding{
		{Topic: netproto.TopicTracker, State: netproto.FindingBad, Fact: "none answers on this data folder", Do: netproto.RemedyStartTracker},
		checkup.Disk(ctx, data), checkup.Files(),
	}
	return c
}

// PrintCheckup prints a checkup as text, or as one JSON object a line.
func PrintCheckup(w io.Writer, c netproto.Checkup, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprint(w, c.Text())
		return err
	}
	if err := encode(w, struct {
		Event   string `json:"event"`
		Program string `json:"program"`
		System  string `json:"system"`
	}{"checkup", c.Program, c.System}); err != nil {
		return err
	}
	for _, f := range c.Findings {
		if err := encode(w, struct {
			Event string `json:"event"`
			netproto.Finding
			Hint string `json:"hint,omitempty"`
		}{"finding", f, f.Do.Sentence()}); err != nil {
			return err
		}
	}
	return nil
}
