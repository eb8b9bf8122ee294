package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

// said runs a command and checks what it prints: lines that can be shown, JSON if that
// was asked for, one sentence about what went wrong, and an exit code of ours.
func said(t *testing.T, args ...string) (code int) {
	t.Helper()
	var out, failed bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &failed}, nil)
	nametest.Lines(t, "stdout", out.String())
	nametest.Lines(t, "stderr", failed.String())
	if code < exitDone || code > exitNothing || code != exitDone && failed.Len()+out.Len() == 0 {
		t.Errorf("%.300q ended with %d and said nothing", args, code)
	}
	flags := args
	if end := slices.Index(args, "--"); end >= 0 {
		flags = args[:end] // what follows is no flag
	}
	if slices.Contains(flags, "--json") && !slices.Contains(flags, "--help") { // help is for people
		for line := range strings.Lines(out.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%.300q: %.300q is no JSON", args, line)
			}
		}
	}
	if most := 4 * (len(strings.Join(args, " ")) + 4<<10); failed.Len() > most {
		t.Errorf("%.300q said %d bytes", args, failed.Len())
	}
	return code
}

// The ways into the command line go one after the other, since a run sets what is global
// in cobra. Each takes a share of the names in full, another one than the way before, so
// that all of them come in. A name stands last: one that is a flag finds no value.
func TestHostileNamesOnTheCommandLine(t *testing.T) {
	const shares = 4
	town := build(t, "song.flac", 1000)
	here, profile, to := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(here)
	common := []string{"--profile", profile, "--tracker", town.link[:strings.Index(town.link, "/"+town.hash.String())]}
	shared := func(name string) string { return filepath.Join(here, "none", name) }
	names := nametest.Some()
	for i, way := range []struct {
		name string
		args func(name string) []string
	}{
		{"search", func(name string) []string { return append(append([]string{"search"}, common...), "--", name) }}, // what follows "--" is no flag
		{"search --json", func(name string) []string { return append(append([]string{"search", "--json"}, common...), name) }},
		{"get", func(name string) []string {
			return append(append([]string{"get", "--to", to, "--json"}, common...), name)
		}},
		{"share", func(name string) []string { return append([]string{"share", shared(name)}, common...) }},
		{"a command", func(name string) []string { return []string{name} }},
		{"a flag", func(name string) []string { return []string{"--" + name} }},
		{"--tracker", func(name string) []string {
			return []string{"search", "x", "--profile", profile, "--tracker", name + ":x"}
		}},
		{"trackers forget", func(name string) []string { return []string{"trackers", "forget", "--profile", profile, name} }},
		{"a setting's value", func(name string) []string { return []string{"tracker", "systemd-unit", "--listen", name} }},
	} {
		tried := 0
		for k, n := range names {
			if strings.Contains(n.Text, "\x00") || len(n.Text) > 8<<10 { // no system passes the one, and few the other
				continue
			}
			if len(names) > shares*nametest.Least && k%shares != i%shares {
				continue
			}
			// Some names lead up to what this computer has: share would offer it until it is stopped.
			if _, err := os.Lstat(shared(n.Text)); way.name == "share" && err == nil {
				continue
			}
			said(t, way.args(n.Text)...)
			tried++
		}
		nametest.Tried(t, tried, "the command line: "+way.name)
	}
	empty(t, here)
	empty(t, to)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if found, err := os.ReadDir(dir); err != nil || len(found) != 0 {
		t.Errorf("in the folder are %v, %v", found, err)
	}
}

func TestALinkWithAHostileNameIsFetchedIntoTheFolder(t *testing.T) {
	const ofOneTracker = 40 // which has a peer, and an address, wait that ask more often
	var link netproto.Link
	profile, parent := "", t.TempDir()
	tried, seldom := 0, nametest.Some()
	for i := 0; i < len(seldom); i += 4 { // each opens a profile and joins a tracker
		n := seldom[i]
		if len(n.Text) > 1000 {
			continue
		}
		if tried%ofOneTracker == 0 {
			var err error
			if link, err = netproto.ParseLink(build(t, "song.flac", 1000).link); err != nil {
				t.Fatal(err)
			}
			profile = t.TempDir()
		}
		link.Name = n.Text
		to := filepath.Join(parent, strconv.Itoa(i)) // the profile remembers what went where
		if code := said(t, "get", link.String(), "--to", to, "--profile", profile); code != exitDone {
			t.Errorf("%.100q: exit code %d", n.Text, code)
		}
		found, err := os.ReadDir(to)
		if err != nil || len(found) != 1 || netproto.CheckName(found[0].Name()) != nil || n.Accept && found[0].Name() != n.Text {
			t.Errorf("%.100q was saved as %v, %v", n.Text, found, err)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		empty(t, parent)
		tried++
	}
	nametest.Tried(t, tried, "links given to get")
}
