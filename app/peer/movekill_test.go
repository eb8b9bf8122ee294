package peer_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// moveKillEnv names a folder. If it is set, the test binary runs no tests but does
// what remains to be done in the profile in that folder.
const moveKillEnv = "CENTRALIZEDP2P_MOVE_KILL"

// moveInChild is what the child does. It prints when it begins, and when nothing of
// the only download remains to be moved.
func moveInChild(base string) error {
	l, err := library.Open(filepath.Join(base, "profile"))
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Println("begins")
	e, err := peer.Start(context.Background(), peer.Config{Library: l, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer e.Close()
	e.Downloads.Start()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for changed := e.Watch(ctx); ctx.Err() == nil; <-changed {
		if d := e.Downloads.List()[0]; d.State == queue.StateFinished {
			fmt.Println("done")
			return d.Err
		}
	}
	return ctx.Err()
}

// moveUntilKilled runs the child and kills it some time after its start; with 0 it
// lets the child finish. It tells whether the child finished.
func moveUntilKilled(t *testing.T, base string, after time.Duration) (done bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), moveKillEnv+"="+base)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case "begins":
			if after > 0 {
				defer time.AfterFunc(after, func() { child.Process.Kill() }).Stop()
			}
		case "done":
			done = true
		}
	}
	if err := child.Wait(); err != nil && after == 0 {
		t.Fatalf("the child failed: %v", err)
	}
	return done
}

func TestAMoveFromDiskToDiskOutlivesKillsAtAnyInstant(t *testing.T) {
	t.Parallel()
	content := make([]byte, 48<<20)
	rand.NewChaCha8([32]byte{1}).Read(content)
	all := folders(t)
	target := all["another disk"]
	if target == "" {
		target = all["the same disk"]
	}
	kills := 0
	for round := range 6 {
		base := t.TempDir()
		files := filepath.Join(base, "files")
		check(t, os.Mkdir(files, 0o755))
		old, now := filepath.Join(files, "film.mkv"), filepath.Join(target, "film.mkv")
		check(t, os.WriteFile(old, content, 0o644))
		l, err := library.Open(filepath.Join(base, "profile"))
		check(t, err)
		check(t, l.SaveDownloads(library.Download{ID: "1", Hash: netproto.ContentHash{byte(round)}, Name: "film.mkv", Size: int64(len(content)), Dir: files, Path: old,
			State: library.DownloadFinished, Move: &library.Move{To: target}, Added: time.Now(), Finished: time.Now()}))
		check(t, l.Close())
		for done := false; !done; kills++ {
			after := rand.N(150*time.Millisecond) + time.Millisecond
			if kills > 60 { // it is never done in that time here
				after = 0
			}
			done = moveUntilKilled(t, base, after)
			there, err := os.ReadFile(now)
			if err == nil && !bytes.Equal(there, content) {
				t.Fatalf("a kill left %d wrong bytes under the final name", len(there))
			}
			here, oldErr := os.ReadFile(old)
			if err != nil && (oldErr != nil || !bytes.Equal(here, content)) {
				t.Fatalf("a kill lost the file: %v, %v", err, oldErr)
			}
		}
		moveUntilKilled(t, base, 0) // what was copied is removed last
		if _, err := os.Lstat(old); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it is still where it was: %v", err)
		}
		same(t, now, content)
		onlyFiles(t, target, "film.mkv")
		check(t, os.Remove(now))
	}
	t.Logf("%d kills", kills)
}
