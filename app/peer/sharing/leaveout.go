package sharing

import (
	"path"
	"path/filepath"
	"strings"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// Reason is why something in a folder is not shared.
type Reason string

// The reasons. What the person unticked and unfinished downloads have none: nobody
// misses them.
const (
	Ignored    Reason = "ignored" // by a pattern of the settings
	Link       Reason = "link"    // a symbolic one
	Special    Reason = "special" // a socket, a device, a pipe, or what the system makes up, as in /proc
	Unreadable Reason = "unreadable"
	TooLarge   Reason = "too-large"
	TooLong    Reason = "path-too-long" // too long, or in too many folders, for others
	Secret     Reason = "secret"        // it looks like a key or a password, and the person did not allow it
	Own        Reason = "own"           // a profile, a tracker's data, or a key of this program
	Changing   Reason = "changing"      // whenever it is looked at
)

// leaveOut holds the rules for what a share excludes.
type leaveOut struct {
	except   map[string]struct{} // slash-separated paths
	allow    map[string]struct{} // secrets that the person allowed
	allowAll bool
	secrets  bool // the share itself is a folder of secrets, or lies in one
	pattern  *ignore.Patterns
}

// itself stands for a shared file among the paths that are allowed.
const itself = "."

func newLeaveOut(r library.Share, pattern *ignore.Patterns) *leaveOut {
	l := &leaveOut{except: map[string]struct{}{}, allow: map[string]struct{}{}, allowAll: r.AllowAll,
		secrets: ignore.SecretPath(filepath.ToSlash(r.Path) + "/"), pattern: pattern}
	for _, p := range r.Except {
		l.except[p] = struct{}{}
	}
	for _, p := range r.Allow {
		l.allow[p] = struct{}{}
	}
	return l
}

// allows reports whether a file may be shared even if it is a secret; "" is the share
// itself.
func (l *leaveOut) allows(rel string) bool {
	if rel == "" {
		rel = itself
	}
	_, ok := l.allow[rel]
	return ok || l.allowAll
}

// one tells whether a path is left out, if the folders above it are not.
func (l *leaveOut) one(rel string, folder bool) bool {
	return l.silently(rel) || l.pattern.Match(rel, folder)
}

// silently tells whether a path is left out for no [Reason].
func (l *leaveOut) silently(rel string) bool {
	_, excepted := l.except[rel]
	return excepted || strings.HasPrefix(path.Base(rel), netproto.PartPrefix)
}

// below tells whether a file is left out, by itself or with a folder above it.
func (l *leaveOut) below(rel string) bool {
	for i, c := range rel {
		if c == '/' && l.one(rel[:i], true) {
			return true
		}
	}
	return l.one(rel, false) || l.secret(rel) && !l.allows(rel)
}

// secret reports whether the name of a file, or of a folder above it, is one of
// secrets.
func (l *leaveOut) secret(rel string) bool { return l.secrets || ignore.SecretPath(rel) }
