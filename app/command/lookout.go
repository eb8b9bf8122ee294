package command

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"strings"
	"time"

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
	// lookEvery is how often a command looks around if nothing seems to happen.
	lookEvery = 2 * time.Second
	// linksEvery bounds how often the new link of a share that goes on changing is
	// printed.
	linksEvery = 10 * time.Second
)

// lookout compares what a running peer is doing with what the person was told, and
// tells the difference. It is used by one goroutine.
type lookout struct {
	program  *program
	node     *node.Node
	trackers map[string]string     // by address: the notice that is in force
	shares   map[string]*toldShare // by id
	banned   map[netproto.PublicKey]bool
	local    bool // the person knows that others cannot use the links
	reach    toldReach
}

// toldShare is a share as the person was told.
type toldShare struct {
	hash    netproto.ContentHash
	printed time.Time // when its last new link was; zero for the first one
	state   string    // the notice that is in force; "" while it is shared
	omitted map[sharing.Reason]int
	notice  string // what the share itself had to say last
}

// newLookout returns the lookout of a peer with trackers, of which the person knows
// that some are silent.
func (p *program) newLookout(n *node.Node, ts node.Trackers) *lookout {
	l := &lookout{program: p, node: n, trackers: map[string]string{}, shares: map[string]*toldShare{}, banned: map[netproto.PublicKey]bool{}}
	for _, address := range ts.Silent() {
		l.trackers[address] = noticeTrackerLost
	}
	return l
}

// look tells what has happened to the trackers and the shares, and how others reach
// this peer.
func (l *lookout) look() {
	for _, s := range l.node.Engine.Trackers.Statuses() {
		l.tracker(s)
	}
	l.reachability(l.node.Engine.Reachability(), time.Now())
	if len(l.shares) == 0 {
		return
	}
	for _, s := range l.node.Engine.Shares.List() {
		if told := l.shares[s.ID]; told != nil {
			l.share(s, told, time.Now())
		}
	}
}

func (l *lookout) tracker(s membership.Status) {
	told := l.trackers[s.Address]
	switch s.State {
	case membership.StateConnected:
		if told != "" {
			l.program.notice(noticeEvent{Code: noticeTrackerBack, Tracker: s.Address, Message: "the tracker " + s.Address + " is back"})
			delete(l.trackers, s.Address)
		}
		return
	case membership.StateKeyChanged:
		if told != noticeKeyChanged {
			l.lost(s, noticeKeyChanged, cli.Sentence(replaceable(s.Err))+" It is joined again by itself when the known key is back.")
		}
		return
	case membership.StateReconnecting:
	default:
		return
	}
	switch netproto.CodeOf(s.Err) {
	case netproto.CodeBanned, netproto.CodeInvite, netproto.CodeDenied:
		if told != noticeRefused {
			l.lost(s, noticeRefused, "the tracker "+s.Address+" refuses this peer: "+cli.Sentence(s.Err))
		}
	default:
		if told == "" {
			l.lost(s, noticeTrackerLost, "the tracker is lost and tried again by itself: "+strings.TrimRight(s.Err.Error(), ". ")+".")
		}
	}
}

func (l *lookout) lost(s membership.Status, code, message string) {
	l.trackers[s.Address] = code
	l.program.notice(noticeEvent{Code: code, Tracker: s.Address, Message: message})
}

// announced tells about a share for the first time.
func (l *lookout) announced(s sharing.Share) {
	told := &toldShare{hash: s.Hash}
	l.shares[s.ID] = told
	l.program.shared(l.node, s)
	l.share(s, told, time.Now())
	if at := l.node.Engine.Trackers.Main(); at != nil && !l.local {
		if why := onlyHere(at.Address()); why != "" {
			l.local = true
			l.program.aside(noticeEvent{Code: noticeLinkLocal, Tracker: at.Address(), Message: why})
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
func (l *lookout) share(s sharing.Share, told *toldShare, now time.Time) {
	switch s.State {
	case sharing.StateMissing:
		l.unshared(s, told, noticeShareMissing, s.Path+" is gone: it is shared again when it is back")
	case sharing.StateFailed:
		if s.Err != nil {
			l.unshared(s, told, noticeShareFailed, s.Path+" is not shared: "+cli.Sentence(s.Err))
		}
	case sharing.StateEnded:
		l.unshared(s, told, noticeShareEnded, s.Path+" is no longer shared: its time or its count is over")
	case sharing.StateShared:
		l.shared(s, told, now)
	}
	l.noted(s, told)
}

// noted tells what the share itself has to say, as about files that never rest.
func (l *lookout) noted(s sharing.Share, told *toldShare) {
	if s.Notice == nil {
		told.notice = ""
		return
	}
	if text := s.Notice.Error(); text != told.notice {
		told.notice = text
		l.program.notice(noticeEvent{Code: string(netproto.CodeOf(s.Notice)), Path: s.Path, Message: s.Path + ": " + cli.Sentence(s.Notice)})
	}
}

func (l *lookout) unshared(s sharing.Share, told *toldShare, code, message string) {
	if told.state != code {
		told.state = code
		l.program.notice(noticeEvent{Code: code, Path: s.Path, Message: message})
	}
}

// shared tells that a share is back, and its new link.
func (l *lookout) shared(s sharing.Share, told *toldShare, now time.Time) {
	done, err := l.node.Engine.Trackers.Announced(s.Hash)
	if err != nil && told.state != noticeRefused {
		switch netproto.CodeOf(err) {
		case netproto.CodeKeyChanged, netproto.CodeInvite, netproto.CodeBanned: // of the tracker: told
		default:
			l.unshared(s, told, noticeRefused, s.Path+" is refused by the tracker: "+cli.Sentence(err))
		}
		return
	}
	if !done {
		return
	}
	if told.state != "" {
		told.state = ""
		l.program.notice(noticeEvent{Code: noticeShareBack, Path: s.Path, Message: s.Path + " is shared again"})
	}
	if s.Hash != told.hash && now.Sub(told.printed) >= linksEvery {
		told.hash, told.printed = s.Hash, now
		l.program.notice(noticeEvent{Code: noticeLinkChanged, Path: s.Path, Link: l.node.Engine.LinkOf(s),
			Message: s.Path + " has changed: its old link finds nothing now, here is the new one"})
		l.program.shared(l.node, s)
	}
	l.leftOut(s, told)
}

// leftOut tells what the share leaves out, when that has changed. Files that change
// are left out for a moment only: [lookout.noted] names one that goes on changing.
func (l *lookout) leftOut(s sharing.Share, told *toldShare) {
	counts := maps.Clone(s.Omitted.Counts)
	delete(counts, sharing.Changing)
	if maps.Equal(counts, told.omitted) {
		return
	}
	told.omitted = counts
	if len(counts) > 0 {
		l.program.notice(l.program.leftOut(s))
	}
}

// download tells which sources of a download were banned.
func (l *lookout) download(d queue.Download) {
	details, err := l.node.Engine.Downloads.Details(d.ID)
	if err != nil {
		return
	}
	for _, s := range details.Sources {
		if s.State == swarm.SourceBanned && !l.banned[s.Key] {
			l.banned[s.Key] = true
			l.program.notice(noticeEvent{Code: noticeSourceBanned,
				Message: "the peer " + s.Name + " at " + s.Address + " sent wrong bytes and is not asked again"})
		}
	}
}

// untilStopped looks around until ctx ends.
func (l *lookout) untilStopped(ctx context.Context) {
	changed := l.node.Engine.Watch(ctx)
	look := pulse.NewTicker(lookEvery)
	defer look.Stop()
	for {
		l.look()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-look.C:
		}
	}
}
