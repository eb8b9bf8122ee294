package peer_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// writeTree makes n files of different small sizes in a folder of a peer.
func (p *testPeer) writeTree(t testing.TB, folder string, n int) map[string][]byte {
	t.Helper()
	contents := map[string][]byte{}
	for i := range n {
		name := fmt.Sprintf("%s/d%d/e%d/file %d.txt", folder, i%7, i%3, i)
		_, contents[name] = p.write(t, name, i%5000)
	}
	return contents
}

func sameTree(t testing.TB, p *testPeer, contents map[string][]byte) {
	t.Helper()
	for name, content := range contents {
		same(t, filepath.Join(p.files, name), content)
	}
	found := 0
	check(t, filepath.WalkDir(p.files, func(_ string, e os.DirEntry, err error) error {
		if !e.IsDir() {
			found++
		}
		return err
	}))
	if found != len(contents) {
		t.Errorf("there are %d files, %d belong there", found, len(contents))
	}
}

func TestThousandsOfSmallFilesAreOneDownload(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	contents := alice.writeTree(t, "src", 2000)
	s := alice.share(t, filepath.Join(alice.files, "src"))
	if s.Files != 2000 || !s.Folder {
		t.Fatalf("it is shared as %+v", s)
	}
	d := bob.get(t, s)
	sameTree(t, bob, contents)
	if d.Size != s.Size || d.Done != s.Size {
		t.Errorf("%d of %d bytes are shown, the folder has %d", d.Done, d.Size, s.Size)
	}
}

func TestEqualFilesAreFetchedOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	_, content := alice.write(t, "src/a/one", 1<<20) // with all its copies too little for a second connection, which may fetch a piece twice
	contents := map[string][]byte{"src/a/one": content}
	for _, name := range []string{"src/a/two", "src/b/c/three", "src/four"} {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(alice.files, name)), 0o755))
		alice.copyOf(t, name, content)
		contents[name] = content
	}
	bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	sameTree(t, bob, contents)
	if n := sentBy(alice); n > 1<<20+4096 {
		t.Errorf("%d bytes were sent", n)
	}
}

func TestOnlyChosenFilesOfAFolderCome(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	contents := alice.writeTree(t, "src", 20)
	s := alice.share(t, filepath.Join(alice.files, "src"))
	entries, err := bob.Folder(deadline(t), s.Hash)
	check(t, err)
	if len(entries) != 20 {
		t.Fatalf("the list has %d entries", len(entries))
	}
	// Two choices of the same folder at the same time do not meet.
	want := map[string][]byte{}
	var ids []string
	for _, choice := range [][]string{{entries[3].Path, entries[11].Path}, {entries[5].Path}} {
		id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Folder: true, Paths: choice, Dir: bob.files})
		check(t, err)
		ids = append(ids, id)
	}
	for i, id := range ids {
		d := bob.wait(t, id, queue.StateFinished)
		rel, err := filepath.Rel(bob.files, d.Path)
		check(t, err)
		for _, n := range [][]int{{3, 11}, {5}}[i] {
			want[filepath.Join(rel, entries[n].Path)] = contents["src/"+entries[n].Path]
		}
	}
	sameTree(t, bob, want)
}

func TestAFolderGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(3<<20)), startPeer(t, tr)
	contents := map[string][]byte{}
	for i := range 40 {
		name := fmt.Sprintf("src/%d.bin", i)
		_, contents[name] = alice.write(t, name, 100_000+i*10_000)
	}
	s := alice.share(t, filepath.Join(alice.files, "src"))
	id := bob.add(t, s)
	before := bob.until(t, id, "half there", func(d queue.Download) bool { return d.Done > 4<<20 && d.Done < s.Size }).Done
	bob.stop()
	half := sentBy(alice)
	// What happened to the files meanwhile is noticed.
	left, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*.folder/tree/*.bin"))
	check(t, err)
	check(t, os.WriteFile(left[0], make([]byte, 100_000), 0o644))
	bob.start(t, tr)
	bob.wait(t, id, queue.StateFinished)
	sameTree(t, bob, contents)
	if again := sentBy(alice) - half; again > s.Size-before+2<<20 {
		t.Errorf("%d bytes came after the restart, %d were missing", again, s.Size-before)
	}
}

func TestTheJournalThatAKillLeftBesideAPublishedFileIsRemoved(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeer(t, tr)
	_, content := alice.write(t, "film.bin", 600_000)
	contents := map[string][]byte{"film.bin": content}
	film := alice.share(t, filepath.Join(alice.files, "film.bin"))
	leave := func(dir string, content []byte) {
		hash := netproto.ContentHash(blake3.Sum256(content))
		journal := strings.TrimSuffix(piece.PartName(hash), "part") + "journal"
		check(t, os.WriteFile(filepath.Join(dir, journal), nil, 0o600))
	}
	check(t, bob.Downloads.Remove(bob.get(t, film).ID))
	leave(bob.files, content)
	bob.get(t, film)
	sameTree(t, bob, contents)

	for i := range 10 {
		name := fmt.Sprintf("src/%d.bin", i)
		_, contents[name] = alice.write(t, name, 600_000)
	}
	id := bob.add(t, alice.share(t, filepath.Join(alice.files, "src")))
	bob.until(t, id, "half there", func(d queue.Download) bool { return d.Done > 3_000_000 })
	bob.stop()
	left, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*.folder/tree/*.bin"))
	check(t, err)
	leave(filepath.Dir(left[0]), contents["src/"+filepath.Base(left[0])])
	bob.start(t, tr)
	bob.wait(t, id, queue.StateFinished)
	sameTree(t, bob, contents)
}

func TestAnUnfinishedFolderIsASource(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob, carol := startPeerWith(t, tr, slowly(2<<20)), startPeer(t, tr), startPeer(t, tr)
	contents := map[string][]byte{}
	for i := range 20 {
		name := fmt.Sprintf("src/%d.bin", i)
		_, contents[name] = alice.write(t, name, 200_000)
	}
	s := alice.share(t, filepath.Join(alice.files, "src"))
	first := bob.add(t, s)
	bob.until(t, first, "begun", func(d queue.Download) bool { return d.Done > 1<<20 && d.Size == s.Size })
	alice.stop()
	bob.stop() // after a restart, what it has is offered too
	bob.start(t, tr)
	second := carol.add(t, s)
	carol.until(t, second, "fed by the one who is not finished", func(d queue.Download) bool { return d.Size == s.Size && d.Done >= 1<<20 })
	alice.start(t, tr)
	alice.share(t, s.Path)
	bob.wait(t, first, queue.StateFinished)
	carol.wait(t, second, queue.StateFinished)
	sameTree(t, bob, contents)
	sameTree(t, carol, contents)
}

func TestAFolderThatIsSharedHereIsCopied(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	bob := startPeer(t, tr)
	contents := bob.writeTree(t, "src", 50)
	_, contents["src/large.bin"] = bob.write(t, "src/large.bin", 3<<20)
	s := bob.share(t, filepath.Join(bob.files, "src"))
	there := &testPeer{files: t.TempDir()}
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: s.Size, Folder: true, Dir: there.files})
	check(t, err)
	bob.wait(t, id, queue.StateFinished)
	sameTree(t, there, contents)
}

func TestWhatWasFetchedIsNotHashedAgainToBeShared(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	bob := startWith(t, &testPeer{offers: true}, tr, func(s *library.Settings) { s.ShareDownloads = true })
	contents := alice.writeTree(t, "src", 60)
	_, contents["src/large.bin"] = alice.write(t, "src/large.bin", 3<<20)
	alice.copyOf(t, "src/equal.bin", contents["src/large.bin"])
	contents["src/equal.bin"] = contents["src/large.bin"]
	path, content := alice.write(t, "film.mkv", 5<<20)
	for _, s := range []sharing.Share{alice.share(t, filepath.Join(alice.files, "src")), alice.share(t, path)} {
		d := bob.get(t, s)
		shared := bob.untilOffered(t, d.Path)
		if shared.Hash != s.Hash || shared.Rate != 0 {
			t.Errorf("%s was hashed at %d bytes a second", d.Path, shared.Rate)
		}
	}
	contents["film.mkv"] = content
	sameTree(t, bob, contents)
	// A fetched file has what seed clients need to know of a small file.
	small := filepath.Join(bob.files, "src/d1/e1/file 1.txt")
	f, err := bob.library.File(small)
	if sum := md5.Sum(contents["src/d1/e1/file 1.txt"]); err != nil || f.MD5 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v, %v", f, err)
	}
}

// untilOffered waits until a path is shared.
func (p *testPeer) untilOffered(t testing.TB, path string) sharing.Share {
	t.Helper()
	ctx, changed := deadline(t), p.Watch(deadline(t))
	for {
		for _, s := range p.Shares.List() {
			if s.Path == path && s.State == sharing.StateShared {
				return s
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is not shared", path)
		case <-changed:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// The bytes of equal files count when they are copied, and never more than once.
func TestTheProgressOfEqualFilesEndsWhereTheFolderEnds(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	_, content := alice.write(t, "src/one", 30<<20)
	contents := map[string][]byte{"src/one": content, "src/empty": {}, "src/d/empty too": {}}
	for _, name := range []string{"src/two", "src/three"} {
		alice.copyOf(t, name, content)
		contents[name] = content
	}
	for _, name := range []string{"src/empty", "src/d/empty too"} {
		alice.write(t, name, 0)
	}
	s := alice.share(t, filepath.Join(alice.files, "src"))
	id := bob.add(t, s)
	before := int64(0)
	d := bob.until(t, id, "finished", func(d queue.Download) bool {
		if d.Size < s.Size {
			return false // the list of its files is on its way
		}
		if d.Done < before || d.Done > s.Size {
			t.Errorf("%d bytes after %d, of %d", d.Done, before, s.Size)
		}
		before = d.Done
		return d.State == queue.StateFinished
	})
	if d.Done != s.Size || s.Size != 90<<20 {
		t.Errorf("%d of %d bytes in the end", d.Done, s.Size)
	}
	sameTree(t, bob, contents)
}
