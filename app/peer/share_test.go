package peer_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func (p *testPeer) shareState(id string) sharing.Share {
	for _, s := range p.Shares.List() {
		if s.ID == id {
			return s
		}
	}
	return sharing.Share{}
}

func (p *testPeer) untilShare(t testing.TB, id, what string, ok func(sharing.Share) bool) sharing.Share {
	t.Helper()
	eventually(t, p.Engine, func() bool { return ok(p.shareState(id)) }, says("the share is not "+what))
	return p.shareState(id)
}

func TestAChangedFileIsWithdrawnAndSharedAnew(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 3<<20)
	s := p.share(t, path)
	check(t, os.WriteFile(path, []byte("something else"), 0o644))
	again := p.untilShare(t, s.ID, "hashed again", func(now sharing.Share) bool { return now.State == sharing.StateShared && now.Hash != s.Hash })
	told(t, p, f, "the tracker holds something else", func() bool {
		_, old := f.held[s.Hash]
		_, now := f.held[again.Hash]
		return !old && now
	})
}

func TestAFileThatChangesWhileItIsReadIsNeverServedMixed(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(8<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 12<<20)
	s := alice.share(t, path)
	changed := bytes.Clone(content)
	for i := range changed {
		changed[i] ^= 0xff
	}
	id := bob.add(t, s)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 1<<20 })
	check(t, os.WriteFile(path, changed, 0o644))
	alice.untilShare(t, s.ID, "hashed again", func(now sharing.Share) bool { return now.State == sharing.StateShared && now.Hash != s.Hash })
	bob.until(t, id, "waiting", func(d queue.Download) bool { return d.State == queue.StateWaiting })
	// The file comes back as it was: the download goes on, from the same peer.
	check(t, os.WriteFile(path, content, 0o644))
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestAMissingFileIsWithdrawnUntilItIsBack(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 1000)
	s := p.share(t, path)
	check(t, os.Rename(path, path+".away"))
	missing := p.untilShare(t, s.ID, "missing", func(now sharing.Share) bool { return now.State == sharing.StateMissing })
	if netproto.CodeOf(missing.Err) != netproto.CodeFileUnreadable {
		t.Errorf("the reason is %v", missing.Err)
	}
	told(t, p, f, "it is not withdrawn", func() bool { return len(f.held) == 0 })
	if _, err := p.Shares.Wait(deadline(t), s.ID); err == nil {
		t.Error("waiting for it has no error")
	}
	check(t, os.Rename(path+".away", path))
	p.untilShare(t, s.ID, "shared", func(now sharing.Share) bool { return now.State == sharing.StateShared })
	told(t, p, f, "it is not announced", func() bool { return len(f.held) == 1 })
}

func TestAFileThatIsNotThereFailsAtOnce(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	id, err := p.Shares.Add(filepath.Join(p.files, "nothing"), sharing.Options{})
	check(t, err)
	if _, err := p.Shares.Wait(deadline(t), id); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Errorf("waiting says %v", err)
	}
}

func TestEqualFilesStayUntilTheLastIsTakenBack(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, content := p.write(t, "one.flac", 1000)
	one := p.share(t, path)
	two := p.share(t, p.copyOf(t, "two.flac", content))
	if r, _ := f.holds(one.Hash); one.Hash != two.Hash || r.Name != "one.flac" {
		t.Errorf("it is announced as %s", r.Name)
	}
	check(t, p.Shares.Stop(one.ID))
	told(t, p, f, "the name of the other is not announced", func() bool { return f.held[two.Hash].Name == "two.flac" })
	same(t, startPeerAt(t, fakeWith(p.source())).get(t, two).Path, content)
	check(t, p.Shares.Stop(two.ID))
	told(t, p, f, "it is not withdrawn", func() bool { return len(f.held) == 0 })
}

func TestASharedFolderFollowsItsFiles(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "album/one.flac", 1000)
	p.write(t, "album/two.flac", 2000)
	p.write(t, "album/.cp2p-0123.part", 10)
	s := p.share(t, filepath.Join(p.files, "album"))
	if s.Files != 2 || s.Size != 3000 {
		t.Errorf("it has %d files of %d bytes", s.Files, s.Size)
	}
	p.write(t, "album/three.flac", 3000)
	check(t, os.Remove(filepath.Join(p.files, "album/one.flac")))
	again := p.untilShare(t, s.ID, "followed", func(now sharing.Share) bool { return now.Size == 5000 && now.State == sharing.StateShared })
	told(t, p, f, "the tracker holds something else", func() bool {
		_, old := f.held[s.Hash]
		return len(f.held) == 3 && !old && f.held[again.Hash].Folder
	})
	check(t, p.Shares.Stop(s.ID))
	lists, err := os.ReadDir(filepath.Join(p.profile, "folders"))
	if check(t, err); len(lists) != 0 {
		t.Errorf("%d lists are kept", len(lists))
	}
}

func TestAPathThatIsTooLongLeavesOutItselfAlone(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	p.write(t, "album/one.flac", 1000)
	p.write(t, "album/two.part", 1000)
	deep := strings.TrimSuffix(strings.Repeat("x/", 70), "/")
	p.write(t, "album/"+deep+"/three.flac", 1000)
	check(t, os.Symlink("one.flac", filepath.Join(p.files, "album", "four.flac")))
	s := p.share(t, filepath.Join(p.files, "album"))
	want := []sharing.LeftOut{{Path: "four.flac", Why: sharing.Link}, {Path: "two.part", Why: sharing.Ignored}, {Path: deep[:2*65-1], Why: sharing.TooLong}}
	if s.Files != 1 || !slices.Equal(s.Omitted.Named, want) || s.Omitted.Total() != 3 {
		t.Errorf("it has %d files and leaves out %v", s.Files, s.Omitted)
	}
}

func TestWhatIsExceptedIsNotOffered(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "album/one.flac", 1000)
	p.write(t, "album/.env", 20)
	p.write(t, "album/secret/key", 20)
	id, err := p.Shares.Add(filepath.Join(p.files, "album"), sharing.Options{Except: []string{".env", "secret"}})
	check(t, err)
	s, err := p.Shares.Wait(deadline(t), id)
	check(t, err)
	told(t, p, f, "something else is announced", func() bool { return s.Files == 1 && len(f.held) == 2 })
	entries, err := startPeerAt(t, fakeWith(p.source())).Folder(deadline(t), s.Hash)
	if check(t, err); len(entries) != 1 || entries[0].Path != "one.flac" {
		t.Errorf("the list has %v", entries)
	}
}

func TestOnlySmallFilesAreForSeedClients(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	for name, size := range map[string]int{"small": netproto.SeedMaxBytes, "large": netproto.SeedMaxBytes + 1} {
		path, content := p.write(t, name, size)
		s := p.share(t, path)
		r, _ := f.holds(s.Hash)
		sum := md5.Sum(content)
		file, _, ok := p.SeedFile(s.Hash.String(), name)
		if small := name == "small"; small && (r.MD5 != hex.EncodeToString(sum[:]) || !ok || file != path) || !small && (r.MD5 != "" || ok) {
			t.Errorf("%s: MD5 %q, file %q, %v", name, r.MD5, file, ok)
		}
		for _, wrong := range [][2]string{{s.Hash.String(), "other"}, {"/etc", "passwd"}, {"", name}} {
			if _, _, ok := p.SeedFile(wrong[0], wrong[1]); ok {
				t.Errorf("%q is served", wrong)
			}
		}
	}
}

func TestAnotherStartHashesNothingAndKeepsTheCounts(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 9<<20)
	id, err := alice.Shares.Add(path, sharing.Options{Remember: true})
	check(t, err)
	s, err := alice.Shares.Wait(deadline(t), id)
	check(t, err)
	same(t, bob.get(t, s).Path, content)
	alice.stop()
	alice.start(t, tr)
	check(t, alice.Shares.Load())
	now, err := alice.Shares.Wait(deadline(t), id)
	check(t, err)
	if now.Hash != s.Hash || now.Sent < int64(len(content)) || now.Fetched != 1 { // a piece at the end may be sent twice
		t.Errorf("%d bytes sent, fetched %d times", now.Sent, now.Fetched)
	}
	if s.Rate == 0 || now.Rate != 0 { // over the last seconds
		t.Errorf("it was hashed at %d bytes a second, and at %d after another start", s.Rate, now.Rate)
	}
}

func TestStoppingAShareStopsItsHashing(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	huge := filepath.Join(p.files, "huge")
	check(t, os.WriteFile(huge, nil, 0o644))
	check(t, os.Truncate(huge, 1<<40)) // sparse: hashing it takes minutes
	id, err := p.Shares.Add(huge, sharing.Options{})
	check(t, err)
	p.untilShare(t, id, "hashing", func(s sharing.Share) bool { return s.State == sharing.StateHashing && s.Hashed > 0 })
	check(t, p.Shares.Stop(id))
	path, _ := p.write(t, "song.flac", 1000)
	p.share(t, path) // the worker is free
}

func TestTheFirstFilesAreFoundWhileTheRestIsHashed(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "song.flac", 1000)
	huge := filepath.Join(p.files, "huge")
	check(t, os.WriteFile(huge, nil, 0o644))
	check(t, os.Truncate(huge, 1<<40)) // sparse: hashing it takes minutes
	id, err := p.Shares.Add(p.files, sharing.Options{})
	check(t, err)
	told(t, p, f, "the small file was not announced", func() bool {
		for _, r := range f.held {
			if r.Name == "song.flac" {
				return true
			}
		}
		return false
	})
	if now := p.Shares.List()[0]; now.State != sharing.StateHashing {
		t.Errorf("meanwhile the folder is %s", now.State)
	}
	check(t, p.Shares.Stop(id))
}
