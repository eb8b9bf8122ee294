package serve

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
)

// onRunning runs work with the peer that runs with the profile of the command;
// "peer-unreachable" if none does.
func (p *program) onRunning(ctx context.Context, work func(context.Context, *remote.Client) error) error {
	profile, err := p.ProfileDir()
	if err != nil {
		return err
	}
	client := remote.NewLocal(profile)
	defer client.Close()
	if _, err := client.Peer(ctx); err != nil {
		if netproto.CodeOf(err) == netproto.CodePeerUnreachable {
			return netproto.Errorf(netproto.CodePeerUnreachable, "no peer runs with the profile %s: start `centralizedp2p serve`, or the window", profile)
		}
		return err
	}
	return work(ctx, client)
}

func (p *program) pairCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pair",
		Short: "Show a code with which a window on another computer may drive this peer",
		Long: "pair shows a code. Type it into the window on the other computer, under This\n" +
			"computer, Add another peer. It is good once, and for ten minutes.",
		Example: "  centralizedp2p serve pair",
		Args:    usage.Exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.onRunning(cmd.Context(), func(ctx context.Context, c *remote.Client) error {
				code, err := c.ShowCode(ctx)
				if err != nil {
					return err
				}
				if p.JSON {
					p.Event(code)
					return nil
				}
				p.Say("%s\n\nGood once, until %s. This peer answers at %s.", code.Code, code.Expires.Local().Format(time.TimeOnly), code.Address)
				return nil
			})
		},
	}
}

func (p *program) webCodeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "web-code",
		Short: "Show a code with which a browser may see and drive the downloads of this peer",
		Long: "web-code shows a code for the page of `serve --web`. It is good once, and for ten\n" +
			"minutes. Who logs in stays so for twelve hours, and no longer than the peer runs.",
		Example: "  centralizedp2p serve web-code",
		Args:    usage.Exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.onRunning(cmd.Context(), func(ctx context.Context, c *remote.Client) error {
				code, err := c.ShowPageCode(ctx)
				if err != nil {
					return err
				}
				if p.JSON {
					p.Event(code)
					return nil
				}
				p.Say("%s\n\nGood once, until %s. The page is at http://%s/.", code.Code, code.Expires.Local().Format(time.TimeOnly), code.Address)
				return nil
			})
		},
	}
}

func (p *program) unpairCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unpair [KEY]",
		Short:   "List what may drive this peer from other computers, or take that from one",
		Example: "  centralizedp2p serve unpair\n  centralizedp2p serve unpair b4c0…",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onRunning(cmd.Context(), func(ctx context.Context, c *remote.Client) error {
				if len(args) == 0 {
					return p.controllers(ctx, c)
				}
				key, err := netproto.ParseFingerprint(args[0])
				if err != nil {
					return netproto.Errorf(netproto.CodeUsage, "%w", err)
				}
				return c.Unpair(ctx, key)
			})
		},
	}
}

func (p *program) controllers(ctx context.Context, c *remote.Client) error {
	list, err := c.Controllers(ctx)
	if err != nil {
		return err
	}
	for _, paired := range list {
		if p.JSON {
			p.Event(paired)
			continue
		}
		p.Say("%s  %s  %s", paired.Key, paired.Since.Local().Format(time.DateOnly), netproto.Printable(paired.Name))
	}
	if len(list) == 0 {
		p.Say("Nothing on another computer may drive this peer.")
	}
	return nil
}
