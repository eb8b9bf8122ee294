package lookout

import (
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// sharedEvent says that a file or folder is announced.
type sharedEvent struct {
	Event     string               `json:"event"` // shared
	Hash      netproto.ContentHash `json:"hash"`
	Size      int64                `json:"size"` // bytes
	Name      string               `json:"name"`
	Path      string               `json:"path"`
	PathBytes string               `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
	Link      string               `json:"link"`
	Files     *int                 `json:"files,omitempty"` // of a folder only
}

// tellShared prints a share and its link.
func (l *Lookout) tellShared(s sharing.Share, link string) {
	e := sharedEvent{Event: "shared", Hash: s.Hash, Size: s.Size, Name: s.Name, Link: link}
	e.Path, e.PathBytes = cli.PathText(s.Path)
	what := screen.Size(e.Size)
	if s.Folder {
		e.Files = &s.Files
		what = screen.Count(s.Files, "file") + ", " + what
	}
	l.screen.Report(e, "%s (%s)\n  %s", netproto.Printable(e.Name), what, e.Link)
}
