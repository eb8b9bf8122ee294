package node

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"centralizedp2p/app/library"
	"centralizedp2p/app/onfinished"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/web"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

// WebLinkOptions say what a link for browsers hands out, and how.
type WebLinkOptions struct {
	Items []WebItem
	Terms web.Terms
	Port  int // 0 is a free one
	// Preparing, if not nil, is called with a share that is being hashed.
	Preparing func(sharing.Share)
	Changed   func() // called when the link changed; it must not wait
}

// WebItem is a file or folder. If it is shared already, in the same way, that share is
// used; otherwise it is shared with nobody else, until the link closes.
type WebItem struct {
	Path          string
	Except, Allow []string // slash-separated paths in the folder: see [sharing.Options]
	AllowAll      bool
}

// WebLink is a page that hands out files to browsers in the local network.
type WebLink struct {
	*web.Link
	Offering web.Offering
	URLs     []string // the likeliest first

	engine *peer.Engine
	server *web.Server
	shares []handed // in the order of the offering
	own    []string // those that end with it
}

// handed is a share and where its bytes end among those of the offering.
type handed struct {
	id  string
	end int64
}

// OpenWebLink hashes what is to be handed out, if that was not done before, and serves
// it until Close. The error has the code "file-unreadable" for a path that cannot be
// read, and "port-in-use" for the port.
func (n *Node) OpenWebLink(ctx context.Context, o WebLinkOptions) (*WebLink, error) {
	l := &WebLink{engine: n.Engine}
	files, name, err := l.collect(ctx, o)
	if err == nil {
		l.Offering, err = web.NewOffering(name, files)
	}
	var ln net.Listener
	if err == nil {
		ln, err = listenWeb(ctx, o.Port)
	}
	if err != nil {
		return nil, errors.Join(err, n.Engine.Shares.Stop(l.own...))
	}
	secret := web.NewSecret()
	l.URLs = webURLs(ln.Addr(), secret)
	l.Link = web.NewLink(l.Offering, secret, o.Terms, contents{n.Engine}, n.Engine, l, o.Changed)
	l.server = web.Serve(ln, l.Link, n.Log)
	return l, nil
}

// contents are those of the engine as the pages know them.
type contents struct{ engine *peer.Engine }

func (c contents) OpenContent(hash netproto.ContentHash) (web.Reader, error) {
	return c.engine.OpenContent(hash)
}

// Gave counts bytes for the shares that they are of.
func (l *WebLink) Gave(from, to int64) {
	for _, s := range l.shares {
		if from < to && from < s.end {
			l.engine.Shares.Handed(s.id, min(to, s.end)-from, false)
			from = s.end
		}
	}
}

// GaveAll counts a download of every share.
func (l *WebLink) GaveAll() {
	for _, s := range l.shares {
		l.engine.Shares.Handed(s.id, 0, true)
	}
}

// Close ends the page, and what was shared for it alone.
func (l *WebLink) Close() error {
	l.Link.Close()
	return errors.Join(l.server.Close(), l.engine.Shares.Stop(l.own...))
}

// collect shares the items and lists their files.
func (l *WebLink) collect(ctx context.Context, o WebLinkOptions) (files []web.File, name string, err error) {
	taken := map[string]bool{}
	for _, item := range o.Items {
		share, err := l.share(ctx, item, o.Preparing)
		if err != nil {
			return nil, "", err
		}
		free := share.Name
		for n := 2; taken[free]; n++ {
			free = netproto.NumberedName(share.Name, n)
		}
		taken[free] = true
		name = cmp.Or(name, free)
		of, err := l.filesOf(ctx, share, free)
		if err != nil {
			return nil, "", err
		}
		files = append(files, of...)
		l.shares = append(l.shares, handed{share.ID, web.Offering{Files: files}.Size()})
	}
	return files, name, nil
}

// filesOf lists the files of a share, under a name.
func (l *WebLink) filesOf(ctx context.Context, share sharing.Share, name string) (files []web.File, err error) {
	if !share.Folder {
		return []web.File{{Path: name, Size: share.Size, Hash: share.Hash}}, nil
	}
	entries, err := l.engine.Folder(ctx, share.Hash)
	for _, e := range entries {
		files = append(files, web.File{Path: name + "/" + e.Path, Size: e.Size, Hash: e.Hash, Dir: e.Dir})
	}
	if len(entries) == 0 {
		files = append(files, web.File{Path: name, Dir: true})
	}
	return files, err
}

// share finds the share of an item or begins one, and waits until it is hashed.
func (l *WebLink) share(ctx context.Context, item WebItem, preparing func(sharing.Share)) (sharing.Share, error) {
	path, err := filepath.Abs(item.Path)
	if err != nil {
		return sharing.Share{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	shares := l.engine.Shares
	id := ""
	for _, s := range shares.List() {
		same := slices.Equal(s.Except, item.Except) && slices.Equal(s.Allow, item.Allow) && s.AllowAll == item.AllowAll
		if same && s.Path == path && s.State != sharing.StateEnded {
			id = s.ID
		}
	}
	if id == "" {
		nobody := library.Visible{To: library.VisibleKeys}
		if id, err = shares.Add(path, sharing.Options{Except: item.Except, Allow: item.Allow, AllowAll: item.AllowAll, Visible: &nobody}); err != nil {
			return sharing.Share{}, err
		}
		l.own = append(l.own, id)
	}
	return l.hashed(ctx, id, preparing)
}

// hashed waits until a share is hashed. No tracker needs to know of it.
func (l *WebLink) hashed(ctx context.Context, id string, preparing func(sharing.Share)) (sharing.Share, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := l.engine.Watch(ctx)
	for {
		list := l.engine.Shares.List()
		i := slices.IndexFunc(list, func(s sharing.Share) bool { return s.ID == id })
		if i < 0 {
			return sharing.Share{}, netproto.Errorf(netproto.CodeCancelled, "it is no longer shared")
		}
		switch s := list[i]; {
		case s.State == sharing.StateShared && s.Folder && s.Files == 0:
			return s, netproto.Errorf(netproto.CodeInvalid, "there are no files in %s", s.Path)
		case s.State == sharing.StateShared:
			return s, nil
		case s.State == sharing.StateFailed && s.Err != nil, s.State == sharing.StateMissing && s.Err != nil:
			return s, s.Err
		case preparing != nil:
			preparing(s)
		}
		if _, more := <-changed; !more {
			return sharing.Share{}, &netproto.Error{Code: netproto.CodeCancelled, Cause: ctx.Err()}
		}
	}
}

// WebInboxOptions say where files from browsers go.
type WebInboxOptions struct {
	Folder  string // absolute; it is there
	PIN     string // empty: one at random
	Port    int    // 0 is a free one
	Changed func() // called when something came; it must not wait
}

// WebInbox is a page that takes files from browsers in the local network.
type WebInbox struct {
	*web.Inbox
	Folder, PIN string
	URLs        []string // the likeliest first

	server *web.Server
}

// OpenWebInbox serves the page until Close. The error has the code "folder-unwritable",
// "invalid" for the PIN, or "port-in-use".
func (n *Node) OpenWebInbox(ctx context.Context, o WebInboxOptions) (*WebInbox, error) {
	in := &WebInbox{Folder: o.Folder, PIN: cmp.Or(o.PIN, web.NewPIN())}
	config := web.InboxConfig{Folder: in.Folder, Secret: web.NewSecret(), PIN: in.PIN, Limits: n.Engine, Changed: o.Changed,
		Stored: func(a web.Arrival) {
			n.finished.Finished(onfinished.File{Kind: onfinished.Received, Name: a.Name, Path: a.Path, Hash: a.Hash, Size: a.Size})
		}}
	var err error
	if in.Inbox, err = web.NewInbox(config); err != nil {
		return nil, err
	}
	ln, err := listenWeb(ctx, o.Port)
	if err != nil {
		return nil, errors.Join(err, in.Inbox.Close())
	}
	in.URLs = webURLs(ln.Addr(), config.Secret)
	in.server = web.Serve(ln, in.Inbox, n.Log)
	return in, nil
}

// Close ends the page. What is unfinished is removed.
func (in *WebInbox) Close() error { return errors.Join(in.server.Close(), in.Inbox.Close()) }

func listenWeb(ctx context.Context, port int) (net.Listener, error) {
	address := peer.ListenAddress(port)
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%s: %w", address, err)
	}
	return ln, nil
}

// webURLs are the addresses of a page: the one under which others are most likely to
// reach this computer, then the others in the local network.
func webURLs(at net.Addr, secret string) []string {
	port := strconv.Itoa(at.(*net.TCPAddr).Port)
	ips := []netip.Addr{daemon.OutwardAddress(true)}
	own, _ := net.InterfaceAddrs() // without them there is one
	for _, o := range own {
		prefix, ok := o.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(prefix.IP); ok && ip.Unmap().Is4() && ip.Unmap().IsPrivate() && !slices.Contains(ips, ip.Unmap()) {
			ips = append(ips, ip.Unmap())
		}
	}
	urls := make([]string, len(ips))
	for i, ip := range ips {
		urls[i] = strings.Join([]string{"http:/", net.JoinHostPort(ip.String(), port), secret, ""}, "/")
	}
	return urls
}
