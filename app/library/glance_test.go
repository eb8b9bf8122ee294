package library

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func TestASecondProcessSeesTheTrackersOfAProfileInUse(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	settings := DefaultSettings()
	settings.Tracker, settings.MoreTrackers = "192.0.2.1:5000", []string{"192.0.2.2:5000"}
	key := netproto.Fingerprint{7}
	for _, err := range []error{l.TrackerReached("192.0.2.1:5000", key, "attic", nil, nil), l.TrackerReached("192.0.2.9:5000", key, "gone", nil, nil),
		l.ForgetTracker("192.0.2.9:5000"), l.SaveSettings(settings)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g, err := GlanceAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := g.Settings()
	if err != nil || seen.Tracker != settings.Tracker || len(seen.MoreTrackers) != 1 || g.Identity().PeerID() != l.Identity().PeerID() {
		t.Errorf("it sees %+v, %v", seen, err)
	}
	if known, ok := g.KnownTracker("192.0.2.1:5000"); !ok || known != key {
		t.Errorf("the key is %v, %v", known, ok)
	}
	if _, ok := g.KnownTracker("192.0.2.9:5000"); ok {
		t.Error("what was forgotten is known")
	}
	if err := g.TrackerReached("192.0.2.1:5000", netproto.Fingerprint{8}, "attic", nil, nil); netproto.CodeOf(err) != netproto.CodeKeyChanged {
		t.Errorf("another key gives %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "trackers.json"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // where the folder keeps others out
		t.Errorf("others can read it: %v, %v", info.Mode(), err)
	}
}

func TestADamagedListOfTrackersIsNoListOfNone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "trackers.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Without the keys that are trusted any key would be.
	if _, err := GlanceAt(dir); netproto.CodeOf(err) != netproto.CodeStore {
		t.Errorf("it gives %v", err)
	}
}

func TestATrackerWithAnEndlessNameSpoilsNoGlance(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	check(t, l.TrackerReached("x:1", netproto.Fingerprint{1}, strings.Repeat("x", 2<<20), nil, nil))
	g, err := GlanceAt(dir)
	check(t, err)
	if key, known := g.KnownTracker("x:1"); !known || key != (netproto.Fingerprint{1}) {
		t.Error("the tracker is not known")
	}
}

func TestTheListOfTrackersIsWrittenWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	l, file := open(t, dir), filepath.Join(dir, "trackers.json")
	if _, err := os.Stat(file); err == nil {
		t.Error("a list of nothing is written")
	}
	key, inode := netproto.Fingerprint{1}, func() os.FileInfo {
		info, err := os.Stat(file)
		check(t, err)
		return info
	}
	check(t, l.TrackerReached("x:1", key, "ours", []int{443}, nil))
	first := inode()
	check(t, l.TrackerReached("x:1", key, "ours", []int{443}, nil))
	check(t, l.SaveSettings(DefaultSettings()))
	if !os.SameFile(first, inode()) {
		t.Error("the same list is written again")
	}
	check(t, l.TrackerReached("x:1", key, "ours", []int{443, 5000}, nil))
	g, err := GlanceAt(dir)
	check(t, err)
	if ports, _ := g.TrackerPlaces("x:1"); os.SameFile(first, inode()) || !slices.Equal(ports, []int{443, 5000}) {
		t.Errorf("the list has the ports %v", ports)
	}
}
