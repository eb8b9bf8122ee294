package piece

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func landed(t *testing.T, root *os.Root, content []byte) *Landing {
	t.Helper()
	l, err := NewLanding(root)
	must(t, err)
	for part := range 3 {
		_, err := l.Write(content[len(content)*part/3 : len(content)*(part+1)/3])
		must(t, err)
	}
	if l.Written() != int64(len(content)) {
		t.Errorf("%d bytes are counted", l.Written())
	}
	return l
}

func TestALandingGetsAFreeNameWhenItsHashIsRight(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	for size, name := range map[int]string{0: "empty", 1: "one", 3*ps + 77: "large"} {
		content, m := contentOf(t, size)
		must(t, os.WriteFile(filepath.Join(dir, name+".jpg"), []byte("mine"), 0o600))
		got, err := landed(t, root, content).Publish(name+".jpg", m.Hash)
		if err != nil || got != name+" (2).jpg" {
			t.Fatalf("%q %v", got, err)
		}
		wantFile(t, filepath.Join(dir, got), content)
		wantFile(t, filepath.Join(dir, name+".jpg"), []byte("mine"))
	}
}

func TestALandingWithAnotherHashLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	content, _ := contentOf(t, 1000)
	if _, err := landed(t, root, content).Publish("photo.jpg", netproto.ContentHash{1}); !errors.Is(err, ErrWrongPiece) {
		t.Errorf("%v", err)
	}
	l := landed(t, root, content)
	for _, bad := range []string{"", "../up", "a/b", ".cp2p-1", "CON"} {
		if _, err := l.Publish(bad, netproto.ContentHash{}); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	must(t, l.Discard())
	wantNames(t, dir)
}

func TestWhatAKilledProgramLeftIsSwept(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	content, m := contentOf(t, 1000)
	written, left := landed(t, root, content), landed(t, root, content)
	must(t, left.file.Close())
	before := time.Now().Add(-2 * landingRest)
	must(t, os.Chtimes(filepath.Join(dir, left.name), before, before))
	must(t, os.WriteFile(filepath.Join(dir, "mine.landing"), nil, 0o600))
	must(t, SweepLandings(root))
	wantNames(t, dir, written.name, "mine.landing")
	_, err := written.Publish("photo.jpg", m.Hash)
	must(t, err)
	wantNames(t, dir, "mine.landing", "photo.jpg")
}
