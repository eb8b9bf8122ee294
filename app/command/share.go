package command

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
	"centralizedp2p/tracker/cli"
)

// peerFlags are the flags of commands that run a peer.
type peerFlags struct {
	listen      int
	seedClients string
	reach       reachFlags
}

// reachFlags switch off what the settings allow.
type reachFlags struct{ noRouterPort, noCalls, noRelay bool }

func (f *reachFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noRouterPort, "no-router-port", false, "do not ask the router to open the port for other peers")
	cmd.Flags().BoolVar(&f.noCalls, "no-calls", false, "do not let the tracker arrange connections through routers and firewalls")
	cmd.Flags().BoolVar(&f.noRelay, "no-relay", false, "do not let the tracker pass bytes on when nothing else works")
}

func (f *reachFlags) set(o *node.Options) {
	o.NoRouterPort, o.NoCalls, o.NoRelay = f.noRouterPort, f.noCalls, f.noRelay
}

func (f *peerFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.listen, "listen", 0, "`PORT` for other peers (default: the saved one, else a free one)")
	cmd.Flags().StringVar(&f.seedClients, "seed-clients", string(netproto.SeedLAN), "answer seed clients by UDP: `off|lan|open`")
	f.reach.add(cmd)
}

// open starts a peer with these flags.
func (f *peerFlags) open(cmd *cobra.Command, p *program) (*node.Node, error) {
	profile, err := p.profileDir()
	if err != nil {
		return nil, err
	}
	o := node.Options{Profile: profile, Log: p.log()}
	f.reach.set(&o)
	if cmd.Flags().Changed("listen") {
		if f.listen < 0 || f.listen > 65535 {
			return nil, netproto.Errorf(netproto.CodeUsage, "--listen is a port from 1 to 65535, or 0 for a free one, not %d", f.listen)
		}
		o.Listen = &f.listen
	}
	if cmd.Flags().Changed("seed-clients") { // otherwise the settings decide
		if o.SeedClients, err = netproto.ParseSeedPolicy(f.seedClients); err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", f.seedClients)
		}
	}
	return node.Open(cmd.Context(), o)
}

// peerWork is what a command does with a running peer.
type peerWork func(ctx context.Context, n *node.Node) error

// runsOrDrivesPeer makes cmd one that has the peer which runs with the profile do the
// work, or else runs one. prepare checks the arguments before anything starts.
func (p *program) runsOrDrivesPeer(cmd *cobra.Command, prepare func(args []string) (peerWork, engineWork, error)) *cobra.Command {
	var flags peerFlags
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		alone, driven, err := prepare(args)
		if err != nil {
			return err
		}
		return p.eitherWay(cmd, &flags, driven, alone)
	}
	return cmd
}

func (p *program) shareCommand() *cobra.Command {
	var secrets, detach bool
	var visible visibleFlags
	var share *cobra.Command
	share = p.runsOrDrivesPeer(&cobra.Command{
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
		Args:    atLeastOne("the PATH of a file or folder"),
	}, func(paths []string) (peerWork, engineWork, error) {
		if err := visible.check(share); err != nil {
			return nil, nil, err
		}
		for i, path := range paths {
			path = cli.ExpandHome(path)
			paths[i] = path
			if err := readable(path); err != nil {
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

// readable checks whether a path can be shared, before anything starts.
func readable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is neither a file nor a folder", path)
	}
	f, err := readfile.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	return f.Close()
}

func unreadable(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // the sentence names the path already
	}
	return netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err)
}

// sharingWay says how paths are shared.
type sharingWay struct {
	secrets, detach bool
	visible         *visibleFlags
}

// share shares the paths until ctx ends.
func (p *program) share(ctx context.Context, n *node.Node, paths []string, how sharingWay) error {
	ts, err := p.openTrackers(ctx, n.Library, nil)
	if err != nil {
		return err
	}
	ts.Use(n.Engine)
	lookout := p.newLookout(n, ts)
	visible, err := how.visible.visible(ctx, n)
	if err != nil {
		return err
	}
	ids := make([]string, len(paths))
	for i, path := range paths {
		if ids[i], err = n.Engine.Shares.Add(path, sharing.Options{Remember: how.detach, AllowAll: how.secrets, Visible: &visible}); err != nil {
			return err
		}
	}
	for i, id := range ids {
		s, err := p.waitShared(ctx, n, lookout, id, paths[i])
		if err != nil {
			return err
		}
		lookout.announced(s)
	}
	if how.detach {
		p.say("It is served whenever the window or `centralizedp2p serve` runs.")
		return nil
	}
	p.say("Sharing until you press Ctrl+C.")
	if visible.Until > 0 || !visible.Expires.IsZero() {
		lookout.untilEnded(ctx)
		return nil
	}
	lookout.untilStopped(ctx)
	return nil
}

// waitShared waits for a share, with a bar while it is hashed.
func (p *program) waitShared(ctx context.Context, n *node.Node, l *lookout, id, path string) (sharing.Share, error) {
	type result struct {
		share sharing.Share
		err   error
	}
	done := make(chan result, 1)
	go func() {
		s, err := n.Engine.Shares.Wait(ctx, id)
		done <- result{s, err}
	}()
	bar := progress{program: p, label: "Hashing " + filepath.Base(path)}
	defer bar.end()
	var told toldShare
	changed := n.Engine.Watch(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case r := <-done:
			return r.share, r.err
		case <-look.C:
			l.look()
		case _, more := <-changed:
			if !more {
				changed = nil // the result comes at once
			}
		}
		for _, s := range n.Engine.Shares.List() {
			if s.ID == id && s.State == sharing.StateHashing {
				l.noted(s, &told)
				bar.set(s.Hashed, cmp.Or(s.Size, -1), s.Rate) // 0 before the whole folder was read
			}
		}
	}
}

func (p *program) shared(s sharing.Share, link string) {
	e := sharedEvent{Event: "shared", Hash: s.Hash, Size: s.Size, Name: s.Name, Link: link}
	e.Path, e.PathBytes = cli.PathText(s.Path)
	if s.Folder {
		e.Files = &s.Files
	}
	p.sharedAs(e)
}

func (p *program) sharedAs(e sharedEvent) {
	if p.json {
		p.event(e)
		return
	}
	what := size(e.Size)
	if e.Files != nil {
		what = plural(*e.Files, "file") + ", " + what
	}
	p.say("%s (%s)\n  %s", netproto.Printable(e.Name), what, e.Link)
}
