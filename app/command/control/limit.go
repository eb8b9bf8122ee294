package control

import (
	"context"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// limitsLine is what `limit --json` prints.
type limitsLine struct {
	Down  int64 `json:"down_limit"` // bytes per second; 0 is unlimited
	Up    int64 `json:"up_limit"`
	Quick bool  `json:"quick_limit"`
}

func (p *program) limitCommand() *cobra.Command {
	var down, up usage.Bytes
	cmd := p.Drives(&cobra.Command{
		Use:   "limit [N|NAME…] [--down RATE] [--up RATE]",
		Short: "Show or change how fast is downloaded and uploaded",
		Long: "limit shows the limits, or changes them: --down and --up for everything, and --down\n" +
			"with the numbers or names of downloads for each of those. 0 is unlimited.",
		Example: "  centralizedp2p limit --down 2MB --up 500kB\n  centralizedp2p limit song.flac --down 100kB\n  centralizedp2p limit --down 0",
	}, func(args []string) (drive.EngineWork, error) {
		switch {
		case len(args) > 0 && (down == "" || up != ""):
			return nil, netproto.Errorf(netproto.CodeUsage, "a download has a limit for --down, and no other")
		case len(args) > 0:
			return func(ctx context.Context, engine face.Engine) error { return p.limitDownloads(ctx, engine, args, down) }, nil
		}
		return func(ctx context.Context, engine face.Engine) error { return p.limitAll(ctx, engine, down, up) }, nil
	})
	cmd.Flags().Var(&pflagRate{&down}, "down", "`bytes` a second for downloads, like 2MB; 0 is unlimited")
	cmd.Flags().Var(&pflagRate{&up}, "up", "`bytes` a second for uploads, like 500kB; 0 is unlimited")
	return cmd
}

// pflagRate is a rate among the flags of a command.
type pflagRate struct{ *usage.Bytes }

// Type implements pflag.Value.
func (pflagRate) Type() string { return "bytes" }

func (p *program) limitDownloads(ctx context.Context, engine face.Engine, named []string, down usage.Bytes) error {
	ids, err := chosen{named: named}.ids(ctx, engine)
	if err != nil {
		return err
	}
	var limit int64
	down.Apply(&limit)
	if err := engine.SetDownloadLimit(ctx, ids, limit); err != nil {
		return err
	}
	p.did("limited", len(ids))
	return nil
}

func (p *program) limitAll(ctx context.Context, engine face.Engine, down, up usage.Bytes) error {
	s, err := engine.Settings(ctx)
	if err != nil {
		return err
	}
	if down != "" || up != "" {
		down.Apply(&s.DownLimit)
		up.Apply(&s.UpLimit)
		if err := engine.ApplySettings(ctx, s); err != nil {
			return refusedSettings(err)
		}
	}
	status, err := engine.Status(ctx)
	if err != nil {
		return err
	}
	if p.JSON {
		p.Event(limitsLine{s.DownLimit, s.UpLimit, status.QuickLimit})
		return nil
	}
	p.Say("Down: %s\nUp: %s", limitWords(s.DownLimit), limitWords(s.UpLimit))
	if status.QuickLimit {
		p.Say("The quick limit is on: %s down, %s up.", limitWords(s.QuickDown), limitWords(s.QuickUp))
	}
	return nil
}

func limitWords(bytes int64) string {
	if bytes == 0 {
		return "unlimited"
	}
	return screen.Size(bytes) + "/s"
}
