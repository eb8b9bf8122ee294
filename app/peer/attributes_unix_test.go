//go:build unix

package peer_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// dressed makes a folder of a script, a text, a copy of the script and a large file, all
// of another time.
func (p *testPeer) dressed(t testing.TB) (folder string, then time.Time) {
	t.Helper()
	then = time.Unix(981_173_106, 123_456_789)
	for name, size := range map[string]int{"d/run.sh": 100, "d/text": 200, "d/in/large.bin": 700_000} {
		p.write(t, name, size)
	}
	folder = filepath.Join(p.files, "d")
	script, err := os.ReadFile(filepath.Join(folder, "run.sh"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(folder, "in", "copy.sh"), script, 0o644))
	for _, name := range []string{"run.sh", "in/copy.sh", "in/large.bin"} {
		check(t, os.Chmod(filepath.Join(folder, name), 0o755))
	}
	for _, name := range []string{"run.sh", "text", "in/copy.sh", "in/large.bin"} {
		check(t, os.Chtimes(filepath.Join(folder, name), then, then))
	}
	return folder, then
}

func lookAt(t testing.TB, folder, name string) (fs.FileMode, time.Time) {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, name))
	check(t, err)
	return info.Mode().Perm(), info.ModTime()
}

func TestFilesOfAFolderKeepTheirTimesAndExecutableBits(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	folder, then := alice.dressed(t)
	s := alice.share(t, folder)
	id := bob.add(t, s)
	got := bob.wait(t, id, queue.StateFinished).Path
	for name, executable := range map[string]bool{"run.sh": true, "text": false, "in/copy.sh": true, "in/large.bin": true} {
		mode, when := lookAt(t, got, name)
		if mode&0o100 != 0 != executable || !when.Equal(then) {
			t.Errorf("%s has the mode %s and is of %s", name, mode, when)
		}
	}
	// The folder is the same folder to others, whatever its files look like.
	check(t, os.Chmod(filepath.Join(got, "run.sh"), 0o644))
	if again := bob.share(t, got); again.Hash != s.Hash {
		t.Errorf("shared again it is %s, not %s", again.Hash, s.Hash)
	}
}

func TestAPlainDownloadKeepsNeitherTimesNorExecutableBits(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	folder, then := alice.dressed(t)
	s := alice.share(t, folder)
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: s.Size, Folder: true, Dir: bob.files, Plain: true})
	check(t, err)
	got := bob.wait(t, id, queue.StateFinished).Path
	for _, name := range []string{"run.sh", "text", "in/copy.sh", "in/large.bin"} {
		if mode, when := lookAt(t, got, name); mode&0o111 != 0 || when.Equal(then) {
			t.Errorf("%s has the mode %s and is of %s", name, mode, when)
		}
	}
}

// An older program knows no such frame.
func TestAPeerThatDoesNotWantAttributesGetsNone(t *testing.T) {
	t.Parallel()
	alice := startPeerAt(t, newFakeTracker())
	folder, _ := alice.dressed(t)
	s := alice.share(t, folder)
	for _, features := range []uint32{0, netproto.FeatureAttributes} {
		c := dialPeerWith(t, alice, features)
		check(t, c.send(netproto.Open{Stream: 1, Hash: s.Hash, Size: -1, Manifest: true}))
		got := 0
		for pong := false; !pong; {
			f, err := c.read()
			check(t, err)
			switch f := f.(type) {
			case netproto.Have: // the attributes come right after it, and then the pong
				check(t, c.send(netproto.Ping{Token: 1}))
			case netproto.Pong:
				pong = true
			case netproto.Attributes:
				got += len(f.Packed) / netproto.AttributeBytes
			}
		}
		if want := int(features) * 4; got != want {
			t.Errorf("with the features %d it gets %d attributes, want %d", features, got, want)
		}
	}
}

func TestAttributesThatDoNotFitTheListHarmNobody(t *testing.T) {
	t.Parallel()
	empty, err := piece.Hash(t.Context(), bytes.NewReader(nil), 0, nil)
	check(t, err)
	text, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "a", Hash: empty.Hash}, {Path: "b", Hash: empty.Hash}})
	check(t, err)
	one := netproto.AppendAttribute(nil, netproto.Attribute{Modified: 981_173_106_000_000_000, Executable: true})
	strange := netproto.AppendAttribute(nil, netproto.Attribute{Modified: -1 << 63})
	for name, frames := range map[string][]netproto.Attributes{
		"too few":        {{Packed: one}},
		"too many":       {{Packed: one}, {First: 1, Packed: one}, {First: 2, Packed: one}},
		"out of order":   {{First: 1, Packed: one}, {Packed: one}},
		"a strange time": {{Packed: strange}, {First: 1, Packed: strange}},
	} {
		lister := startStranger(t, text, func(s *stranger) {
			s.onOpen = func(c *strangerConn, f netproto.Open) {
				s.honestOpen(c, f)
				for _, a := range frames {
					a.Stream = f.Stream
					c.send(a)
				}
			}
		})
		getter := startPeerAt(t, fakeWith(lister.source()))
		id, err := getter.Downloads.Add(queue.Request{Hash: lister.m.Hash, Name: "folder", Size: -1, Folder: true, Dir: getter.files})
		check(t, err)
		got := getter.wait(t, id, queue.StateFinished).Path
		for _, file := range []string{"a", "b"} {
			if mode, when := lookAt(t, got, file); mode&0o111 != 0 || name != "a strange time" && time.Since(when) > time.Hour {
				t.Errorf("%s: %s has the mode %s and is of %s", name, file, mode, when)
			}
		}
	}
}
