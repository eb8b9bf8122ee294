package piece

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func completePart(t *testing.T, root *os.Root, size int) (*Part, []byte) {
	t.Helper()
	content, m := contentOf(t, size)
	p := openPart(t, root, m)
	for i := range m.Pieces() {
		putPieces(t, p, content, i)
	}
	return p, content
}

func TestATakenNameGetsANumber(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	must(t, os.WriteFile(filepath.Join(dir, "film.tar"), []byte("mine"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "film (2).tar"), 0o700))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "film (3).tar")))
	p, content := completePart(t, root, 2*ps)
	if got := publishAs(t, p, "film.tar"); got != "film (4).tar" {
		t.Errorf("published as %q", got)
	}
	wantFile(t, filepath.Join(dir, "film.tar"), []byte("mine"))
	wantFile(t, filepath.Join(dir, "film (4).tar"), content)
	wantNames(t, dir, "film (2).tar", "film (3).tar", "film (4).tar", "film.tar")
}

func TestAPublishedFileIsReadLikeAnyOther(t *testing.T) {
	dir := t.TempDir()
	p, _ := completePart(t, openRoot(t, dir), 10)
	publishAs(t, p, "f")
	must(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o644))
	mine, err := os.Stat(filepath.Join(dir, "f"))
	must(t, err)
	other, err := os.Stat(filepath.Join(dir, "other"))
	must(t, err)
	if mine.Mode() != other.Mode() {
		t.Errorf("the mode is %v, that of others %v", mine.Mode(), other.Mode())
	}
}

func TestAPartIsPublishedInItsFolderUnderASafeNameOnly(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	root := openRoot(t, dir)
	content, m := contentOf(t, 2*ps)
	p, err := OpenPart(t.Context(), root, "sub", m, nil)
	must(t, err)
	defer p.Close()
	putPieces(t, p, content, 0, 1)
	for _, name := range []string{"", ".", "..", "../f", "a/b", `a\b`, "/f", "f\x00", "CON", "f."} {
		_, err := p.Publish(name, true)
		wantCode(t, err, netproto.CodeInvalid)
		_, err = PublishFolder(root, "sub", name)
		wantCode(t, err, netproto.CodeInvalid)
	}
	if got := publishAs(t, p, "f"); got != "sub/f" {
		t.Errorf("published as %q", got)
	}
	wantNames(t, filepath.Join(dir, "sub"), "f")
	wantNames(t, dir, "sub")
}

func TestALongNameStaysWithinItsLimit(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	name := strings.Repeat("n", netproto.MaxNameBytes-4) + ".txt"
	must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	p, content := completePart(t, root, 100)
	got := publishAs(t, p, name)
	if netproto.CheckName(got) != nil || !strings.HasSuffix(got, " (2).txt") {
		t.Errorf("published as %q", got)
	}
	wantFile(t, filepath.Join(dir, got), content)
}

func TestAFileThatAKillLeftUnderBothNamesIsRecognised(t *testing.T) {
	for _, size := range []int{100, 3 * ps} {
		for _, final := range []string{"f.txt", "f (2).txt"} {
			dir := t.TempDir()
			root := openRoot(t, dir)
			want := []string{"f.txt"}
			if final != "f.txt" {
				must(t, os.WriteFile(filepath.Join(dir, "f.txt"), []byte("mine"), 0o600))
				want = []string{final, "f.txt"}
			}
			p, content := completePart(t, root, size)
			p.Close()
			must(t, root.Link(PartName(p.Manifest().Hash), final)) // and here came the kill
			p = openPart(t, root, p.Manifest())
			if !p.Complete() {
				t.Fatal("something is to be downloaded again")
			}
			if got := publishAs(t, p, "f.txt"); got != final {
				t.Errorf("published as %q", got)
			}
			wantFile(t, filepath.Join(dir, final), content)
			wantNames(t, dir, want...)
		}
	}
}

func TestAPublishedFileThatStillHasItsOldNameIsNotWrittenInto(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"edited":    func(t *testing.T, path string) { flip(t, path, 7) },
		"shortened": func(t *testing.T, path string) { must(t, os.Truncate(path, 9)) },
		"extended": func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			defer f.Close()
			_, err = f.WriteString("a line of mine")
			must(t, err)
		},
	} {
		for _, size := range []int{100, 3 * ps} {
			dir := t.TempDir()
			root := openRoot(t, dir)
			p, content := completePart(t, root, size)
			p.Close()
			must(t, root.Link(PartName(p.Manifest().Hash), "f.txt")) // and here came the kill
			path := filepath.Join(dir, "f.txt")
			change(t, path)
			theirs, err := os.ReadFile(path)
			must(t, err)
			p = openPart(t, root, p.Manifest())
			wantHave(t, p)
			for i := range p.Manifest().Pieces() {
				putPieces(t, p, content, i)
			}
			if got := publishAs(t, p, "f.txt"); got != "f (2).txt" {
				t.Errorf("%s: published as %q", name, got)
			}
			wantFile(t, path, theirs)
			wantFile(t, filepath.Join(dir, "f (2).txt"), content)
			wantNames(t, dir, "f (2).txt", "f.txt")
		}
	}
}

func TestAFolderIsPublishedUnderAFreeName(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	must(t, root.MkdirAll(".cp2p-x/tree/deep", 0o755))
	must(t, os.WriteFile(filepath.Join(dir, ".cp2p-x/tree/deep/f"), []byte("new"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "album"), 0o700)) // empty, and still not ours to take
	got, err := PublishFolder(root, ".cp2p-x/tree", "album")
	if err != nil || got != "album (2)" {
		t.Fatalf("published as %q, %v", got, err)
	}
	wantFile(t, filepath.Join(dir, "album (2)/deep/f"), []byte("new"))
	wantNames(t, filepath.Join(dir, "album"))
	_, err = PublishFolder(root, ".cp2p-x/tree", "gone")
	wantCode(t, err, netproto.CodeFolderUnwritable)
	wantNames(t, dir, ".cp2p-x", "album", "album (2)")
}

func TestRemovingWhatIsNotThereIsNoError(t *testing.T) {
	_, m := contentOf(t, 5)
	must(t, RemovePart(openRoot(t, t.TempDir()), ".", m.Hash))
}
