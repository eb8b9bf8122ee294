package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestALogGoesOnAndTurnsWhenItIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desktop.log")
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		f, err := Open(path, 10)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := f.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path+".old"); got != "one\ntwo\n" {
		t.Errorf("the old log has %q", got)
	}
	if got := read(t, path); got != "three\n" {
		t.Errorf("the log has %q", got)
	}
}

func TestLinesOfSeveralGoroutinesStayWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desktop.log")
	f, err := Open(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 100 {
				fmt.Fprintf(f, "line %02d of a goroutine\n", i)
			}
		})
	}
	group.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{path, path + ".old"} {
		log := read(t, at)
		if len(log) > 1000 {
			t.Errorf("%s has %d bytes", at, len(log))
		}
		for line := range strings.Lines(log) {
			if len(line) != len("line 00 of a goroutine\n") {
				t.Errorf("a line is %q", line)
			}
		}
	}
}

func TestALogThatCannotBeOpenedIsAnError(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "no", "folder"), 10); err == nil {
		t.Error("it was opened")
	}
}
