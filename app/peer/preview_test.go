package peer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// readAll reads a preview from an offset to its end.
func readAll(t *testing.T, r *peer.PreviewReader, offset int64) []byte {
	t.Helper()
	var all []byte
	for b := make([]byte, 100_000); offset < r.Size(); {
		n, err := r.ReadAt(deadline(t), b, offset)
		check(t, err)
		all = append(all, b[:n]...)
		offset += int64(n)
	}
	return all
}

func TestAPreviewReadsWhatIsHereAndThenTheRest(t *testing.T) {
	t.Parallel()
	_, content := startPeer(t, nil).write(t, "film.mkv", 16*netproto.MinPieceSize-100)
	half := startStranger(t, content, func(s *stranger) { // it has the second half
		s.onOpen = func(c *strangerConn, f netproto.Open) {
			bits := piece.NewBits(s.m.Pieces())
			for i := 8; i < s.m.Pieces(); i++ {
				bits.Set(i)
			}
			c.send(netproto.Manifest{Stream: f.Stream, Size: s.size, CVs: s.m.CVs}, netproto.Have{Stream: f.Stream, Bits: bits})
		}
	})
	tracker := fakeWith(half.source())
	bob := startPeerAt(t, tracker)
	id, err := bob.Downloads.Add(queue.Request{Hash: half.m.Hash, Name: "film.mkv", Size: -1, Dir: bob.files})
	check(t, err)
	preview, err := bob.Preview(t.Context(), id, "")
	check(t, err)
	r, err := preview.Open(deadline(t))
	check(t, err)
	defer r.Close()
	if r.Size() != int64(len(content)) {
		t.Fatalf("it has %d bytes", r.Size())
	}
	const from = 9*netproto.MinPieceSize + 7
	if !bytes.Equal(readAll(t, r, from), content[from:]) {
		t.Error("the end is another one")
	}
	soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if n, err := r.ReadAt(soon, make([]byte, 10), 0); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of the start, which nobody has, came %d bytes, %v", n, err)
	}
	whole := startStranger(t, content, nil)
	tracker.with(func() { tracker.sources = append(tracker.sources, whole.source()) })
	if !bytes.Equal(readAll(t, r, 0), content) {
		t.Error("the whole is another one")
	}
	bob.wait(t, id, queue.StateFinished)
	again, err := preview.Open(deadline(t)) // it is shared by nobody here, so it is read from the disk
	check(t, err)
	defer again.Close()
	if !bytes.Equal(readAll(t, again, 0), content) || !bytes.Equal(readAll(t, r, 5), content[5:]) {
		t.Error("the finished file is another one")
	}
}

func TestAPreviewOfAFileInAFolder(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	_, small := alice.write(t, filepath.Join("album", "notes", "a.txt"), 300)
	_, large := alice.write(t, filepath.Join("album", "b.flac"), 3<<20)
	s := alice.share(t, filepath.Join(alice.files, "album"))
	id := bob.add(t, s)
	for name, content := range map[string][]byte{"notes/a.txt": small, "b.flac": large} {
		preview, err := bob.Preview(deadline(t), id, name)
		check(t, err)
		r, err := preview.Open(deadline(t))
		check(t, err)
		if preview.Name != filepath.Base(name) || !bytes.Equal(readAll(t, r, 0), content) {
			t.Errorf("%s is another one", name)
		}
		check(t, r.Close())
	}
	for _, name := range []string{"", "notes", "../b.flac", "c"} {
		if _, err := bob.Preview(deadline(t), id, name); netproto.CodeOf(err) != netproto.CodeNotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAPreviewEndsWithItsDownload(t *testing.T) {
	t.Parallel()
	bob := startPeer(t, nil)
	id, err := bob.Downloads.Add(queue.Request{Hash: netproto.ContentHash{1}, Name: "film.mkv", Size: -1, Dir: bob.files})
	check(t, err)
	preview, err := bob.Preview(t.Context(), id, "")
	check(t, err)
	opened := make(chan error)
	go func() {
		_, err := preview.Open(t.Context())
		opened <- err
	}()
	check(t, bob.Downloads.Remove(id))
	if err := <-opened; netproto.CodeOf(err) != netproto.CodeGone {
		t.Errorf("it says %v", err)
	}
}

func TestAFinishedFileThatWasReplacedIsNotPlayed(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 1000)
	d := bob.get(t, alice.share(t, path))
	preview, err := bob.Preview(t.Context(), d.ID, "")
	check(t, err)
	r, err := preview.Open(deadline(t))
	check(t, err)
	check(t, r.Close())
	check(t, os.Remove(d.Path))
	check(t, os.Mkdir(d.Path, 0o755))
	if _, err := preview.Open(deadline(t)); netproto.CodeOf(err) != netproto.CodeFileChanged {
		t.Errorf("it says %v", err)
	}
}
