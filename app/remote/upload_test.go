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

// What another computer uploads takes no more of the disk than the owner of the peer
// allows, whatever it says about it; what the owner takes away makes room again.
func TestUploadsTakeNoMoreThanTheirQuota(t *testing.T) {
	c := newCitadel(t, &answers{})
	allow := func(bytes int64) {
		t.Helper()
		if err := c.far.SetBounds(Bounds{Folders: []string{c.folder}, UploadBytes: bytes}); err != nil {
			t.Fatal(err)
		}
	}
	allow(1000)
	driving, here := c.drive(c.client), t.TempDir()
	send := func(name string, size int) error {
		t.Helper()
		file := filepath.Join(here, name)
		writeFile(t, file, size)
		_, err := driving.Upload(t.Context(), []string{file}, func(done, _ int64) {
			if done > 1<<20 { // more than fits into buffers
				t.Errorf("%d bytes of %s are sent", done, name)
			}
		})
		return err
	}
	refused := func(err error, detail string) {
		t.Helper()
		if netproto.CodeOf(err) != netproto.CodeDenied || !strings.Contains(err.Error(), detail) {
			t.Errorf("it says %v, not %q", err, detail)
		}
	}
	if err := send("first", 700); err != nil {
		t.Fatal(err)
	}
	refused(send("second", 301), "uploads may take 1.0 kB on this peer, and 300 B of that are free")
	refused(send("huge", 8<<20), "300 B of that are free") // before any of it is sent
	if err := send("third", 300); err != nil {
		t.Error(err)
	}
	refused(send("fourth", 1), "0 B of that are free")

	// Its memory is on the disk; what its owner takes away no longer counts.
	if err := os.Remove(filepath.Join(c.folder, "first")); err != nil {
		t.Fatal(err)
	}
	again := &quota{file: c.far.quota.file}
	if err := again.set(1000); err != nil {
		t.Fatal(err)
	}
	if _, err := again.begin(700); err != nil {
		t.Error(err)
	}
	_, err := again.begin(701)
	refused(err, "700 B of that are free")

	// A caller that says less than it sends is stopped, and leaves nothing.
	body := `{"path":"a","size":600}` + "\n" + strings.Repeat("x", 600) + `{"path":"b","size":101}` + "\n" + strings.Repeat("x", 101)
	response, err := driving.http.Post(driving.base+routeUpload+"?bytes=1", mediaBytes, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if entries, err := os.ReadDir(c.folder); response.StatusCode != http.StatusForbidden || err != nil || len(entries) != 1 {
		t.Errorf("%s; in the folder are %v, %v", response.Status, entries, err)
	}
	allow(0)
	if err := send("fifth", 5000); err != nil {
		t.Error(err)
	}
}

func TestUploadsAtATimeShareOneQuota(t *testing.T) {
	q := &quota{file: filepath.Join(t.TempDir(), fileUploads)}
	if err := q.set(100); err != nil {
		t.Fatal(err)
	}
	one, err := q.begin(60)
	if err != nil {
		t.Fatal(err)
	}
	two, err := q.begin(60) // nobody has sent anything yet
	if err != nil {
		t.Fatal(err)
	}
	if err := one.take(60); err != nil {
		t.Error(err)
	}
	if err := two.take(60); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("both fit: %v", err)
	}
	if err := one.end(nil); err != nil { // it broke off
		t.Error(err)
	}
	if err := two.take(60); err != nil {
		t.Error(err)
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
		tops, err := unpack(root, bufio.NewReaderSize(bytes.NewReader(body), maxEntryLine), func(int64) error { return nil })
		if entries, bad := os.ReadDir(outer); bad != nil || len(entries) != 1 {
			t.Fatalf("%q left %v outside", body, entries)
		}
		entries, bad := os.ReadDir(inner)
		if bad != nil || err == nil && len(entries) != len(tops) {
			t.Errorf("%q: %q and %v", body, tops, entries)
		}
	})
}
