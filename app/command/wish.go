package command

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// wishEvent is a wish as it is listed, and after it was added.
type wishEvent struct {
	Event    string                `json:"event"` // wish
	Number   uint64                `json:"number"`
	Words    string                `json:"words,omitempty"`
	Hash     *netproto.ContentHash `json:"hash,omitempty"`
	Type     netproto.Kind         `json:"type,omitempty"`
	Download bool                  `json:"download,omitempty"`
	Found    []foundLine           `json:"found,omitempty"`
}

// foundEvent is something that fits a wish.
type foundEvent struct {
	Event string `json:"event"` // found
	Wish  uint64 `json:"wish"`
	foundLine
}

type foundLine struct {
	Hash   netproto.ContentHash `json:"hash"`
	Name   string               `json:"name"`
	Size   int64                `json:"size"` // bytes
	Folder bool                 `json:"folder,omitempty"`
	At     time.Time            `json:"at"`
}

func (p *program) wishCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wish",
		Short: "Be told when something new fits a search, or download it",
		Long: "A wish is a search that goes on, or a hash that nobody has now. While this program runs\n" +
			"with your profile, the tracker tells it what fits. `wish watch` runs until you stop it.",
		Example: "  centralizedp2p wish add lecture 2026 --type document\n  centralizedp2p wish watch",
		Args:    exactly(0, "add, list, remove or watch"),
		RunE: func(*cobra.Command, []string) error {
			return netproto.Errorf(netproto.CodeUsage, "say what to do: wish add, list, remove or watch")
		},
	}
	cmd.AddCommand(p.wishAddCommand(), p.wishListCommand(), p.wishRemoveCommand(), p.wishWatchCommand())
	return cmd
}

func (p *program) wishAddCommand() *cobra.Command {
	var wish library.Wish
	var kind, to string
	cmd := p.runsPeer(&cobra.Command{
		Use:     "add WORDS…|HASH",
		Short:   "Make a wish",
		Example: "  centralizedp2p wish add lecture 2026 --download --to Lectures",
		Args:    atLeastOne("WORDS of a name, or a hash"),
	}, func(args []string) (peerWork, error) {
		wish.Words, wish.Type = strings.Join(args, " "), netproto.Kind(kind)
		if hash, err := netproto.ParseContentHash(wish.Words); err == nil {
			wish.Words, wish.Hash = "", hash
		}
		if err := wish.Check(); err != nil {
			return nil, netproto.Recode(netproto.CodeUsage, err)
		}
		if to != "" {
			folder, err := filepath.Abs(cli.ExpandHome(to))
			if err != nil {
				return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
			wish.Download, wish.Folder = true, folder
		}
		return func(_ context.Context, n *node.Node) error {
			number, err := n.Engine.Wishes.Add(wish)
			if err != nil {
				return err
			}
			wish.Number = number
			p.wish(wish)
			return nil
		}, nil
	})
	cmd.Flags().StringVar(&kind, "type", "", "only `"+kinds+"`")
	cmd.Flags().Int64Var(&wish.MinSize, "min-size", 0, "only what has at least that many `BYTES`")
	cmd.Flags().Int64Var(&wish.MaxSize, "max-size", 0, "only what has at most that many `BYTES`")
	cmd.Flags().BoolVar(&wish.Download, "download", false, "download what fits")
	cmd.Flags().StringVar(&to, "to", "", "download what fits to this `folder`")
	return cmd
}

func (p *program) wishListCommand() *cobra.Command {
	return p.runsPeer(&cobra.Command{
		Use:     "list",
		Short:   "Show the wishes, and what was found",
		Example: "  centralizedp2p wish list --json",
		Args:    exactly(0, "no arguments"),
	}, func([]string) (peerWork, error) {
		return func(_ context.Context, n *node.Node) error {
			list := n.Engine.Wishes.List()
			for _, wish := range slices.Backward(list) {
				p.wish(wish)
			}
			if len(list) == 0 {
				p.say("There are no wishes.")
			}
			return n.Engine.Wishes.See()
		}, nil
	})
}

func (p *program) wishRemoveCommand() *cobra.Command {
	return p.runsPeer(&cobra.Command{
		Use:     "remove N…",
		Short:   "End wishes; what was downloaded for them stays",
		Example: "  centralizedp2p wish remove 2",
		Args:    atLeastOne("the number of a wish"),
	}, func(args []string) (peerWork, error) {
		var numbers []uint64
		for _, text := range args {
			number, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return nil, netproto.Errorf(netproto.CodeUsage, "a wish is named by the number that wish list shows, not %q", text)
			}
			numbers = append(numbers, number)
		}
		return func(_ context.Context, n *node.Node) error { return n.Engine.Wishes.Remove(numbers...) }, nil
	})
}

func (p *program) wishWatchCommand() *cobra.Command {
	return p.runsPeer(&cobra.Command{
		Use:     "watch",
		Short:   "Stay, and tell what fits",
		Example: "  centralizedp2p wish watch",
		Args:    exactly(0, "no arguments"),
	}, func([]string) (peerWork, error) { return p.watchWishes, nil })
}

// watchWishes tells what fits until ctx ends.
func (p *program) watchWishes(ctx context.Context, n *node.Node) error {
	lookout, err := p.joined(ctx, n)
	if err != nil {
		return err
	}
	if len(n.Engine.Wishes.List()) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "there are no wishes: make one with wish add")
	}
	n.Engine.Downloads.Start()
	if p.json {
		p.event(struct {
			Event string `json:"event"`
		}{"watching"})
	} else {
		p.say("Watching until you press Ctrl+C.")
	}
	changed := n.Engine.Watch(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for _, wish := range n.Engine.Wishes.List() {
			for _, f := range slices.Backward(wish.Found) {
				if f.New {
					p.found(wish, f)
				}
			}
		}
		if err := n.Engine.Wishes.See(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-look.C:
			lookout.look()
		}
	}
}

func lineOf(f library.Found) foundLine {
	return foundLine{Hash: f.Hash, Name: f.Name, Size: f.Size, Folder: f.Folder, At: f.At}
}

// wish prints a wish.
func (p *program) wish(w library.Wish) {
	e := wishEvent{Event: "wish", Number: w.Number, Words: w.Words, Type: w.Type, Download: w.Download}
	what := netproto.Printable(w.Words)
	if !w.Hash.IsZero() {
		e.Hash, what = &w.Hash, w.Hash.String()
	}
	for _, f := range w.Found {
		e.Found = append(e.Found, lineOf(f))
	}
	if p.json {
		p.event(e)
		return
	}
	if w.Download {
		what += "  (what fits is downloaded)"
	}
	p.say("%d  %s", w.Number, what)
	for _, f := range w.Found {
		p.say("   %9s  %s  %s", size(f.Size), f.At.Local().Format(time.DateTime), netproto.Printable(f.Name))
	}
}

// found prints something that fits a wish.
func (p *program) found(w library.Wish, f library.Found) {
	if p.json {
		p.event(foundEvent{"found", w.Number, lineOf(f)})
		return
	}
	p.say("%9s  %s\n           %s", size(f.Size), netproto.Printable(f.Name), f.Hash)
}
