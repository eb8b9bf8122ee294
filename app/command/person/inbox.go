package person

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

func (p *program) inboxCommand() *cobra.Command {
	var from, to string
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:   "inbox",
		Short: "Show what others want to send you, and accept or decline it",
		Long: "inbox lists the requests that wait for your answer. With --accept-from it stays, and\n" +
			"accepts whatever that person sends: for a server.",
		Example: "  centralizedp2p inbox\n  centralizedp2p inbox accept 3 --to Pictures\n  centralizedp2p inbox --accept-from Zoe --to /srv/incoming",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.PeerWork, drive.EngineWork, error) {
		if (from == "") != (to == "") {
			return nil, nil, netproto.Errorf(netproto.CodeUsage, "--accept-from NAME and --to DIR belong together")
		}
		if from == "" {
			return func(ctx context.Context, n *node.Node) error { return p.inbox(ctx, n) }, p.inboxThere, nil
		}
		dir, err := filepath.Abs(cli.ExpandHome(to))
		if err != nil {
			return nil, nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		return func(ctx context.Context, n *node.Node) error { return p.acceptAll(ctx, n, from, dir) },
			func(ctx context.Context, engine face.Engine) error { return p.acceptAllThere(ctx, engine, from, dir) }, nil
	})
	cmd.Flags().StringVar(&from, "accept-from", "", "stay, and accept all that the person with this `NAME` or ID sends")
	cmd.Flags().StringVar(&to, "to", "", "`folder` to save that in")
	cmd.AddCommand(p.acceptCommand(), p.declineCommand())
	return cmd
}

// numberOf reads the number of a request.
func numberOf(text string) (uint64, error) {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, netproto.Errorf(netproto.CodeUsage, "a request is named by the number that inbox lists, not %q", text)
	}
	return number, nil
}

func (p *program) acceptCommand() *cobra.Command {
	var to string
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:     "accept N",
		Short:   "Download what a request offers",
		Example: "  centralizedp2p inbox accept 3 --to Pictures",
		Args:    usage.Exactly(1, "the number of one request"),
	}, func(args []string) (drive.PeerWork, drive.EngineWork, error) {
		number, err := numberOf(args[0])
		if err != nil {
			return nil, nil, err
		}
		dir, err := filepath.Abs(cli.ExpandHome(to))
		if err != nil {
			return nil, nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		return func(ctx context.Context, n *node.Node) error { return p.accept(ctx, n, number, dir) },
			func(ctx context.Context, engine face.Engine) error { return p.acceptThere(ctx, engine, number, dir) }, nil
	})
	cmd.Flags().StringVar(&to, "to", ".", "`folder` to save in")
	return cmd
}

func (p *program) declineCommand() *cobra.Command {
	return p.RunsOrDrives(&cobra.Command{
		Use:     "decline N",
		Short:   "Refuse a request",
		Example: "  centralizedp2p inbox decline 3",
		Args:    usage.Exactly(1, "the number of one request"),
	}, func(args []string) (drive.PeerWork, drive.EngineWork, error) {
		number, err := numberOf(args[0])
		return func(ctx context.Context, n *node.Node) error { return p.decline(ctx, n, number) },
			func(ctx context.Context, engine face.Engine) error { return p.declineThere(ctx, engine, number) }, err
	})
}

// openInbox joins the trackers and takes what others have left there.
func (p *program) openInbox(ctx context.Context, n *node.Node) (*lookout.Lookout, error) {
	l, err := p.Joined(ctx, n)
	if err != nil {
		return nil, err
	}
	n.Engine.People.Resume()
	return l, n.Engine.FetchNotes(ctx)
}

func (p *program) inbox(ctx context.Context, n *node.Node) error {
	if _, err := p.openInbox(ctx, n); err != nil {
		return err
	}
	waiting := slices.DeleteFunc(n.Engine.People.Inbox(), func(r library.Request) bool { return r.State != library.RequestWaiting })
	for _, r := range slices.Backward(waiting) { // the oldest first
		p.request(r)
	}
	if len(waiting) == 0 {
		p.Say("Nothing waits for an answer.")
	}
	return nil
}

func (p *program) accept(ctx context.Context, n *node.Node, number uint64, dir string) error {
	l, err := p.openInbox(ctx, n)
	if err != nil {
		return err
	}
	if err := n.Engine.People.Accept(number, dir); err != nil {
		return err
	}
	var over time.Time
	return p.follow(ctx, n, l, number, func(r library.Request) (bool, error) {
		if err := stuck(n, r); err != nil {
			return true, err
		}
		if !r.State.Over() {
			return false, nil
		}
		if over.IsZero() {
			over = time.Now()
		}
		if time.Since(over) > drive.AnswerTime {
			return true, overAs(r)
		}
		return false, nil
	})
}

func (p *program) decline(ctx context.Context, n *node.Node, number uint64) error {
	l, err := p.openInbox(ctx, n)
	if err != nil {
		return err
	}
	r, err := n.Engine.People.Request(number)
	if err != nil {
		return err
	}
	if r.Out || r.State != library.RequestWaiting {
		return netproto.Errorf(netproto.CodeNotFound, "request %d does not wait for an answer: it is %s", number, r.State)
	}
	if err := n.Engine.People.Decline(number); err != nil {
		return err
	}
	began := time.Now()
	return p.follow(ctx, n, l, number, func(r library.Request) (bool, error) {
		return len(r.Owed) == 0 || time.Since(began) > drive.AnswerTime, nil
	})
}

// stuck is why a download of an accepted request waits for the person; nil while none
// does.
func stuck(n *node.Node, r library.Request) error {
	for _, id := range r.Downloads {
		if d, ok := n.Engine.Downloads.ByID(id); ok && d.State == queue.StateNoSpace {
			return d.Err
		}
	}
	return nil
}

// acceptAll accepts what one person sends until ctx ends.
func (p *program) acceptAll(ctx context.Context, n *node.Node, from, dir string) error {
	l, err := p.Joined(ctx, n)
	if err != nil {
		return err
	}
	person, err := n.Engine.People.Named(ctx, from)
	if err != nil {
		return err
	}
	told := map[uint64]library.RequestState{}
	for _, r := range n.Engine.People.Inbox() { // of earlier runs
		if r.State.Over() {
			told[r.Number] = r.State
		}
	}
	if err := n.Engine.People.AcceptFrom(person.ID(), dir); err != nil {
		return err
	}
	n.Engine.People.Resume()
	for _, r := range n.Engine.People.Inbox() {
		if r.Peer == person.Key && r.State == library.RequestAccepted {
			if err := n.Engine.People.Accept(r.Number, ""); err != nil { // it was interrupted
				return err
			}
		}
	}
	if err := n.Engine.FetchNotes(ctx); err != nil {
		return err
	}
	p.ready(person.Name, dir)
	changed := n.Engine.Watch(ctx)
	look := time.NewTicker(lookout.Every)
	defer look.Stop()
	for {
		for _, r := range slices.Backward(n.Engine.People.Inbox()) {
			if r.Peer == person.Key && told[r.Number] != r.State {
				told[r.Number] = r.State
				p.request(r)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-look.C:
			l.Look()
		}
	}
}

// readyEvent says that requests are accepted from now on.
type readyEvent struct {
	Event  string `json:"event"` // ready
	Name   string `json:"name"`
	Folder string `json:"folder"`
}

func (p *program) ready(name, dir string) {
	if p.JSON {
		p.Event(readyEvent{"ready", name, dir})
		return
	}
	p.Say("Saving what %s sends in %s until you press Ctrl+C.", netproto.Printable(name), netproto.Printable(dir))
}
