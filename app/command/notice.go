package command

import (
	"fmt"
	"strings"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// The codes of notices.
const (
	noticeTrackerLost    = "tracker-lost"
	noticeTrackerBack    = "tracker-back"
	noticeKeyChanged     = "tracker-key-changed"
	noticeRefused        = "tracker-refuses" // banned, not invited
	noticeTrackerDefault = "tracker-default"
	noticeLinkLocal      = "link-local"
	noticeLinkChanged    = "link-changed"
	noticeShareMissing   = "share-missing"
	noticeShareBack      = "share-back"
	noticeShareFailed    = "share-failed"
	noticeShareEnded     = "share-ended"
	noticeLeftOut        = "left-out"
	noticeWaiting        = "waiting"
	noticeShut           = "source-behind-nat"
	noticeSourceBanned   = "source-banned"
	noticeCorrected      = "did-you-mean"
)

// noticeEvent tells about something that happened while a command goes on.
type noticeEvent struct {
	Event     string                 `json:"event"` // notice
	Code      string                 `json:"code"`
	Message   string                 `json:"message"`
	Tracker   string                 `json:"tracker,omitempty"`
	Path      string                 `json:"path,omitempty"`
	PathBytes string                 `json:"path_bytes,omitempty"`
	Link      string                 `json:"link,omitempty"`
	Words     string                 `json:"words,omitempty"`
	LeftOut   map[sharing.Reason]int `json:"left_out,omitempty"`
	Names     []leftOutName          `json:"names,omitempty"` // with --verbose
}

type leftOutName struct {
	Path      string         `json:"path"`
	PathBytes string         `json:"path_bytes,omitempty"`
	Why       sharing.Reason `json:"why"`
}

// notice tells the person one line on stderr, and with --json other programs one
// event. Every command that goes on says here what it would not fail for.
func (p *program) notice(n noticeEvent) {
	p.tell(n.Message)
	p.noticed(n)
}

// tell tells the person one line on stderr.
func (p *program) tell(message string) {
	if p.drawn != nil {
		p.drawn.end()
	}
	fmt.Fprintln(p.Err, "centralizedp2p: "+netproto.Printable(message))
}

// aside is a notice about the line that was just printed: it stands below it.
func (p *program) aside(n noticeEvent) {
	p.say("  (%s)", netproto.Printable(n.Message))
	p.noticed(n)
}

func (p *program) noticed(n noticeEvent) {
	if p.json {
		n.Event = "notice"
		n.Path, n.PathBytes = cli.PathText(n.Path)
		p.event(n)
	}
}

// reasons say why one or many things are left out of a share; the order is that of a
// sentence.
var reasons = []struct {
	why       sharing.Reason
	one, many string
	named     bool // without --verbose, too: the person will want to do something about it
}{
	{sharing.Unreadable, "cannot be read", "cannot be read", true},
	{sharing.TooLong, "has a path that is too long for others", "have a path that is too long for others", true},
	{sharing.TooLarge, "is too large", "are too large", true},
	{sharing.Secret, "looks like a key or a password, which --with-secrets shares", "look like keys or passwords, which --with-secrets shares", true},
	{sharing.Own, "is this program's own", "are this program's own", true},
	{sharing.Changing, "is changing now", "are changing now", true},
	{sharing.Link, "is a symbolic link", "are symbolic links", false},
	{sharing.Special, "is a socket, pipe or device", "are sockets, pipes or devices", false},
	{sharing.Ignored, "is ignored by the settings", "are ignored by the settings", false},
}

// examples is how many names a sentence about what is left out has.
const examples = 3

// leftOut is the notice about what a share leaves out.
func (p *program) leftOut(s sharing.Share) noticeEvent {
	var parts []string
	known := 0
	for _, r := range reasons {
		n := s.Omitted.Counts[r.why]
		if n == 0 {
			continue
		}
		known += n
		part := "1 " + r.one
		if n > 1 {
			part = fmt.Sprintf("%d %s", n, r.many)
		}
		if r.named {
			part += names(s.Omitted, r.why)
		}
		parts = append(parts, part)
	}
	if other := s.Omitted.Total() - known; other > 0 {
		parts = append(parts, fmt.Sprintf("%d for another reason", other))
	}
	n := noticeEvent{Code: noticeLeftOut, Path: s.Path, LeftOut: s.Omitted.Counts}
	n.Message = fmt.Sprintf("%s: left out of the share: %s", s.Path, strings.Join(parts, ", "))
	if !p.verbose {
		n.Message += "; --verbose names them"
		return n
	}
	for _, o := range s.Omitted.Named {
		path, raw := cli.PathText(o.Path)
		n.Names = append(n.Names, leftOutName{path, raw, o.Why})
	}
	return n
}

// names lists the first paths that are left out for a reason.
func names(o sharing.Omitted, why sharing.Reason) string {
	const most = 60 // columns of a path
	var list []string
	for _, l := range o.Named {
		if l.Why != why {
			continue
		}
		if len(list) == examples {
			list = append(list, "…")
			break
		}
		list = append(list, short(l.Path, most))
	}
	return " (" + strings.Join(list, ", ") + ")"
}
