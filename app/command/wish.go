package command

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// wishEvent is a wish as it is listed, and after it was added.
type wishEvent struct {
	Event    string                `json:"event"` // wish
	Number   json.Number           `json:"number"`
	Words    string                `json:"words,omitempty"`
	Hash     *netproto.ContentHash `json:"hash,omitempty"`
	Type     netproto.Kind         `json:"type,omitempty"`
	Download bool                  `json:"download,omitempty"`
	Found    []foundLine           `json:"found,omitempty"`
}

// foundEvent is something that fits a wish.
type foundEvent struct {
	Event string      `json:"event"` // found
	Wish  json.Number `json:"wish"`
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
			"with your profile (the window, serve, or another command), the tracker tells it what fits.\n" +
			"`wish watch` tells you, until you stop it.",
		Example: "  centralizedp2p wish add lecture 2026 --type document\n  centralizedp2p wish watch",
		Args:    usage.Exactly(0, "add, list, remove or watch"),
		RunE: func(*cobra.Command, []string) error {
			return netproto.Errorf(netproto.CodeUsage, "say what to do: wish add, list, remove or watch")
		},
	}
	cmd.AddCommand(p.wishAddCommand(), p.wishListCommand(), p.wishRemoveCommand(), p.wishWatchCommand())
	return cmd
}

func (p *program) wishAddCommand() *cobra.Command {
	var wish face.WishRequest
	var kind, to string
	cmd := p.Drives(&cobra.Command{
		Use:     "add WORDS…|HASH",
		Short:   "Make a wish",
		Example: "  centralizedp2p wish add lecture 2026 --download --to Lectures",
		Args:    usage.AtLeastOne("WORDS of a name, or a hash"),
	}, func(args []string) (drive.EngineWork, error) {
		wish.Words, wish.Kind = strings.Join(args, " "), netproto.Kind(kind)
		if hash, err := netproto.ParseContentHash(wish.Words); err == nil {
			wish.Words, wish.Hash = "", hash
		}
		asked := netproto.Wish{Hash: wish.Hash, Words: wish.Words, Type: wish.Kind, MinSize: wish.MinSize, MaxSize: wish.MaxSize}
		if err := asked.Check(); err != nil {
			return nil, netproto.Recode(netproto.CodeUsage, err)
		}
		if to != "" {
			folder, err := filepath.Abs(cli.ExpandHome(to))
			if err != nil {
				return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
			}
			wish.Download, wish.Folder = true, folder
		}
		return func(ctx context.Context, engine face.Engine) error {
			id, err := engine.AddWish(ctx, wish)
			if err != nil {
				return err
			}
			p.wish(face.Wish{ID: id, WishRequest: wish})
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
	return p.Drives(&cobra.Command{
		Use:     "list",
		Short:   "Show the wishes, and what was found",
		Example: "  centralizedp2p wish list --json",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.EngineWork, error) {
		return func(ctx context.Context, engine face.Engine) error {
			list, err := engine.Wishes(ctx)
			if err != nil {
				return err
			}
			for _, wish := range slices.Backward(list) {
				p.wish(wish)
			}
			if len(list) == 0 {
				p.Say("There are no wishes.")
			}
			return engine.SeeWishes(ctx)
		}, nil
	})
}

func (p *program) wishRemoveCommand() *cobra.Command {
	return p.Drives(&cobra.Command{
		Use:     "remove N…",
		Short:   "End wishes; what was downloaded for them stays",
		Example: "  centralizedp2p wish remove 2",
		Args:    usage.AtLeastOne("the number of a wish"),
	}, func(args []string) (drive.EngineWork, error) {
		for _, text := range args {
			if _, err := strconv.ParseUint(text, 10, 64); err != nil {
				return nil, netproto.Errorf(netproto.CodeUsage, "a wish is named by the number that wish list shows, not %q", text)
			}
		}
		return func(ctx context.Context, engine face.Engine) error { return engine.RemoveWishes(ctx, args) }, nil
	})
}

func (p *program) wishWatchCommand() *cobra.Command {
	return p.RunsOrDrives(&cobra.Command{
		Use:     "watch",
		Short:   "Stay, and tell what fits",
		Example: "  centralizedp2p wish watch",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.PeerWork, drive.EngineWork, error) {
		return p.watchWishes, func(ctx context.Context, engine face.Engine) error {
			return p.tellFinds(ctx, engine, engine.Watch(ctx), func() {})
		}, nil
	})
}

// watchWishes has a peer of this command wait for what fits, until ctx ends.
func (p *program) watchWishes(ctx context.Context, n *node.Node) error {
	l, err := p.Joined(ctx, n)
	if err != nil {
		return err
	}
	n.Engine.Downloads.Start()
	return p.tellFinds(ctx, localengine.WishesOf(n), n.Engine.Watch(ctx), l.Look)
}

// tellFinds tells what fits, once each, until ctx ends. It looks whenever the engine
// changes, and calls look now and then.
func (p *program) tellFinds(ctx context.Context, engine face.Wishes, changed <-chan struct{}, look func()) error {
	list, err := engine.Wishes(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "there are no wishes: make one with wish add")
	}
	if p.JSON {
		p.Event(struct {
			Event string `json:"event"`
		}{"watching"})
	} else {
		p.Say("Watching until you press Ctrl+C.")
	}
	tick := time.NewTicker(lookout.Every)
	defer tick.Stop()
	told := map[toldFind]bool{}
	for first := true; ; first = false {
		if err := p.tellNew(ctx, list, told, first, engine.SeeWishes); err != nil {
			return unlessEnded(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changed:
			if !open {
				changed = nil // ctx ends, or the tick goes on alone
			}
		case <-tick.C:
			look()
		}
		if list, err = engine.Wishes(ctx); err != nil {
			return unlessEnded(ctx, err)
		}
	}
}

// unlessEnded returns err, unless ctx is the reason for it.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// toldFind is a content that was told to fit a wish.
type toldFind struct {
	wish string
	hash netproto.ContentHash
}

// tellNew tells the finds that were not told before. At first, those that the person has
// seen elsewhere count as told; later ones do not, because a window may have shown them
// a moment sooner.
func (p *program) tellNew(ctx context.Context, list []face.Wish, told map[toldFind]bool, first bool, see func(context.Context) error) error {
	fresh := false
	for _, wish := range list {
		for _, f := range slices.Backward(wish.Found) {
			key := toldFind{wish.ID, f.Hash}
			if !told[key] && (f.New || !first) {
				p.found(wish, f)
			}
			told[key], fresh = true, fresh || f.New
		}
	}
	if !fresh {
		return nil
	}
	return see(ctx)
}

func lineOf(f face.Find) foundLine {
	return foundLine{Hash: f.Hash, Name: f.Name, Size: f.Size, Folder: f.Folder, At: f.At}
}

// wish prints a wish.
func (p *program) wish(w face.Wish) {
	e := wishEvent{Event: "wish", Number: json.Number(w.ID), Words: w.Words, Type: w.Kind, Download: w.Download}
	what := netproto.Printable(w.Words)
	if !w.Hash.IsZero() {
		e.Hash, what = &w.Hash, w.Hash.String()
	}
	for _, f := range w.Found {
		e.Found = append(e.Found, lineOf(f))
	}
	if p.JSON {
		p.Event(e)
		return
	}
	if w.Download {
		what += "  (what fits is downloaded)"
	}
	p.Say("%s  %s", w.ID, what)
	for _, f := range w.Found {
		p.Say("   %9s  %s  %s", screen.Size(f.Size), f.At.Local().Format(time.DateTime), netproto.Printable(f.Name))
	}
}

// found prints something that fits a wish.
func (p *program) found(w face.Wish, f face.Find) {
	if p.JSON {
		p.Event(foundEvent{"found", json.Number(w.ID), lineOf(f)})
		return
	}
	p.Say("%9s  %s\n           %s", screen.Size(f.Size), netproto.Printable(f.Name), f.Hash)
}
