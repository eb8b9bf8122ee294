package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// shellWords splits the line of an example like a shell, as far as the examples
// need it: words, some of them quoted.
var shellWords = regexp.MustCompile(`'[^']*'|"[^"]*"|\$\([^)]*\)|[^\s$]+(\$\([^)]*\)\S*)?`)

// everyCommand returns a command and all below it that help lists.
func everyCommand(above *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{above}
	for _, c := range above.Commands() {
		list = append(list, everyCommand(c)...)
	}
	return list
}

func TestTheExamplesOfEveryCommandCanBeTyped(t *testing.T) {
	for _, cmd := range everyCommand(newProgram(Streams{}, nil, nil).root()) {
		if !strings.HasPrefix(strings.TrimSpace(cmd.Example), "centralizedp2p ") {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			typed, _, _ := strings.Cut(strings.TrimSpace(line), "   ") // an explanation follows
			typed, _, _ = strings.Cut(typed, " |")
			typed, _, _ = strings.Cut(typed, " > ")
			if !strings.HasPrefix(typed, "sudo ") {
				checkExample(t, typed)
			}
		}
	}
}

func checkExample(t *testing.T, typed string) {
	t.Helper()
	words := shellWords.FindAllString(typed, -1)
	if len(words) == 0 || words[0] != "centralizedp2p" {
		t.Errorf("%q does not begin with the name of the program", typed)
		return
	}
	for i := range words {
		words[i] = strings.Trim(words[i], `'"`)
	}
	root := newProgram(Streams{}, nil, nil).root()
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		t.Errorf("%q: %v", typed, err)
		return
	}
	ran := false
	cmd.Run, cmd.RunE = nil, func(*cobra.Command, []string) error { ran = true; return nil }
	root.SetArgs(append(strings.Fields(cmd.CommandPath())[1:], rest...))
	root.SetOut(io.Discard)
	if err := root.Execute(); err != nil || !ran {
		t.Errorf("%q: %v", typed, err)
	}
}

func TestTheManualNamesEveryCommandAndFlag(t *testing.T) {
	var out bytes.Buffer
	if code := Run(t.Context(), []string{"man"}, Streams{Out: &out, Err: io.Discard}, nil); code != exitDone {
		t.Fatalf("it ends with %d", code)
	}
	page := strings.ReplaceAll(out.String(), `\-`, "-")
	for _, cmd := range everyCommand(newProgram(Streams{}, nil, nil).root()) {
		if cmd.Hidden || cmd.Name() == "help" {
			continue
		}
		if name, ok := strings.CutPrefix(cmd.CommandPath(), "centralizedp2p "); ok && !strings.Contains(page, `.SS "`+name) {
			t.Errorf("%q is not in the manual", name)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(page, "--"+f.Name) {
				t.Errorf("%s --%s is not in the manual", cmd.CommandPath(), f.Name)
			}
		})
	}
	for line := range strings.Lines(page) {
		if macro, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(macro, ".") &&
			!slices.Contains([]string{".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".br", ".nf", ".fi", ".RS", ".RE"}, macro) {
			t.Errorf("a line begins like a macro: %q", line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e || r < ' ' && r != '\n' }) {
			t.Errorf("characters that not every manual shows: %q", line)
		}
	}
}

// town is a tracker with a peer that shares a file.
type town struct {
	tracker *node.OwnTracker
	hash    netproto.ContentHash
	link    string
}

// build starts a town; the test ends it.
func build(t *testing.T, name string, size int64) town {
	t.Helper()
	dir := t.TempDir()
	tracker, err := node.StartTracker(filepath.Join(dir, "tracker"), "127.0.0.1:0", "town", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, tracker) })
	free := 0
	alice, err := node.Open(t.Context(), node.Options{Profile: filepath.Join(dir, "alice"), Listen: &free, SeedClients: netproto.SeedOff, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, alice) })
	client, err := trackerclient.New(alice.Library.Identity(), tracker.Address, tracker.Fingerprint, alice.Library)
	if err != nil {
		t.Fatal(err)
	}
	alice.Engine.Trackers.Use(client)
	file := filepath.Join(dir, name)
	if err := writeRandom(file, size); err != nil {
		t.Fatal(err)
	}
	id, err := alice.Engine.Shares.Add(file, sharing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	share, err := alice.Engine.Shares.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return town{tracker: tracker, hash: share.Hash, link: alice.Engine.LinkOf(share)}
}

func closeIt(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestATerminalShowsABarAndIsCleanInTheEnd(t *testing.T) {
	long := strings.Repeat("a very long name ", 12) + ".mkv"
	town := build(t, long, 8<<20)
	var out, bar bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	profile, to := t.TempDir(), t.TempDir()
	if err := limitDownload(profile, 8<<20); err != nil { // so that there is something to see
		t.Fatal(err)
	}
	code := Run(ctx, []string{"get", "--profile", profile, "--to", to, town.link}, Streams{Out: &out, Err: &bar, Terminal: true}, nil)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, bar.String())
	}
	checkClean(t, bar.String())
	if !strings.Contains(bar.String(), "a very long …") || !strings.Contains(bar.String(), "%") {
		t.Errorf("there was no bar with the name: %q", bar.String())
	}
	for line := range strings.SplitSeq(bar.String(), "\r") {
		if n := len([]rune(line)); n > 80 && !strings.HasPrefix(line, "centralizedp2p: ") {
			t.Errorf("a line of %d characters: %q", n, line)
		}
	}
	if !strings.HasPrefix(out.String(), "Saved "+to) {
		t.Errorf("it says %q", out.String())
	}
}

func TestALinkIsAVisitUnlessNoTrackerWasKnown(t *testing.T) {
	town := build(t, "song.flac", 1000)
	for _, known := range []bool{false, true} {
		profile := t.TempDir()
		l, err := library.Open(profile)
		if err != nil {
			t.Fatal(err)
		}
		if known {
			err = l.TrackerReached("192.0.2.7:5000", netproto.Fingerprint{1}, "another one", nil, nil)
		}
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		var out, told bytes.Buffer
		if code := Run(t.Context(), []string{"get", "--profile", profile, "--to", t.TempDir(), town.link}, Streams{Out: &out, Err: &told}, nil); code != exitDone {
			t.Fatalf("exit code %d: %s", code, told.String())
		}
		if l, err = library.Open(profile); err != nil {
			t.Fatal(err)
		}
		settings, err := l.Settings()
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		want, says := town.tracker.Address, "is the default from now on"
		if known {
			want, says = "", ""
		}
		if settings.Tracker != want || (says == "") != (told.Len() == 0) || !strings.Contains(told.String(), says) {
			t.Errorf("another tracker is known: %v; the default is %q, it says %q", known, settings.Tracker, told.String())
		}
	}
}

// checkClean complains about what is left on the last line of a terminal.
func checkClean(t *testing.T, drawn string) {
	t.Helper()
	lines := strings.Split(drawn, "\r")
	if last := lines[len(lines)-1]; strings.TrimSpace(strings.TrimPrefix(last, "\x1b[2K")) != "" {
		t.Errorf("%q is left on the terminal", last)
	}
}

func TestADoubleClickOnWindowsRunsTheProgram(t *testing.T) {
	before := cobra.MousetrapHelpText
	defer func() { cobra.MousetrapHelpText = before }()
	cobra.MousetrapHelpText = "this is a command line tool"
	if code := Run(t.Context(), []string{"--version"}, Streams{Out: io.Discard, Err: io.Discard}, nil); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if cobra.MousetrapHelpText != "" {
		t.Error("cobra ends a program that the Explorer starts")
	}
}

func TestARunThatIsToldToStopEndsAtOnce(t *testing.T) {
	town := build(t, "film.mkv", 1<<20)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	shared := make(chan struct{})
	ended := make(chan int, 1)
	profile := t.TempDir()
	file := filepath.Join(t.TempDir(), "song.flac")
	if err := writeRandom(file, 1000); err != nil {
		t.Fatal(err)
	}
	go func() {
		ended <- Run(ctx, []string{"share", "--profile", profile, "--tracker", town.tracker.Address, "--listen", "0", file},
			Streams{Out: &signalling{on: "Sharing until", found: shared}, Err: io.Discard}, nil)
	}()
	select {
	case <-shared:
	case code := <-ended:
		t.Fatalf("it ended with exit code %d", code)
	}
	began := time.Now()
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}

// signalling closes found when a text is written.
type signalling struct {
	on    string
	found chan struct{}
	seen  bytes.Buffer
}

func (s *signalling) Write(p []byte) (int, error) {
	before := strings.Contains(s.seen.String(), s.on)
	s.seen.Write(p)
	if !before && strings.Contains(s.seen.String(), s.on) {
		close(s.found)
	}
	return len(p), nil
}
