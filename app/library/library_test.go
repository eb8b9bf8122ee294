package library

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func open(t testing.TB, dir string) *Library {
	t.Helper()
	l, err := Open(dir)
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code netproto.Code) {
	t.Helper()
	if err == nil || netproto.CodeOf(err) != code {
		t.Fatalf("the error is %v, the code %s belongs there", err, code)
	}
}

func put(t testing.TB, l *Library, bucket []byte, key, raw string) {
	t.Helper()
	check(t, l.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), []byte(raw)) }))
}

func TestSettingsSurviveAnotherStart(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	s, err := l.Settings()
	check(t, err)
	if diff := cmp.Diff(DefaultSettings(), s); diff != "" {
		t.Errorf("a new profile differs from the defaults:\n%s", diff)
	}
	defaults := reflect.ValueOf(s)
	s = filled[Settings]()
	s.Name, s.Tracker, s.SeedClients = "Ada", "192.0.2.1:5000", netproto.SeedOff
	chosen := reflect.ValueOf(&s).Elem()
	for i := range chosen.NumField() {
		if chosen.Field(i).Kind() == reflect.Bool {
			chosen.Field(i).SetBool(!defaults.Field(i).Bool())
		}
	}
	check(t, l.SaveSettings(s))
	check(t, l.Close())
	again, err := open(t, dir).Settings()
	check(t, err)
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("another start has other settings:\n%s", diff)
	}
}

// filled returns a value of which no field is zero, so that one that is not kept shows.
func filled[T any]() (value T) {
	fill(reflect.ValueOf(&value).Elem())
	return value
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(7, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(3)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	default:
		panic("no value for a " + v.Type().String())
	}
}

// keeps checks that another start finds a record as it was saved.
func keeps[T any](t *testing.T, save func(*Library, T) error, list func(*Library) ([]T, error)) {
	t.Helper()
	dir, want := t.TempDir(), filled[T]()
	l := open(t, dir)
	check(t, save(l, want))
	check(t, l.Close())
	got, err := list(open(t, dir))
	check(t, err)
	if diff := cmp.Diff([]T{want}, got); diff != "" {
		t.Errorf("another start differs:\n%s", diff)
	}
}

func TestRecordsKeepAllTheirFields(t *testing.T) {
	keeps(t, (*Library).SaveShare, (*Library).Shares)
	keeps(t, func(l *Library, d Download) error { return l.SaveDownloads(Download{ID: "a"}, d) },
		func(l *Library) ([]Download, error) {
			list, err := l.Downloads()
			return slices.DeleteFunc(list, func(d Download) bool { return d.ID == "a" }), err
		})
	keeps(t, (*Library).SavePerson, (*Library).People)
	keeps(t, func(l *Library, r Request) error { _, err := l.SaveRequest(r); return err }, (*Library).Requests)
	keeps(t, func(l *Library, w Wish) error { _, err := l.SaveWish(w); return err }, (*Library).Wishes)
	keeps(t, (*Library).SaveTotals, func(l *Library) ([]Totals, error) {
		totals, err := l.Totals()
		return []Totals{totals}, err
	})
	keeps(t, func(l *Library, k Tracker) error {
		return l.TrackerReached(k.Address, k.Fingerprint, k.Name, k.Ports, k.Addresses)
	}, (*Library).Trackers)
}

func TestTheDefaultsAreValid(t *testing.T) {
	check(t, DefaultSettings().Validate())
}

func TestAPersonIsCalledByTheFirstNameAndTheComputerIsNotNamed(t *testing.T) {
	for want, u := range map[string]user.User{
		"ada":    {Username: "ada"},
		"Ada":    {Username: "al17", Name: "Ada Lovelace"},
		"grace":  {Username: `VM\grace`},
		"alan":   {Username: `VM\alan`, Name: `VM\alan`},
		"Hopper": {Username: `a\b\Hopper`, Name: " "},
	} {
		if got := nameOf(&u); got != want {
			t.Errorf("%+v is called %q, not %q", u, got, want)
		}
	}
	host, err := os.Hostname()
	if name := DefaultSettings().Name; err == nil && len(host) > 2 && strings.Contains(name, host) || strings.Contains(name, `\`) {
		t.Errorf("the name is %q", name)
	}
}

func TestASettingThatCannotBeUsedIsRefused(t *testing.T) {
	l := open(t, t.TempDir())
	for name, change := range map[string]func(*Settings){
		"no name":                func(s *Settings) { s.Name = " " },
		"a long name":            func(s *Settings) { s.Name = strings.Repeat("x", netproto.MaxPeerName+1) },
		"a name with a control":  func(s *Settings) { s.Name = "a\x1bb" },
		"no download at once":    func(s *Settings) { s.MaxDownloads = 0 },
		"too many downloads":     func(s *Settings) { s.MaxDownloads = 101 },
		"no slot":                func(s *Settings) { s.UploadSlots = 0 },
		"a negative limit":       func(s *Settings) { s.DownLimit = -1 },
		"a large port":           func(s *Settings) { s.ListenPort = 65536 },
		"a tracker that is none": func(s *Settings) { s.Tracker = "http://x y" },
		"a wrong pattern":        func(s *Settings) { s.Ignore = []string{"[a-"} },
		"an unknown policy":      func(s *Settings) { s.SeedClients = "maybe" },
	} {
		s := DefaultSettings()
		change(&s)
		if err := l.SaveSettings(s); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := l.Settings(); err != nil || !cmp.Equal(s, DefaultSettings()) {
		t.Errorf("one was kept: %+v, %v", s, err)
	}
}

func TestDamagedSettingsAreTheDefaults(t *testing.T) {
	l := open(t, t.TempDir())
	for _, raw := range []string{"", "{", `{"upload_slots":"many"}`, `{"upload_slots":0}`, `{"name":""}`} {
		put(t, l, bucketMeta, string(keySettings), raw)
		if s, err := l.Settings(); err != nil || !cmp.Equal(s, DefaultSettings()) {
			t.Errorf("%q: %+v, %v", raw, s, err)
		}
	}
}

func TestADamagedRecordDoesNotHideTheOthers(t *testing.T) {
	l := open(t, t.TempDir())
	one, two := Share{ID: "1", Path: "/one", Name: "one", Added: time.Unix(1, 0).UTC()}, Share{ID: "3", Path: "/two", Name: "two", Sent: 7, Added: time.Unix(2, 0).UTC()}
	check(t, l.SaveShare(one))
	check(t, l.SaveShare(two))
	put(t, l, bucketShares, "2", `{"id":`)
	shares, err := l.Shares()
	check(t, err)
	if diff := cmp.Diff([]Share{one, two}, shares); diff != "" {
		t.Errorf("the shares differ:\n%s", diff)
	}
	put(t, l, bucketFiles, "/x", "no")
	if _, err := l.File("/x"); err == nil {
		t.Error("a damaged file record was read")
	}
	put(t, l, bucketTrackers, "x:1", "no")
	// Nobody who answers there is trusted, until the person says whom to trust.
	key := netproto.Fingerprint{1}
	if known, ok := l.KnownTracker("x:1"); !ok || known == key || known.IsZero() {
		t.Errorf("a damaged key of a tracker is %v, %v", known, ok)
	}
	wantCode(t, l.TrackerReached("x:1", key, "whoever", nil, nil), netproto.CodeKeyChanged)
	check(t, l.ReplaceTracker("x:1", key, "ours"))
	check(t, l.TrackerReached("x:1", key, "ours", nil, nil))
}

func TestDownloadsAreRememberedUntilTheyAreRemoved(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	d := Download{ID: "1", Hash: netproto.ContentHash{7}, Name: "song.flac", Size: -1, Done: 3, Folder: true, Paths: []string{"a/b"}, Dir: "/downloads",
		State: DownloadFailed, Code: netproto.CodeNoSpace, Reason: "full", Added: time.Unix(5, 0).UTC(),
		Priority: PriorityHigh, Order: 8, Limit: 100, Tries: 2, Retry: time.Unix(6, 0).UTC(), Check: CheckRepair, Move: &Move{To: "/elsewhere", Copied: true}}
	check(t, l.SaveDownloads(d))
	check(t, l.SaveDownloadList(d.ID, []byte("the list")))
	check(t, l.Close())
	l = open(t, dir)
	list, err := l.Downloads()
	check(t, err)
	if diff := cmp.Diff([]Download{d}, list); diff != "" {
		t.Errorf("the downloads differ:\n%s", diff)
	}
	if text, err := os.ReadFile(l.DownloadList(d.ID)); err != nil || string(text) != "the list" {
		t.Errorf("the list is %q, %v", text, err)
	}
	check(t, l.RemoveDownloads(d.ID, "one that was never there"))
	if _, err := os.Stat(l.DownloadList(d.ID)); err == nil {
		t.Error("the list outlives its download")
	}
	if list, err = l.Downloads(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestDownloadsOfOlderVersionsKeepTheirOrder(t *testing.T) {
	l := open(t, t.TempDir())
	check(t, l.SaveDownloads(Download{ID: "a", Order: time.Unix(2, 0).UnixNano()}))
	put(t, l, bucketDownloads, "b", `{"id":"b","state":"paused","added":"1970-01-01T00:00:03Z"}`)
	put(t, l, bucketDownloads, "c", `{"id":"c","state":"active","added":"1970-01-01T00:00:01Z"}`)
	list, err := l.Downloads()
	check(t, err)
	var ids string
	for _, d := range list {
		ids += d.ID
	}
	if ids != "cab" {
		t.Errorf("they are in the order %s", ids)
	}
}

func TestAProfileIsForOneProgram(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	_, err := Open(dir)
	wantCode(t, err, netproto.CodeProfileInUse)
	if who := fmt.Sprint("process ", os.Getpid()); !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), who) {
		t.Errorf("it says %v, not that %s has %s", err, who, dir)
	}
	check(t, l.Close())
	again := open(t, dir)
	if again.Identity().PeerID() != l.Identity().PeerID() {
		t.Error("another start is another peer")
	}
}

func TestALibraryOfANewerVersionIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, bucketMeta, string(keySchema), fmt.Sprint(schema+1))
	check(t, l.Close())
	_, err := Open(dir)
	wantCode(t, err, netproto.CodeStore)
	if !strings.Contains(err.Error(), "newer version") {
		t.Errorf("it says %v", err)
	}
	// And the profile is free again for that version.
	_, err = Open(dir)
	wantCode(t, err, netproto.CodeStore)
}

func TestAProfileThatCannotBeUsedIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(file)
	wantCode(t, err, netproto.CodeStore)
	damaged := t.TempDir()
	check(t, os.WriteFile(filepath.Join(damaged, "library.db"), bytes.Repeat([]byte("no database "), 10_000), 0o600))
	_, err = Open(damaged)
	wantCode(t, err, netproto.CodeStore)
}

func TestATrustedTrackerKeepsItsKey(t *testing.T) {
	l := open(t, t.TempDir())
	key, other := netproto.Fingerprint{1}, netproto.Fingerprint{2}
	if _, known := l.KnownTracker("x:1"); known {
		t.Error("an unknown tracker is known")
	}
	check(t, l.TrackerReached("x:1", key, "ours", nil, nil))
	check(t, l.TrackerReached("x:1", key, "ours, renamed", []int{443}, []string{"192.0.2.1"}))
	wantCode(t, l.TrackerReached("x:1", other, "theirs", nil, nil), netproto.CodeKeyChanged)
	list, err := l.Trackers()
	check(t, err)
	if diff := cmp.Diff([]Tracker{{Address: "x:1", Fingerprint: key, Name: "ours, renamed", Ports: []int{443}, Addresses: []string{"192.0.2.1"}}}, list); diff != "" {
		t.Errorf("the trackers differ:\n%s", diff)
	}
	check(t, l.ReplaceTracker("x:1", key, "ours"))
	if ports, addresses := l.TrackerPlaces("x:1"); len(ports) != 1 || len(addresses) != 1 {
		t.Errorf("with another key it is at %v, %v", ports, addresses)
	}
	check(t, l.ForgetTracker("x:1"))
	check(t, l.TrackerReached("x:1", other, "theirs", nil, nil))
}

func TestTheListOfAFolderIsKeptWhileItIsShared(t *testing.T) {
	l := open(t, t.TempDir())
	hash, written := piece.HashBytes([]byte("a list")), 0
	list := func(w io.Writer) error {
		written++
		_, err := io.WriteString(w, "a list")
		return err
	}
	check(t, l.WriteFolderFile(t.Context(), hash, list))
	check(t, l.WriteFolderFile(t.Context(), hash, list))
	if written != 1 {
		t.Error("a list that is there is written again")
	}
	check(t, os.WriteFile(l.FolderFile(hash), []byte("A LIST"), 0o600)) // damaged since
	check(t, l.WriteFolderFile(t.Context(), hash, list))
	if got, err := os.ReadFile(l.FolderFile(hash)); err != nil || string(got) != "a list" {
		t.Errorf("%q, %v", got, err)
	}
	theirs := filepath.Join(t.TempDir(), hash.String())
	check(t, os.WriteFile(theirs, nil, 0o600))
	check(t, l.RemoveFolderFile(theirs))
	check(t, l.RemoveFolderFile(l.FolderFile(hash)))
	check(t, l.RemoveFolderFile(l.FolderFile(hash)))
	if _, err := os.Stat(theirs); err != nil {
		t.Error("a file of somebody else was removed")
	}
	if _, err := os.Stat(l.FolderFile(hash)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the list is still there")
	}
}

func TestListsThatNobodyNeedsAreRemoved(t *testing.T) {
	l := open(t, t.TempDir())
	check(t, l.KeepFolderFiles(func(netproto.ContentHash) bool { return false })) // there is no folder yet
	needed, old := netproto.ContentHash{1}, netproto.ContentHash{2}
	for _, hash := range []netproto.ContentHash{needed, old} {
		check(t, l.WriteFolderFile(t.Context(), hash, func(io.Writer) error { return nil }))
	}
	dir := filepath.Dir(l.FolderFile(old))
	check(t, os.WriteFile(filepath.Join(dir, ".new-123"), nil, 0o600)) // of a crash
	check(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	check(t, l.KeepFolderFiles(func(h netproto.ContentHash) bool { return h == needed }))
	entries, err := os.ReadDir(dir)
	check(t, err)
	if len(entries) != 2 || entries[0].Name() != needed.String() || entries[1].Name() != "mine" {
		t.Errorf("there are %v", entries)
	}
}
