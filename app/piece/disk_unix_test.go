//go:build unix

package piece

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"centralizedp2p/netproto"
)

// None of these may wait for somebody to open the other end of the pipe: the
// test would end at its time limit.
func TestANamedPipeMakesNobodyWait(t *testing.T) {
	path, state, f := shared(t, bytesOf(100))
	must(t, os.Remove(path))
	must(t, syscall.Mkfifo(path, 0o600))
	_, err := StateOf(path)
	wantCode(t, err, netproto.CodeFileUnreadable)
	_, err = OpenFile(path, state)
	wantCode(t, err, netproto.CodeFileChanged)
	_, _, err = HashPath(t.Context(), path, nil)
	wantCode(t, err, netproto.CodeFileUnreadable)
	_, _, err = ReadPath(t.Context(), path, 100)
	wantCode(t, err, netproto.CodeFileUnreadable)
	if n, err := f.ReadAt(make([]byte, 10), 0); err == nil && n != 10 {
		t.Errorf("%d bytes, %v", n, err)
	}

	dir := t.TempDir()
	_, m := contentOf(t, 2*ps)
	root := openRoot(t, dir)
	must(t, syscall.Mkfifo(filepath.Join(dir, PartName(m.Hash)), 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, journalName(m.Hash)), 0o600))
	if _, err := ReadPartManifest(root, ".", m.Hash); err == nil {
		t.Error("a manifest was read from a pipe")
	}
	openPart(t, root, m)
	wantNames(t, dir, journalName(m.Hash), journalName(m.Hash)+notOursEnding, PartName(m.Hash), PartName(m.Hash)+notOursEnding)
}

func TestAFolderThatIsNoneOrGoneIsSaidToBeSo(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	root := openRoot(t, dir)
	_, m := contentOf(t, 2*ps)
	for _, folder := range []string{"file", "missing"} {
		_, err := OpenPart(t.Context(), root, folder, m, nil)
		wantCode(t, err, netproto.CodeFolderUnwritable)
	}
	must(t, os.RemoveAll(dir)) // as a disk that is pulled out
	_, err := OpenPart(t.Context(), root, ".", m, nil)
	wantCode(t, err, netproto.CodeFolderUnwritable)
}
