//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// fakeElsewhere is a scripted book of peers.
type fakeElsewhere struct {
	mu      sync.Mutex
	peers   []Peer
	engines map[netproto.Fingerprint]*farEngine
	typed   []string
	err     error
	closed  int
}

// farEngine is a fake engine on another computer.
type farEngine struct {
	*fakeEngine
	uploaded []string
}

func (f *farEngine) Upload(_ context.Context, paths []string, sent func(done, total int64)) ([]string, error) {
	sent(1, 2)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.uploaded = append(f.uploaded, paths...)
	var there []string
	for _, path := range paths {
		there = append(there, "/srv/downloads/"+filepath.Base(path))
	}
	return there, nil
}

func (f *fakeElsewhere) Peers() []Peer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.peers)
}

func (f *fakeElsewhere) Pair(_ context.Context, address, code, name string) (Peer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.typed = []string{address, code, name}
	if f.err != nil {
		return Peer{}, f.err
	}
	p := Peer{Key: netproto.Fingerprint{7}, Name: name, Address: address}
	f.peers = append(f.peers, p)
	return p, nil
}

func (f *fakeElsewhere) Forget(_ context.Context, key netproto.Fingerprint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers = slices.DeleteFunc(f.peers, func(p Peer) bool { return p.Key == key })
	return nil
}

func (f *fakeElsewhere) Drive(peer Peer) (face.Engine, func() error) {
	return f.engines[peer.Key], func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.closed++
		return nil
	}
}

func newFar(name string) *farEngine {
	far := &farEngine{fakeEngine: newFake()}
	far.status.Tracker = name
	return far
}

func TestTheWindowDrivesAPeerOnAnotherComputer(t *testing.T) {
	nas := newFar("the cellar's tracker")
	book := &fakeElsewhere{engines: map[netproto.Fingerprint]*farEngine{{7}: nas}}
	d := newDesk(t, newFake(), Options{Elsewhere: book})
	nas.ui = goroutine()
	d.reads("attic")
	if d.button("This computer") == nil {
		t.Fatal("there is no choice of peers")
	}

	// Pairing
	d.window.choice.ask()
	var fields []*kit.TextEntry
	for _, object := range d.window.win.Canvas().Overlays().List() {
		walk(object, func(o fyne.CanvasObject) {
			if entry, ok := o.(*kit.TextEntry); ok {
				fields = append(fields, entry)
			}
		})
	}
	if len(fields) != 3 {
		t.Fatalf("there are %d entries", len(fields))
	}
	book.err = netproto.Errorf(netproto.CodeDenied, "the code is not the one that is shown")
	for i, text := range []string{"nas", "192.0.2.7:5050", "AAAA-BBBB-CCCC"} {
		fields[i].SetText(text)
	}
	d.tap("Pair")
	d.reads("the code is wrong")
	if d.window.choice.driven != nil {
		t.Error("a peer that was refused is driven")
	}
	book.mu.Lock()
	book.err = nil
	book.mu.Unlock()
	d.tap("Pair")
	d.reads("the cellar's tracker")
	if !slices.Equal(book.typed, []string{"192.0.2.7:5050", "AAAA-BBBB-CCCC", "nas"}) {
		t.Errorf("it was asked for %q", book.typed)
	}
	if title := d.window.win.Title(); title != "nas – "+appName {
		t.Errorf("the title is %q", title)
	}

	// What is done is done there, and what is dropped is uploaded first.
	nas.change(func(f *fakeEngine) {
		f.review = face.Review{Items: []face.ReviewItem{{Path: "/srv/downloads/song.flac", Name: "song.flac", Files: 1, Size: 5}}}
	})
	d.window.drops.review([]string{"/home/ada/song.flac"})
	d.reads("song.flac")
	nas.mu.Lock()
	if !slices.Equal(nas.uploaded, []string{"/home/ada/song.flac"}) {
		t.Errorf("%q was uploaded", nas.uploaded)
	}
	nas.mu.Unlock()
	d.window.sheets.CloseAll()
	d.window.OpenPath("/srv/downloads/song.flac")
	d.reads("This is on another computer")

	// Files and folders are picked in what is there, and nothing is uploaded.
	nas.change(func(f *fakeEngine) {
		f.disk = map[string]face.FolderList{
			"":           {Entries: []face.DiskEntry{{Name: "/srv/media", Path: "/srv/media", Folder: true}}},
			"/srv/media": {Path: "/srv/media", Entries: []face.DiskEntry{{Name: "film.mkv", Path: "/srv/media/film.mkv", Size: 5}}},
		}
		f.review = face.Review{Items: []face.ReviewItem{{Path: "/srv/media/film.mkv", Name: "film.mkv", Files: 1, Size: 5}}}
	})
	there := func() *kit.List {
		var list *kit.List
		for _, object := range d.window.win.Canvas().Overlays().List() {
			walk(object, func(o fyne.CanvasObject) {
				if found, ok := o.(*kit.List); ok {
					list = found
				}
			})
		}
		return list
	}
	d.window.drops.pickFile()
	d.reads("/srv/media")
	there().Select(0)
	d.reads("film.mkv")
	there().Select(0)
	d.tap("Choose")
	d.until("the review shows it", func() bool { return d.window.drops.reviewed != nil && d.shows("film.mkv") })
	nas.mu.Lock()
	if len(nas.uploaded) != 1 {
		t.Errorf("%q was uploaded", nas.uploaded)
	}
	nas.mu.Unlock()
	d.window.sheets.CloseAll()
	d.window.goTo(pages.PlaceSettings)
	d.reads("Check for problems")
	for _, local := range []string{"Open log", "Open profile folder", "Run when finished", "Start when I log in"} {
		if d.shows(local) {
			t.Errorf("of another computer it shows %q", local)
		}
	}

	// And back.
	d.window.choice.drive(nil)
	d.until("this computer shows", func() bool { return d.shows("attic") && !d.shows("the cellar's tracker") })
	d.until("the other engine is let go of", func() bool {
		book.mu.Lock()
		defer book.mu.Unlock()
		return book.closed == 1
	})
	if title := d.window.win.Title(); title != appName {
		t.Errorf("the title is %q", title)
	}
}
