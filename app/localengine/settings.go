package localengine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/onfinished"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// preferences implements [face.Preferences].
type preferences struct {
	*core
	own *ownTracker
}

// Settings returns the settings in force.
func (p *preferences) Settings(context.Context) (face.Settings, error) {
	s, err := p.settings()
	return face.Settings{
		Name: s.Name, DownloadFolder: s.DownloadDir, DownloadsAtOnce: s.MaxDownloads, UploadSlots: s.UploadSlots,
		Port: s.ListenPort, TrackerPort: s.TrackerPort, DownLimit: s.DownLimit, UpLimit: s.UpLimit, SeedClients: s.SeedClients,
		ShareDownloads: s.ShareDownloads, AdaptiveSlots: s.AdaptiveSlots, LocalExempt: s.LocalExempt, PoliteUploads: s.PoliteUploads,
		Preallocate: s.Preallocate, QuickDown: s.QuickDown, QuickUp: s.QuickUp, RouterPort: s.RouterPort, Calls: s.Calls, Relay: s.Relay,
		Ignore: strings.Join(s.Ignore, "\n"), GentleHashing: s.GentleHashing, Unlisted: s.Unlisted,
		Timetable: face.Timetable(s.Timetable), KeepAwake: s.KeepAwake, OnFinished: s.OnFinished,
	}, err
}

// ApplySettings checks, applies and saves the settings. The folder and the port
// are tried only if they change: those chosen before may be gone or taken by
// now, which is no reason to refuse another name.
func (p *preferences) ApplySettings(_ context.Context, s face.Settings) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	saved, err := p.settings()
	if err != nil {
		return err
	}
	invalid := outOfRange(s)
	if s.DownloadFolder != saved.DownloadDir {
		if err := usable(s.DownloadFolder); err != nil {
			invalid[face.FieldDownloadFolder] = face.FailureOf(err)
		}
	}
	if len(invalid) > 0 {
		return invalid
	}
	moved := s.Port != saved.ListenPort
	saved.Name, saved.DownloadDir = strings.TrimSpace(s.Name), s.DownloadFolder
	saved.MaxDownloads, saved.UploadSlots = s.DownloadsAtOnce, s.UploadSlots
	saved.ListenPort, saved.DownLimit, saved.UpLimit, saved.SeedClients = s.Port, s.DownLimit, s.UpLimit, s.SeedClients
	saved.TrackerPort = s.TrackerPort
	saved.ShareDownloads, saved.AdaptiveSlots = s.ShareDownloads, s.AdaptiveSlots
	saved.LocalExempt, saved.PoliteUploads, saved.Preallocate = s.LocalExempt, s.PoliteUploads, s.Preallocate
	saved.QuickDown, saved.QuickUp = s.QuickDown, s.QuickUp
	saved.RouterPort, saved.Calls, saved.Relay = s.RouterPort, s.Calls, s.Relay
	saved.Ignore, saved.GentleHashing = patternLines(s.Ignore), s.GentleHashing
	saved.Unlisted, saved.KeepAwake, saved.Timetable = s.Unlisted, s.KeepAwake, library.Timetable(s.Timetable)
	saved.OnFinished = s.OnFinished
	if err := saved.Validate(); err != nil { // what cannot be saved must not be in force
		return err
	}
	applied := saved
	if !moved {
		applied.ListenPort = 0 // keeps the port that it has
	}
	if err := p.node.Apply(applied); err != nil { // only the port can fail
		return face.InvalidSettings{face.FieldPort: face.FailureOf(err)}
	}
	if own, _ := p.own.state(); own != nil {
		own.MapPort(p.node.MayMapPort(saved))
	}
	return coded(p.library.SaveSettings(saved))
}

// SetQuickLimit switches between the usual limits and the quick ones.
func (p *preferences) SetQuickLimit(_ context.Context, on bool) error {
	if err := p.changeSettings(func(s *library.Settings) { s.QuickLimit = on }); err != nil {
		return err
	}
	p.engine.SetQuickLimit(on)
	return nil
}

// FirstStartOver notes that the questions of the first start need not be asked again.
func (p *preferences) FirstStartOver() error {
	return p.changeSettings(func(s *library.Settings) { s.Started = true })
}

// TestPort asks the tracker to connect to this peer.
func (p *preferences) TestPort(ctx context.Context) (netproto.Reachability, error) {
	reachable, err := p.engine.Trackers.TestPort(ctx)
	return reachable, coded(err)
}

// outOfRange returns the fields with impossible values.
func outOfRange(s face.Settings) face.InvalidSettings {
	invalid := face.InvalidSettings{}
	refuse := func(field face.Field, format string, args ...any) {
		invalid[field] = face.Failure{Code: netproto.CodeInvalid, Detail: fmt.Sprintf(format, args...)}
	}
	if name := strings.TrimSpace(s.Name); name == "" || len(name) > netproto.MaxPeerName {
		refuse(face.FieldName, "the name must have 1 to %d bytes", netproto.MaxPeerName)
	} else if netproto.Printable(name) != name {
		refuse(face.FieldName, "the name must not have invisible characters")
	}
	if s.DownloadsAtOnce < 1 || s.DownloadsAtOnce > face.MaxDownloadsAtOnce {
		refuse(face.FieldDownloadsAtOnce, "1 to %d downloads can run at once", face.MaxDownloadsAtOnce)
	}
	if s.UploadSlots < 1 || s.UploadSlots > face.MaxUploadSlots {
		refuse(face.FieldUploadSlots, "1 to %d peers can be served at once", face.MaxUploadSlots)
	}
	if s.Port < 0 || s.Port > 65535 {
		refuse(face.FieldPort, "a port is a number from 1 to 65535, or 0 for a free one")
	}
	if s.TrackerPort < 0 || s.TrackerPort > 65535 {
		refuse(face.FieldTrackerPort, "a port is a number from 1 to 65535, or 0 for the usual one")
	}
	const day = 24 * 60 // minutes
	if t := s.Timetable; min(t.From, t.To) < 0 || max(t.From, t.To) >= day {
		refuse(face.FieldTimetable, "a time of the day is from 00:00 to 23:59")
	}
	for field, limit := range map[face.Field]int64{face.FieldDownLimit: s.DownLimit, face.FieldUpLimit: s.UpLimit,
		face.FieldQuickDown: s.QuickDown, face.FieldQuickUp: s.QuickUp} {
		if limit < 0 {
			refuse(field, "a limit cannot be negative")
		}
	}
	if _, err := netproto.ParseSeedPolicy(string(s.SeedClients)); err != nil {
		invalid[face.FieldSeedClients] = face.FailureOf(err)
	}
	if _, err := ignore.Parse(patternLines(s.Ignore)); err != nil {
		invalid[face.FieldIgnore] = face.FailureOf(err)
	}
	if _, err := onfinished.Parse(s.OnFinished); err != nil {
		invalid[face.FieldOnFinished] = face.FailureOf(err)
	}
	return invalid
}

// patternLines returns the ignore patterns that a person wrote, one per line.
func patternLines(text string) []string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// usable finds out by trying whether downloads can be put into a folder:
// permissions alone do not tell. A folder that does not exist yet is made by the
// first download; its nearest existing parent is tried.
func usable(dir string) error {
	if !filepath.IsAbs(dir) {
		return netproto.Errorf(netproto.CodeInvalid, "the folder must be given by its absolute path")
	}
	info, err := os.Stat(dir)
	for errors.Is(err, os.ErrNotExist) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	if !info.IsDir() {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s is a file", dir)
	}
	if err := piece.OnDisk(dir, netproto.CodeFolderUnwritable); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, netproto.PartPrefix+"try-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}
