package command

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// peerFlags are those of the commands that other peers connect to.
type peerFlags struct {
	listen      int
	seedClients string
}

func (f *peerFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.listen, "listen", 0, "`PORT` for other peers (default: a free one, remembered)")
	cmd.Flags().StringVar(&f.seedClients, "seed-clients", string(netproto.SeedLAN), "answer seed clients by UDP: `off|lan|open`")
}

// node starts a peer with these flags.
func (p *program) node(cmd *cobra.Command, f *peerFlags) (*node.Node, error) {
	profile, err := p.profileDir()
	if err != nil {
		return nil, err
	}
	o := node.Options{Profile: profile, Log: p.log()}
	if cmd.Flags().Changed("listen") {
		if f.listen < 0 || f.listen > 65535 {
			return nil, netproto.Errorf(netproto.CodeUsage, "--listen is a port from 1 to 65535, or 0 for a free one, not %d", f.listen)
		}
		o.Listen = &f.listen
	}
	if cmd.Flags().Changed("seed-clients") { // else the settings say
		if o.SeedClients, err = netproto.ParseSeedPolicy(f.seedClients); err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", f.seedClients)
		}
	}
	return node.Open(cmd.Context(), o)
}

func (p *program) shareCommand() *cobra.Command {
	var flags peerFlags
	cmd := &cobra.Command{
		Use:   "share PATH…",
		Short: "Offer files and folders, until it is stopped",
		Long: "share hashes files and folders, announces them to the tracker, prints a link to\n" +
			"each, and serves them until it is stopped with Ctrl+C. Unchanged files are hashed\n" +
			"only once. Put -- before a PATH that begins with a dash.",
		Example: "  centralizedp2p share song.flac\n  centralizedp2p share --tracker 203.0.113.7 Holidays/ thesis.pdf",
		Args:    atLeastOne("the PATH of a file or folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.share(cmd, args, &flags)
		},
	}
	flags.add(cmd)
	return cmd
}

func (p *program) share(cmd *cobra.Command, paths []string, flags *peerFlags) error {
	for _, path := range paths {
		if err := readable(path); err != nil {
			return err
		}
	}
	n, err := p.node(cmd, flags)
	if err != nil {
		return err
	}
	err = p.shareAll(cmd, n, paths)
	return errors.Join(err, n.Close())
}

// readable finds out before anything starts whether a path can be shared.
func readable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is neither a file nor a folder", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	return f.Close()
}

func unreadable(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // the path stands before it
	}
	return netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err)
}

func (p *program) shareAll(cmd *cobra.Command, n *node.Node, paths []string) error {
	ctx := cmd.Context()
	ts, err := p.openTrackers(ctx, n.Library, nil)
	if err != nil {
		return err
	}
	ts.Use(n.Engine)
	ids := make([]string, len(paths))
	for i, path := range paths {
		if ids[i], err = n.Engine.Share(path, peer.ShareOptions{}); err != nil {
			return err
		}
	}
	for i, id := range ids {
		s, err := p.waitShared(cmd, n, id, paths[i])
		if err != nil {
			return err
		}
		p.shared(n, s)
	}
	p.say("Sharing until you press Ctrl+C.")
	<-ctx.Done()
	return nil
}

// waitShared waits for a share, with a bar while it is hashed.
func (p *program) waitShared(cmd *cobra.Command, n *node.Node, id, path string) (peer.Share, error) {
	type result struct {
		share peer.Share
		err   error
	}
	done := make(chan result, 1)
	go func() {
		s, err := n.Engine.WaitShared(cmd.Context(), id)
		done <- result{s, err}
	}()
	bar := progress{program: p, label: "Hashing " + filepath.Base(path)}
	defer bar.end()
	changed := n.Engine.Watch(cmd.Context())
	for {
		select {
		case r := <-done:
			return r.share, r.err
		case _, more := <-changed:
			if !more {
				r := <-done
				return r.share, r.err
			}
		}
		for _, s := range n.Engine.Shares() {
			if s.ID == id && s.State == peer.ShareHashing {
				bar.set(s.Hashed, cmp.Or(s.Size, -1), s.Rate) // 0 before all was seen
			}
		}
	}
}

func (p *program) shared(n *node.Node, s peer.Share) {
	link := n.Engine.LinkOf(s)
	e := sharedEvent{Event: "shared", Hash: s.Hash, Size: s.Size, Name: s.Name, Path: s.Path, Link: link}
	if s.Folder {
		e.Files = &s.Files
	}
	if p.json {
		p.event(e)
		return
	}
	what := size(s.Size)
	if s.Folder {
		what = plural(s.Files, "file") + ", " + what
	}
	p.say("%s (%s)\n  %s", netproto.Printable(filepath.Base(s.Path)), what, link)
}
