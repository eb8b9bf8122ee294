package command

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// visibleFlags say who may have a share, and until when.
type visibleFlags struct {
	to      string
	expires time.Duration
	count   int
}

func (f *visibleFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.to, "visible", "everybody",
		"who may have it: `everybody|link|NAME,…`; with link, whoever has the link, and no search finds it")
	cmd.Flags().DurationVar(&f.expires, "expires", 0, "end after this `time`, such as 24h")
	cmd.Flags().IntVar(&f.count, "count", 0, "end after `N` complete downloads")
}

func (f *visibleFlags) check(cmd *cobra.Command) error {
	switch {
	case f.expires < 0 || cmd.Flags().Changed("expires") && f.expires == 0:
		return netproto.Errorf(netproto.CodeUsage, "--expires is a time such as 24h or 30m, not %s", f.expires)
	case f.count < 0 || cmd.Flags().Changed("count") && f.count == 0:
		return netproto.Errorf(netproto.CodeUsage, "--count is how many downloads end it, 1 or more, not %d", f.count)
	}
	return nil
}

// visible finds the people that the flags name.
func (f *visibleFlags) visible(ctx context.Context, n *node.Node) (library.Visible, error) {
	v := library.Visible{Until: f.count}
	if f.expires > 0 {
		v.Expires = time.Now().Add(f.expires)
	}
	switch f.to {
	case "everybody":
		return v, nil
	case "link":
		v.To = library.VisibleLink
		return v, nil
	}
	v.To = library.VisibleKeys
	if err := waitJoined(ctx, n); err != nil {
		return v, err
	}
	for name := range strings.SplitSeq(f.to, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return v, netproto.Errorf(netproto.CodeUsage, "--visible is everybody, link, or names with commas between them, not %q", f.to)
		}
		person, err := n.Engine.People.Named(ctx, name)
		if err != nil {
			return v, err
		}
		v.Keys = append(v.Keys, person.Key)
	}
	return v, nil
}

// untilEnded looks around until ctx ends, or all shares have ended.
func (l *lookout) untilEnded(ctx context.Context) {
	changed := l.node.Engine.Watch(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		l.look()
		left := 0
		for _, s := range l.node.Engine.Shares.List() {
			if s.State != sharing.StateEnded {
				left++
			}
		}
		if left == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-look.C:
		}
	}
}
