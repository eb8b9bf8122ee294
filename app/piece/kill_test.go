package piece

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"centralizedp2p/netproto"
)

const (
	// killDirEnv makes the test binary download from the folder "from" in that
	// one to the folder "to" instead of testing.
	killDirEnv = "CENTRALIZEDP2P_KILL_DIR"
	// killsEnv is the number of kills of a long campaign.
	killsEnv = "CENTRALIZEDP2P_KILLS"
	// killFailed is the exit code of a child that failed by itself.
	killFailed = 3
)

// killSizes are the contents of the campaign, in bytes: of one piece, of a few,
// and of enough to be flushed several times before the end.
var killSizes = []int{100_000, 3*ps + 1, 40<<20 + 123}

func killName(size int) string { return fmt.Sprintf("content-%d.bin", size) }

// A download is killed at random instants, again and again. No kill leaves a
// wrong byte under a final name or a claim that is not true, and in the end
// everything is there.
func TestKillsNeverLeaveAWrongByte(t *testing.T) {
	kills := 30
	if s := os.Getenv(killsEnv); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	base := t.TempDir()
	from, dir := filepath.Join(base, "from"), filepath.Join(base, "to")
	must(t, os.Mkdir(from, 0o700))
	must(t, os.Mkdir(dir, 0o700))
	contents := map[string][]byte{}
	for _, size := range killSizes {
		contents[killName(size)] = bytesOf(size)
		must(t, os.WriteFile(filepath.Join(from, killName(size)), contents[killName(size)], 0o600))
	}
	span := runKillChild(t, base, 0) // how long an undisturbed run takes
	checkKillFolder(t, dir, contents, true)
	landed, rounds, parts := 0, 0, 0
	for landed < kills {
		if _, err := os.Stat(filepath.Join(dir, killName(killSizes[2]))); err == nil {
			must(t, os.RemoveAll(dir))
			must(t, os.Mkdir(dir, 0o700))
			rounds++
		}
		if runKillChild(t, base, time.Duration(rand.Float64()*float64(span)*0.9)+time.Microsecond) == 0 {
			landed++
		}
		parts += checkKillFolder(t, dir, contents, false)
	}
	runKillChild(t, base, 0)
	checkKillFolder(t, dir, contents, true)
	t.Logf("%d kills, %d downloads begun anew, %d unfinished files checked", landed, rounds, parts)
}

// runKillChild runs the child and kills it after that time; 0 lets it finish.
// It gives how long the child worked, 0 where the kill came first.
func runKillChild(t *testing.T, base string, after time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), killDirEnv+"="+base, "GORACE=atexit_sleep_ms=0")
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var word [2]byte
	out.Read(word[:]) // it begins now
	begun := time.Now()
	if after > 0 {
		kill := time.AfterFunc(after, func() { child.Process.Kill() })
		defer kill.Stop()
	}
	err = child.Wait()
	took := time.Since(begun)
	if err == nil {
		return took
	}
	if after == 0 || child.ProcessState.ExitCode() == killFailed || ctx.Err() != nil {
		t.Fatalf("the child failed: %v %s", err, &stderr)
	}
	return 0
}

// checkKillFolder holds every file in the folder against the contents.
func checkKillFolder(t *testing.T, dir string, contents map[string][]byte, finished bool) (parts int) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close() // or Windows would not have the folder removed
	entries, err := os.ReadDir(dir)
	must(t, err)
	for name, content := range contents {
		hash := netproto.ContentHash(blake3.Sum256(content))
		final, err := os.ReadFile(filepath.Join(dir, name))
		if !errors.Is(err, fs.ErrNotExist) && (err != nil || !bytes.Equal(final, content)) {
			t.Fatalf("a kill left %d wrong bytes under a final name, %v", len(final), err)
		}
		if finished && err != nil {
			t.Fatal(err)
		}
		part, err := os.Open(filepath.Join(dir, PartName(hash)))
		if err != nil {
			continue
		}
		parts++
		checkClaims(t, root, part, hash)
		part.Close()
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, "content-") && strings.Contains(name, "(") {
			t.Fatalf("%s was downloaded twice", name)
		}
		if finished && strings.HasPrefix(name, netproto.PartPrefix) {
			t.Fatalf("%s is left", name)
		}
	}
	return parts
}

func checkClaims(t *testing.T, root *os.Root, part *os.File, hash netproto.ContentHash) {
	t.Helper()
	text, err := root.ReadFile(journalName(hash))
	if err != nil {
		return // killed before it was made
	}
	m, claimed, err := readJournal(bytes.NewReader(text))
	if err != nil {
		return // killed while it was made
	}
	for _, i := range claimed {
		h, err := hashPiece(t.Context(), part, m.Offset(int(i)), m.Length(int(i)), make([]byte, readSize), nil)
		if err != nil || !m.right(int(i), h) {
			t.Fatalf("piece %d of %d is claimed and wrong: %v", i, m.Pieces(), err)
		}
	}
}

// downloadAll is the child: it gets all contents, wrong bytes now and then
// included, and gives its exit code.
func downloadAll(base string) int {
	root, err := os.OpenRoot(filepath.Join(base, "to"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return killFailed
	}
	defer root.Close()
	os.Stdout.WriteString("go")
	for _, size := range killSizes {
		if err := download(root, filepath.Join(base, "from"), killName(size)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return killFailed
		}
	}
	return 0
}

func download(root *os.Root, from, name string) error {
	content, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return err
	}
	m, err := Hash(context.Background(), bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		return err
	}
	if _, err := root.Lstat(name); err == nil { // published before a kill
		return RemovePart(root, ".", m.Hash)
	}
	p, err := OpenPart(context.Background(), root, ".", m, nil)
	if err != nil {
		return err
	}
	for _, i := range rand.Perm(m.Pieces()) {
		if p.Has(i) {
			continue
		}
		if rand.IntN(4) == 0 {
			if err := put(p.Writer(i, false), make([]byte, m.Length(i))); !errors.Is(err, ErrWrongPiece) {
				return fmt.Errorf("wrong bytes: %w", err)
			}
		}
		if err := put(p.Writer(i, rand.IntN(4) == 0), pieceBytes(content, m, i)); err != nil {
			return err
		}
	}
	_, err = p.Publish(name, rand.IntN(2) == 0)
	return err
}
