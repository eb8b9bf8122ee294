package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

func (p *program) statusCommand() *cobra.Command {
	return p.drives(&cobra.Command{
		Use:     "status",
		Short:   "Show how the peer is doing",
		Example: "  centralizedp2p status\n  centralizedp2p status --json",
		Args:    exactly(0, "no arguments"),
	}, func([]string) (engineWork, error) { return p.status, nil })
}

func (p *program) status(ctx context.Context, engine face.Engine) error {
	s, err := engine.Status(ctx)
	if err != nil {
		return err
	}
	if p.json {
		p.event(s)
		return nil
	}
	tracker := string(s.Connection)
	if s.Tracker != "" {
		tracker = netproto.Printable(s.Tracker) + ", " + tracker
	}
	if s.Connection == face.ConnectionConnected {
		tracker += fmt.Sprintf(", %d online", s.PeersOnline)
	}
	p.say("Tracker:    %s", tracker)
	if !s.Failure.IsZero() {
		p.say("            %s", cli.Sentence(s.Failure.Error()))
	}
	if !s.Stopped.IsZero() {
		p.say("Stopped:    %s", cli.Sentence(s.Stopped.Error()))
	}
	p.say("Reached:    %s", s.Reach.Verdict)
	p.say("Down:       %s/s, %s, %d failed", size(s.DownRate), plural(s.Counts.Downloads, "download"), s.Counts.Failed)
	p.say("Up:         %s/s, %s, %s", size(s.UpRate), plural(s.Counts.Uploads, "upload"), plural(s.Counts.Shares, "share"))
	if s.QuickLimit {
		p.say("The quick limit is on.")
	}
	if s.Counts.Requests > 0 {
		p.say("%s: see `centralizedp2p inbox`.", plural(s.Counts.Requests, "request"))
	}
	return nil
}
