package remote

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func writeFile(t *testing.T, path string, size int) []byte {
	t.Helper()
	content := bytes.Repeat([]byte(filepath.Base(path)+"\n"), size/4+1)[:size]
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWhatIsUploadedArrivesUnderFreeNames(t *testing.T) {
	c := newCitadel(t, &answers{})
	driving := c.drive(c.client)
	here := t.TempDir()
	contents := map[string][]byte{}
	for name, size := range map[string]int{"song.flac": 3 << 20, "album/one.txt": 0, "album/scans/two.txt": 70_000, "other/song.flac": 10} {
		contents[name] = writeFile(t, filepath.Join(here, filepath.FromSlash(name)), size)
	}
	if err := os.Symlink("one.txt", filepath.Join(here, "album", "link")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(c.folder, "album"), 5) // is there already
	var last, total int64
	paths, err := driving.Upload(t.Context(), []string{filepath.Join(here, "song.flac"), filepath.Join(here, "album"), filepath.Join(here, "other", "song.flac")},
		func(done, all int64) {
			if done < last {
				t.Errorf("it goes back from %d to %d bytes", last, done)
			}
			last, total = done, all
		})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(c.folder, "song.flac"), filepath.Join(c.folder, "album (2)"), filepath.Join(c.folder, "song (3).flac")}
	if !slices.Equal(paths, want) {
		t.Errorf("it is at %q, not %q", paths, want)
	}
	if last != total || total != 3<<20+70_000+10 {
		t.Errorf("%d of %d bytes were told", last, total)
	}
	for there, name := range map[string]string{"song.flac": "song.flac", "album (2)/one.txt": "album/one.txt",
		"album (2)/scans/two.txt": "album/scans/two.txt", "song (3).flac": "other/song.flac"} {
		if got, err := os.ReadFile(filepath.Join(c.folder, filepath.FromSlash(there))); err != nil || !bytes.Equal(got, contents[name]) {
			t.Errorf("%s: %d bytes, %v", there, len(got), err)
		}
	}
	if entries, err := os.ReadDir(c.folder); err != nil || len(entries) != 4 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}

// nothingIn wants a folder to be empty.
func nothingIn(t *testing.T, folder string) {
	t.Helper()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}

func TestAHostileUploadLeavesNothing(t *testing.T) {
	c := newCitadel(t, &answers{})
	driving := c.drive(c.client)
	for name, body := range map[string]string{
		"a path that leaves":   `{"path":"../evil","size":1}` + "\nx",
		"an absolute path":     `{"path":"/etc/evil","size":1}` + "\nx",
		"a device":             `{"path":"CON","size":1}` + "\nx",
		"a hidden part":        `{"path":"a/../../evil","size":1}` + "\nx",
		"twice the same":       `{"path":"a","size":1}` + "\nx" + `{"path":"a","size":1}` + "\nx",
		"a file as a folder":   `{"path":"a","size":1}` + "\nx" + `{"path":"a/b","size":1}` + "\nx",
		"fewer bytes":          `{"path":"a","size":100}` + "\nx",
		"a negative size":      `{"path":"a","size":-1}` + "\n",
		"a huge size":          `{"path":"a","size":9000000000000000000}` + "\n",
		"no JSON":              "x\n",
		"a line without end":   strings.Repeat("x", maxEntryLine+1),
		"good, and then wrong": `{"path":"a","size":1}` + "\nx" + `{"path":"..","size":1}` + "\nx",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, driving.base+routeUpload, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", mediaBytes)
		response, err := driving.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Errorf("%s is taken", name)
		}
		nothingIn(t, c.folder)
	}
	local := NewLocal(filepath.Dir(c.book.file))
	defer local.Close()
	if _, err := local.Upload(t.Context(), []string{c.book.file}, func(int64, int64) {}); netproto.CodeOf(err) != netproto.CodeMethod {
		t.Errorf("on the local socket: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"path":"a/b","size":1}` + "\nx"))
	f.Add([]byte(`{"path":"a","size":0}` + "\n" + `{"path":"b","size":2}` + "\nxy"))
	f.Add([]byte(`{"path":"../a","size":1}` + "\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		outer := t.TempDir()
		inner := filepath.Join(outer, "inner")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(inner)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		tops, err := unpack(root, bufio.NewReaderSize(bytes.NewReader(body), maxEntryLine))
		if entries, bad := os.ReadDir(outer); bad != nil || len(entries) != 1 {
			t.Fatalf("%q left %v outside", body, entries)
		}
		entries, bad := os.ReadDir(inner)
		if bad != nil || err == nil && len(entries) != len(tops) {
			t.Errorf("%q: %q and %v", body, tops, entries)
		}
	})
}
