package onfinished

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// The test binary is the program that is run: it notes its arguments and what it learned.
func TestMain(m *testing.M) {
	if note := os.Getenv("ONFINISHED_NOTE"); note != "" {
		var learned []string
		for _, pair := range os.Environ() {
			if strings.HasPrefix(pair, "CP2P_FINISHED") {
				learned = append(learned, pair)
			}
		}
		slices.Sort(learned)
		file, err := os.OpenFile(note, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = file.WriteString(strings.Join(append(os.Args[1:], learned...), "\n") + "\n")
		}
		for until := os.Getenv("ONFINISHED_UNTIL"); slices.Contains(os.Args, "wait"); time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(until); err == nil {
				os.Exit(0)
			}
		}
		if err != nil || slices.Contains(os.Args, "fail") {
			os.Exit(7)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestACommandIsSplitWithoutAShell(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                   nil,
		"   ":                                nil,
		"notify":                             {"notify"},
		`C:\Tools\a.exe  -x "two words" ''`:  {`C:\Tools\a.exe`, "-x", "two words", ""},
		`a $HOME ; rm -rf * | b > c $(d) \n`: {"a", "$HOME", ";", "rm", "-rf", "*", "|", "b", ">", "c", "$(d)", `\n`},
		`say "it's"done`:                     {"say", "it'sdone"},
	} {
		if got, err := Parse(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	for _, line := range []string{`a "b`, "a 'b", `"" a`, "a\nb", "a\x00b", strings.Repeat("a ", 100), strings.Repeat("a", MaxBytes+1)} {
		if _, err := Parse(line); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%.20q: %v", line, err)
		}
	}
}

func TestTheProgramLearnsWhatIsFinished(t *testing.T) {
	dir := t.TempDir()
	note := filepath.Join(dir, "note")
	t.Setenv("ONFINISHED_NOTE", note)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := `"` + self + `" "an argument" '$(touch ` + filepath.Join(dir, "shell") + `)'`
	var log bytes.Buffer
	r := New(func() string { return line }, slog.New(slog.NewTextHandler(&log, nil)))
	hostile := "a; touch shell $(touch shell) `touch shell`.txt"
	r.Finished(File{Downloaded, hostile, filepath.Join(dir, hostile), netproto.ContentHash{7}, 12})
	r.Finished(File{Received, "b", filepath.Join(dir, "b"), netproto.ContentHash{8}, 0})
	r.Close()
	r.Close()
	text, err := os.ReadFile(note)
	want := []string{"an argument", "$(touch " + filepath.Join(dir, "shell") + ")", "CP2P_FINISHED=download",
		"CP2P_FINISHED_HASH=" + netproto.ContentHash{7}.String(), "CP2P_FINISHED_NAME=" + hostile, "CP2P_FINISHED_PATH=" + filepath.Join(dir, hostile),
		"CP2P_FINISHED_SIZE=12", "an argument"}
	if got := strings.Split(string(text), "\n"); err != nil || len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "shell")); err == nil || log.Len() > 0 {
		t.Errorf("a shell ran, or it says %q", log.String())
	}
}

func TestAProgramThatFailsOrIsNotThereHarmsNothing(t *testing.T) {
	t.Setenv("ONFINISHED_NOTE", filepath.Join(t.TempDir(), "note"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"/none/such", `"` + self + `" fail`, `a "b`} {
		var log bytes.Buffer
		r := New(func() string { return line }, slog.New(slog.NewTextHandler(&log, nil)))
		r.Finished(File{})
		r.Close()
		if strings.Count(log.String(), "the program for finished downloads failed") != 1 {
			t.Errorf("%s: %q", line, log.String())
		}
	}
	var log bytes.Buffer
	off := New(func() string { return "" }, slog.New(slog.NewTextHandler(&log, nil)))
	off.Finished(File{})
	off.Close()
	if log.Len() > 0 {
		t.Errorf("without a program it says %q", log.String())
	}
}

func TestAProgramThatTakesLongHoldsUpNoOther(t *testing.T) {
	note, until := filepath.Join(t.TempDir(), "note"), filepath.Join(t.TempDir(), "until")
	t.Setenv("ONFINISHED_NOTE", note)
	t.Setenv("ONFINISHED_UNTIL", until)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 3)
	lines <- `"` + self + `" wait`
	lines <- `"` + self + `" second`
	lines <- `"` + self + `" third`
	var log bytes.Buffer
	r := newRunner(func() string { return <-lines }, slog.New(slog.NewTextHandler(&log, nil)), 10*time.Millisecond, MaxTime)
	for range 3 {
		r.Finished(File{})
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(note)
		if strings.Contains(string(text), "second\n") && strings.Contains(string(text), "third\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("beside the first one there is %q", text)
		}
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil { // only now the first one ends
		t.Fatal(err)
	}
	r.Close()
	<-r.ended
	if log.Len() > 0 {
		t.Errorf("it says %q", log.String())
	}
}

func TestAProgramThatNeverEndsIsEnded(t *testing.T) {
	t.Setenv("ONFINISHED_NOTE", filepath.Join(t.TempDir(), "note"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	r := newRunner(func() string { return `"` + self + `" wait` }, slog.New(slog.NewTextHandler(&log, nil)), time.Minute, 50*time.Millisecond)
	for range 2 * maxAtOnce { // more than run at a time
		r.Finished(File{})
	}
	r.Close()
	<-r.ended
	if strings.Count(log.String(), "it was ended after 50ms") != 2*maxAtOnce {
		t.Errorf("it says %q", log.String())
	}
}

func TestManyFinishedThingsHoldUpNobody(t *testing.T) {
	began := time.Now()
	blocked := make(chan struct{})
	var log bytes.Buffer
	r := New(func() string { <-blocked; return "" }, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 * maxWaiting {
		r.Finished(File{})
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	close(blocked)
	r.Close()
	if !strings.Contains(log.String(), "too many wait") {
		t.Error("nobody was told")
	}
}
