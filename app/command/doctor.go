package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// doctorWait is how long a peer of the command's own may take to join its tracker and to
// find out how others reach it.
const doctorWait = 5 * time.Second

func (p *program) doctorCommand() *cobra.Command {
	return p.RunsOrDrives(&cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong, as one text to paste when you ask for help",
		Long: "doctor looks at the tracker, the clock, how others reach this peer, the disk for\n" +
			"downloads, the processor, open files, limits and the last errors, and says what helps.\n" +
			"It takes some seconds. What it prints holds no keys and no names of files.",
		Example: "  centralizedp2p doctor\n  centralizedp2p doctor --json\n  centralizedp2p tracker doctor        of a tracker",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.PeerWork, drive.EngineWork, error) {
		return p.examine, func(ctx context.Context, engine face.Engine) error {
			c, err := engine.Checkup(ctx)
			if err == nil {
				p.checkup(c)
			}
			return err
		}, nil
	})
}

// examine looks at a peer of the command's own, once it has joined its tracker.
func (p *program) examine(ctx context.Context, n *node.Node) error {
	settings, err := n.Library.Settings()
	if err != nil {
		return err
	}
	if err := n.Engine.Shares.Load(); err != nil {
		return err
	}
	var unreached error
	if settings.Tracker != "" || len(p.Trackers) > 0 {
		unreached = p.joinFor(ctx, n, doctorWait)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.checkup(localengine.Checkup(ctx, n, settings, unreached))
	return nil
}

// joinFor joins the trackers of a peer, and waits until it is known how others reach it.
func (p *program) joinFor(ctx context.Context, n *node.Node, wait time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ts, err := p.OpenTrackers(limited, n.Library, nil)
	if err != nil {
		return err
	}
	ts.Use(n.Engine)
	changed := n.Engine.Watch(limited)
	for n.Engine.Reachability().Verdict == netproto.VerdictUnknown {
		if _, more := <-changed; !more {
			break
		}
	}
	return nil
}

// checkup prints what was found out.
func (p *program) checkup(c netproto.Checkup) { cli.PrintCheckup(p.Out, c, p.JSON) }
