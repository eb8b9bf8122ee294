package peer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hashKillEnv names a folder. If it is set, the test binary runs no tests but shares
// the folder "files" in it, with the profile "profile".
const hashKillEnv = "CENTRALIZEDP2P_HASH_KILL"

// shareInChild is what the child does. It prints how much of the share was hashed at
// its start and is hashed now, again and again, and the result at the end.
func shareInChild(base string) error {
	l, err := library.Open(filepath.Join(base, "profile"))
	if err != nil {
		return err
	}
	defer l.Close()
	config := peer.Config{Library: l, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0"}
	peer.Hasten(&config)
	e, err := peer.Start(context.Background(), config)
	if err != nil {
		return err
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	id, err := e.Shares.Add(filepath.Join(base, "files"), sharing.Options{Remember: true})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		for _, s := range e.Shares.List() {
			if s.ID == id && s.State == sharing.StateShared {
				fmt.Println("hashed", e.Shares.Hashed(), s.Hash)
				return nil
			}
		}
		fmt.Println("hashed", e.Shares.Hashed())
		time.Sleep(5 * time.Millisecond) // [peer.Engine.Watch] would only report the end
	}
	return ctx.Err()
}

// hashUntilKilled runs the child until it has hashed a number of bytes and kills it
// then; with 0 it lets the child finish. It returns what the child said last.
func hashUntilKilled(t *testing.T, base string, until int64) (hashed int64, hash string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), hashKillEnv+"="+base)
	out, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if hashed, err = strconv.ParseInt(words[1], 10, 64); err != nil {
			t.Errorf("the child says %q", lines.Text())
		}
		if len(words) == 3 {
			hash = words[2]
		}
		if until > 0 && hashed >= until {
			check(t, child.Process.Kill())
			break
		}
	}
	if err := child.Wait(); err != nil && until == 0 {
		t.Fatalf("the child failed: %v", err)
	}
	return hashed, hash
}

func TestHashingGoesOnWhereAKillStoppedIt(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	check(t, os.Mkdir(filepath.Join(base, "files"), 0o755))
	const count, size = 40, 16 << 20
	content := make([]byte, size)
	for i := range count {
		content[0] = byte(i)
		check(t, os.WriteFile(filepath.Join(base, "files", fmt.Sprint(i)), content, 0o644))
	}
	before, _ := hashUntilKilled(t, base, count*size/2)
	after, hash := hashUntilKilled(t, base, 0)
	// A small file that was being hashed when the kill came is hashed again, and so is
	// one whose hash was on its way to the disk.
	if lost := before + after - count*size; after == 0 || hash == "" || lost > 4*size {
		t.Errorf("%d bytes were hashed before the kill and %d after it, of %d", before, after, count*size)
	}
	if again, same := hashUntilKilled(t, base, 0); again != 0 || same != hash {
		t.Errorf("another start hashes %d bytes and finds %s, not %s", again, same, hash)
	}
}

// sparseFile makes a file of size bytes, almost all of them zero.
func sparseFile(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	check(t, err)
	defer f.Close()
	for i := range int64(9) {
		_, err := f.WriteAt(fmt.Append(nil, i), size/9*i)
		check(t, err)
	}
	check(t, f.Truncate(size))
}

// gently returns settings that make hashing slow enough to be stopped midway, or the
// usual ones.
func gently(gentle bool) library.Settings {
	settings := library.DefaultSettings()
	settings.GentleHashing = gentle
	return settings
}

func TestHashingGoesOnInALargeFileWhereAKillStoppedIt(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	film := filepath.Join(base, "files", "film")
	check(t, os.Mkdir(filepath.Dir(film), 0o755))
	const size = 1<<30 + 7
	sparseFile(t, film, size)
	profile := func(use func(*library.Library)) {
		t.Helper()
		l, err := library.Open(filepath.Join(base, "profile"))
		check(t, err)
		defer l.Close()
		use(l)
	}
	profile(func(l *library.Library) { check(t, l.SaveSettings(gently(true))) })
	before, _ := hashUntilKilled(t, base, size/2)
	profile(func(l *library.Library) { check(t, l.SaveSettings(gently(false))) })
	after, hash := hashUntilKilled(t, base, 0)
	if before >= size || after == 0 || after > size*3/4 || hash == "" {
		t.Errorf("%d bytes were hashed before the kill and %d after it, of %d", before, after, int64(size))
	}
	m, state, err := piece.HashPath(t.Context(), film, nil)
	check(t, err)
	profile(func(l *library.Library) {
		if f, err := l.File(film); err != nil || f.Hash != m.Hash {
			t.Errorf("it is known as %s (%v), and has the hash %s", f.Hash, err, m.Hash)
		}
		if _, err := l.Partial(film, state); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("how far it was hashed is still known: %v", err)
		}
	})
}

// stoppedMidway returns a peer that was stopped, not killed, after it had hashed a
// third of the file that it shares.
func stoppedMidway(t *testing.T, size int64) (p *testPeer, path, id string, hashed int64) {
	t.Helper()
	p = startPeerWith(t, nil, func(s *library.Settings) { *s = gently(true) })
	path = filepath.Join(p.files, "film")
	sparseFile(t, path, size)
	id, err := p.Shares.Add(path, sharing.Options{Remember: true})
	check(t, err)
	p.untilShare(t, id, "hashed by a third", func(sharing.Share) bool { return p.Shares.Hashed() >= size/3 })
	p.stop()
	if hashed = p.Shares.Hashed(); hashed >= size {
		t.Fatalf("it hashed all of %d bytes before it ended", size)
	}
	return p, path, id, hashed
}

// untilHashed waits until a file is shared and checks that the right content is
// shared.
func (p *testPeer) untilHashed(t *testing.T, path, id string) {
	t.Helper()
	p.Apply(gently(false))
	now := p.untilShare(t, id, "shared", func(s sharing.Share) bool { return s.State == sharing.StateShared })
	m, _, err := piece.HashPath(t.Context(), path, nil)
	check(t, err)
	if m.Hash != now.Hash {
		t.Errorf("it is shared as %s, and has the hash %s", now.Hash, m.Hash)
	}
}

func TestHashingGoesOnInALargeFileAfterAnotherStart(t *testing.T) {
	t.Parallel()
	const size = 600<<20 + 7
	p, path, id, before := stoppedMidway(t, size)
	p.start(t, nil)
	check(t, p.Shares.Load())
	first := p.untilShare(t, id, "hashed further", func(s sharing.Share) bool { return s.Hashed > 0 })
	if first.Hashed < before-netproto.PieceSize(size) {
		t.Errorf("it begins with %d bytes of %d done, %d were", first.Hashed, first.Size, before)
	}
	p.untilHashed(t, path, id)
	if lost := before + p.Shares.Hashed() - size; lost < 0 || lost > netproto.PieceSize(size) {
		t.Errorf("%d bytes were hashed before the end and %d after it, of %d", before, p.Shares.Hashed(), size)
	}
}

func TestALargeFileThatChangedWhileItsHashingRestedIsHashedFromItsStart(t *testing.T) {
	t.Parallel()
	const size = 300<<20 + 7
	p, path, id, _ := stoppedMidway(t, size)
	info, err := os.Stat(path)
	check(t, err)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteAt([]byte("x"), 1)
	check(t, err)
	check(t, file.Close())
	check(t, os.Chtimes(path, time.Time{}, info.ModTime())) // as some programs do
	p.start(t, nil)
	check(t, p.Shares.Load())
	p.untilHashed(t, path, id)
	if p.Shares.Hashed() != size {
		t.Errorf("%d bytes of %d were hashed again", p.Shares.Hashed(), size)
	}
}

func TestALargeFileThatChangesWhileItIsHashedIsHashedFromItsStart(t *testing.T) {
	t.Parallel()
	const size = 300<<20 + 7
	p := startPeerWith(t, nil, func(s *library.Settings) { *s = gently(true) })
	path := filepath.Join(p.files, "film")
	sparseFile(t, path, size)
	id, err := p.Shares.Add(path, sharing.Options{})
	check(t, err)
	var state piece.State
	p.untilShare(t, id, "remembered in part", func(sharing.Share) bool {
		state, err = piece.StateOf(path)
		check(t, err)
		_, err = p.library.Partial(path, state)
		return err == nil
	})
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteAt([]byte("x"), 1)
	check(t, err)
	check(t, file.Close())
	p.untilHashed(t, path, id)
	if p.Shares.Hashed() < 2*size {
		t.Errorf("%d bytes were hashed, of twice %d", p.Shares.Hashed(), size)
	}
	if _, err := p.library.Partial(path, state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("how far it was hashed before is still known: %v", err)
	}
}
