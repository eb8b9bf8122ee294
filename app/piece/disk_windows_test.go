package piece

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"

	"centralizedp2p/app/disk"
)

// Wine keeps no holes and tells no ranges; there, the length of the file counts.
func TestAPartIsSparseUntilItIsPublished(t *testing.T) {
	content, m := contentOf(t, 64*ps)
	dir := t.TempDir()
	root := openRoot(t, dir)
	p := openPart(t, root, m)
	putPieces(t, p, content, 40)
	name := PartName(m.Hash)
	info, err := root.Stat(name)
	must(t, err)
	for at, want := range map[int64]bool{0: false, 30 * ps: false, 40 * ps: true, 41 * ps: false} {
		if onWine() && at < 40*ps {
			continue
		}
		if got := disk.Written(p.file, at, ps); got != want {
			t.Errorf("at %d it is %v that something was written", at, got)
		}
	}
	if n := Occupied(root, name, info); !onWine() && n > 4*ps {
		t.Errorf("one piece takes %d bytes of the disk", n)
	}
	for i := range m.Pieces() {
		if i != 40 {
			putPieces(t, p, content, i)
		}
	}
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
	var by windows.ByHandleFileInformation
	file, err := os.Open(filepath.Join(dir, "f"))
	must(t, err)
	defer file.Close()
	must(t, windows.GetFileInformationByHandle(windows.Handle(file.Fd()), &by))
	if by.FileAttributes&windows.FILE_ATTRIBUTE_SPARSE_FILE != 0 {
		t.Error("it is still sparse, so an image of a disk could not be mounted")
	}
}

func onWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}
