package command

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
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

// audience is what the flags say: to whom, by the names of people if that is who, and
// until when.
type audience struct {
	to      face.Visibility
	names   []string
	expires time.Time
	count   int
}

// audience reads the flags; "usage" for an empty name.
func (f *visibleFlags) audience() (audience, error) {
	a := audience{to: face.VisibleEverybody, count: f.count}
	if f.expires > 0 {
		a.expires = time.Now().Add(f.expires)
	}
	switch f.to {
	case "everybody":
		return a, nil
	case "link":
		a.to = face.VisibleLink
		return a, nil
	}
	a.to = face.VisiblePeople
	for name := range strings.SplitSeq(f.to, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return a, netproto.Errorf(netproto.CodeUsage, "--visible is everybody, link, or names with commas between them, not %q", f.to)
		}
		a.names = append(a.names, name)
	}
	return a, nil
}

// people reports whether the flags name people, who are found at a tracker.
func (f *visibleFlags) people() bool {
	a, err := f.audience()
	return err == nil && a.to == face.VisiblePeople
}

// visible finds the people that the flags name, for a peer of the command's own.
func (f *visibleFlags) visible(ctx context.Context, n *node.Node) (library.Visible, error) {
	a, err := f.audience()
	v := library.Visible{Expires: a.expires}
	switch {
	case err != nil || a.to == face.VisibleEverybody:
		return v, err
	case a.to == face.VisibleLink:
		v.To = library.VisibleLink
		return v, nil
	}
	v.To = library.VisibleKeys
	if err := drive.WaitJoined(ctx, n); err != nil {
		return v, err
	}
	for _, name := range a.names {
		person, err := n.Engine.People.Named(ctx, name)
		if err != nil {
			return v, err
		}
		v.Keys = append(v.Keys, person.Key)
	}
	return v, nil
}

// there finds the people that the flags name, for a peer that runs already.
func (f *visibleFlags) there(ctx context.Context, engine face.Engine) (face.Visible, error) {
	a, err := f.audience()
	v := face.Visible{To: a.to, Expires: a.expires, Count: a.count}
	for _, name := range a.names {
		if err != nil {
			break
		}
		var person face.Person
		person, err = drive.PersonNamed(ctx, engine, name)
		v.People = append(v.People, person.Key)
	}
	return v, err
}
