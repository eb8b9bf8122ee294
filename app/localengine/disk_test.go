package localengine

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestAFolderIsListed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.txt", "A.txt", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "zoo"), 0o700); err != nil {
		t.Fatal(err)
	}
	_ = os.Symlink("/etc/passwd", filepath.Join(dir, "link")) // where links can be made
	d := &disk{}
	list, err := d.ListFolder(t.Context(), dir)
	if got := fmt.Sprint(list.Entries); err != nil || list.Path != dir || list.Parent != filepath.Dir(dir) || list.More ||
		got != fmt.Sprintf("[{zoo %[1]s/zoo true 0} {A.txt %[1]s/A.txt false 5} {b.txt %[1]s/b.txt false 5}]", filepath.ToSlash(dir)) && filepath.Separator == '/' {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := d.ListFolder(t.Context(), filepath.Join(dir, "none")); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Error(err)
	}
	if _, err := d.ListFolder(t.Context(), "zoo"); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Error(err)
	}
}

func TestALargeFolderIsListedInPart(t *testing.T) {
	dir := t.TempDir()
	for i := range face.MaxEntries + 500 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := (&disk{}).ListFolder(t.Context(), dir)
	if err != nil || len(list.Entries) != face.MaxEntries || !list.More {
		t.Errorf("%d entries, more %t, %v", len(list.Entries), list.More, err)
	}
}
