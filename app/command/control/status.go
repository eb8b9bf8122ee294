package control

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

func (p *program) statusCommand() *cobra.Command {
	return p.Drives(&cobra.Command{
		Use:     "status",
		Short:   "Show how the peer is doing",
		Example: "  centralizedp2p status\n  centralizedp2p status --json",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.EngineWork, error) { return p.status, nil })
}

func (p *program) status(ctx context.Context, engine face.Engine) error {
	s, err := engine.Status(ctx)
	if err != nil {
		return err
	}
	if p.JSON {
		p.Event(s)
		return nil
	}
	tracker := string(s.Connection)
	if s.Tracker != "" {
		tracker = netproto.Printable(s.Tracker) + ", " + tracker
	}
	if s.Connection == face.ConnectionConnected {
		tracker += fmt.Sprintf(", %d online", s.PeersOnline)
	}
	p.Say("Tracker:    %s", tracker)
	if !s.Failure.IsZero() {
		p.Say("            %s", cli.Sentence(s.Failure.Error()))
	}
	if !s.Stopped.IsZero() {
		p.Say("Stopped:    %s", cli.Sentence(s.Stopped.Error()))
	}
	p.Say("Reached:    %s", s.Reach.Verdict)
	p.Say("Down:       %s/s, %s, %d failed", screen.Size(s.DownRate), screen.Count(s.Counts.Downloads, "download"), s.Counts.Failed)
	p.Say("Up:         %s/s, %s, %s", screen.Size(s.UpRate), screen.Count(s.Counts.Uploads, "upload"), screen.Count(s.Counts.Shares, "share"))
	if s.QuickLimit {
		p.Say("The quick limit is on.")
	}
	if s.Counts.Requests > 0 {
		p.Say("%s: see `centralizedp2p inbox`.", screen.Count(s.Counts.Requests, "request"))
	}
	return nil
}
