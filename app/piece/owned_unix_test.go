//go:build unix

package piece

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// plant makes a file as somebody else would: of another user where this one may, and
// otherwise one that everybody may write to.
func plant(t *testing.T, path string, content []byte) {
	t.Helper()
	must(t, os.WriteFile(path, content, 0o600))
	if os.Getuid() == 0 {
		must(t, os.Chown(path, 65534, 65534))
	}
	must(t, os.Chmod(path, 0o666))
}

func TestWhatSomebodyElsePutUnderANameOfOursIsNeverFilled(t *testing.T) {
	content, m := contentOf(t, 3*ps)
	dir := t.TempDir()
	root := openRoot(t, dir)
	part, journal := filepath.Join(dir, PartName(m.Hash)), filepath.Join(dir, journalName(m.Hash))
	theirs := bytes.Clone(content[:ps]) // even right bytes are theirs
	plant(t, part, theirs)
	plant(t, journal, []byte("theirs"))
	for _, path := range []string{part, journal} {
		must(t, os.WriteFile(path+notOursEnding, []byte("earlier"), 0o600))
	}
	p := openPart(t, root, m)
	wantHave(t, p)
	putPieces(t, p, content, 0, 1, 2)
	publishAs(t, p, "tool.sh")
	wantFile(t, filepath.Join(dir, "tool.sh"), content)
	info, err := os.Stat(filepath.Join(dir, "tool.sh"))
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		t.Errorf("it belongs to %d, with %s", owner, info.Mode())
	}
	wantFile(t, part+notOursEnding, []byte("earlier"))
	aside := filepath.Join(dir, PartName(m.Hash)[:len(PartName(m.Hash))-len(".part")]+".part (2)"+notOursEnding)
	wantFile(t, aside, theirs)
}

func TestAJournalWithASecondNameIsNotWrittenInto(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	must(t, os.Link(victim, filepath.Join(dir, journalName(m.Hash))))
	root := openRoot(t, dir)
	if _, err := ReadPartManifest(root, ".", m.Hash); err == nil {
		t.Error("a manifest was read from it")
	}
	p := openPart(t, root, m)
	putPieces(t, p, content, 0, 1)
	publishAs(t, p, "f")
	wantFile(t, victim, []byte("precious"))
}

func TestAStagingFolderOfSomebodyElseIsSetAside(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	staging := filepath.Join(dir, "staging")
	must(t, OwnStaging(root, "staging"))
	must(t, os.MkdirAll(filepath.Join(staging, "tree"), 0o755))
	must(t, OwnStaging(root, "staging"))
	wantNames(t, dir, "staging")
	must(t, os.Chmod(staging, 0o777))
	must(t, OwnStaging(root, "staging"))
	wantNames(t, dir, "staging"+notOursEnding)
	must(t, os.Symlink("staging"+notOursEnding, staging))
	must(t, OwnStaging(root, "staging"))
	if _, err := os.Lstat(staging); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link is still there: %v", err)
	}
	if os.Getuid() != 0 {
		return // nobody else's folder can be made
	}
	must(t, os.Mkdir(staging, 0o755))
	must(t, os.Chown(staging, 65534, 65534))
	must(t, OwnStaging(root, "staging"))
	if _, err := os.Lstat(staging); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// withUmask runs f under a umask. It is that of the whole process, so no test beside
// this one may run.
func withUmask(mask int, f func()) {
	before := syscall.Umask(mask)
	defer syscall.Umask(before)
	f()
}

func TestTheUmaskDecidesWhoMayReadAndWrite(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	for mask, want := range map[int]fs.FileMode{0o022: 0o644, 0o002: 0o664, 0o077: 0o600} {
		withUmask(mask, func() {
			dir := t.TempDir()
			root := openRoot(t, dir)
			p := openPart(t, root, m)
			putPieces(t, p, content, 0)
			p.Close()
			p = openPart(t, root, m) // it is still ours, also where the group may write
			wantHave(t, p, 0)
			putPieces(t, p, content, 1)
			publishAs(t, p, "large")
			folder := NewFolder(root)
			defer folder.Close()
			_, _, err := folder.Create("in/sub", "small", []byte("x"))
			must(t, err)
			for _, name := range []string{"large", "in/sub/small", "in", "in/sub"} {
				info, err := os.Stat(filepath.Join(dir, name))
				must(t, err)
				mode := want
				if info.IsDir() {
					mode = 0o777 &^ fs.FileMode(mask)
				}
				if info.Mode().Perm() != mode {
					t.Errorf("umask %03o: %s has the mode %s, want %s", mask, name, info.Mode().Perm(), mode)
				}
			}
			wantNames(t, dir, "in", "large")
		})
	}
}
