package filelist

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"centralizedp2p/netproto"
)

// listed returns the entries of a folder of n files; every tenth has the content of the
// one before it.
func listed(n int) []netproto.FolderEntry {
	entries := make([]netproto.FolderEntry, n)
	for i := range entries {
		content := i
		if i%10 == 9 {
			content--
		}
		entries[i] = netproto.FolderEntry{Path: fmt.Sprintf("folder %04d/file %03d.dat", i/1000, i%1000), Size: int64(content % 5000),
			Hash: netproto.ContentHash{1, byte(content), byte(content >> 8), byte(content >> 16)}}
	}
	return entries
}

func todoOf(t *testing.T, wanted []netproto.FolderEntry, here []bool) *Todo {
	t.Helper()
	todo, err := New(wanted, here)
	if err != nil {
		t.Fatal(err)
	}
	return todo
}

func TestEachContentThatIsMissingIsToDoOnceInTheOrderOfTheList(t *testing.T) {
	t.Parallel()
	wanted := listed(3000)
	wanted = slices.Insert(wanted, 1, netproto.FolderEntry{Path: "folder 0000/file 000.dat.d", Dir: true})
	here := make([]bool, len(wanted))
	var total int64
	missing := map[netproto.ContentHash][]string{}
	for i, e := range wanted {
		if here[i] = i%7 == 0; here[i] || e.Dir {
			continue
		}
		total += e.Size
		missing[e.Hash] = append(missing[e.Hash], e.Path)
	}
	todo := todoOf(t, wanted, here)
	if todo.Len() != len(missing) || todo.Bytes(nil) != total {
		t.Errorf("%d contents with %d bytes are missing, not %d with %d", todo.Len(), todo.Bytes(nil), len(missing), total)
	}
	if need := todo.Bytes(func(netproto.FolderEntry) int64 { return 2 }); need != total-2*int64(len(missing)) {
		t.Errorf("with two bytes of each here, %d of %d are missing", need, total)
	}
	preferred := wanted[2500].Path
	if !todo.Prefer(preferred) || todo.Prefer(preferred) || todo.Prefer("not listed") || todo.Prefer(wanted[0].Path) {
		t.Error("what is preferred is not what is to do, once")
	}
	last := ""
	for n := 0; todo.Len() > 0; n++ {
		file, others := todo.Take()
		paths := append([]string{file.Path}, others...)
		if !slices.Equal(paths, missing[file.Hash]) {
			t.Fatalf("%q come, and not %q", paths, missing[file.Hash])
		}
		delete(missing, file.Hash)
		switch {
		case n == 0 && !slices.Contains(paths, preferred):
			t.Errorf("first comes %q", paths)
		case n > 0 && netproto.ComparePaths(paths[0], last) <= 0:
			t.Errorf("%q comes after %q", paths[0], last)
		case n > 0:
			last = paths[0]
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d contents were left out", len(missing))
	}
	if todo.Prefer(preferred); todo.Len() != 0 {
		t.Error("what was begun is to do again")
	}
}

func TestAListWithTwoSizesOfOneContentIsRefused(t *testing.T) {
	t.Parallel()
	wanted := listed(10)
	wanted[9].Size++
	if _, err := New(wanted, nil); netproto.CodeOf(err) != netproto.CodeProtocol {
		t.Errorf("%v", err)
	}
}

// For a million files, everything that takes some hundred bytes would be half a gigabyte.
func TestWhatIsNotBegunTakesAFewBytesAFile(t *testing.T) {
	const files, most = 200_000, 10 // bytes
	wanted := listed(files)
	before := live()
	todo := todoOf(t, wanted, nil)
	if took := live() - before; took > most*files {
		t.Errorf("%d bytes a file", took/files)
	}
	if todo.Len() != files*9/10 {
		t.Errorf("%d contents are to do", todo.Len())
	}
	runtime.KeepAlive(wanted)
}

// live returns the bytes of the heap that are in use.
func live() int64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
