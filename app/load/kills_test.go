//go:build linux

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

const (
	killsVariable = "CP2P_LOAD_KILLS" // of a long campaign
	// mayRepeat is what may be fetched twice because of a kill, in bytes.
	mayRepeat = 16 * mebi
)

// number is the value of a variable, or the usual one.
func number(t testing.TB, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	return n
}

// atOnce is how many victims of a campaign there are of each kind. A kill costs the
// wait for a start and for a disk, so several fit on two processors.
const atOnce = 2

// The program that downloads is killed at random instants, again and again. No
// kill leaves a wrong byte under a final name or a claim that is not true, costs
// much, or makes a second copy.
func TestKillsOfTheProgramNeverLeaveAWrongByte(t *testing.T) {
	kills, files := number(t, killsVariable, 8), 40
	if kills > 20 {
		files = 100 // enough for a journal to claim pieces before the end
	}
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	check(t, os.Mkdir(folder, 0o700))
	file := randomFile(t, filepath.Join(dir, sharedName), int64(files)*700_001, 7)
	check(t, split(file, folder, 700_001))
	var landed atomic.Int64
	t.Run("", func(t *testing.T) { // waits for all
		for i := range 2 * atOnce {
			path := []string{file, folder}[i%2]
			t.Run(fmt.Sprint(filepath.Base(path), i/2), func(t *testing.T) {
				t.Parallel()
				c := newVictim(t, path)
				check(t, c.live(false))
				for c.kills < (kills+2*atOnce-1)/(2*atOnce) {
					check(t, c.live(true))
				}
				landed.Add(int64(c.kills))
				t.Logf("%d kills in %d downloads, %d claims of %d unfinished files checked; fetched twice for a kill: %.1f MiB, at most %.1f MiB",
					c.kills, c.lives, c.claims, c.parts, float64(c.repeated)/float64(c.kills)/mebi, float64(c.most)/mebi)
				if kills > 20 && c.most > mayRepeat {
					t.Errorf("%.1f MiB were fetched twice for one kill", float64(c.most)/mebi)
				}
			})
		}
	})
	t.Logf("tried %d", landed.Load())
}

// victim is a download that is killed.
type victim struct {
	*stage
	sharer                  *process
	path, link, to, profile string
	// What a download takes that nobody disturbs, and what its sharer writes.
	span  time.Duration
	bytes int64

	lives, kills   int
	parts, claims  int
	repeated, most int64 // bytes
}

// newVictim has a tracker and a sharer of its own, so that it is known what is fetched
// twice: victims with the same tracker would serve each other.
func newVictim(t *testing.T, path string) *victim {
	t.Helper()
	s := newStage(t)
	sharer, link := s.share(path, nil)
	profile, err := s.profile(t.TempDir(), nil)
	check(t, err)
	return &victim{stage: s, sharer: sharer, path: path, link: link, to: t.TempDir(), profile: profile}
}

// live downloads everything once: killed at random instants until it is there, or
// undisturbed.
func (c *victim) live(killed bool) error {
	before, err := written(c.sharer.Process.Pid)
	if err != nil {
		return err
	}
	kills := 0
	for final := filepath.Join(c.to, filepath.Base(c.path)); ; {
		began := time.Now()
		after := time.Duration(0)
		if killed { // each run goes on from the last one, so half of the time is enough to meet every instant
			after = time.Duration((0.05 + rand.Float64()*0.55) * float64(c.span))
		}
		fell, err := c.run(after)
		if err != nil {
			return err
		}
		if !killed {
			c.span = time.Since(began)
		}
		if fell {
			kills++
		}
		if err := c.look(); err != nil {
			return err
		}
		if _, err := os.Stat(final); err != nil {
			continue
		}
		if fell { // it may have been about to tidy up
			if _, err := c.run(0); err != nil {
				return err
			}
		}
		break
	}
	entries, err := os.ReadDir(c.to)
	if err != nil {
		return err
	}
	if len(entries) != 1 {
		return fmt.Errorf("beside the download there is %v", entries)
	}
	after, err := written(c.sharer.Process.Pid)
	if err != nil {
		return err
	}
	c.lives++
	if !killed {
		c.bytes = after - before
	}
	if kills > 0 {
		repeated := after - before - c.bytes
		c.kills += kills
		c.repeated += repeated
		c.most = max(c.most, repeated/int64(kills))
	}
	return os.RemoveAll(filepath.Join(c.to, filepath.Base(c.path)))
}

// run runs the program and kills it after that time; 0 lets it finish.
func (c *victim) run(after time.Duration) (killed bool, err error) {
	p, err := c.get(c.link, c.to, c.profile)
	if err != nil {
		return false, err
	}
	defer p.hurry(patience)()
	if after > 0 {
		kill := time.AfterFunc(after, func() { p.Process.Kill() })
		defer kill.Stop()
	}
	_, said := p.until("ended", nil)
	p.Wait() // says again how it ended
	if p.ProcessState.Success() {
		return false, nil
	}
	if after > 0 && p.ProcessState.ExitCode() < 0 {
		return true, nil
	}
	return false, fmt.Errorf("%w, %s", said, p.ProcessState)
}

// look holds everything in the folder against the source.
func (c *victim) look() error {
	entries, err := os.ReadDir(c.to)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(c.to, e.Name())
		switch {
		case e.Name() == filepath.Base(c.path):
			err = same(c.path, path)
		case strings.HasPrefix(e.Name(), netproto.PartPrefix):
			err = filepath.WalkDir(path, c.lookAt)
		default:
			err = fmt.Errorf("a kill left %s", e.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAt checks the claims of a journal. Its layout is told in app/piece.
func (c *victim) lookAt(journal string, _ fs.DirEntry, err error) error {
	if err != nil || !strings.HasSuffix(journal, ".journal") {
		return err
	}
	text, err := os.ReadFile(journal)
	if err != nil {
		return err
	}
	const magic = "cp2p-journal 1\n"
	if len(text) < len(magic)+32 {
		return nil // killed while it was made
	}
	hash := netproto.ContentHash(text[len(magic):])
	root, err := os.OpenRoot(filepath.Dir(journal))
	if err != nil {
		return err
	}
	defer root.Close()
	m, err := piece.ReadPartManifest(root, ".", hash)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // killed while it was made
	}
	if err != nil {
		return err
	}
	part, err := root.Open(piece.PartName(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // killed between publishing and removing it: it has to go before the end
	}
	if err != nil {
		return err
	}
	defer part.Close()
	c.parts++
	records := text[len(magic)+32+8+4+32*m.Pieces()+4:]
	for ; len(records) >= 8 && recordStands(hash, records[:8]); records = records[8:] {
		i := int(binary.BigEndian.Uint32(records))
		content := make([]byte, m.Length(i))
		_, err := part.ReadAt(content, m.Offset(i))
		if err != nil && err != io.EOF {
			return err
		}
		h := piece.NewHasher(m.Offset(i))
		h.Write(content)
		if h.CV() != m.CVs[i] {
			return fmt.Errorf("piece %d is claimed and wrong", i)
		}
		c.claims++
	}
	return nil
}

// recordStands reports whether a record of a journal has its checksum. The first one
// that does not ends the journal: a loss of power may leave zeros in its place.
func recordStands(hash netproto.ContentHash, record []byte) bool {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	return binary.BigEndian.Uint32(record[4:]) == crc32.Update(crc32.Checksum(hash[:], castagnoli), castagnoli, record[:4])
}

// written is the number of bytes that a process has written, to sockets too.
func written(pid int) (int64, error) { return ioOf(pid, "wchar: ") }

// ioOf is a number of bytes that the kernel counts for a process.
func ioOf(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, errors.New("the kernel does not say what a process has read and written")
}

// A journal ends at the first record without its checksum, and a claim before that has to
// be true.
func TestOnlyWholeRecordsOfAJournalAreClaims(t *testing.T) {
	dir := t.TempDir()
	source := randomFile(t, filepath.Join(dir, "source"), 3*netproto.MinPieceSize, 7)
	m, _, err := piece.HashPath(t.Context(), source, nil)
	check(t, err)
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	part, err := piece.OpenPart(t.Context(), root, ".", m, nil)
	check(t, err)
	content, err := os.ReadFile(source)
	check(t, err)
	w := part.Writer(1, false)
	_, err = w.Write(content[m.Offset(1) : m.Offset(1)+m.Length(1)])
	check(t, err)
	check(t, w.Finish())
	check(t, part.Close())
	journals, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	check(t, err)
	c := &victim{}
	check(t, c.lookAt(journals[0], nil, nil))
	claim := func(record []byte) error {
		f, err := os.OpenFile(journals[0], os.O_APPEND|os.O_WRONLY, 0)
		check(t, err)
		_, err = f.Write(record)
		check(t, err)
		check(t, f.Close())
		return c.lookAt(journals[0], nil, nil)
	}
	text, err := os.ReadFile(journals[0])
	check(t, err)
	check(t, claim(make([]byte, 8)))
	check(t, os.WriteFile(journals[0], text, 0o600))
	wrong := make([]byte, 4)
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	if err := claim(binary.BigEndian.AppendUint32(wrong, crc32.Update(crc32.Checksum(m.Hash[:], castagnoli), castagnoli, wrong))); err == nil {
		t.Error("a wrong claim passes")
	}
	if c.claims != 3 {
		t.Errorf("%d claims were held against the part, want the true one three times", c.claims)
	}
}
