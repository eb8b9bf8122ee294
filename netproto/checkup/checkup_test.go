package checkup

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func TestTheDiskOfAFolderIsMeasuredAndLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	f := Disk(t.Context(), dir)
	if !strings.Contains(f.Fact, " free, written to at ") || strings.Contains(f.Fact, dir) {
		t.Errorf("%+v", f)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if f = Disk(t.Context(), filepath.Join(dir, "none", "yet")); f.State == netproto.FindingBad || !strings.HasPrefix(f.Fact, "the folder does not exist yet, ") {
		t.Errorf("a folder that is not there yet: %+v", f)
	}
	file := filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f = Disk(t.Context(), file)
	if f.State != netproto.FindingBad || f.Do != netproto.RemedyFolder || strings.Contains(f.Fact, dir) {
		t.Errorf("what is no folder: %+v", f)
	}
}

func TestTheLastErrorsAreKeptWithoutWhatTheyAreAbout(t *testing.T) {
	var e Errors
	if f := e.Finding(); f.State != netproto.FindingGood {
		t.Errorf("%+v", f)
	}
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError + 1} { // one that writes warnings, and one that does not
		log := e.Keep(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: level}))).With("name", "secret.pdf").WithGroup("g")
		log.Info("all is well")
		for range 3 {
			log.Warn("removing a copy", "path", "/home/ada/secret.pdf",
				"error", netproto.Errorf(netproto.CodeFileUnreadable, "%w", &fs.PathError{Op: "open", Path: "/home/ada/secret.pdf", Err: fs.ErrNotExist}))
		}
		f := e.Finding()
		if !strings.HasSuffix(f.Fact, "removing a copy [file-unreadable] (3 times)") && level == slog.LevelInfo || strings.Contains(f.Fact, "secret") || strings.Contains(f.Fact, "well") {
			t.Errorf("%+v", f)
		}
	}
	for i := range 10_000 {
		e.keep(fmt.Sprintf("error %d", i), e.kept[0].at)
	}
	if len(e.kept) != maxKept || e.kept[maxKept-1].text != "error 9999" || cap(e.kept) > 4*maxKept {
		t.Errorf("%d are kept, room for %d", len(e.kept), cap(e.kept))
	}
}

func TestOpenFilesAreCounted(t *testing.T) {
	before, most := descriptors()
	file, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if after, _ := descriptors(); before > 0 && after <= before {
		t.Errorf("before %d, after %d of %d", before, after, most)
	}
	if f := Files(); f.Fact == "" || f.State == "" {
		t.Errorf("%+v", f)
	}
}

func TestEveryRemedyHasASentence(t *testing.T) {
	for _, r := range netproto.Remedies() {
		if text := r.Sentence(); !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q", r, text)
		}
	}
}
