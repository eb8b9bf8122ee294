package person

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// requestEvent is a request, sent or received, whenever its state changes.
type requestEvent struct {
	Event   string               `json:"event"` // request
	Number  uint64               `json:"number"`
	Out     bool                 `json:"out,omitempty"` // it was sent from here
	PeerID  netproto.PeerID      `json:"peer_id"`       // of the other person
	Name    string               `json:"name"`
	Message string               `json:"message,omitempty"`
	Items   []requestItem        `json:"items,omitempty"` // none before they are hashed
	Size    int64                `json:"size"`            // bytes of all items
	Sent    time.Time            `json:"sent"`
	State   library.RequestState `json:"state"`
	Code    netproto.Code        `json:"code,omitempty"`
	Reason  string               `json:"reason,omitempty"`
	Folder  string               `json:"folder,omitempty"` // where an accepted one is saved
}

type requestItem struct {
	Name   string               `json:"name"`
	Hash   netproto.ContentHash `json:"hash"`
	Size   int64                `json:"size"` // bytes
	Folder bool                 `json:"folder,omitempty"`
	Files  int                  `json:"files"`
}

func requestOf(r library.Request) requestEvent {
	e := requestEvent{Event: "request", Number: r.Number, Out: r.Out, PeerID: netproto.PeerIDOf(r.Peer[:]), Name: r.Name, Message: r.Message, Sent: r.Sent,
		State: r.State, Code: r.Code, Reason: r.Reason, Folder: r.Dir}
	for _, item := range r.Items {
		e.Items = append(e.Items, requestItem{Name: item.Name, Hash: item.Hash, Size: item.Size, Folder: item.Folder, Files: item.Files})
		e.Size += item.Size
	}
	return e
}

// contents says what is in a request.
func (e requestEvent) contents() string {
	names := make([]string, 0, 3)
	for i, item := range e.Items {
		if i == 2 && len(e.Items) > 3 {
			names = append(names, screen.Count(len(e.Items)-2, "other"))
			break
		}
		name := netproto.Printable(item.Name)
		if item.Folder {
			name += "/ (" + screen.Count(item.Files, "file") + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ") + ", " + screen.Size(e.Size)
}

func (p *program) sendCommand() *cobra.Command {
	var to, message string
	var secrets, detach bool
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:   "send PATH… --to NAME|ID",
		Short: "Send files and folders to one person",
		Long: "send tells a person on the tracker what you want to send, and waits until they have\n" +
			"accepted and fetched it; nobody else can. If they are offline, the tracker tells them\n" +
			"when they are back. Give the same command again to continue one that was stopped.\n" +
			"With --detach it ends once the tracker has the request; the files can be fetched\n" +
			"whenever this program runs.",
		Example: "  centralizedp2p send Holidays/ --to Zoe\n  centralizedp2p send thesis.pdf --to Ben --message 'The last version'",
		Args:    usage.AtLeastOne("the PATH of a file or folder"),
	}, func(paths []string) (drive.PeerWork, drive.EngineWork, error) {
		if to == "" {
			return nil, nil, netproto.Errorf(netproto.CodeUsage, "say to whom: --to NAME, or --to ID if several people have that name")
		}
		sending := people.Sending{Message: message}
		for _, path := range paths {
			path, err := filepath.Abs(cli.ExpandHome(path))
			if err != nil {
				return nil, nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
			}
			if err := usage.Readable(path); err != nil {
				return nil, nil, err
			}
			sending.Sources = append(sending.Sources, library.RequestSource{Path: path, AllowAll: secrets})
		}
		return func(ctx context.Context, n *node.Node) error { return p.send(ctx, n, sending, to, detach) },
			func(ctx context.Context, engine face.Engine) error {
				return p.sendThere(ctx, engine, sending, to, detach)
			}, nil
	})
	cmd.Flags().StringVar(&to, "to", "", "`NAME` or ID of the person")
	cmd.Flags().StringVar(&message, "message", "", "a `TEXT` for them")
	cmd.Flags().BoolVar(&detach, "detach", false, "end once the tracker has the request")
	cmd.Flags().BoolVar(&secrets, "with-secrets", false, "also send files that look like keys or passwords")
	return cmd
}

func (p *program) send(ctx context.Context, n *node.Node, sending people.Sending, to string, detach bool) error {
	l, err := p.Joined(ctx, n)
	if err != nil {
		return err
	}
	person, err := n.Engine.People.Named(ctx, to)
	if err != nil {
		return err
	}
	sending.To, sending.Name = person.Key, person.Name
	number, err := n.Engine.People.Send(sending)
	if err != nil {
		return err
	}
	n.Engine.People.Resume()
	leftOut := sync.OnceFunc(func() { l.Sent(number, sources(sending)) })
	return p.follow(ctx, n, l, number, func(r library.Request) (bool, error) {
		switch r.State {
		case library.RequestDone:
			return true, nil
		case library.RequestDeclined:
			return true, netproto.Errorf(netproto.CodeDenied, "%s declined", netproto.Printable(r.Name))
		case library.RequestWaiting, library.RequestAccepted:
			leftOut()
			return detach, nil
		}
		return false, nil
	})
}

// sources are the paths that are sent.
func sources(s people.Sending) []string {
	var paths []string
	for _, source := range s.Sources {
		paths = append(paths, source.Path)
	}
	return paths
}

// follow tells whatever becomes of a request until enough says so, or it is over.
func (p *program) follow(ctx context.Context, n *node.Node, l *lookout.Lookout, number uint64, enough func(library.Request) (bool, error)) error {
	changed := n.Engine.Watch(ctx)
	look := time.NewTicker(lookout.Every)
	defer look.Stop()
	var told library.RequestState
	for {
		r, err := n.Engine.People.Request(number)
		if err != nil {
			return err
		}
		if r.State != told {
			told = r.State
			p.request(r)
		}
		if done, err := enough(r); done || err != nil {
			return err
		}
		if r.State.Over() && len(r.Owed) == 0 {
			return overAs(r)
		}
		select {
		case _, more := <-changed:
			if !more {
				return &netproto.Error{Code: netproto.CodeCancelled}
			}
		case <-look.C:
			l.Look()
		}
	}
}

// overAs is the error of a request that is over; nil if it was fetched.
func overAs(r library.Request) error {
	switch r.State {
	case library.RequestDone:
		return nil
	case library.RequestFailed:
		return &netproto.Error{Code: r.Code, Detail: r.Reason}
	}
	return netproto.Errorf(netproto.CodeGone, "the request is over: it was %s", r.State)
}

// request tells the state of a request.
func (p *program) request(r library.Request) { p.requestEvent(requestOf(r)) }

func (p *program) requestEvent(e requestEvent) {
	if p.JSON {
		p.Event(e)
		return
	}
	name := netproto.Printable(e.Name)
	if e.Out {
		switch e.State {
		case library.RequestSending:
			p.Say("For %s: %s", name, e.contents())
		case library.RequestWaiting:
			p.Say("The request is on its way. Waiting until %s accepts it; Ctrl+C stops, and the same command goes on.", name)
		case library.RequestAccepted:
			p.Say("%s has accepted.", name)
		case library.RequestDone:
			p.Say("%s has it.", name)
		}
		return
	}
	switch e.State {
	case library.RequestWaiting:
		p.Say("%d  %s sends you %s  %s", e.Number, name, e.contents(), e.PeerID)
		if e.Message != "" {
			p.Say("   %s", netproto.Printable(strings.ReplaceAll(e.Message, "\n", " ")))
		}
	case library.RequestAccepted:
		p.Say("Accepted from %s: %s", name, e.contents())
	case library.RequestDone:
		p.Say("Saved in %s: %s", netproto.Printable(e.Folder), e.contents())
	case library.RequestDeclined:
		p.Say("Declined: %s from %s", e.contents(), name)
	case library.RequestWithdrawn:
		p.Say("%s has withdrawn %s.", name, e.contents())
	case library.RequestFailed:
		p.Say("Failed: %s from %s: %s", e.contents(), name, cli.Sentence(&netproto.Error{Code: e.Code, Detail: e.Reason}))
	}
}
