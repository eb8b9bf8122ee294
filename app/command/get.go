package command

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/piece"
	"centralizedp2p/app/seedpeer"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

const (
	// maxNamePages bounds the search for an exact name among the hits for its words.
	maxNamePages = 20
	// maxOtherNames bounds how many hits are asked for all their names.
	maxOtherNames = 50
)

func (p *program) getCommand() *cobra.Command {
	var to string
	var plain bool
	cmd := p.RunsOrDrives(&cobra.Command{
		Use:   "get LINK|HASH|NAME",
		Short: "Download a file or folder, and serve it to others meanwhile",
		Long: "get downloads a file or folder from all peers that have it. Every piece is verified,\n" +
			"and the file gets its name only once it is complete. Give the same command again to\n" +
			"continue an interrupted download. Put -- before a NAME that begins with a dash.",
		Example: "  centralizedp2p get 'cp2p://203.0.113.7:5000/b4c0…?name=song.flac'\n  centralizedp2p get song.flac --to Music",
		Args:    usage.Exactly(1, "one LINK, HASH or NAME"),
	}, func(args []string) (drive.PeerWork, drive.EngineWork, error) {
		request, link, err := parseWanted(args[0], to)
		request.Plain = plain
		return func(ctx context.Context, n *node.Node) error { return p.fetch(ctx, n, args[0], request, link) },
			func(ctx context.Context, engine face.Engine) error {
				return p.fetchThere(ctx, engine, args[0], request, link)
			}, err
	})
	cmd.Flags().StringVar(&to, "to", ".", "`folder` to save in")
	cmd.Flags().BoolVar(&plain, "plain", false, "give the files of a folder neither their times nor their executable bits")
	return cmd
}

// parseWanted reads the argument of get. The hash of the request stays zero if
// it is a name.
func parseWanted(what, to string) (request queue.Request, link *netproto.Link, err error) {
	request.Size = -1
	if request.Dir, err = filepath.Abs(cli.ExpandHome(to)); err != nil {
		return request, nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	if what == "" {
		return request, nil, netproto.Errorf(netproto.CodeUsage, "the NAME is empty")
	}
	if !node.IsLink(what) {
		if strings.Contains(what, "://") { // which no name can have
			return request, nil, netproto.Errorf(netproto.CodeUsage, "%s is no cp2p:// link", netproto.Printable(what))
		}
		if hash, err := netproto.ParseContentHash(netproto.Pasted(what)); err == nil {
			request.Hash = hash
		}
		return request, nil, nil
	}
	parsed, err := netproto.ParseLink(what)
	if err != nil {
		return request, nil, netproto.Errorf(netproto.CodeUsage, "%w", err)
	}
	if parsed.IsTracker() {
		return request, nil, netproto.Errorf(netproto.CodeUsage, "this link names a tracker and no file: use it with --tracker")
	}
	request.Hash, request.Name = parsed.Hash, parsed.Name
	return request, &parsed, nil
}

// fetch finds what was asked for and downloads it.
func (p *program) fetch(ctx context.Context, n *node.Node, what string, request queue.Request, link *netproto.Link) error {
	ts, err := p.OpenTrackers(ctx, n.Library, link)
	if err != nil {
		return err
	}
	ts.Use(n.Engine) // which closes them in the end
	l := lookout.Here(p.Screen, n, ts.Silent()...)
	if request.Hash.IsZero() {
		hit, err := findName(ctx, ts.Answered, what)
		if netproto.CodeOf(err) == netproto.CodeNotFound {
			return p.fetchSeed(ctx, ts.Main(), what, request.Dir)
		}
		if err != nil {
			return err
		}
		request.Hash, request.Name, request.Size, request.Folder = hit.Hash, hit.Name, hit.Size, hit.Folder
	} else {
		known, err := ts.Answered.Resource(ctx, request.Hash)
		if netproto.CodeOf(err) == netproto.CodeNotFound {
			return noSource(request)
		}
		if err != nil {
			return err
		}
		request.Name, request.Size, request.Folder = cmp.Or(request.Name, known.Name), known.Size, known.Folder
	}
	// The tracker may know the content only from this peer itself, which is back
	// and counts as online again.
	sources, err := ts.Answered.Sources(ctx, request.Hash)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return noSource(request)
	}
	return p.download(ctx, n, l, request)
}

func noSource(request queue.Request) error {
	return netproto.Errorf(netproto.CodeNoSource, "%s", cmp.Or(request.Name, request.Hash.String()))
}

// findName finds the one content with exactly that name. The name is made safe
// first, as every announced name was. "ambiguous-name" if several have it.
func findName(ctx context.Context, known membership.Trackers, typed string) (netproto.Hit, error) {
	name := netproto.SafeName(typed)
	var found, others []netproto.Hit
	request := netproto.SearchRequest{Words: `"` + name + `"`, Sort: netproto.SortName, Limit: netproto.MaxPage}
	for range maxNamePages {
		page, err := known.Search(ctx, request)
		if err != nil {
			return netproto.Hit{}, err
		}
		for _, h := range page.Items {
			switch {
			case slices.ContainsFunc(found, func(o netproto.Hit) bool { return o.Hash == h.Hash }): // from another tracker
			case h.Name == name:
				found = append(found, h)
			default:
				others = append(others, h)
			}
		}
		if request.Cursor = page.Next; request.Cursor == "" {
			break
		}
	}
	if len(found) == 0 {
		var err error
		if found, err = alsoNamed(ctx, known, others, name); err != nil {
			return netproto.Hit{}, err
		}
	}
	switch len(found) {
	case 0:
		return netproto.Hit{}, noneNamed(typed)
	case 1:
		return found[0], nil
	}
	return netproto.Hit{}, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of %s", name, hashes(found))
}

// alsoNamed finds contents among the first hits that have the name too: a hit
// shows only the name that most of its sources use.
func alsoNamed(ctx context.Context, all membership.Trackers, hits []netproto.Hit, name string) ([]netproto.Hit, error) {
	var found []netproto.Hit
	for _, h := range hits[:min(len(hits), maxOtherNames)] {
		known, err := all.Resource(ctx, h.Hash)
		switch {
		case err == nil && slices.Contains(known.Names, name):
			h.Name = name
			found = append(found, h)
		case err != nil && netproto.CodeOf(err) != netproto.CodeNotFound: // gone since the search
			return nil, err
		}
	}
	return found, nil
}

func noneNamed(name string) error {
	return netproto.Errorf(netproto.CodeNotFound, "no online peer has a file with the name %q", name)
}

// hashes lists the hashes of the first hits.
func hashes(hits []netproto.Hit) string {
	var list []string
	for _, h := range hits[:min(len(hits), drive.MaxListed)] {
		list = append(list, h.Hash.String())
	}
	if more := len(hits) - drive.MaxListed; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// fetchSeed gets a file that only a seed client has.
func (p *program) fetchSeed(ctx context.Context, client *trackerclient.Client, name, dir string) error {
	began := time.Now()
	row, ok, err := client.Seed().Find(ctx, name)
	if code := netproto.CodeOf(err); err != nil && (code == netproto.CodeDenied || code == netproto.CodeProtocol) {
		return noneNamed(name) // the tracker does not serve seed clients
	}
	if err != nil {
		return err
	}
	if !ok {
		return noneNamed(name)
	}
	path, err := seedpeer.Fetch(ctx, nil, row, dir, seedpeer.NamedBy(client.Remote()))
	if err != nil {
		return err
	}
	m, _, err := piece.HashPath(ctx, path, nil)
	if err != nil {
		return err
	}
	p.completed(completedEvent{
		Event: "completed", Path: path, Hash: m.Hash, Size: m.Size, Seconds: time.Since(began).Seconds(), Sources: 1,
	})
	return nil
}

// download runs one download to its end.
func (p *program) download(ctx context.Context, n *node.Node, l *lookout.Lookout, request queue.Request) error {
	began := time.Now()
	d, err := runDownload(ctx, n.Engine, request, lookout.NewProgress(p.Screen, request.Name, l))
	if err != nil {
		return err
	}
	p.completed(completedEvent{
		Event: "completed", Path: d.Path, Hash: d.Hash, Size: d.Size, Seconds: time.Since(began).Seconds(), Sources: d.Used,
	})
	return nil
}

// runDownload adds a download and waits until it is finished. What waits for the
// person in a window is an error here.
func runDownload(ctx context.Context, e *peer.Engine, request queue.Request, shown *lookout.Progress) (queue.Download, error) {
	changed := e.Watch(ctx)
	id, err := e.Downloads.Add(request)
	if err != nil {
		return queue.Download{}, err
	}
	e.Downloads.StartOne(id)
	ended := e.Downloads.Ended(id) // changed lags by up to a quarter of a second, too long for a small file
	look := time.NewTicker(lookout.Patience)
	defer look.Stop()
	defer shown.End()
	for {
		d, _ := e.Downloads.ByID(id)
		switch {
		case d.State == queue.StateFinished:
			shown.Look(d)
			return d, nil
		case d.State == queue.StateFailed, d.State == queue.StateNoSpace:
			return d, d.Err
		case ctx.Err() != nil:
			return d, &netproto.Error{Code: netproto.CodeCancelled}
		}
		shown.Download(d)
		select {
		case <-changed:
		case <-ended:
			ended = nil
		case <-look.C: // nothing changes while there is no source
			shown.Look(d)
		}
	}
}

func (p *program) completed(e completedEvent) {
	if p.JSON {
		e.Path, e.PathBytes = cli.PathText(e.Path)
		p.Event(e)
		return
	}
	if e.Sources == 0 && e.Size > 0 {
		p.Say("%s is here already (%s)", netproto.Printable(e.Path), screen.Size(e.Size))
		return
	}
	p.Say("Saved %s (%s in %.1f s, %s, %s)",
		netproto.Printable(e.Path), screen.Size(e.Size), e.Seconds, screen.Rate(e.Size, e.Seconds), screen.Count(e.Sources, "source"))
}

// completedEvent says that a download is finished.
type completedEvent struct {
	Event     string               `json:"event"` // completed
	Path      string               `json:"path"`
	PathBytes string               `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
	Hash      netproto.ContentHash `json:"hash"`
	Size      int64                `json:"size"` // bytes
	Seconds   float64              `json:"seconds"`
	Sources   int                  `json:"sources"` // that sent something
}
