package peer_test

import (
	"bufio"
	"context"
	"fmt"
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
)

// hashKillEnv makes the test binary share the folder "files" in that one, with
// the profile "profile", instead of testing.
const hashKillEnv = "CENTRALIZEDP2P_HASH_KILL"

// shareInChild is the child: it says how much of the share was done when it
// began and is done now, again and again, and what it hashed in the end.
func shareInChild(base string) error {
	l, err := library.Open(filepath.Join(base, "profile"))
	if err != nil {
		return err
	}
	defer l.Close()
	e, err := peer.Start(context.Background(), peer.Config{Library: l, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	id, err := e.Share(filepath.Join(base, "files"), peer.ShareOptions{Remember: true})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		for _, s := range e.Shares() {
			if s.ID == id && s.State == peer.ShareShared {
				fmt.Println("hashed", e.Hashed(), s.Hash)
				return nil
			}
		}
		fmt.Println("hashed", e.Hashed())
		time.Sleep(5 * time.Millisecond) // [peer.Engine.Watch] would tell it when all is done
	}
	return ctx.Err()
}

// hashUntilKilled runs the child until it has hashed that many bytes, and kills
// it; or lets it finish where that is 0. It gives what the child said last.
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
	// A file under way when the kill came is hashed again, and one whose hash was
	// on its way to the disk.
	if lost := before + after - count*size; after == 0 || hash == "" || lost > 4*size {
		t.Errorf("%d bytes were hashed before the kill and %d after it, of %d", before, after, count*size)
	}
	if again, same := hashUntilKilled(t, base, 0); again != 0 || same != hash {
		t.Errorf("another start hashes %d bytes and finds %s, not %s", again, same, hash)
	}
}
