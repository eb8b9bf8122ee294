package piece

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

func allocated(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return disk.Occupied(nil, "", info)
}

func TestZerosBecomeHoles(t *testing.T) {
	content := make([]byte, 8*ps)
	copy(content, "beginning")
	copy(content[3*ps+100_000:], "middle") // in the second half of a step
	m, err := Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	must(t, err)
	dir := t.TempDir()
	root := openRoot(t, dir)
	p := openPart(t, root, m)
	// What an earlier writer left where zeros belong goes away.
	w := p.Writer(5, false)
	_, err = w.Write(bytes.Repeat([]byte{0xff}, ps))
	must(t, err)
	if err := w.Finish(); err == nil {
		t.Fatal("wrong bytes count")
	}
	putPieces(t, p, content, 7, 5, 0, 1)
	got := make([]byte, ps)
	_, err = p.ReadAt(got, 7*ps)
	must(t, err)
	if !isZero(got) {
		t.Error("the last piece is not read as zeros")
	}
	p.Close()
	p = openPart(t, root, m)
	wantHave(t, p, 0, 1, 5, 7)
	putPieces(t, p, content, 2, 3, 4, 6)
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
	if n := allocated(t, filepath.Join(dir, "f")); n > 4*holeStep {
		t.Errorf("it takes %d bytes of the disk", n)
	}

	// A copy of it, and a small file, have holes too.
	folder := NewFolder(root)
	defer folder.Close()
	_, _, err = folder.Copy(t.Context(), "f", ".", "copy", nil)
	must(t, err)
	wantFile(t, filepath.Join(dir, "copy"), content)
	_, _, err = folder.Create(".", "small", content[:ps])
	must(t, err)
	wantFile(t, filepath.Join(dir, "small"), content[:ps])
	for name, most := range map[string]int64{"copy": 2 * readSize, "small": holeStep} {
		if n := allocated(t, filepath.Join(dir, name)); n > most {
			t.Errorf("%s takes %d bytes of the disk, %d are enough", name, n, most)
		}
	}
}

func TestReservedSpaceHasNoHoles(t *testing.T) {
	content := make([]byte, 4*ps)
	m, err := Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	must(t, err)
	dir := t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	must(t, p.Preallocate())
	putPieces(t, p, content, 0, 1, 2, 3)
	publishAs(t, p, "f")
	if n := allocated(t, filepath.Join(dir, "f")); n < int64(len(content)) {
		t.Errorf("it takes %d bytes of the disk", n)
	}
}

func TestWhatTheSystemMakesUpIsOnNoDisk(t *testing.T) {
	wantCode(t, OnDisk("/proc/version", netproto.CodeFileUnreadable), netproto.CodeFileUnreadable)
	must(t, OnDisk(t.TempDir(), netproto.CodeFileUnreadable))
	if _, _, err := ReadPath(t.Context(), "/proc/version", 1000); err == nil {
		t.Error("a file that only says that it is empty is read as an empty one")
	}
}
