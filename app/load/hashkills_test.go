//go:build linux

package load

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const (
	hashKillsVariable = "CP2P_LOAD_HASH_KILLS" // of a long campaign

	smallFiles, smallSize = 24, 2 * mebi
	largeSize             = 400*mebi + 7 // remembered piece by piece
	mostKills             = 20           // of one share

	// mayHashTwice is what a kill may cost on average, in MiB; from its start on a folder
	// would cost much more. Files that changed are in it.
	mayHashTwice = 100
)

// A program that hashes what it shares is killed at random instants, and with every
// other kill a file changes. No hash is ever announced that its file never had, what
// was hashed is not hashed again, and in the end exactly what is there is announced.
func TestKillsWhileHashingNeverAnnounceAWrongHash(t *testing.T) {
	kills := number(t, hashKillsVariable, 6)
	var landed atomic.Int64
	t.Run("", func(t *testing.T) { // waits for all
		for i := range atOnce {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				h := newHasher(t)
				for h.kills < (kills+atOnce-1)/atOnce {
					h.round(t)
				}
				landed.Add(int64(h.kills))
				if each := float64(h.twice) / float64(h.kills) / mebi; kills > 20 && each > mayHashTwice {
					t.Errorf("%.1f MiB were hashed twice for a kill", each)
				}
				t.Logf("%d kills in %d shares, %d of them changed a file; %d announced hashes checked; hashed twice for a kill: %.1f MiB",
					h.kills, h.rounds, h.changes, h.announced, float64(h.twice)/float64(h.kills)/mebi)
			})
		}
	})
	t.Logf("tried %d", landed.Load())
}

// hasher is a program that is killed while it hashes a folder.
type hasher struct {
	*stage
	files, profile string
	client         *trackerclient.Client
	had            map[string]map[netproto.ContentHash]bool // every content that a file ever had, by name

	rounds, kills, changes, announced int
	twice                             int64  // bytes
	touched                           string // the file that changed last
}

func newHasher(t *testing.T) *hasher {
	t.Helper()
	h := &hasher{stage: newStage(t), files: filepath.Join(t.TempDir(), "files"), had: map[string]map[netproto.ContentHash]bool{}}
	check(t, os.Mkdir(h.files, 0o700))
	var err error
	h.profile, err = h.stage.profile(t.TempDir(), func(s *library.Settings) { s.GentleHashing = true })
	check(t, err)
	h.client = h.asker()
	return h
}

// asker returns a client of the tracker, which offers nothing.
func (s *stage) asker() *trackerclient.Client {
	s.Helper()
	link, err := netproto.ParseLink(s.tracker)
	check(s, err)
	_, key, err := ed25519.GenerateKey(nil)
	check(s, err)
	id, err := identity.New(key)
	check(s, err)
	c, err := trackerclient.New(id, link.Tracker, link.Fingerprint, trustful{})
	check(s, err)
	s.Cleanup(func() { c.Close() })
	return c
}

// trustful remembers no tracker: the key of this one is given.
type trustful struct{}

func (trustful) KnownTracker(string) (netproto.Fingerprint, bool) {
	return netproto.Fingerprint{}, false
}
func (trustful) TrackerReached(string, netproto.Fingerprint, string, []int, []string) error {
	return nil
}
func (trustful) TrackerPlaces(string) ([]int, []string) { return nil, nil }

// round shares new files, killed again and again until all of them are hashed.
func (h *hasher) round(t *testing.T) {
	t.Helper()
	h.rounds++
	for i := range smallFiles {
		h.write(t, fmt.Sprint("small-", i), smallSize)
	}
	h.write(t, "large", largeSize)
	const total = smallFiles*smallSize + largeSize
	var read, changed int64
	kills := 0
	for whole := false; !whole; {
		span := 700 * time.Millisecond
		if kills == mostKills {
			span = 0 // it gets to its end
		}
		var n, size int64
		whole, n, size = h.run(t, span, span > 0 && rand.IntN(2) == 0)
		read, changed = read+n, changed+size
		h.checkAnnounced(t)
		if !whole {
			kills++
		}
	}
	h.kills += kills
	h.twice += max(read-total-changed, 0)
	// Nothing is left to hash.
	if _, again, _ := h.run(t, 0, false); again > total/4 {
		t.Errorf("%d bytes were read of files that had all been hashed, of %d", again, total)
	}
}

// write gives a file new bytes, and notes their hash.
func (h *hasher) write(t *testing.T, name string, size int64) {
	t.Helper()
	path := filepath.Join(h.files, name)
	check(t, writeSome(path, size))
	h.note(t, name)
}

// note hashes a file, and remembers that it had this content.
func (h *hasher) note(t *testing.T, name string) netproto.ContentHash {
	t.Helper()
	m, _, err := piece.HashPath(h.ctx, filepath.Join(h.files, name), nil)
	check(t, err)
	if h.had[name] == nil {
		h.had[name] = map[netproto.ContentHash]bool{}
	}
	h.had[name][m.Hash] = true
	return m.Hash
}

// writeSome writes a file that is zero but for a few random bytes.
func writeSome(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for range 4 {
		if _, err := f.WriteAt(fmt.Appendf(nil, "%016x", rand.Uint64()), rand.Int64N(size-16)); err != nil {
			f.Close()
			return err
		}
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// run shares the folder and kills the program within span, if that is not 0. With
// change, a file changes at the same instant. It tells whether everything was hashed,
// how many bytes were read, and how many bytes the changed file has.
func (h *hasher) run(t *testing.T, span time.Duration, change bool) (whole bool, read, changed int64) {
	t.Helper()
	p, err := h.sharer(h.files, h.profile)
	check(t, err)
	defer p.hurry(patience)()
	var killed sync.WaitGroup
	if span > 0 {
		killed.Add(1)
		time.AfterFunc(time.Duration(rand.Float64()*float64(span)), func() {
			defer killed.Done()
			read, _ = ioOf(p.Process.Pid, "rchar: ") // fails where it is over
			if change {
				changed = h.change(t)
			}
			p.Process.Kill()
		})
	}
	_, failed := p.until("shared", nil)
	if failed == nil && span == 0 {
		h.checkComplete(t)
		read, err = ioOf(p.Process.Pid, "rchar: ")
		check(t, err)
	}
	killed.Wait()
	p.kill()
	if failed != nil && p.ProcessState.Exited() {
		t.Fatalf("%v, %s", failed, p.ProcessState)
	}
	if changed > 0 { // noted only now: it must not hold up the kill
		h.changes++
		h.note(t, h.touched)
	}
	return failed == nil && !change, read, changed
}

// change writes into a random file, half of the time as some programs do: with its
// old time.
func (h *hasher) change(t *testing.T) (size int64) {
	name := fmt.Sprint("small-", rand.IntN(smallFiles))
	if rand.IntN(4) == 0 {
		name = "large"
	}
	path := filepath.Join(h.files, name)
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
		return 0
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(fmt.Appendf(nil, "%016x", rand.Uint64()), rand.Int64N(info.Size()-16))
		err = errors.Join(err, f.Close())
	}
	if err == nil && rand.IntN(2) == 0 {
		err = os.Chtimes(path, time.Time{}, info.ModTime())
	}
	if err != nil {
		t.Error(err)
	}
	h.touched = name
	return info.Size()
}

// list returns what the tracker knows.
func (h *hasher) list(t *testing.T) []netproto.Hit {
	t.Helper()
	page, err := h.client.Search(h.ctx, netproto.SearchRequest{Sort: netproto.SortName, Limit: netproto.MaxPage})
	check(t, err)
	if page.Next != "" {
		t.Fatal("more is announced than there are files")
	}
	return page.Items
}

// checkAnnounced fails if a hash is announced for a file that never had it.
func (h *hasher) checkAnnounced(t *testing.T) {
	t.Helper()
	for _, hit := range h.list(t) {
		if hit.Folder {
			continue // its list is compared in the end
		}
		if !h.had[hit.Name][hit.Hash] {
			t.Fatalf("%s is announced with the hash %s, which it never had", hit.Name, hit.Hash)
		}
		h.announced++
	}
}

// checkComplete waits until exactly the files that are there are announced.
func (h *hasher) checkComplete(t *testing.T) {
	t.Helper()
	want := map[string]netproto.ContentHash{}
	for name := range h.had {
		want[name] = h.note(t, name)
	}
	for late := time.Now().Add(time.Minute); ; wait(h.ctx, 20*time.Millisecond) {
		found := map[string]netproto.ContentHash{}
		for _, hit := range h.list(t) {
			if !hit.Folder {
				found[hit.Name] = hit.Hash
			}
		}
		if maps.Equal(want, found) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("announced is %v, and there is %v", found, want)
		}
	}
}
