package face_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestAnErrorKeepsItsCodeAndDetailAsAValue(t *testing.T) {
	wrapped := fmt.Errorf("while pausing: %w", netproto.Errorf(netproto.CodePortInUse, "port 5000"))
	if got, want := face.FailureOf(wrapped), (face.Failure{Code: netproto.CodePortInUse, Detail: "port 5000"}); got != want {
		t.Errorf("it is %+v, not %+v", got, want)
	}
	if got := netproto.CodeOf(face.FailureOf(wrapped).Error()); got != netproto.CodePortInUse {
		t.Errorf("back as an error it has the code %s", got)
	}
	if got, want := face.FailureOf(errors.New("disk on fire")), (face.Failure{Code: netproto.CodeInternal, Detail: "disk on fire"}); got != want {
		t.Errorf("an error without a code is %+v, not %+v", got, want)
	}
	if !face.FailureOf(nil).IsZero() {
		t.Error("no error is a failure")
	}
}

func TestRefusedSettingsAreNamedInAFixedOrder(t *testing.T) {
	refused := face.InvalidSettings{
		face.FieldPort:           {Code: netproto.CodePortInUse, Detail: "5000"},
		face.FieldDownloadFolder: {Code: netproto.CodeFolderUnwritable, Detail: "/locked"},
	}
	want := "settings: download_folder: The folder cannot be written: /locked; port: The port is used by another program: 5000"
	for range 20 {
		if got := refused.Error(); got != want {
			t.Fatalf("it reads %q, not %q", got, want)
		}
	}
}

// A remote engine sends all of this as JSON.
func TestWhatPassesThroughTheEngineSurvivesJSON(t *testing.T) {
	hash := netproto.ContentHash{1, 2, 3}
	roundTrip(t, face.Status{Tracker: "attic", Connection: face.ConnectionOffline, Failure: face.Failure{Code: netproto.CodeUnreachable, Detail: "x"}, Reach: face.Reach{Verdict: netproto.VerdictCalled, Tracker: "h:5000", Reason: netproto.ReachPortClosed, Advice: netproto.AdviceForwardPort, Port: 6881, RouterPort: 7000, Protocol: "PCP"}})
	roundTrip(t, face.Download{ID: "1", Hash: hash, Name: "a", Size: -1, State: face.DownloadFailed, Failure: face.Failure{Code: netproto.CodeNoSpace}})
	roundTrip(t, face.Details{ID: "1", Sources: []face.Source{{Key: netproto.Fingerprint{7}, State: face.SourceQueued, Place: 2}}, Pieces: []face.Cell{{State: face.CellPartly}}, Copies: 2.4})
	roundTrip(t, face.SearchPage{Hits: []face.Hit{{Hit: netproto.Hit{Hash: hash, Name: "b", Size: 7, Sources: 2}, Kind: netproto.KindAudio}}, Next: "n"})
	roundTrip(t, face.Share{ID: "1", State: face.ShareShared})
	roundTrip(t, face.Upload{ID: "1", State: face.UploadQueued, Place: 3})
	roundTrip(t, face.Settings{Name: "Ada", SeedClients: netproto.SeedLAN})
	roundTrip(t, face.FolderFile{FolderEntry: netproto.FolderEntry{Path: "a/b", Size: 3, Hash: hash}, Here: true})
	roundTrip(t, face.TrackerView{KnownTracker: face.KnownTracker{Address: "attic:5000", Fingerprint: netproto.Fingerprint{9}},
		ChangedKey: &face.ChangedKey{Address: "attic:5000", Shown: netproto.Fingerprint{8}}, Own: face.OwnTracker{Running: true, Addresses: []string{"attic:5000"}}})
	roundTrip(t, face.PeopleList{People: []face.Person{{PeerID: netproto.PeerID{1}, Key: netproto.PublicKey{2}, Known: face.Known{Verified: true, Folder: "/a"}, Words: []string{"oak"}}}})
	roundTrip(t, face.Request{ID: "1", Number: 2, PeerID: netproto.PeerID{1}, Items: []face.RequestItem{{Name: "a", Hash: hash, Files: 1}}, State: face.RequestFailed, Failure: face.Failure{Code: netproto.CodeGone}})
	roundTrip(t, face.SendRequest{To: netproto.PeerID{1}, Items: []face.ShareItem{{Path: "/a"}}, Message: "hello"})
	roundTrip(t, face.Share{ID: "1", State: face.ShareEnded, Visible: face.VisiblePeople, To: "Ben"})
	roundTrip(t, face.Visible{To: face.VisiblePeople, People: []netproto.PublicKey{{3}}, Count: 3})
	roundTrip(t, face.Leaving{Uploads: 2, Alone: []string{"a"}})
	roundTrip(t, face.Wish{ID: "1", WishRequest: face.WishRequest{Hash: hash, Name: "a", Download: true}, Found: []face.Find{{Hash: hash, Name: "a", New: true}}})
	roundTrip(t, face.Review{Items: []face.ReviewItem{{Path: "/a", Secrets: []face.SecretFile{{Path: ".env", Size: 1}}}}, Skipped: []face.SkippedPath{{Path: "/b", Reason: face.SkipSpecial}}})
}

func roundTrip[T any](t *testing.T, value T) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, value) {
		t.Errorf("%T came back as %+v (%v), not %+v; its JSON is %s", value, back, err, value, data)
	}
}

// A page depends on few methods; a fake or a remote engine is written against
// one small interface at a time.
func TestNoInterfaceOfTheEngineIsLarge(t *testing.T) {
	engine := reflect.TypeFor[face.Engine]()
	total := 0
	for _, part := range []reflect.Type{
		reflect.TypeFor[face.Overview](), reflect.TypeFor[face.Downloads](), reflect.TypeFor[face.Queue](), reflect.TypeFor[face.Previews](), reflect.TypeFor[face.Uploads](),
		reflect.TypeFor[face.Shares](), reflect.TypeFor[face.Search](), reflect.TypeFor[face.Trackers](), reflect.TypeFor[face.Preferences](),
		reflect.TypeFor[face.People](), reflect.TypeFor[face.Audiences](), reflect.TypeFor[face.Stops](), reflect.TypeFor[face.Web](), reflect.TypeFor[face.Wishes](), reflect.TypeFor[face.Disk](),
	} {
		total += part.NumMethod()
		if n := part.NumMethod(); n > 12 {
			t.Errorf("%v has %d methods", part, n)
		}
	}
	if total != engine.NumMethod() {
		t.Errorf("the parts have %d methods, %v has %d: it declares some of its own", total, engine, engine.NumMethod())
	}
}

func TestEveryStateOfADownloadIsOneOfFinishedFailedAndActive(t *testing.T) {
	for _, state := range []face.DownloadState{
		face.DownloadWaiting, face.DownloadQueued, face.DownloadConnecting, face.DownloadDownloading, face.DownloadVerifying, face.DownloadPaused,
		face.DownloadMoving, face.DownloadFinished, face.DownloadNoSpace, face.DownloadFailed,
	} {
		d := face.Download{State: state}
		n := 0
		for _, is := range []bool{d.IsFinished(), d.IsFailed(), d.IsActive()} {
			if is {
				n++
			}
		}
		if n != 1 || d.IsRunning() != (d.IsActive() && !d.IsPaused()) {
			t.Errorf("%s: finished %t, failed %t, active %t, running %t", state, d.IsFinished(), d.IsFailed(), d.IsActive(), d.IsRunning())
		}
	}
}

func TestAPathIsSplitAsTheSystemOfThePeerSplitsIt(t *testing.T) {
	for path, want := range map[string][2]string{
		"/home/ada/film.mkv": {"/home/ada", "film.mkv"}, `/home/ada/a\b`: {"/home/ada", `a\b`}, "/film.mkv": {"/", "film.mkv"}, "/": {"/", ""},
		`C:\Users\ada\film.mkv`: {`C:\Users\ada`, "film.mkv"}, `C:\film.mkv`: {`C:\`, "film.mkv"}, `C:\`: {`C:\`, ""},
		`\\server\share\film.mkv`: {`\\server\share`, "film.mkv"}, "film.mkv": {"", "film.mkv"}, "": {"", ""},
	} {
		if folder, name := face.SplitPath(path); folder != want[0] || name != want[1] {
			t.Errorf("%q is split into %q and %q, want %q", path, folder, name, want)
		}
	}
}
