package lookout

import (
	"fmt"
	"strings"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/tracker/cli"
)

// examples is how many names a sentence about what is left out has.
const examples = 3

// leftOutNotice is the notice about what a share leaves out.
func leftOutNotice(s sharing.Share, verbose bool) screen.Notice {
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
	n := screen.Notice{Code: screen.NoticeLeftOut, Path: s.Path, LeftOut: s.Omitted.Counts}
	n.Message = fmt.Sprintf("%s: left out of the share: %s", s.Path, strings.Join(parts, ", "))
	if !verbose {
		n.Message += "; --verbose names them"
		return n
	}
	for _, o := range s.Omitted.Named {
		path, raw := cli.PathText(o.Path)
		n.Names = append(n.Names, screen.LeftOut{Path: path, PathBytes: raw, Why: o.Why})
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
		list = append(list, screen.Short(l.Path, most))
	}
	return " (" + strings.Join(list, ", ") + ")"
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
