package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/fliptest"
)

const flipsEnv = "CP2P_LIBRARY_FLIPS" // of a long campaign

// seen is all that a profile says.
type seen struct {
	Err       string   `json:",omitempty"`
	Code      string   `json:",omitempty"`
	Notes     []string `json:",omitempty"`
	Peer      netproto.PeerID
	Settings  Settings
	Trackers  map[string]netproto.Fingerprint
	Shares    []Share
	Downloads []Download
	Files     map[string]File
	Inodes    map[string]File
	Manifests map[string]int
	Partials  map[string]int
}

const (
	flipFiles    = 300
	flipShares   = 40
	flipTrackers = 20
)

func flipFile(i int) File {
	return File{Path: fmt.Sprintf("/files/%03d", i), State: piece.State{Size: int64(i + 1), Modified: 2, Changed: 3, Device: 4, Inode: uint64(i + 1)},
		Hash: netproto.ContentHash{byte(i), byte(i >> 8), 7}, Ordinary: i%2 == 0}
}

// flipManifest is that of two pieces.
var flipManifest = sync.OnceValue(func() *piece.Manifest {
	content := make([]byte, 300<<10)
	m, err := piece.Hash(context.Background(), bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		panic(err) // nothing is read but memory
	}
	return m
})

// look opens a profile, reads everything, writes something, and gives it back.
func look(dir string) seen {
	var s seen
	l, err := Open(dir)
	if err != nil {
		return seen{Err: err.Error(), Code: string(netproto.CodeOf(err))}
	}
	s.Notes, s.Peer = l.Notes(), l.Identity().PeerID()
	var failed []error
	note := func(err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	s.Settings, err = l.Settings()
	note(err)
	s.Trackers = map[string]netproto.Fingerprint{}
	for i := range flipTrackers {
		address := fmt.Sprintf("tracker-%d:5000", i)
		if key, ok := l.KnownTracker(address); ok {
			s.Trackers[address] = key
		}
	}
	s.Shares, err = l.Shares()
	note(err)
	s.Downloads, err = l.Downloads()
	note(err)
	s.Files, s.Inodes, s.Partials, s.Manifests = map[string]File{}, map[string]File{}, map[string]int{}, map[string]int{}
	for i := range flipFiles {
		want := flipFile(i)
		if f, err := l.File(want.Path); err == nil {
			s.Files[want.Path] = f
		} else {
			note(err)
		}
		if f, err := inode(l, want.State); err == nil {
			s.Inodes[want.Path] = f
		} else {
			note(err)
		}
	}
	first, err := l.Partial("/files/part", piece.State{Size: 1 << 30})
	note(err)
	s.Partials["/files/part"] = len(first)
	m, err := l.Manifest(flipManifest().Hash)
	note(err)
	if err == nil {
		s.Manifests[m.Hash.String()] = len(m.CVs)
	}
	note(l.SaveShare(Share{ID: "new", Path: "/new"}))
	for i := range 20 {
		note(l.SaveFiles([]File{{Path: fmt.Sprint("/new/", i), Hash: netproto.ContentHash{9}}}, nil))
	}
	note(l.RemoveShare("new"))
	note(l.Close())
	if err := errors.Join(failed...); err != nil {
		s.Err, s.Code = err.Error(), string(netproto.CodeOf(err))
	}
	return s
}

func TestMain(m *testing.M) {
	if !fliptest.Main(look) {
		os.Exit(m.Run())
	}
}

// flipProfile makes a profile with some of everything.
func flipProfile(t testing.TB, dir string) {
	t.Helper()
	l := open(t, dir)
	var files []File
	for i := range flipFiles {
		files = append(files, flipFile(i))
	}
	check(t, l.SaveFiles(files, []*piece.Manifest{flipManifest()}))
	check(t, l.SavePartial("/files/part", piece.State{Size: 1 << 30}, []piece.CV{{1}, {2}}))
	for i := range flipShares {
		check(t, l.SaveShare(Share{ID: fmt.Sprint("share-", i), Path: fmt.Sprint("/share/", i), Name: strings.Repeat("n", 100)}))
		check(t, l.SaveDownloads(Download{ID: fmt.Sprint("download-", i), Name: fmt.Sprint(i), Order: int64(i + 1), Dir: "/downloads"}))
	}
	for i := range flipTrackers {
		check(t, l.TrackerReached(fmt.Sprintf("tracker-%d:5000", i), netproto.Fingerprint{byte(i), 1}, "a tracker", nil, nil))
	}
	s := DefaultSettings()
	s.Name, s.UpLimit, s.Tracker = "Ada", 77, "tracker-0:5000"
	for range 3 { // so that both heads say the same
		check(t, l.SaveSettings(s))
	}
	check(t, l.Close())
}

// A file of a profile has a wrong bit or a wrong end. The program never crashes or
// hangs, believes no wrong record, and trusts no tracker anew: it has everything, or
// it says what is damaged.
func TestADamagedProfileIsNeverBelieved(t *testing.T) {
	flips, random := fliptest.Flips(t, flipsEnv, 60)
	good := filepath.Join(t.TempDir(), "good")
	flipProfile(t, good)
	f := &fliptest.Looker[seen]{TB: t}
	defer f.End()
	spare := filepath.Join(t.TempDir(), "spare")
	check(t, os.CopyFS(spare, os.DirFS(good)))
	want, err := f.Look(spare)
	check(t, err)
	if want.Err != "" || len(want.Trackers) != flipTrackers || len(want.Files) != flipFiles || len(want.Manifests) != 1 || len(want.Shares) != flipShares || len(want.Notes) > 0 {
		t.Fatalf("the profile is no good one: %+v", want)
	}
	refused, noted, healed := 0, 0, 0
	for i := range flips {
		dir := filepath.Join(t.TempDir(), "p")
		check(t, os.CopyFS(dir, os.DirFS(good)))
		name := libraryFile
		switch random.IntN(10) {
		case 0:
			name = trackersFile
		case 1:
			name = "peer.key"
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		damaged, what := fliptest.Damage(random, raw)
		check(t, os.WriteFile(filepath.Join(dir, name), damaged, 0o600))
		got, err := f.Look(dir)
		if err != nil {
			t.Errorf("flip %d, %s, %s: %v", i, name, what, err)
			continue
		}
		if wrong := want.judge(&got); wrong != "" {
			t.Errorf("flip %d, %s, %s: %s", i, name, what, wrong)
		}
		switch {
		case got.Err != "":
			refused++
		case len(got.Notes) > 0:
			noted++
		default:
			healed++
		}
		check(t, os.RemoveAll(dir))
	}
	t.Logf("%d were refused, %d said, %d made no difference", refused, noted, healed)
	t.Logf("tried %d", flips)
}

// judge says what is wrong about what a damaged profile says.
func (want *seen) judge(got *seen) string {
	if got.Err != "" {
		if !strings.Contains(got.Err, "damaged") || got.Code != string(netproto.CodeStore) {
			return "it says " + got.Err
		}
		return ""
	}
	said := strings.Join(got.Notes, "\n")
	if got.Peer != want.Peer {
		return "it is another peer"
	}
	if !cmp.Equal(want.Settings, got.Settings) && !strings.Contains(said, "settings") {
		return "other settings: " + cmp.Diff(want.Settings, got.Settings)
	}
	for address, key := range want.Trackers {
		if is, ok := got.Trackers[address]; !ok || is != key && (is != lostKey || said == "") {
			return fmt.Sprintf("the tracker %s is known as %v, %v", address, is, ok)
		}
	}
	if wrong := without(want.Shares, got.Shares, func(s Share) string { return s.ID }, said); wrong != "" {
		return wrong
	}
	if wrong := without(want.Downloads, got.Downloads, func(d Download) string { return d.ID }, said); wrong != "" {
		return wrong
	}
	for _, files := range [][2]map[string]File{{want.Files, got.Files}, {want.Inodes, got.Inodes}} {
		for path, f := range files[1] { // the others are hashed again
			if f != files[0][path] {
				return fmt.Sprintf("%s is known as %+v", path, f)
			}
		}
	}
	for path, n := range got.Partials {
		if n != 0 && n != want.Partials[path] {
			return "half of a file is known otherwise"
		}
	}
	return ""
}

// without says what is wrong about a list from which damaged values may be missing, if
// that is said.
func without[T any](want, got []T, id func(T) string, said string) string {
	known := map[string]T{}
	for _, v := range want {
		known[id(v)] = v
	}
	for _, v := range got {
		if is, ok := known[id(v)]; !ok || !cmp.Equal(is, v, cmpopts.EquateEmpty()) {
			return fmt.Sprintf("it knows %+v", v)
		}
	}
	if len(got) < len(want) && said == "" {
		return fmt.Sprintf("%d of %d are there, and nothing is said", len(got), len(want))
	}
	return ""
}

// FuzzBoltFile reads any bytes as a database: what hangs together, bbolt reads to its
// end.
func FuzzBoltFile(f *testing.F) {
	dir := f.TempDir()
	l, err := Open(dir)
	check(f, err)
	check(f, l.TrackerReached("h:1", netproto.Fingerprint{1}, "x", nil, nil))
	check(f, l.Close())
	raw, err := os.ReadFile(filepath.Join(dir, libraryFile))
	check(f, err)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := filepath.Join(t.TempDir(), "file")
		check(t, os.WriteFile(file, raw, 0o600))
		boltfile.Check(file) // ends, and says what it says
	})
}
