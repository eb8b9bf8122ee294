package piece

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDirEnv); dir != "" {
		flushBytes = 4 << 20
		os.Exit(downloadAll(dir))
	}
	goleak.VerifyTestMain(m)
}

// bytesOf are size bytes that look random and are always the same.
func bytesOf(size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)}).Read(b)
	return b
}

// contentOf are size bytes and their manifest.
func contentOf(t testing.TB, size int) ([]byte, *Manifest) {
	t.Helper()
	b := bytesOf(size)
	m, err := Hash(t.Context(), bytes.NewReader(b), int64(size), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b, m
}

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func openPart(t testing.TB, root *os.Root, m *Manifest) *Part {
	t.Helper()
	p, err := OpenPart(context.Background(), root, ".", m, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func pieceBytes(content []byte, m *Manifest, i int) []byte {
	return content[m.Offset(i):][:m.Length(i)]
}

// put writes one piece in frames as they come from a peer.
func put(w *Writer, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), 64<<10)
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return w.Finish()
}

func putPieces(t testing.TB, p *Part, content []byte, pieces ...int) {
	t.Helper()
	for _, i := range pieces {
		if err := put(p.Writer(i, false), pieceBytes(content, p.Manifest(), i)); err != nil {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
}

// discard removes an unfinished file.
func discard(p *Part) error {
	p.Close()
	return RemovePart(p.root, p.dir, p.manifest.Hash)
}

func publishAs(t testing.TB, p *Part, name string) string {
	t.Helper()
	final, err := p.Publish(name, true)
	if err != nil {
		t.Fatal(err)
	}
	return final
}

func wantFile(t testing.TB, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, content) {
		t.Fatalf("%s has %d bytes that are not the %d of the content", filepath.Base(path), len(got), len(content))
	}
}

// wantNames compares the whole folder, hidden files included.
func wantNames(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "|") != strings.Join(names, "|") {
		t.Fatalf("the folder has %q, want %q", got, names)
	}
}

func wantHave(t testing.TB, p *Part, pieces ...int) {
	t.Helper()
	want := NewBits(p.Manifest().Pieces())
	for _, i := range pieces {
		want.Set(i)
	}
	if got := p.Have(); !bytes.Equal(got, want) {
		t.Fatalf("the part has pieces %08b, want %08b", got, want)
	}
}

func wantCode(t testing.TB, err error, code netproto.Code) {
	t.Helper()
	if err == nil || netproto.CodeOf(err) != code {
		t.Fatalf("the error is %v, want the code %q", err, code)
	}
}

func flip(t testing.TB, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}
