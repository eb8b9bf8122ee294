//go:build linux

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// The program that downloads is killed at random instants, again and again. No
// kill leaves a wrong byte under a final name or a claim that is not true, costs
// much, or makes a second copy.
func TestKillsOfTheProgramNeverLeaveAWrongByte(t *testing.T) {
	kills, files := number(t, killsVariable, 4), 40
	if kills > 20 {
		files = 400
	}
	s := newStage(t)
	folder := filepath.Join(s.dir, "folder")
	check(t, os.Mkdir(folder, 0o700))
	file := randomFile(t, filepath.Join(s.dir, sharedName), int64(files)*700_001, 7)
	check(t, split(file, folder, 700_001))
	for _, path := range []string{file, folder} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			sharer, link := s.share(path, nil)
			profile, err := s.profile(t.TempDir(), nil)
			check(t, err)
			c := &victim{stage: s, sharer: sharer, path: path, link: link, to: t.TempDir(), profile: profile}
			check(t, c.live(0))
			for c.kills < kills/2 {
				check(t, c.live(c.span))
			}
			t.Logf("%d kills in %d downloads, %d claims of %d unfinished files checked; fetched twice for a kill: %.1f MiB, at most %.1f MiB",
				c.kills, c.lives, c.claims, c.parts, float64(c.repeated)/float64(c.kills)/mebi, float64(c.most)/mebi)
			if kills > 20 && c.most > mayRepeat {
				t.Errorf("%.1f MiB were fetched twice for one kill", float64(c.most)/mebi)
			}
		})
	}
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

// live downloads everything, killed at random instants within span, and not
// any more once it is there.
func (c *victim) live(span time.Duration) error {
	before, err := written(c.sharer.Process.Pid)
	if err != nil {
		return err
	}
	kills := 0
	for final := filepath.Join(c.to, filepath.Base(c.path)); ; {
		began := time.Now()
		killed, err := c.run(time.Duration(rand.Float64() * 0.9 * float64(span)))
		if err != nil {
			return err
		}
		if span == 0 {
			c.span = time.Since(began)
		}
		if killed {
			kills++
		}
		if err := c.look(); err != nil {
			return err
		}
		if _, err := os.Stat(final); err == nil {
			break
		}
	}
	if _, err := c.run(0); err != nil { // nothing is left to do
		return err
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
	if span == 0 {
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
	for ; len(records) >= 8; records = records[8:] {
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

// written is the number of bytes that a process has written, to sockets too.
func written(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "wchar: "); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, errors.New("the kernel does not say what a process has written")
}
