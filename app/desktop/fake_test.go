//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// fakeEngine is an engine of scripted states for tests of what is shown.
type fakeEngine struct {
	fakePeople
	fakeWeb
	fakeWishes

	mu        sync.Mutex
	watchers  map[chan struct{}]bool
	status    face.Status
	port      netproto.Reachability // that the test of the port finds
	downloads []face.Download
	uploads   []face.Upload
	shares    []face.Share
	tracker   face.TrackerView
	settings  face.Settings
	folder    face.Folder
	review    face.Review
	details   face.Details
	leaving   face.Leaving
	preview   string // where previews are served
	totals    face.Totals
	checkup   netproto.Checkup
	disk      map[string]face.FolderList    // by its path
	to        string                        // where the last download was saved
	here      map[netproto.ContentHash]bool // shared, or downloaded and no longer in the list

	search func(context.Context, face.SearchRequest) (face.SearchPage, error)
	apply  func(face.Settings) error
	err    error    // returned by every action
	done   []string // the actions, as "verb argument"

	ui    string   // the goroutine that is the UI thread, from which no call may come
	stuck []string // calls from the UI thread
}

// enter records a call that would block the UI thread.
func (f *fakeEngine) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ui != "" && goroutine() == f.ui {
		f.stuck = append(f.stuck, string(debug.Stack()))
	}
}

// goroutine identifies the calling goroutine.
func goroutine() string {
	stack := make([]byte, 64)
	name, _, _ := strings.Cut(string(stack[:runtime.Stack(stack, false)]), " [")
	return name
}

// applied returns the settings as the engine has them.
func (f *fakeEngine) applied() face.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}

func newFake() *fakeEngine {
	return &fakeEngine{
		watchers: map[chan struct{}]bool{},
		status: face.Status{Tracker: "attic", Connection: face.ConnectionConnected, PeersOnline: 12,
			Reach: face.Reach{Verdict: netproto.VerdictReachable, Port: 6881}},
		settings: face.Settings{Name: "Ada", DownloadFolder: "/home/ada/Downloads", DownloadsAtOnce: 3, UploadSlots: 4,
			SeedClients: netproto.SeedLAN, ShareDownloads: true, AdaptiveSlots: true, LocalExempt: true},
	}
}

// change scripts another state and reports a change.
func (f *fakeEngine) change(edit func(*fakeEngine)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(f)
	for told := range f.watchers {
		select {
		case told <- struct{}{}:
		default:
		}
	}
}

func (f *fakeEngine) act(format string, args ...any) error {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, fmt.Sprintf(format, args...))
	return f.err
}

// actions returns what the window has asked for so far.
func (f *fakeEngine) actions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.done...)
}

func get[T any](f *fakeEngine, of func() T) (T, error) {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	return of(), nil
}

func (f *fakeEngine) Watch(ctx context.Context) <-chan struct{} {
	f.enter()
	told := make(chan struct{}, 1)
	f.mu.Lock()
	f.watchers[told] = true
	f.mu.Unlock()
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, told)
		close(told)
	})
	return told
}

func (f *fakeEngine) Status(context.Context) (face.Status, error) {
	return get(f, func() face.Status { return f.status })
}

func (f *fakeEngine) Downloads(context.Context) ([]face.Download, error) {
	return get(f, func() []face.Download { return append([]face.Download(nil), f.downloads...) })
}

func (f *fakeEngine) Uploads(context.Context) ([]face.Upload, error) {
	return get(f, func() []face.Upload { return append([]face.Upload(nil), f.uploads...) })
}

func (f *fakeEngine) Shares(context.Context) ([]face.Share, error) {
	return get(f, func() []face.Share { return append([]face.Share(nil), f.shares...) })
}

func (f *fakeEngine) Tracker(context.Context) (face.TrackerView, error) {
	return get(f, func() face.TrackerView { return f.tracker })
}

func (f *fakeEngine) Settings(context.Context) (face.Settings, error) {
	return get(f, func() face.Settings { return f.settings })
}

func (f *fakeEngine) Diagnostics(context.Context) (face.Diagnostics, error) {
	f.enter()
	return face.Diagnostics{Text: "CentralizedP2P 0.1.0", Profile: "/home/ada/.config/centralizedp2p"}, nil
}

func (f *fakeEngine) ListFolder(_ context.Context, folder string) (face.FolderList, error) {
	return get(f, func() face.FolderList { return f.disk[folder] })
}

func (f *fakeEngine) Checkup(context.Context) (netproto.Checkup, error) {
	return get(f, func() netproto.Checkup { return f.checkup })
}

func (f *fakeEngine) Search(ctx context.Context, request face.SearchRequest) (face.SearchPage, error) {
	f.enter()
	f.mu.Lock()
	search := f.search
	f.mu.Unlock()
	if search == nil {
		return face.SearchPage{}, nil
	}
	return search(ctx, request)
}

// Have answers as the engine does: from the downloads, and from here.
func (f *fakeEngine) Have(_ context.Context, contents []netproto.ContentHash) ([]face.Have, error) {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]face.Have, len(contents))
	for i, hash := range contents {
		if f.here[hash] {
			all[i] = face.HaveHere
		}
		for _, d := range f.downloads {
			if d.Hash != hash {
				continue
			}
			switch d.State {
			case face.DownloadFinished:
				all[i] = face.HaveHere
			case face.DownloadFailed:
			case face.DownloadPaused:
				all[i] = face.HavePaused
			case face.DownloadNoSpace:
				all[i] = face.HaveStuck
			case face.DownloadWaiting, face.DownloadQueued:
				all[i] = face.HaveQueued
			default:
				all[i] = face.HaveRunning
			}
		}
	}
	return all, nil
}

func (f *fakeEngine) FolderContents(context.Context, netproto.ContentHash) (face.Folder, error) {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.folder, f.err
}

func (f *fakeEngine) Download(_ context.Context, r face.DownloadRequest) error {
	err := f.act("download %s %v", r.Name, r.Paths)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = r.To
	return err
}

func (f *fakeEngine) Pause(_ context.Context, ids []string) error  { return f.act("pause %v", ids) }
func (f *fakeEngine) Resume(_ context.Context, ids []string) error { return f.act("resume %v", ids) }
func (f *fakeEngine) Retry(_ context.Context, ids []string) error  { return f.act("retry %v", ids) }
func (f *fakeEngine) Cancel(_ context.Context, ids []string) error { return f.act("cancel %v", ids) }
func (f *fakeEngine) Remove(_ context.Context, ids []string) error { return f.act("remove %v", ids) }
func (f *fakeEngine) Verify(_ context.Context, ids []string) error { return f.act("verify %v", ids) }

func (f *fakeEngine) Prefer(_ context.Context, id, path string) error {
	return f.act("prefer %s %q", id, path)
}

func (f *fakeEngine) Preview(_ context.Context, id, path string) (face.Preview, error) {
	err := f.act("preview %s %q", id, path)
	f.mu.Lock()
	defer f.mu.Unlock()
	name := path
	for _, d := range f.downloads {
		if d.ID == id && path == "" {
			name = d.Name
		}
	}
	return face.Preview{URL: f.preview + "/" + name, Name: name}, err
}

func (f *fakeEngine) RemoveToTrash(_ context.Context, ids []string) error {
	return f.act("remove-to-trash %v", ids)
}

func (f *fakeEngine) Totals(context.Context) (face.Totals, error) {
	return get(f, func() face.Totals { return f.totals })
}

func (f *fakeEngine) RemoveWithFiles(_ context.Context, ids []string) error {
	return f.act("remove-with-files %v", ids)
}

func (f *fakeEngine) Details(context.Context, string) (face.Details, error) {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.details, f.err
}

func (f *fakeEngine) MoveInQueue(_ context.Context, ids []string, way face.QueueMove) error {
	return f.act("move-in-queue %v %s", ids, way)
}

func (f *fakeEngine) SetPriority(_ context.Context, ids []string, priority face.Priority) error {
	return f.act("priority %v %s", ids, priority)
}

func (f *fakeEngine) SetDownloadLimit(_ context.Context, ids []string, limit int64) error {
	return f.act("limit %v %d", ids, limit)
}

func (f *fakeEngine) MoveTo(_ context.Context, ids []string, folder string) error {
	return f.act("move-to %v %s", ids, folder)
}

func (f *fakeEngine) SetQuickLimit(_ context.Context, on bool) error {
	f.enter()
	f.mu.Lock()
	f.status.QuickLimit = on
	f.mu.Unlock()
	return f.act("quick-limit %t", on)
}

func (f *fakeEngine) TestPort(context.Context) (netproto.Reachability, error) {
	if err := f.act("test-port"); err != nil {
		return netproto.ReachableUnknown, err
	}
	return get(f, func() netproto.Reachability { return f.port })
}

func (f *fakeEngine) Review(_ context.Context, paths []string) (face.Review, error) {
	_ = f.act("review %v", paths)
	return get(f, func() face.Review { return f.review })
}

func (f *fakeEngine) Share(_ context.Context, r face.ShareRequest) error {
	f.people.Lock()
	f.visible = r.Visible
	f.people.Unlock()
	return f.act("share %v", r.Items)
}

func (f *fakeEngine) StopSharing(_ context.Context, ids []string) error {
	return f.act("stop-sharing %v", ids)
}

func (f *fakeEngine) ShareAgain(_ context.Context, ids []string) error {
	return f.act("share-again %v", ids)
}

func (f *fakeEngine) LeftOut(context.Context, string) (face.LeftOut, error) {
	return face.LeftOut{}, f.act("left-out")
}

func (f *fakeEngine) Leaving(context.Context) (face.Leaving, error) {
	return get(f, func() face.Leaving { return f.leaving })
}

func (f *fakeEngine) LinkOf(_ context.Context, id string) (string, error) {
	f.enter()
	return "cp2p://attic:5000/" + hashOf(7).String() + "?name=" + id, nil
}

func (f *fakeEngine) UseTracker(_ context.Context, address string) error {
	return f.act("use %s", address)
}

func (f *fakeEngine) AlsoUseTracker(_ context.Context, address string, on bool) error {
	return f.act("also-use-tracker %s %t", address, on)
}

func (f *fakeEngine) ForgetTracker(_ context.Context, address string) error {
	return f.act("forget %s", address)
}

func (f *fakeEngine) Reconnect(context.Context) error { return f.act("reconnect") }

func (f *fakeEngine) AcceptTrackerKey(_ context.Context, address string, _ netproto.Fingerprint) error {
	return f.act("accept %s", address)
}

func (f *fakeEngine) StartTracker(context.Context) error { return f.act("start-tracker") }
func (f *fakeEngine) StopTracker(context.Context) error  { return f.act("stop-tracker") }

func (f *fakeEngine) ApplySettings(_ context.Context, s face.Settings) error {
	f.enter()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.apply != nil {
		if err := f.apply(s); err != nil {
			return err
		}
	}
	f.settings = s
	f.done = append(f.done, fmt.Sprintf("apply %+v", s))
	return nil
}

func hashOf(n int) netproto.ContentHash {
	return netproto.ContentHash{byte(n >> 16), byte(n >> 8), byte(n), 1}
}

// hit returns a content with a name, for answers to a search.
func hit(n int, name string, size int64, kind netproto.Kind, sources int) face.Hit {
	return face.Hit{Kind: kind, Hit: netproto.Hit{Hash: hashOf(n), Name: name, Size: size, Sources: sources,
		Folder: kind == netproto.KindFolder, Added: time.Date(2026, 11, 1+n%20, 12, 0, 0, 0, time.Local)}}
}

// answers returns a search that always finds these hits.
func answers(hits ...face.Hit) func(context.Context, face.SearchRequest) (face.SearchPage, error) {
	return func(context.Context, face.SearchRequest) (face.SearchPage, error) {
		return face.SearchPage{Hits: hits}, nil
	}
}
