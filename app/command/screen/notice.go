package screen

import (
	"fmt"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// The codes of notices.
const (
	NoticeTrackerLost    = "tracker-lost"
	NoticeTrackerBack    = "tracker-back"
	NoticeKeyChanged     = "tracker-key-changed"
	NoticeRefused        = "tracker-refuses" // banned, not invited
	NoticeTrackerDefault = "tracker-default"
	NoticeLinkLocal      = "link-local"
	NoticeLinkChanged    = "link-changed"
	NoticeShareMissing   = "share-missing"
	NoticeShareBack      = "share-back"
	NoticeShareFailed    = "share-failed"
	NoticeShareEnded     = "share-ended"
	NoticeLeftOut        = "left-out"
	NoticeWaiting        = "waiting"
	NoticeShut           = "source-behind-nat"
	NoticeSourceBanned   = "source-banned"
	NoticeCorrected      = "did-you-mean"
)

// Notice tells about something that happened while a command goes on.
type Notice struct {
	Event     string                 `json:"event"` // notice
	Code      string                 `json:"code"`
	Message   string                 `json:"message"`
	Tracker   string                 `json:"tracker,omitempty"`
	Path      string                 `json:"path,omitempty"`
	PathBytes string                 `json:"path_bytes,omitempty"`
	Link      string                 `json:"link,omitempty"`
	Words     string                 `json:"words,omitempty"`
	LeftOut   map[sharing.Reason]int `json:"left_out,omitempty"`
	Names     []LeftOut              `json:"names,omitempty"` // with --verbose
}

// LeftOut is a file that a share leaves out.
type LeftOut struct {
	Path      string         `json:"path"`
	PathBytes string         `json:"path_bytes,omitempty"`
	Why       sharing.Reason `json:"why"`
}

// Notice tells the person one line on stderr, and with --json other programs one
// event. Every command that goes on says here what it would not fail for.
func (s *Screen) Notice(n Notice) {
	s.Tell(n.Message)
	s.noticed(n)
}

// Tell tells the person one line on stderr.
func (s *Screen) Tell(message string) {
	if s.shown != nil {
		s.shown.End()
	}
	fmt.Fprintln(s.Err, "centralizedp2p: "+netproto.Printable(message))
}

// Aside is a notice about the line that was just printed: it stands below it.
func (s *Screen) Aside(n Notice) {
	s.Say("  (%s)", netproto.Printable(n.Message))
	s.noticed(n)
}

func (s *Screen) noticed(n Notice) {
	if s.JSON {
		n.Event = "notice"
		n.Path, n.PathBytes = cli.PathText(n.Path)
		s.Event(n)
	}
}
