package command

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/tracker/cli"
)

func (p *program) shareCommand() *cobra.Command {
	var secrets, detach bool
	var visible visibleFlags
	var share *cobra.Command
	share = p.RunsOrDrives(&cobra.Command{
		Use:   "share PATH…",
		Short: "Offer files and folders until you stop it",
		Long: "share hashes files and folders, announces them to the tracker, prints a link to\n" +
			"each, and serves them until you press Ctrl+C. Unchanged files are hashed only\n" +
			"once. Files that look like keys or passwords are left out, unless you say\n" +
			"--with-secrets, and the program's own keys and databases always. Put -- before\n" +
			"a PATH that begins with a dash.\n\n" +
			"With --detach it ends once they are announced, and the peer of the profile goes on\n" +
			"to serve them: the window, or `serve`, now or when it runs next.",
		Example: "  centralizedp2p share song.flac\n  centralizedp2p share --tracker 203.0.113.7 Holidays/ thesis.pdf",
		Args:    usage.AtLeastOne("the PATH of a file or folder"),
	}, func(paths []string) (drive.PeerWork, drive.EngineWork, error) {
		if err := visible.check(share); err != nil {
			return nil, nil, err
		}
		for i, path := range paths {
			path = cli.ExpandHome(path)
			paths[i] = path
			if err := usage.Readable(path); err != nil {
				return nil, nil, err
			}
		}
		how := sharingWay{secrets: secrets, detach: detach, visible: &visible}
		return func(ctx context.Context, n *node.Node) error { return p.share(ctx, n, paths, how) },
			func(ctx context.Context, engine face.Engine) error { return p.shareThere(ctx, engine, paths, how) }, nil
	})
	share.Flags().BoolVar(&detach, "detach", false, "end once they are announced; the peer of the profile serves them")
	visible.add(share)
	share.Flags().BoolVar(&secrets, "with-secrets", false, "also share files that look like keys or passwords")
	return share
}

// sharingWay says how paths are shared.
type sharingWay struct {
	secrets, detach bool
	visible         *visibleFlags
}

// share shares the paths until ctx ends.
func (p *program) share(ctx context.Context, n *node.Node, paths []string, how sharingWay) error {
	ts, err := p.OpenTrackers(ctx, n.Library, nil)
	if err != nil {
		return err
	}
	people := how.visible.people()
	if people {
		ts.Use(n.Engine)
	}
	ids, visible, err := offer(ctx, n, paths, how)
	if !people {
		ts.Use(n.Engine) // after that: a tracker may hold the same from last time
	}
	if err != nil {
		return err
	}
	l := lookout.Here(p.Screen, n, ts.Silent()...)
	for i, id := range ids {
		s, err := p.waitShared(ctx, n, l, id, paths[i])
		if err != nil {
			return err
		}
		l.Announced(s)
	}
	if how.detach {
		p.Say("It is served whenever the window or `centralizedp2p serve` runs.")
		return nil
	}
	p.Say("Sharing until you press Ctrl+C.")
	if how.visible.count > 0 || !visible.Expires.IsZero() {
		l.UntilEnded(ctx)
		return nil
	}
	l.UntilStopped(ctx)
	return nil
}

// offer adds the shares.
func offer(ctx context.Context, n *node.Node, paths []string, how sharingWay) (ids []string, visible library.Visible, err error) {
	if visible, err = how.visible.visible(ctx, n); err != nil {
		return nil, visible, err
	}
	ids = make([]string, len(paths))
	for i, path := range paths {
		options := sharing.Options{Remember: how.detach, AllowAll: how.secrets, Visible: &visible, Count: how.visible.count}
		if ids[i], err = n.Engine.Shares.Add(path, options); err != nil {
			return nil, visible, err
		}
	}
	return ids, visible, nil
}

// waitShared waits for a share, with a bar while it is hashed.
func (p *program) waitShared(ctx context.Context, n *node.Node, l *lookout.Lookout, id, path string) (sharing.Share, error) {
	type result struct {
		share sharing.Share
		err   error
	}
	done := make(chan result, 1)
	go func() {
		s, err := n.Engine.Shares.Wait(ctx, id)
		done <- result{s, err}
	}()
	bar := p.NewBar("Hashing " + filepath.Base(path))
	defer bar.End()
	noted := l.Noting()
	changed := n.Engine.Watch(ctx)
	look := time.NewTicker(lookout.Every)
	defer look.Stop()
	for {
		select {
		case r := <-done:
			return r.share, r.err
		case <-look.C:
			l.Look()
		case _, more := <-changed:
			if !more {
				changed = nil // the result comes at once
			}
		}
		for _, s := range n.Engine.Shares.List() {
			if s.ID == id && s.State == sharing.StateHashing {
				noted(s)
				bar.Set(s.Hashed, cmp.Or(s.Size, -1), s.Rate) // 0 before the whole folder was read
			}
		}
	}
}
