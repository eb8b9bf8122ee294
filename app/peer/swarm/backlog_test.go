package swarm

import (
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"testing"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
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

// backlogOf returns the backlog of an attempt at a folder in a fresh folder of the disk.
func backlogOf(t *testing.T, wanted []netproto.FolderEntry, here []bool) *backlog {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	a := &Attempt{task: Task{Folder: true}, root: root, swarms: New(Config{Contents: offer.NewRegister(nobody{})})}
	b, err := newBacklog(a, "staging/tree", wanted, here)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABacklogMakesAJobForEachContentThatIsMissing(t *testing.T) {
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
		missing[e.Hash] = append(missing[e.Hash], "staging/tree/"+e.Path)
	}
	b := backlogOf(t, wanted, here)
	if b.waiting() != len(missing) || b.bytes(true) != total {
		t.Errorf("%d contents with %d bytes are missing, not %d with %d", b.waiting(), b.bytes(true), len(missing), total)
	}
	preferred := Preference{Set: true, Path: wanted[2500].Path}
	if !b.prefer(preferred) || b.prefer(preferred) || b.prefer(Preference{Set: true, Path: "not listed"}) || b.prefer(Preference{}) {
		t.Error("what is preferred is not what is listed, once")
	}
	last := ""
	for n := 0; b.waiting() > 0; n++ {
		j, err := b.take()
		if err != nil {
			t.Fatal(err)
		}
		var targets []string
		for _, target := range j.targets {
			targets = append(targets, path.Join(j.dir, target))
		}
		if !slices.Equal(targets, missing[j.hash]) || !j.sure || j.m == nil {
			t.Fatalf("a job is for %q, not for %q", targets, missing[j.hash])
		}
		delete(missing, j.hash)
		switch {
		case n == 0 && !slices.Contains(targets, "staging/tree/"+preferred.Path):
			t.Errorf("first comes %q", targets)
		case n > 0 && netproto.ComparePaths(targets[0], last) <= 0:
			t.Errorf("%q comes after %q", targets[0], last)
		case n > 0:
			last = targets[0]
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d contents were left out", len(missing))
	}
}

func TestAListWithTwoSizesOfOneContentIsRefused(t *testing.T) {
	t.Parallel()
	wanted := listed(10)
	wanted[9].Size++
	if _, err := newBacklog(&Attempt{}, "", wanted, nil); netproto.CodeOf(err) != netproto.CodeProtocol {
		t.Errorf("%v", err)
	}
}

// A job takes about 500 bytes: for a million files, they were half a gigabyte.
func TestWhatIsNotBegunTakesAFewBytesAFile(t *testing.T) {
	const files, most = 200_000, 10 // bytes
	wanted := listed(files)
	before := live()
	b := backlogOf(t, wanted, nil)
	if took := live() - before; took > most*files {
		t.Errorf("%d bytes a file", took/files)
	}
	if b.waiting() != files*9/10 {
		t.Errorf("%d contents wait", b.waiting())
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

// A manifest is not taken memory for before its hashes have come, and grows in few steps.
func TestAManifestThatComesTakesLittleMoreThanItself(t *testing.T) {
	const hashes = 1 << 18
	m := &piece.Manifest{Size: hashes * piece16}
	part := make([]piece.CV, netproto.MaxManifestHashes)
	var first, after runtime.MemStats
	runtime.ReadMemStats(&first)
	for len(m.CVs) < hashes {
		m.CVs = appendCVs(m.CVs, part, m.Pieces())
		if cap(m.CVs) > max(growthOfManifest*len(m.CVs), len(part)) {
			t.Fatalf("there is room for %d hashes when %d have come", cap(m.CVs), len(m.CVs))
		}
	}
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-first.TotalAlloc, uint64(hashes*len(piece.CV{})*3/2); took > most || cap(m.CVs) != hashes {
		t.Errorf("%d bytes were taken for %d", took, hashes*len(piece.CV{}))
	}
}
