package control

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// downloadAct is what a command does with chosen downloads.
type downloadAct func(engine face.Engine, ctx context.Context, ids []string) error

// actsOnDownloads makes cmd one that does something with the downloads it names.
func (p *program) actsOnDownloads(cmd *cobra.Command, act func() downloadAct, done string) *cobra.Command {
	var all bool
	cmd.Flags().BoolVar(&all, "all", false, "all downloads")
	return p.Drives(cmd, func(args []string) (drive.EngineWork, error) {
		which, err := chosenDownloads(args, all)
		return func(ctx context.Context, engine face.Engine) error {
			ids, err := which.ids(ctx, engine)
			if err != nil {
				return err
			}
			if err := act()(engine, ctx, ids); err != nil {
				return err
			}
			p.did(done, len(ids))
			return nil
		}, err
	})
}

// didEvent says what a command has done.
type didEvent struct {
	Event string `json:"event"` // paused, resumed, removed, limited, moving
	Count int    `json:"count"`
}

func (p *program) did(what string, count int) {
	if p.JSON {
		p.Event(didEvent{what, count})
		return
	}
	p.Say("%s: %s.", screen.Count(count, "download"), what)
}

func (p *program) pauseCommand() *cobra.Command {
	return p.actsOnDownloads(&cobra.Command{
		Use:     "pause N|NAME… | --all",
		Short:   "Stop downloads until they are resumed",
		Example: "  centralizedp2p pause 2\n  centralizedp2p pause --all",
	}, func() downloadAct { return face.Engine.Pause }, "paused")
}

func (p *program) resumeCommand() *cobra.Command {
	return p.actsOnDownloads(&cobra.Command{
		Use:     "resume N|NAME… | --all",
		Short:   "Let paused or failed downloads go on",
		Example: "  centralizedp2p resume song.flac\n  centralizedp2p resume --all",
	}, func() downloadAct { return face.Engine.Resume }, "resumed")
}

func (p *program) removeCommand() *cobra.Command {
	var files bool
	cmd := p.actsOnDownloads(&cobra.Command{
		Use:     "remove N|NAME… | --all",
		Short:   "Remove downloads from the list; finished files stay",
		Example: "  centralizedp2p remove 2\n  centralizedp2p remove --with-files song.flac",
	}, func() downloadAct {
		if files {
			return face.Engine.RemoveWithFiles
		}
		return face.Engine.Remove
	}, "removed")
	cmd.Flags().BoolVar(&files, "with-files", false, "delete what was fetched, finished files included")
	return cmd
}

func (p *program) moveCommand() *cobra.Command {
	var to string
	cmd := p.actsOnDownloads(&cobra.Command{
		Use:     "move N|NAME… --to FOLDER | --all --to FOLDER",
		Short:   "Move downloads to another folder, with what was fetched of them",
		Example: "  centralizedp2p move song.flac --to ~/Music\n  centralizedp2p move --all --to /srv/media",
	}, func() downloadAct {
		return func(engine face.Engine, ctx context.Context, ids []string) error {
			if to == "" {
				return netproto.Errorf(netproto.CodeUsage, "say where to: --to FOLDER")
			}
			folder, err := filepath.Abs(cli.ExpandHome(to))
			if err != nil {
				return netproto.Errorf(netproto.CodeUsage, "--to: %w", err)
			}
			return engine.MoveTo(ctx, ids, folder)
		}
	}, "moving")
	cmd.Flags().StringVar(&to, "to", "", "`folder` to move them to")
	return cmd
}
