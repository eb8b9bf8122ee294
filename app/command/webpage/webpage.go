// Package webpage has the commands that serve pages for browsers: link hands out files, receive
// takes them.
package webpage

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/web"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// The JSON objects of pages for browsers.
type (
	webLinkEvent struct {
		Event   string                `json:"event"` // web-link
		URL     string                `json:"url"`
		Others  []string              `json:"other_urls,omitempty"` // of the same page, at other addresses of this computer
		Name    string                `json:"name"`
		Size    int64                 `json:"size"` // bytes
		Files   int                   `json:"files"`
		Hash    *netproto.ContentHash `json:"hash,omitempty"` // of a single file
		Expires *time.Time            `json:"expires,omitempty"`
		Count   int                   `json:"count,omitempty"`
	}
	webDownloadEvent struct {
		Event     string `json:"event"` // web-download: somebody has downloaded everything
		Downloads int    `json:"downloads"`
	}
	webEndedEvent struct {
		Event     string        `json:"event"` // web-ended
		State     web.LinkState `json:"state"`
		Downloads int           `json:"downloads"`
	}
	webInboxEvent struct {
		Event  string   `json:"event"` // web-inbox
		URL    string   `json:"url"`
		Others []string `json:"other_urls,omitempty"`
		PIN    string   `json:"pin"`
		Folder string   `json:"folder"`
	}
	receivedEvent struct {
		Event     string               `json:"event"` // received
		Name      string               `json:"name"`
		Path      string               `json:"path"`
		PathBytes string               `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
		Size      int64                `json:"size"`                 // bytes
		Hash      netproto.ContentHash `json:"hash"`
		From      string               `json:"from"`
	}
)

const (
	noticePlain     = "not-encrypted"
	noticeNotStored = "not-stored"
)

// webFlags are those of pages for browsers.
type webFlags struct {
	web     bool
	expires time.Duration
	port    int
}

func (f *webFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.web, "web", false, "with a page for browsers in the local network; it is not encrypted")
	cmd.Flags().DurationVar(&f.expires, "expires", 0, "end after this `time`, such as 24h")
	cmd.Flags().IntVar(&f.port, "port", 0, "`PORT` of the page (default: a free one)")
}

// check checks the flags; instead says what does the same without --web.
func (f *webFlags) check(cmd *cobra.Command, instead string) error {
	switch {
	case !f.web:
		return netproto.Errorf(netproto.CodeUsage, "say --web for a page that browsers open; %s", instead)
	case f.expires < 0 || cmd.Flags().Changed("expires") && f.expires == 0:
		return netproto.Errorf(netproto.CodeUsage, "--expires is a time such as 24h or 30m, not %s", f.expires)
	case f.port < 0 || f.port > 65535:
		return netproto.Errorf(netproto.CodeUsage, "--port is a port from 1 to 65535, or 0 for a free one, not %d", f.port)
	}
	return nil
}

// Commands returns the commands that serve pages for browsers.
func Commands(d *drive.Driver) []*cobra.Command {
	p := &program{Driver: d}
	return []*cobra.Command{p.linkCommand(), p.receiveCommand()}
}

func (p *program) linkCommand() *cobra.Command {
	var flags webFlags
	var count int
	var secrets bool
	var cmd *cobra.Command
	cmd = p.RunsOrDrives(&cobra.Command{
		Use:   "link PATH… --web",
		Short: "Hand out files to a phone or a browser in the local network",
		Long: "link serves a page from which a phone or any browser in the local network downloads\n" +
			"files and folders (as a ZIP) without this program. Only who has its address finds it.\n" +
			"It ends with Ctrl+C, or after a time or a number of complete downloads. What goes\n" +
			"through it is not encrypted: use it in networks that you trust.",
		Example: "  centralizedp2p link --web Holidays/\n  centralizedp2p link --web thesis.pdf --expires 24h --count 3",
		Args:    usage.AtLeastOne("the PATH of a file or folder"),
	}, func(paths []string) (drive.PeerWork, drive.EngineWork, error) {
		if err := flags.check(cmd, "`centralizedp2p share` makes a link for people with this program"); err != nil {
			return nil, nil, err
		}
		if count < 0 || cmd.Flags().Changed("count") && count == 0 {
			return nil, nil, netproto.Errorf(netproto.CodeUsage, "--count is how many downloads end it, 1 or more, not %d", count)
		}
		o := node.WebLinkOptions{Port: flags.port}
		for i, path := range paths {
			path, err := filepath.Abs(cli.ExpandHome(path))
			if err != nil {
				return nil, nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
			}
			paths[i] = path
			if err := usage.Readable(path); err != nil {
				return nil, nil, err
			}
			o.Items = append(o.Items, node.WebItem{Path: path, AllowAll: secrets})
		}
		o.Terms.Count = count
		how := linkWay{flags, count, secrets}
		return func(ctx context.Context, n *node.Node) error { return p.webLink(ctx, n, o, paths, flags.expires) },
			func(ctx context.Context, engine face.Engine) error { return p.webLinkThere(ctx, engine, paths, how) }, nil
	})
	flags.add(cmd)
	cmd.Flags().IntVar(&count, "count", 0, "end after `N` complete downloads")
	cmd.Flags().BoolVar(&secrets, "with-secrets", false, "also hand out files that look like keys or passwords")
	return cmd
}

// linkWay says how a page hands out files.
type linkWay struct {
	webFlags
	count   int
	secrets bool
}

// webLink hands out files until ctx or the link ends.
func (p *program) webLink(ctx context.Context, n *node.Node, o node.WebLinkOptions, paths []string, expires time.Duration) (err error) {
	changed := make(chan struct{}, 1)
	o.Changed = func() { poke(changed) }
	bar := p.NewBar("")
	o.Preparing = func(s sharing.Share) {
		bar.Label = "Hashing " + filepath.Base(s.Path)
		bar.Set(s.Hashed, max(s.Size, 1), s.Rate)
	}
	l, err := n.OpenWebLink(ctx, o)
	bar.End()
	if err != nil {
		return err
	}
	defer func() {
		if closed := l.Close(); err == nil {
			err = closed
		}
	}()
	if expires > 0 { // from now on: hashing took its time
		o.Terms.Expires = time.Now().Add(expires)
		l.SetTerms(o.Terms)
	}
	p.handsOut(l, o.Terms)
	lookout.Here(p.Screen, n).HandedOut(paths)
	told := 0
	for {
		status := l.Status()
		for ; told < status.Downloads; told++ {
			p.downloadedFromPage(told + 1)
		}
		if status.State != web.LinkOpen {
			p.pageEnded(status.State, status.Downloads)
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func (p *program) downloadedFromPage(times int) {
	p.Report(webDownloadEvent{"web-download", times}, "Downloaded completely: %s so far.", screen.Count(times, "time"))
}

func (p *program) pageEnded(state web.LinkState, downloads int) {
	p.Report(webEndedEvent{"web-ended", state, downloads}, "The link has ended: %s.",
		map[web.LinkState]string{web.LinkExpired: "its time is over", web.LinkCounted: "its downloads are used up"}[state])
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (p *program) handsOut(l *node.WebLink, terms web.Terms) {
	o := l.Offering
	e := webLinkEvent{Event: "web-link", URL: l.URLs[0], Others: l.URLs[1:], Name: o.Name, Size: o.Size(), Files: len(o.Files), Count: terms.Count}
	if !terms.Expires.IsZero() {
		e.Expires = &terms.Expires
	}
	if o.Single() {
		e.Hash = &o.Files[0].Hash
	}
	p.handsOutAs(e)
}

func (p *program) handsOutAs(e webLinkEvent) {
	what := screen.Count(e.Files, "file") + ", " + screen.Size(e.Size)
	if e.Hash != nil {
		what = screen.Size(e.Size)
	}
	p.Report(e, "%s (%s)\n  %s", netproto.Printable(e.Name), what, e.URL)
	p.page(e.URL, e.Others)
}

// page shows the code of an address, and says what everybody should know of it.
func (p *program) page(url string, others []string) {
	for _, other := range others {
		p.Say("  or %s", other)
	}
	if p.Terminal && !p.JSON {
		p.QR(url)
	}
	p.Aside(screen.Notice{Code: noticePlain,
		Message: "Only devices in the local network can open it. It is not encrypted: use it in networks that you trust. Ctrl+C ends it."})
}

func (p *program) receiveCommand() *cobra.Command {
	var flags webFlags
	var to, pin string
	var cmd *cobra.Command
	cmd = p.RunsOrDrives(&cobra.Command{
		Use:   "receive --web",
		Short: "Take files from a phone or a browser in the local network",
		Long: "receive serves a page on which whoever has its address and its PIN sends files to this\n" +
			"computer, without this program. A file gets its name once all of it arrived as it was\n" +
			"sent; an interrupted one goes on. It ends with Ctrl+C, or after a time. What goes\n" +
			"through it is not encrypted: use it in networks that you trust.",
		Example: "  centralizedp2p receive --web\n  centralizedp2p receive --web --to Photos --expires 1h",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.PeerWork, drive.EngineWork, error) {
		if err := flags.check(cmd, "`centralizedp2p inbox` shows what people with this program send"); err != nil {
			return nil, nil, err
		}
		if cmd.Flags().Changed("pin") {
			if err := web.CheckPIN(pin); err != nil {
				return nil, nil, netproto.Errorf(netproto.CodeUsage, "--pin: %w", err)
			}
		}
		dir, err := filepath.Abs(cli.ExpandHome(to))
		if err == nil {
			err = os.MkdirAll(dir, 0o777)
		}
		if err != nil {
			return nil, nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		o := node.WebInboxOptions{Folder: dir, PIN: pin, Port: flags.port}
		return func(ctx context.Context, n *node.Node) error { return p.webInbox(ctx, n, o, flags.expires) },
			func(ctx context.Context, engine face.Engine) error {
				return p.webInboxThere(ctx, engine, dir, pin, flags)
			}, nil
	})
	flags.add(cmd)
	cmd.Flags().StringVar(&to, "to", ".", "`folder` to save in")
	cmd.Flags().StringVar(&pin, "pin", "", "the `PIN` (default: six digits at random)")
	return cmd
}

// webInbox takes files until ctx ends, the time is over, or there were too many wrong
// PINs.
func (p *program) webInbox(ctx context.Context, n *node.Node, o node.WebInboxOptions, expires time.Duration) (err error) {
	changed := make(chan struct{}, 1)
	o.Changed = func() { poke(changed) }
	in, err := n.OpenWebInbox(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if closed := in.Close(); err == nil {
			err = closed
		}
	}()
	if expires > 0 {
		limited, cancel := context.WithTimeout(ctx, expires)
		defer cancel()
		ctx = limited
	}
	p.takesIn(webInboxEvent{"web-inbox", in.URLs[0], in.URLs[1:], in.PIN, in.Folder})
	over := map[int]bool{} // arrivals that were told, by their place
	for {
		arrivals := in.Arrivals()
		for i := len(arrivals) - 1; i >= 0; i-- {
			number := len(arrivals) - 1 - i
			if a := arrivals[i]; a.State != web.ArrivalRunning && !over[number] {
				over[number] = true
				p.arrived(a)
			}
		}
		if in.Shut() {
			return wrongPINs()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func wrongPINs() error {
	return netproto.Errorf(netproto.CodeDenied, "there were too many wrong PINs, so nobody is let in any longer")
}

func (p *program) takesIn(e webInboxEvent) {
	p.Report(e, "Send files to %s\n  %s\n  PIN %s", netproto.Printable(e.Folder), e.URL, netproto.Printable(e.PIN))
	p.page(e.URL, e.Others)
}

func (p *program) arrived(a web.Arrival) {
	e := receivedEvent{Event: "received", Name: a.Name, Size: a.Size, Hash: a.Hash, From: a.From.String()}
	e.Path, e.PathBytes = cli.PathText(a.Path)
	p.arrivedAs(e, a.State, a.Done)
}

// arrivedAs tells what became of a file; done is how many bytes of it came.
func (p *program) arrivedAs(e receivedEvent, state web.ArrivalState, done int64) {
	name := netproto.Printable(e.Name)
	switch state {
	case web.ArrivalStored:
		p.Report(e, "Received %s (%s)", netproto.Printable(e.Path), screen.Size(e.Size))
	case web.ArrivalWrong:
		p.Notice(screen.Notice{Code: noticeNotStored, Message: name + " did not arrive as it was sent, and was not stored"})
	case web.ArrivalCancelled:
		p.Notice(screen.Notice{Code: noticeNotStored, Message: name + " was cancelled after " + screen.Size(done) + " of " + screen.Size(e.Size)})
	}
}

// program is one run of a command.
type program struct{ *drive.Driver }
