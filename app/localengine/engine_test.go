package localengine

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

func TestTheWindowOpensWithoutItsTracker(t *testing.T) {
	alice := newHouse(t)
	tracker := startTown(t, t.TempDir(), "")
	alice.use(tracker)
	alice.close()
	check(t, tracker.Close())
	alice.open()
	alice.untilConnection(face.ConnectionReconnecting)
	if s := alice.status(); s.Tracker != tracker.Address || s.Failure.Code != netproto.CodeUnreachable {
		t.Errorf("the status is %+v", s)
	}
	if v := alice.view(); v.Name != "town" || v.Fingerprint != tracker.Fingerprint {
		t.Errorf("the view is %+v", v)
	}
}

func TestTheWindowOpensWithoutItsDownloadFolder(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 2<<20)
	alice.offer(path)
	stick := filepath.Join(bob.files, "stick")
	check(t, bob.change(func(s *face.Settings) { s.DownloadFolder = stick }))
	bob.slow()
	bob.fetch(bob.findOne("song"))
	bob.until("something came", func() bool { return bob.rows()["song.flac"].Done > 0 })
	bob.close()
	check(t, os.RemoveAll(stick))
	check(t, os.WriteFile(stick, nil, 0o644)) // nothing can be written below it
	bob.open()
	bob.untilState("song.flac", face.DownloadNoSpace)
	d := bob.rows()["song.flac"]
	if d.Failure.Code != netproto.CodeFolderUnwritable {
		t.Errorf("the failure is %+v", d.Failure)
	}
	refused(t, bob.Download(deadline(t), face.DownloadRequest{Hash: netproto.ContentHash{1}, Name: "other", Size: -1}), netproto.CodeFolderUnwritable)
	check(t, os.Remove(stick))
	check(t, os.Mkdir(stick, 0o755)) // the disk is back
	bob.fast()
	check(t, bob.Resume(deadline(t), []string{d.ID}))
	same(t, bob.finish("song.flac").Path, content)
}

func TestAWatcherIsToldUntilItsContextEnds(t *testing.T) {
	alice, tracker := newHouse(t), newTown(t)
	ctx, cancel := context.WithCancel(deadline(t))
	changed := alice.Watch(ctx)
	check(t, alice.UseTracker(ctx, tracker.Address))
	if _, open := <-changed; !open {
		t.Fatal("it was closed too early")
	}
	cancel()
	for range changed { // what nobody took yet comes first
	}
	other := alice.Watch(deadline(t))
	alice.close()
	for range other { // the end of the engine is an end, too
	}
}

func TestDiagnosticsTellNothingPrivate(t *testing.T) {
	alice, bob, tracker := neighbours(t)
	path, _ := alice.write("diary.txt", 1000)
	alice.offer(path)
	bob.fetch(bob.findOne("diary"))
	bob.finish("diary.txt")
	settings := bob.chosen()
	settings.TrackerPort = portOf(t, tracker.Address)
	check(t, bob.ApplySettings(deadline(t), settings))
	refused(t, bob.StartTracker(deadline(t)), netproto.CodePortInUse)
	settings.TrackerPort = 0
	check(t, bob.ApplySettings(deadline(t), settings))
	for _, h := range []*house{alice, bob} {
		d, err := h.Diagnostics(deadline(t))
		check(t, err)
		if d.Profile != h.profile {
			t.Errorf("the profile is %s", d.Profile)
		}
		for _, want := range []string{version.Here().String(), tracker.Address, string(face.ConnectionConnected)} {
			if !strings.Contains(d.Text, want) {
				t.Errorf("%s is missing in:\n%s", want, d.Text)
			}
		}
		key, err := os.ReadFile(filepath.Join(h.profile, "peer.key"))
		check(t, err)
		for _, private := range []string{"diary", h.files, h.downloads, "PRIVATE", string(bytes.Split(key, []byte("\n"))[1])} {
			if strings.Contains(d.Text, private) {
				t.Errorf("%q stands in:\n%s", private, d.Text)
			}
		}
	}
}

// travels wants a value to be the same after a way through JSON, as it takes
// when the engine is in another process.
func travels(t *testing.T, value any) {
	t.Helper()
	raw, err := json.Marshal(value)
	check(t, err)
	arrived := reflect.New(reflect.TypeOf(value))
	check(t, json.Unmarshal(raw, arrived.Interface()))
	if diff := cmp.Diff(value, arrived.Elem().Interface()); diff != "" {
		t.Errorf("%T left (-) and arrived (+) as:\n%s", value, diff)
	}
}

func TestAllThatTheWindowGetsTravelsAsJSON(t *testing.T) {
	alice, bob, tracker := neighbours(t)
	alice.album()
	alice.write("album/.env", 10)
	check(t, os.Symlink("one.flac", filepath.Join(alice.files, "album", "link.flac")))
	hit := bob.findFolder("album")
	bob.fetch(hit)
	bob.finish("album")
	check(t, bob.StartTracker(deadline(t)))
	bob.use(tracker)
	ended := startTown(t, t.TempDir(), "")
	bob.use(ended)
	changed := changeKey(t, ended)
	defer changed.Close()
	bob.lose(face.ConnectionKeyChanged)

	ctx := deadline(t)
	got := func(value any, err error) {
		t.Helper()
		check(t, err)
		if reflect.ValueOf(value).IsZero() {
			t.Errorf("%T is empty", value)
		}
		travels(t, value)
	}
	for _, h := range []*house{alice, bob} {
		got(wrap(h.Status(ctx)))
		got(wrap(h.Tracker(ctx)))
		got(wrap(h.Shares(ctx)))
		got(wrap(h.Settings(ctx)))
		got(wrap(h.Diagnostics(ctx)))
	}
	got(wrap(bob.Downloads(ctx)))
	got(wrap(bob.Details(ctx, bob.rows()["album"].ID)))
	got(wrap(alice.Uploads(ctx)))
	got(wrap(alice.Search(ctx, face.SearchRequest{})))
	got(wrap(alice.FolderContents(ctx, hit.Hash)))
	got(wrap(alice.Review(ctx, []string{filepath.Join(alice.files, "album"), alice.profile})))
	travels(t, face.InvalidSettings{face.FieldName: {Code: netproto.CodeInvalid, Detail: "no name"}})
	if bob.view().ChangedKey == nil {
		t.Error("there was no changed key to send")
	}
}

func wrap[T any](value T, err error) (any, error) { return value, err }
