package netproto

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenTree is the content of testdata/folders/tree.folder.
var goldenTree = []FolderEntry{
	{Path: "a/b/first.txt", Size: 1, Hash: repeated(0x11)},
	{Path: "a/empty.txt", Size: 0, Hash: repeated(0x22)},
	{Path: "a/none", Dir: true},
	{Path: "a-largest", Size: MaxContentSize, Hash: repeated(0x33)},
	{Path: "Über/été 日本.txt", Size: 12, Hash: repeated(0x44)},
}

func TestFoldersAreReadAsTheyAreWritten(t *testing.T) {
	files := golden(t, "folders")
	for name, want := range map[string][]FolderEntry{"empty": nil, "tree": goldenTree} {
		got, err := ParseFolder(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s is read differently (-want +got):\n%s", name, diff)
		}
		text, err := AppendFolder(nil, want)
		if err != nil || !bytes.Equal(text, files[name]) {
			t.Errorf("%s is written as %q, %v", name, text, err)
		}
	}
}

const (
	elevens = "1111111111111111111111111111111111111111111111111111111111111111"
	zeros   = "0000000000000000000000000000000000000000000000000000000000000000"
)

// refusedFolders each break one rule of the format.
var refusedFolders = []struct{ rule, text string }{
	{"no bytes", ""},
	{"an unknown version", "cp2p-folder 2\n"},
	{"half a first line", "cp2p-folder"},
	{"no line end", FolderMagic + elevens + " 1 a"},
	{"an empty line", FolderMagic + "\n"},
	{"no path", FolderMagic + elevens + " 1\n"},
	{"an empty path", FolderMagic + elevens + " 1 \n"},
	{"a line end of two characters", FolderMagic + elevens + " 1 a\r\n"},
	{"a short hash", FolderMagic + elevens[1:] + " 1 a\n"},
	{"an upper-case hash", FolderMagic + "AA" + elevens[2:] + " 1 a\n"},
	{"the zero hash", FolderMagic + zeros + " 1 a\n"},
	{"a negative size", FolderMagic + elevens + " -1 a\n"},
	{"a size with a sign", FolderMagic + elevens + " +1 a\n"},
	{"a size with a zero in front", FolderMagic + elevens + " 01 a\n"},
	{"a size beyond the limit", FolderMagic + elevens + " 17592186044417 a\n"},
	{"a size beyond 64 bits", FolderMagic + elevens + " 99999999999999999999 a\n"},
	{"two spaces", FolderMagic + elevens + "  1 a\n"},
	{"an absolute path", FolderMagic + elevens + " 1 /a\n"},
	{"a way out", FolderMagic + elevens + " 1 a/../../b\n"},
	{"a backslash", FolderMagic + elevens + " 1 a\\b\n"},
	{"a device", FolderMagic + elevens + " 1 a/NUL.txt\n"},
	{"an unfinished download", FolderMagic + elevens + " 1 .cp2p-x\n"},
	{"the same path twice", FolderMagic + elevens + " 1 a\n" + elevens + " 1 a\n"},
	{"falling paths", FolderMagic + elevens + " 1 b\n" + elevens + " 1 a\n"},
	{"paths in byte order", FolderMagic + elevens + " 1 a-b\n" + elevens + " 1 a/c\n"},
	{"a file that is also a folder", FolderMagic + elevens + " 1 a\n" + elevens + " 1 a/b\n"},
	{"an empty folder with a file", FolderMagic + "d 0 a\n" + elevens + " 1 a/b\n"},
	{"an empty folder with a size", FolderMagic + "d 1 a\n"},
	{"an empty folder without a path", FolderMagic + "d 0 \n"},
	{"a line beyond the buffer", FolderMagic + elevens + " 1 " + strings.Repeat("a", 70<<10) + "\n"},
}

func TestAFolderThatBreaksARuleIsRefused(t *testing.T) {
	for _, c := range refusedFolders {
		if entries, err := ParseFolder(strings.NewReader(c.text)); err == nil {
			t.Errorf("a folder with %s was read: %+v", c.rule, entries)
		}
	}
}

func TestAFolderThatWouldBeRefusedIsNotWritten(t *testing.T) {
	file := FolderEntry{Path: "a", Size: 1, Hash: repeated(0x11)}
	for rule, entries := range map[string][]FolderEntry{
		"no path":          {{Size: 1, Hash: file.Hash}},
		"a way out":        {{Path: "../a", Size: 1, Hash: file.Hash}},
		"no hash":          {{Path: "a", Size: 1}},
		"a negative size":  {{Path: "a", Size: -1, Hash: file.Hash}},
		"too large a file": {{Path: "a", Size: MaxContentSize + 1, Hash: file.Hash}},
		"a path twice":     {file, file},
		"a file as folder": {file, {Path: "a/b", Size: 1, Hash: file.Hash}},
		"too many files":   make([]FolderEntry, MaxFolderEntries+1),
		"too many folders": deepFolders(MaxFolderEntries/(maxPathDepth-1) + 1),
	} {
		if _, err := AppendFolder(nil, entries); err == nil {
			t.Errorf("a folder with %s was written", rule)
		}
	}
}

// deepFolders are files each of which needs as many folders of its own as a path may
// have.
func deepFolders(n int) []FolderEntry {
	list := make([]FolderEntry, n)
	for i := range list {
		list[i] = FolderEntry{Path: fmt.Sprintf("%06d/", i) + strings.Repeat("a/", maxPathDepth-2) + "f", Size: 1, Hash: repeated(0x11)}
	}
	return list
}

func TestTheFoldersOfAListAreCounted(t *testing.T) {
	if _, err := AppendFolder(nil, deepFolders(MaxFolderEntries/(maxPathDepth-1))); err != nil {
		t.Errorf("as many folders as allowed: %v", err)
	}
	for _, c := range []struct {
		paths []string // of files, or of empty folders if they end with a slash
		want  int
	}{
		{[]string{"f"}, 0},
		{[]string{"a/"}, 1},
		{[]string{"a/f", "a/g", "a-b/f", "b"}, 2},
		{[]string{"a/b/c/f", "a/b/d/f", "a/b-c/", "a/c"}, 5},
		{[]string{"a/b/", "a/c/"}, 3},
	} {
		order := folderOrder{}
		for _, p := range c.paths {
			trimmed, dir := strings.CutSuffix(p, "/")
			e := FolderEntry{Path: trimmed, Dir: dir}
			if !dir {
				e.Hash = repeated(0x11)
			}
			if err := order.next(e); err != nil {
				t.Fatal(err)
			}
		}
		if order.folders != c.want {
			t.Errorf("%v: %d folders, want %d", c.paths, order.folders, c.want)
		}
	}
}

func TestAFolderLongerThanItsLimitIsNotTakenForAShorterOne(t *testing.T) {
	text := golden(t, "folders")["tree"]
	size := int64(len(text))
	if _, err := parseFolder(bytes.NewReader(text), size); err != nil {
		t.Errorf("a text of exactly the limit: %v", err)
	}
	// Try every limit, including those at the end of a line.
	for limit := int64(len(FolderMagic)); limit < size; limit++ {
		if entries, err := parseFolder(bytes.NewReader(text), limit); err == nil {
			t.Errorf("with a limit of %d of %d bytes, %d entries were read", limit, size, len(entries))
		}
	}
}

func TestPathsStandInTheOrderOfAWalk(t *testing.T) {
	rising := []string{"A", "a", "a/b", "a/b/c", "a/b-c", "a/c", "a b", "a-b", "a-b/c", "a.txt", "ab", "b", "é"}
	for i, a := range rising {
		for j, b := range rising {
			got := ComparePaths(a, b)
			if got < 0 != (i < j) || got == 0 != (i == j) {
				t.Errorf("ComparePaths(%q, %q) = %d", a, b, got)
			}
		}
	}
	shuffled := slices.Clone(rising)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, ComparePaths)
	if !slices.Equal(shuffled, rising) {
		t.Errorf("sorted: %q", shuffled)
	}
}

func TestFoldersAreCountedOnce(t *testing.T) {
	var order folderOrder
	for _, c := range []struct {
		path string
		dir  bool
		want int
	}{
		{"a/b/1", false, 2}, {"a/b/2", false, 2}, {"a/c/1", false, 3}, {"a/c/d/e", true, 5}, {"a/cc/1", false, 6}, {"a-b", false, 6}, {"b", true, 7}, {"ba/b/1", false, 9},
	} {
		e := FolderEntry{Path: c.path, Dir: c.dir}
		if !c.dir {
			e.Hash = repeated(0x11)
		}
		if err := order.next(e); err != nil {
			t.Fatal(err)
		}
		if order.folders != c.want {
			t.Errorf("with %s there are %d folders, not %d", c.path, order.folders, c.want)
		}
	}
}

// A list of 40 MB could name 62 million folders.
func TestAFolderHasBoundedFolders(t *testing.T) {
	var entries []FolderEntry
	deep := strings.Repeat("/a", maxPathDepth-1)
	for i := range MaxFolderEntries/maxPathDepth + 1 {
		entries = append(entries, FolderEntry{Path: fmt.Sprintf("%05d", i) + deep, Dir: true})
	}
	if _, err := AppendFolder(nil, entries[:len(entries)-1]); err != nil {
		t.Error(err)
	}
	if _, err := AppendFolder(nil, entries); err == nil || !strings.Contains(err.Error(), "folders in it") {
		t.Errorf("with one more it says %v", err)
	}
}

// What a list takes in memory is counted in bytes for each file: its entry, its path, and
// a few more. While it is parsed, twice that becomes garbage.
func TestAListTakesItsPathsAndFewBytesMore(t *testing.T) {
	const files, entry, path = 100_000, 64, len("folder 0000/a file with a name 000.dat")
	var text strings.Builder
	text.WriteString(FolderMagic)
	for i := range files {
		fmt.Fprintf(&text, "%s %d folder %04d/a file with a name %03d.dat\n", ContentHash{1, byte(i), byte(i >> 8), byte(i >> 16)}, i, i/1000, i%1000)
	}
	list := strings.NewReader(text.String())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one kept in pools
	runtime.ReadMemStats(&before)
	entries, err := ParseFolder(list)
	if err != nil || len(entries) != files {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	runtime.ReadMemStats(&after)
	took := int64(after.TotalAlloc-before.TotalAlloc) / files
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int64(after.HeapAlloc-before.HeapAlloc) / files
	// With the race detector, more is taken.
	if most := int64(entry + path); kept > most*9/8 || took > most*3 && !raceEnabled {
		t.Errorf("%d bytes a file are kept, %d were taken; an entry and its path have %d", kept, took, most)
	}
	runtime.KeepAlive(entries)
	runtime.KeepAlive(list)
}

// parts takes a text in parts, until it is full.
type parts struct {
	text    bytes.Buffer
	longest int
	most    int // bytes
}

var errFull = errors.New("full")

func (p *parts) Write(b []byte) (int, error) {
	if p.longest = max(p.longest, len(b)); p.text.Len()+len(b) > p.most {
		return 0, errFull
	}
	return p.text.Write(b)
}

func TestALongListIsWrittenInParts(t *testing.T) {
	var entries []FolderEntry
	for i := range 3000 {
		entries = append(entries, FolderEntry{Path: fmt.Sprintf("%04d", i), Size: int64(i), Hash: ContentHash{1}})
	}
	all := &parts{most: MaxFolderBytes}
	if err := WriteFolder(all, slices.Values(entries)); err != nil {
		t.Fatal(err)
	}
	if all.text.Len() < 3*folderPart || all.longest > folderPart {
		t.Errorf("of %d bytes, %d came at once", all.text.Len(), all.longest)
	}
	if got, err := ParseFolder(&all.text); err != nil || !slices.Equal(got, entries) {
		t.Errorf("%d entries are read instead of %d: %v", len(got), len(entries), err)
	}
	if err := WriteFolder(&parts{most: 2 * folderPart}, slices.Values(entries)); !errors.Is(err, errFull) {
		t.Errorf("the error of the writer becomes %v", err)
	}
}
