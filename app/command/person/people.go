package person

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/netproto"
)

// personEvent is somebody on the trackers, or somebody who is known here.
type personEvent struct {
	Event     string          `json:"event"` // person
	PeerID    netproto.PeerID `json:"peer_id"`
	Name      string          `json:"name"`
	Online    bool            `json:"online"`
	LastSeen  time.Time       `json:"last_seen,omitzero"` // while offline
	Resources int             `json:"resources"`          // shared with everybody
	Bytes     int64           `json:"bytes"`              // of them
	Favourite bool            `json:"favourite,omitempty"`
	Verified  bool            `json:"verified,omitempty"`
	Blocked   bool            `json:"blocked,omitempty"`
	Always    bool            `json:"always,omitempty"` // what they send is accepted at once
	Words     []string        `json:"words"`            // for people verify
}

func (p *program) peopleCommand() *cobra.Command {
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:   "people [WORDS…]",
		Short: "List who is on the tracker and who is known, and change what is remembered of them",
		Long: "people lists favourites and other known people first, then who is online; WORDS find\n" +
			"others by their names. A person is a key: somebody who changes their name is the same person.",
		Example: "  centralizedp2p people\n  centralizedp2p people zoe --json\n  centralizedp2p people verify Zoe",
		Args:    cobra.ArbitraryArgs,
	}, func(args []string) (drive.PeerWork, drive.EngineWork, error) {
		words := strings.Join(args, " ")
		return func(ctx context.Context, n *node.Node) error { return p.listPeople(ctx, n, words) },
			func(ctx context.Context, engine face.Engine) error { return p.listPeopleThere(ctx, engine, words) }, nil
	})
	cmd.AddCommand(p.verifyCommand(),
		p.knowCommand("favourite NAME|ID", "List somebody first", "favourite Zoe", func(known *face.Known) { known.Favourite = true }),
		p.knowCommand("unfavourite NAME|ID", "No longer list somebody first", "unfavourite Zoe", func(known *face.Known) { known.Favourite = false }),
		p.knowCommand("block NAME|ID", "Take no requests from somebody, and serve them nothing", "block Mallory",
			func(known *face.Known) { known.Blocked = true }),
		p.knowCommand("unblock NAME|ID", "Undo a block", "unblock Mallory", func(known *face.Known) { known.Blocked = false }))
	return cmd
}

func (p *program) listPeople(ctx context.Context, n *node.Node, words string) error {
	if _, err := p.Joined(ctx, n); err != nil {
		return err
	}
	list, more, err := n.Engine.People.List(ctx, words)
	if err != nil {
		return err
	}
	for _, person := range list {
		p.person(n, person)
	}
	switch {
	case len(list) == 0 && words != "":
		return netproto.Errorf(netproto.CodeNotFound, "nobody whose name contains %q is on the tracker", words)
	case len(list) == 0:
		p.Say("Nobody else is here.")
	case more:
		p.Say("There are more: name them.")
	}
	return nil
}

// verifyCommand shows the words that two people compare, and remembers that they are the
// same.
func (p *program) verifyCommand() *cobra.Command {
	var same, forget bool
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:   "verify NAME|ID",
		Short: "Show six words to compare with somebody, so that you know their key is theirs",
		Long: "verify prints six words. If the other person sees the same ones for you, nobody is\n" +
			"between you: give the command again with --same to remember that.",
		Example: "  centralizedp2p people verify Zoe\n  centralizedp2p people verify Zoe --same",
		Args:    usage.Exactly(1, "one NAME or ID"),
	}, func(args []string) (drive.PeerWork, drive.EngineWork, error) {
		if same && forget {
			return nil, nil, netproto.Errorf(netproto.CodeUsage, "--same and --forget exclude each other")
		}
		if same || forget {
			change := func(known *face.Known) { known.Verified = same }
			return p.knowing(args[0], change), p.knowingThere(args[0], change), nil
		}
		return func(ctx context.Context, n *node.Node) error {
			if _, err := p.Joined(ctx, n); err != nil {
				return err
			}
			person, err := n.Engine.People.Named(ctx, args[0])
			if err != nil {
				return err
			}
			p.words(personOf(n, person))
			return nil
		}, func(ctx context.Context, engine face.Engine) error { return p.verifyThere(ctx, engine, args[0]) }, nil
	})
	cmd.Flags().BoolVar(&same, "same", false, "the words were compared and are the same")
	cmd.Flags().BoolVar(&forget, "forget", false, "no longer take them for verified")
	return cmd
}

// knowCommand changes what is remembered of somebody.
func (p *program) knowCommand(use, short, example string, change func(*face.Known)) *cobra.Command {
	return p.RunsOrDrives(&cobra.Command{Use: use, Short: short, Example: "  centralizedp2p people " + example, Args: usage.Exactly(1, "one NAME or ID")},
		func(args []string) (drive.PeerWork, drive.EngineWork, error) {
			return p.knowing(args[0], change), p.knowingThere(args[0], change), nil
		})
}

func (p *program) knowing(name string, change func(*face.Known)) drive.PeerWork {
	return func(ctx context.Context, n *node.Node) error {
		if _, err := p.Joined(ctx, n); err != nil {
			return err
		}
		person, err := n.Engine.People.Named(ctx, name)
		if err != nil {
			return err
		}
		known := face.Known{Favourite: person.Favourite, Verified: person.Verified, Blocked: person.Blocked}
		change(&known)
		person.Favourite, person.Verified, person.Blocked = known.Favourite, known.Verified, known.Blocked
		if err := n.Engine.People.Know(person.Person); err != nil {
			return err
		}
		p.person(n, person)
		return nil
	}
}

// person tells who somebody is and how they are known.
func (p *program) person(n *node.Node, person people.Person) { p.personIs(personOf(n, person)) }

func personOf(n *node.Node, person people.Person) personEvent {
	e := personEvent{Event: "person", PeerID: person.ID(), Name: person.Name, Online: person.Online, Resources: person.Resources, Bytes: person.Bytes,
		Favourite: person.Favourite, Verified: person.Verified, Blocked: person.Blocked, Always: person.Always,
		Words: people.Words(n.Engine.People.Key(), person.Key)}
	if !person.Online {
		e.LastSeen = person.Seen
	}
	return e
}

// words shows the words that two people compare.
func (p *program) words(e personEvent) {
	if p.JSON {
		p.Event(e)
		return
	}
	p.Say("%s", strings.Join(e.Words, " "))
	p.Say("If %s sees the same words for you, give the command again with --same.", netproto.Printable(e.Name))
}

func (p *program) personIs(e personEvent) {
	if p.JSON {
		p.Event(e)
		return
	}
	about := []string{"offline"}
	if e.Online {
		about[0] = "online"
	}
	for _, mark := range []struct {
		is   bool
		name string
	}{{e.Favourite, "favourite"}, {e.Verified, "verified"}, {e.Blocked, "blocked"}, {e.Always, "accepted always"}} {
		if mark.is {
			about = append(about, mark.name)
		}
	}
	about = append(about, screen.Count(e.Resources, "shared item"), screen.Size(e.Bytes))
	p.Say("%s  %s  %s", netproto.Printable(e.Name), strings.Join(about, ", "), e.PeerID)
}
