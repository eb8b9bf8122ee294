package control

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// shareLine is a share as `shares --json` prints it.
type shareLine struct {
	Number int `json:"number"`
	face.Share
	PathBytes string `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
}

func (p *program) sharesCommand() *cobra.Command {
	cmd := p.Drives(&cobra.Command{
		Use:     "shares",
		Short:   "List what is shared",
		Example: "  centralizedp2p shares\n  centralizedp2p shares stop 2",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.EngineWork, error) { return p.listShares, nil })
	cmd.AddCommand(p.Drives(&cobra.Command{
		Use:     "stop N|PATH…",
		Short:   "Stop sharing; the files stay",
		Example: "  centralizedp2p shares stop 2\n  centralizedp2p shares stop /srv/media/song.flac",
		Args:    usage.AtLeastOne("the number or PATH of a share"),
	}, func(args []string) (drive.EngineWork, error) {
		return func(ctx context.Context, engine face.Engine) error { return p.stopShares(ctx, engine, args) }, nil
	}))
	return cmd
}

func (p *program) listShares(ctx context.Context, engine face.Engine) error {
	list, err := engine.Shares(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for i, s := range list {
		if p.JSON {
			line := shareLine{Number: i + 1, Share: s}
			line.Path, line.PathBytes = cli.PathText(s.Path)
			p.Event(line)
			continue
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), string(s.State), strconv.Itoa(s.Files), screen.Size(s.Size), strconv.Itoa(s.Fetched),
			screen.Size(s.Sent), s.Path})
	}
	switch {
	case p.JSON:
	case len(rows) == 0:
		p.Say("Nothing is shared.")
	default:
		p.Table([]string{"N", "STATE", "FILES", "SIZE", "FETCHED", "SENT", "PATH"}, rows)
	}
	return nil
}

func (p *program) stopShares(ctx context.Context, engine face.Engine, named []string) error {
	list, err := engine.Shares(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, text := range named {
		before := len(ids)
		for i, s := range list {
			if text == strconv.Itoa(i+1) || text == s.Path || text == s.Name {
				ids = append(ids, s.ID)
			}
		}
		switch len(ids) - before {
		case 0:
			return netproto.Errorf(netproto.CodeNotFound, "no share has the number or the path %q", text)
		case 1:
		default:
			return netproto.Errorf(netproto.CodeAmbiguous, "%d shares are called %q: use the numbers of `centralizedp2p shares`", len(ids)-before, text)
		}
	}
	if err := engine.StopSharing(ctx, ids); err != nil {
		return err
	}
	if p.JSON {
		p.Event(didEvent{"unshared", len(ids)})
		return nil
	}
	p.Say("%s: no longer shared.", screen.Count(len(ids), "share"))
	return nil
}
