// Package version says which build of the programs this is. If the builder named an
// address, it also asks there for the newest release.
//
// A build sets what the linker can set:
//
//	go build -ldflags "-X centralizedp2p/netproto/version.commit=4a9c4ca…
//	  -X centralizedp2p/netproto/version.date=2026-11-26T19:35:14Z
//	  -X centralizedp2p/netproto/version.releases=https://example.org/latest.json"
//
// Without them, commit and date are those that the go command noted, and nothing is
// asked.
package version

import (
	"runtime"
	"runtime/debug"
)

// Number is the version of both programs; FyneApp.toml says the same.
const Number = "0.1.0"

var commit, date, releases string

// Build is what is known about a build.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`  // of git, in full
	Date    string `json:"date,omitempty"`    // of the commit, as in RFC 3339
	Changed bool   `json:"changed,omitempty"` // it has changes that are in no commit
	Go      string `json:"go"`
	System  string `json:"system"`
}

// Here returns the build that runs.
func Here() Build {
	b := Build{Version: Number, Commit: commit, Date: date, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && b.Commit == "" {
		b.readSettings(info.Settings)
	}
	return b
}

func (b *Build) readSettings(settings []debug.BuildSetting) {
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
}

// String returns the build for people, like "0.1.0 (4a9c4ca, 2026-11-26)".
func (b Build) String() string {
	if b.Commit == "" {
		return b.Version
	}
	text := b.Version + " (" + b.Commit[:min(len(b.Commit), 7)]
	if b.Changed {
		text += " with changes"
	}
	if b.Date != "" {
		text += ", " + b.Date[:min(len(b.Date), len("2006-01-02"))]
	}
	return text + ")"
}
