// Package lookout tells what happens to a peer while a command goes on: to its trackers, shares
// and downloads, and how others reach it. It sees the peer of the command itself as it sees one
// that runs with the profile already.
package lookout

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
	"centralizedp2p/tracker/cli"
)

const (
	// Every is how often a command looks around if nothing seems to happen.
	Every = 2 * time.Second
	// linksEvery bounds how often the new link of a share that goes on changing is
	// printed.
	linksEvery = 10 * time.Second
)

// Lookout compares what a running peer is doing with what the person was told, and
// tells the difference. It is used by one goroutine.
type Lookout struct {
	screen   *screen.Screen
	Log      *slog.Logger // of a peer that stays: it is told there, and of all shares and downloads
	peer     sight
	trackers map[string]string     // by address: the notice that is in force
	shares   map[string]*toldShare // by id
	banned   map[netproto.PeerID]bool
	waits    map[string]*waiting // by download, of a peer that stays
	local    bool                // the person knows that others cannot use the links
	reach    toldReach
	waiting  bool // the last look saw what is told only if it lasts
}

// toldShare is a share as the person was told.
type toldShare struct {
	hash    netproto.ContentHash
	printed time.Time // when its last new link was; zero for the first one
	state   string    // the notice that is in force; "" while it is shared
	omitted map[sharing.Reason]int
	notice  string // what the share itself had to say last
}

// Here returns the lookout of the peer of this process. The person knows already that
// some of its trackers are silent.
func Here(s *screen.Screen, n *node.Node, silent ...string) *Lookout {
	l := newLookout(s, nodeSight{n})
	for _, address := range silent {
		l.trackers[address] = screen.NoticeTrackerLost
	}
	return l
}

// There returns the lookout of a peer that runs with the profile already.
func There(ctx context.Context, s *screen.Screen, engine face.Engine) *Lookout {
	return newLookout(s, engineSight{ctx, engine})
}

func newLookout(s *screen.Screen, peer sight) *Lookout {
	return &Lookout{screen: s, peer: peer, trackers: map[string]string{}, shares: map[string]*toldShare{}, banned: map[netproto.PeerID]bool{}}
}

// Look tells what has happened to the trackers and the shares, and how others reach
// this peer.
func (l *Lookout) Look() {
	l.waiting = false
	for _, s := range l.peer.trackers() {
		l.tracker(s)
	}
	l.reachability(l.peer.reachability(), time.Now())
	if l.Log != nil {
		l.lookAtAll(time.Now())
	} else if len(l.shares) > 0 {
		for _, s := range l.ours() {
			l.share(s, l.shares[s.ID], time.Now())
		}
	}
}

// ours are the shares that the person was told of.
func (l *Lookout) ours() []sharing.Share {
	return l.peer.shares(func(s sharing.Share) bool { return l.shares[s.ID] != nil })
}

// lookAtAll tells what has happened to any share and any download.
func (l *Lookout) lookAtAll(now time.Time) {
	shares := map[string]*toldShare{}
	for _, s := range l.peer.shares(func(sharing.Share) bool { return true }) {
		told := l.shares[s.ID]
		if told == nil || told.hash.IsZero() && told.state == "" {
			told = &toldShare{hash: s.Hash}
		}
		shares[s.ID] = told
		l.share(s, told, now)
	}
	l.shares = shares
	waits := map[string]*waiting{}
	for _, d := range l.peer.downloads() {
		if d.State == queue.StateFinished || d.State == queue.StatePaused || ownQueue(d) { // thousands may wait for their turn
			continue
		}
		wait := l.waits[d.ID]
		if wait == nil {
			wait = &waiting{}
		}
		waits[d.ID] = wait
		if n, ok := wait.look(d, now, func() string { return shutWords(l.peer.sources(d.ID)) }); ok {
			n.Message = d.Name + ": " + n.Message
			l.notice(n)
		}
		if d.Sources > 0 {
			l.download(d)
		}
	}
	l.waits = waits
	l.waiting = l.waiting || len(waits) > 0
}

// notice tells the person, or the log of a peer that stays.
func (l *Lookout) notice(n screen.Notice) {
	if l.Log == nil {
		l.screen.Notice(n)
		return
	}
	var known []any
	for _, a := range []slog.Attr{slog.String("tracker", n.Tracker), slog.String("path", n.Path), slog.String("link", n.Link)} {
		if a.Value.String() != "" {
			known = append(known, a)
		}
	}
	for _, left := range n.Names {
		known = append(known, slog.String(string(left.Why), left.Path))
	}
	l.Log.Warn(netproto.Printable(n.Message), append(known, slog.String("code", n.Code))...)
}

func (l *Lookout) tracker(s membership.Status) {
	told := l.trackers[s.Address]
	switch s.State {
	case membership.StateConnected:
		if told != "" {
			l.notice(screen.Notice{Code: screen.NoticeTrackerBack, Tracker: s.Address, Message: "the tracker " + s.Address + " is back"})
			delete(l.trackers, s.Address)
		}
		return
	case membership.StateKeyChanged:
		if told != screen.NoticeKeyChanged {
			l.lost(s, screen.NoticeKeyChanged, cli.Sentence(Replaceable(s.Err))+" It is joined again by itself when the known key is back.")
		}
		return
	case membership.StateReconnecting:
	default:
		return
	}
	switch netproto.CodeOf(s.Err) {
	case netproto.CodeBanned, netproto.CodeInvite, netproto.CodeDenied:
		if told != screen.NoticeRefused {
			l.lost(s, screen.NoticeRefused, "the tracker "+s.Address+" refuses this peer: "+cli.Sentence(s.Err))
		}
	default:
		if told == "" {
			l.lost(s, screen.NoticeTrackerLost, "the tracker is lost and tried again by itself: "+strings.TrimRight(s.Err.Error(), ". ")+".")
		}
	}
}

func (l *Lookout) lost(s membership.Status, code, message string) {
	l.trackers[s.Address] = code
	l.notice(screen.Notice{Code: code, Tracker: s.Address, Message: message})
}

// Announced tells about a share for the first time.
func (l *Lookout) Announced(s sharing.Share) {
	told := &toldShare{hash: s.Hash}
	l.shares[s.ID] = told
	text := l.peer.link(s)
	l.tellShared(s, text)
	l.share(s, told, time.Now())
	if link, err := netproto.ParseLink(text); err == nil && !l.local {
		if why := onlyHere(link.Tracker); why != "" {
			l.local = true
			l.screen.Aside(screen.Notice{Code: screen.NoticeLinkLocal, Tracker: link.Tracker, Message: why})
		}
	}
}

// onlyHere says why a link with that tracker is good for nobody else; "" if it is
// not so.
func onlyHere(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil && host != "localhost" && !strings.HasSuffix(host, ".localhost"), err == nil && !ip.IsLoopback() && ip.Zone() == "":
		return ""
	case ip.Zone() != "":
		return "others cannot use the links: they lead to " + address + ", whose zone is a name that only this computer knows"
	}
	why := "only this computer can use the links: they lead to " + address
	if out := node.OutwardAddress(); !out.IsLoopback() && out.Zone() == "" {
		why += "; if the tracker here listens on all addresses, --tracker " + net.JoinHostPort(out.String(), port) + " gives links for others"
	}
	return why
}

// share tells what has happened to a share.
func (l *Lookout) share(s sharing.Share, told *toldShare, now time.Time) {
	switch s.State {
	case sharing.StateMissing:
		l.unshared(s, told, screen.NoticeShareMissing, s.Path+" is gone: it is shared again when it is back")
	case sharing.StateFailed:
		if s.Err != nil {
			l.unshared(s, told, screen.NoticeShareFailed, s.Path+" is not shared: "+cli.Sentence(s.Err))
		}
	case sharing.StateEnded:
		l.unshared(s, told, screen.NoticeShareEnded, s.Path+" is no longer shared: its time or its count is over")
	case sharing.StateShared:
		l.shared(s, told, now)
	}
	l.noted(s, told)
}

// Noting returns what tells, once each, what a share has to say that is not announced yet.
func (l *Lookout) Noting() func(s sharing.Share) {
	var told toldShare
	return func(s sharing.Share) { l.noted(s, &told) }
}

// noted tells what the share itself has to say, as about files that never rest.
func (l *Lookout) noted(s sharing.Share, told *toldShare) {
	if s.Notice == nil {
		told.notice = ""
		return
	}
	if text := s.Notice.Error(); text != told.notice {
		told.notice = text
		l.notice(screen.Notice{Code: string(netproto.CodeOf(s.Notice)), Path: s.Path, Message: s.Path + ": " + cli.Sentence(s.Notice)})
	}
}

func (l *Lookout) unshared(s sharing.Share, told *toldShare, code, message string) {
	if told.state != code {
		told.state = code
		l.notice(screen.Notice{Code: code, Path: s.Path, Message: message})
	}
}

// shared tells that a share is back, and its new link.
func (l *Lookout) shared(s sharing.Share, told *toldShare, now time.Time) {
	done, err := l.peer.announced(s)
	l.waiting = l.waiting || !done || s.Hash != told.hash
	if err != nil && told.state != screen.NoticeRefused {
		switch netproto.CodeOf(err) {
		case netproto.CodeKeyChanged, netproto.CodeInvite, netproto.CodeBanned: // of the tracker: told
		default:
			l.unshared(s, told, screen.NoticeRefused, s.Path+" is refused by the tracker: "+cli.Sentence(err))
		}
		return
	}
	if !done {
		return
	}
	if told.state != "" {
		told.state = ""
		l.notice(screen.Notice{Code: screen.NoticeShareBack, Path: s.Path, Message: s.Path + " is shared again"})
	}
	if s.Hash != told.hash && now.Sub(told.printed) >= linksEvery {
		told.hash, told.printed = s.Hash, now
		link := l.peer.link(s)
		l.notice(screen.Notice{Code: screen.NoticeLinkChanged, Path: s.Path, Link: link,
			Message: s.Path + " has changed: its old link finds nothing now, here is the new one"})
		if l.Log == nil {
			l.tellShared(s, link)
		}
	}
	l.leftOut(s, told)
}

// leftOut tells what the share leaves out, when that has changed. Files that change
// are left out for a moment only: [Lookout.noted] names one that goes on changing.
func (l *Lookout) leftOut(s sharing.Share, told *toldShare) {
	counts := maps.Clone(s.Omitted.Counts)
	delete(counts, sharing.Changing)
	if maps.Equal(counts, told.omitted) {
		return
	}
	told.omitted = counts
	if len(counts) > 0 {
		l.notice(leftOutNotice(s, l.screen.Verbose))
	}
}

// HandedOut tells what is left out of the paths of a page, which are absolute.
func (l *Lookout) HandedOut(paths []string) {
	for _, s := range l.peer.shares(func(s sharing.Share) bool { return s.Folder && slices.Contains(paths, s.Path) }) {
		l.leftOut(s, &toldShare{})
	}
}

// Sent tells what is left out of what a request sends.
func (l *Lookout) Sent(request uint64, paths []string) {
	s := sharing.Share{Omitted: l.peer.sent(request)}
	s.Path = "what is sent"
	if len(paths) == 1 {
		s.Path = paths[0]
	}
	l.leftOut(s, &toldShare{})
}

// download tells which sources of a download were banned.
func (l *Lookout) download(d queue.Download) {
	for _, s := range l.peer.sources(d.ID) {
		if s.State == swarm.SourceBanned && !l.banned[s.PeerID] {
			l.banned[s.PeerID] = true
			l.notice(screen.Notice{Code: screen.NoticeSourceBanned,
				Message: "the peer " + s.Name + " at " + s.Address + " sent wrong bytes and is not asked again"})
		}
	}
}

// UntilStopped looks around until ctx ends.
func (l *Lookout) UntilStopped(ctx context.Context) { l.until(ctx, func() bool { return false }) }

// UntilEnded looks around until ctx ends, or all shares have ended.
func (l *Lookout) UntilEnded(ctx context.Context) { l.until(ctx, l.Ended) }

func (l *Lookout) until(ctx context.Context, enough func() bool) {
	changed := l.peer.watch(ctx)
	look := pulse.NewTicker(Every)
	defer look.Stop()
	for {
		l.Look()
		if enough() {
			l.Look() // the last share may have ended after the look before
			return
		}
		look.Rest(!l.waiting)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-look.C:
		}
	}
}

// Replaceable adds to an error about a changed key how a person trusts the new
// one.
func Replaceable(err error) error {
	if netproto.CodeOf(err) != netproto.CodeKeyChanged {
		return err
	}
	changed := netproto.Recode(netproto.CodeKeyChanged, err)
	changed.Detail += "; a link with the new key, given with --tracker, replaces the known one"
	return changed
}

// Ended reports whether the time or the count of all shares is over.
func (l *Lookout) Ended() bool {
	return !slices.ContainsFunc(l.ours(), func(s sharing.Share) bool { return s.State != sharing.StateEnded })
}
