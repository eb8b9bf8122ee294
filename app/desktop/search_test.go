//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestResultsAppearAsOneTypes(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		return face.SearchPage{Hits: []face.Hit{hit(1, "answer to "+r.Words, 10, netproto.KindDocument, 1)}}, nil
	}
	d := newDesk(t, engine, Options{})
	d.window.goTo(pages.PlaceSettings)
	test.Type(d.window.search().Entry, "ubuntu")
	d.reads("answer to ubuntu")
	if d.window.place != pages.PlaceSearch {
		t.Error("typing in the top bar did not bring the search to the front")
	}
}

func TestAnOlderAnswerNeverOverwritesANewerOne(t *testing.T) {
	engine := newFake()
	slow := make(chan struct{})
	var started, answered atomic.Int64
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		if r.Words == "old" {
			started.Add(1)
			<-slow // answers late, when nobody waits any longer
			defer answered.Add(1)
		}
		return face.SearchPage{Hits: []face.Hit{hit(1, "found "+r.Words, 10, netproto.KindDocument, 1)}}, nil
	}
	d := newDesk(t, engine, Options{})
	entry := d.window.search().Entry
	entry.SetText("old")
	d.until("the old search runs", func() bool { return started.Load() > 0 })
	entry.SetText("new")
	d.reads("found new")
	close(slow)
	d.until("the old search has answered", func() bool { return answered.Load() == started.Load() })
	d.window.goTo(pages.PlaceDownloads)
	d.reads("Nothing is downloading yet") // everything under way has crossed
	d.window.goTo(pages.PlaceSearch)
	if d.shows("found old") || !d.shows("found new") {
		t.Errorf("the window shows %v", names(d))
	}
}

func TestAHeaderSortsAndASecondClickTurnsTheOrderRound(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "b.txt", 30, netproto.KindDocument, 1), hit(2, "A.mp3", 10, netproto.KindAudio, 7), hit(3, "c.mkv", 20, netproto.KindVideo, 3))
	d := newDesk(t, engine, Options{})
	d.reads("b.txt")
	for _, step := range []struct {
		header string
		want   []string
	}{
		{"", []string{"c.mkv", "A.mp3", "b.txt"}}, // what came last, without words
		{"Sources", []string{"A.mp3", "c.mkv", "b.txt"}},
		{"Name", []string{"A.mp3", "b.txt", "c.mkv"}},
		{"Name", []string{"c.mkv", "b.txt", "A.mp3"}},
		{"Size", []string{"b.txt", "c.mkv", "A.mp3"}},
		{"Size", []string{"A.mp3", "c.mkv", "b.txt"}},
		{"Type", []string{"A.mp3", "b.txt", "c.mkv"}},
		{"Added", []string{"c.mkv", "A.mp3", "b.txt"}},
	} {
		if step.header != "" {
			d.tap(step.header)
		}
		if got := names(d); !slices.Equal(got, step.want) {
			t.Errorf("after a click on %q the order is %v, not %v", step.header, got, step.want)
		}
	}
}

func TestFiltersGoToTheTracker(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		return face.SearchPage{Hits: []face.Hit{hit(1, fmt.Sprintf("kind=%s min=%d max=%d", r.Kind, r.MinSize, r.MaxSize), 10, netproto.KindOther, 1)}}, nil
	}
	d := newDesk(t, engine, Options{})
	d.choice("Video").SetSelected("Video")
	d.choice("Any size").SetSelected("100 MB to 1 GB")
	d.reads("kind=video min=100000000 max=1000000000")
}

func TestMoreResultsAreFetchedWhenTheLastOneIsReached(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		if r.Cursor == "" {
			return face.SearchPage{Hits: manyHits(0, 200), Next: "second"}, nil
		}
		return face.SearchPage{Hits: manyHits(200, 250)}, nil
	}
	d := newDesk(t, engine, Options{})
	d.reads("The first 200, more below")
	listOf[face.Hit](d).ScrollTo(199)
	d.reads("250 results")
}

func manyHits(from, to int) []face.Hit {
	var hits []face.Hit
	for i := from; i < to; i++ {
		hits = append(hits, hit(i, fmt.Sprintf("file %05d.bin", i), int64(i), netproto.KindOther, 3))
	}
	return hits
}

func TestAHitSaysWhetherItIsHereAlready(t *testing.T) {
	engine := newFake()
	here := hit(1, "here.txt", 10, netproto.KindDocument, 1)
	here.Have = face.HaveHere
	engine.search = answers(here, hit(2, "waits.txt", 10, netproto.KindDocument, 1), hit(3, "runs.txt", 10, netproto.KindDocument, 1))
	engine.here = map[netproto.ContentHash]bool{here.Hash: true}
	engine.downloads = []face.Download{{ID: "a", Hash: hashOf(2), State: face.DownloadQueued}, {ID: "b", Hash: hashOf(3), State: face.DownloadDownloading}}
	d := newDesk(t, engine, Options{})
	d.reads("Here")
	d.reads("Queued")
	d.reads("Downloading")
	engine.change(func(f *fakeEngine) { f.downloads = nil })
	d.until("the marks of what is gone are gone", func() bool { return !d.shows("Queued") })
}

func TestWhatWasDeletedOrFailedCanBeDownloadedAgain(t *testing.T) {
	engine := newFake()
	deleted, failed := hit(1, "deleted.txt", 10, netproto.KindDocument, 9), hit(2, "failed.txt", 10, netproto.KindDocument, 5)
	deleted.Have = face.HaveHere
	engine.here = map[netproto.ContentHash]bool{deleted.Hash: true}
	engine.search = answers(deleted, failed)
	engine.downloads = []face.Download{{ID: "b", Hash: failed.Hash, State: face.DownloadFailed}}
	d := newDesk(t, engine, Options{})
	d.reads("deleted.txt")
	d.until("it says Here", func() bool { return strings.Contains(readRow(t, d.window.win.Content(), "deleted.txt"), "Here") })
	engine.change(func(f *fakeEngine) { f.here = nil })
	d.until("it is no longer Here", func() bool { return !strings.Contains(readRow(t, d.window.win.Content(), "deleted.txt"), "Here") })
	listOf[face.Hit](d).SelectAll()
	d.tap("Download")
	d.did("download deleted.txt []")
	d.did("download failed.txt []")
}

func TestAHitSaysWhatItsDownloadDoes(t *testing.T) {
	for state, want := range map[face.DownloadState]string{
		face.DownloadPaused: "Paused", face.DownloadNoSpace: "Waiting for the disk", face.DownloadVerifying: "Downloading", face.DownloadQueued: "Queued",
	} {
		engine := newFake()
		engine.search = answers(hit(1, "it.txt", 10, netproto.KindDocument, 1))
		engine.downloads = []face.Download{{ID: "a", Hash: hashOf(1), State: state}}
		d := newDesk(t, engine, Options{})
		d.until(string(state)+" reads "+want, func() bool {
			return d.shows("it.txt") && strings.Contains(readRow(t, d.window.win.Content(), "it.txt"), want)
		})
	}
}

func TestResultsAndEmptyPagesRefreshByThemselves(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.reads("Nothing here yet")
	engine.change(func(f *fakeEngine) { f.search = answers(manyHits(0, 60)...) }) // an empty page asks by itself
	d.reads("60 results")
	engine.change(func(f *fakeEngine) {
		f.search = answers(manyHits(0, 61)...)
		f.tracker.Resources++
	})
	d.reads("61 results")
	engine.mu.Lock()
	engine.search = answers(manyHits(0, 62)...)
	engine.mu.Unlock()
	d.menu("Refresh")
	d.reads("62 results")
}

func TestARefreshKeepsWhatIsLookedAtInItsPlace(t *testing.T) {
	engine := newFake()
	engine.search = answers(manyHits(100, 300)...)
	d := newDesk(t, engine, Options{})
	d.reads("200 results")
	d.tap("Name")
	list := listOf[face.Hit](d)
	list.SelectOnly(120)
	list.ScrollTo(120)
	before, at := list.Selection()[0], list.GetScrollOffset()
	engine.mu.Lock()
	engine.search = answers(manyHits(90, 300)...)
	engine.mu.Unlock()
	d.key(fyne.KeyF5)
	d.reads("210 results")
	pitch := (list.GetScrollOffset() - at) / 10
	if got := list.Selection(); len(got) != 1 || got[0] != before || pitch < 20 {
		t.Errorf("selected are %v, each of ten rows above moved it by %v", got, pitch)
	}
}

func TestNothingIsDownloadedWhileASearchSaysWhyItFailed(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "one.txt", 1, netproto.KindDocument, 1))
	d := newDesk(t, engine, Options{})
	d.reads("one.txt")
	listOf[face.Hit](d).SelectOnly(0)
	engine.change(func(f *fakeEngine) {
		f.search = func(context.Context, face.SearchRequest) (face.SearchPage, error) {
			return face.SearchPage{}, netproto.Errorf(netproto.CodeUnreachable, "attic:5000")
		}
	})
	d.window.search().Entry.SetText("other")
	d.reads("The tracker cannot be reached")
	if d.button("Download") != nil {
		t.Error("Download can be pressed")
	}
	d.window.win.Canvas().Unfocus()
	d.key(fyne.KeyReturn)
	if done := engine.actions(); len(done) > 0 {
		t.Errorf("the engine was asked %q", done)
	}
}

func TestEnterDownloadsTheSelectedHits(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "one.txt", 10, netproto.KindDocument, 9), hit(2, "two.txt", 10, netproto.KindDocument, 5))
	d := newDesk(t, engine, Options{})
	d.reads("two.txt")
	d.key(fyne.KeyDown) // from the search entry to the results
	d.key(fyne.KeyReturn)
	d.did("download two.txt []") // what came last is the first
	d.reads("1 download added")
	listOf[face.Hit](d).SelectAll()
	d.reads("2 selected")
	d.tap("Download")
	d.did("download one.txt []")
}

func TestWhatIsHereIsNotDownloadedAgain(t *testing.T) {
	engine := newFake()
	here := hit(1, "here.txt", 10, netproto.KindDocument, 1)
	here.Have = face.HaveHere
	engine.here = map[netproto.ContentHash]bool{here.Hash: true}
	engine.search = answers(here)
	d := newDesk(t, engine, Options{})
	d.reads("here.txt")
	openRow(listOf[face.Hit](d), 0)
	d.reads("You already have this")
	if done := engine.actions(); len(done) != 0 {
		t.Errorf("the engine was asked to %v", done)
	}
}

func TestAFailedSearchSaysWhyAndCanBeTriedAgain(t *testing.T) {
	engine := newFake()
	engine.search = func(context.Context, face.SearchRequest) (face.SearchPage, error) {
		return face.SearchPage{}, netproto.Errorf(netproto.CodeUnreachable, "attic:5000")
	}
	d := newDesk(t, engine, Options{})
	d.reads("The tracker cannot be reached: attic:5000. Check its address")
	engine.change(func(f *fakeEngine) { f.search = answers(hit(1, "back.txt", 1, netproto.KindDocument, 1)) })
	d.tap("Try again")
	d.reads("back.txt")
}

func TestASearchWithATypingErrorOffersWhatWasMeant(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		if r.Words == "zebra.txt" {
			return face.SearchPage{Hits: []face.Hit{hit(1, "zebra.txt", 1, netproto.KindDocument, 1)}}, nil
		}
		return face.SearchPage{Meant: []string{"zebra.txt"}}, nil
	}
	d := newDesk(t, engine, Options{})
	d.window.search().Entry.SetText("zebar")
	d.reads("Did you mean one of these?")
	d.tap("zebra.txt")
	d.reads("1 result")
}

func TestTheBestMatchesComeFirst(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		exact, some := hit(1, "lecture 01.pdf", 10, netproto.KindDocument, 1), hit(2, "another lecture 01.pdf", 10, netproto.KindDocument, 9)
		exact.Match, some.Match = netproto.MatchWhole, netproto.MatchOrder
		if r.Sort != netproto.SortBest {
			exact.Match, some.Match = 0, 0
		}
		return face.SearchPage{Hits: []face.Hit{exact, some}}, nil
	}
	d := newDesk(t, engine, Options{})
	d.window.search().Entry.SetText("lecture 01")
	d.reads("Exact")
	if got, want := names(d), []string{"lecture 01.pdf", "another lecture 01.pdf"}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, not %v", got, want)
	}
	d.tap("Sources")
	d.until("the one with most sources comes first", func() bool { return names(d)[0] == "another lecture 01.pdf" })
	d.tap("Match")
	d.tap("Match") // it is never turned round
	d.until("the best match is first again", func() bool { return names(d)[0] == "lecture 01.pdf" })
}

func TestAMistypedWordIsOfferedCorrected(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		switch r.Words {
		case "einfurung":
			return face.SearchPage{Corrected: "Einführung", Meant: []string{"Einführung.pdf"}}, nil
		case "einfahrung":
			return face.SearchPage{Corrected: "Einführung", Hits: []face.Hit{hit(2, "einfahrung.pdf", 10, netproto.KindDocument, 1)}}, nil
		}
		return face.SearchPage{Hits: []face.Hit{hit(1, "found by "+r.Words, 10, netproto.KindDocument, 1)}}, nil
	}
	d := newDesk(t, engine, Options{})
	for _, typed := range []string{"einfurung", "einfahrung"} {
		d.window.search().Entry.SetText(typed)
		d.reads("Did you mean “Einführung”?")
		d.tap("Did you mean “Einführung”?")
		d.reads("found by Einführung")
	}
}

func TestOneCanSearchInWhatAPersonSharesAndByTime(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		age := "any"
		if !r.Since.IsZero() {
			age = time.Since(r.Since).Round(24 * time.Hour).String()
		}
		return face.SearchPage{Hits: []face.Hit{hit(1, fmt.Sprintf("of %.8s for %s", r.Owner, age), 10, netproto.KindOther, 1)}}, nil
	}
	zoe, ben := netproto.PeerID{1}, netproto.PeerID{2}
	engine.list = []face.Person{{PeerID: zoe, Name: "Zoe", Online: true}, {PeerID: ben, Name: "Zoe", Online: true}, {PeerID: netproto.PeerID{3}, Name: "Gone"}}
	d := newDesk(t, engine, Options{})
	d.until("people can be chosen", func() bool { return len(d.choice("From anyone").Options) == 3 })
	d.choice("From anyone").SetSelected("Zoe")
	d.reads("of 01000000 for any")
	d.choice("Any time").SetSelected("Last 7 days")
	d.reads("of 01000000 for 168h0m0s")
	d.window.search().Entry.SetText("nothing")
	d.reads("of 01000000 for 168h0m0s")
}

func TestWhoComesWhileThePageIsShownCanBeChosenAsAnOwner(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "song.mp3", 10, netproto.KindAudio, 1))
	d := newDesk(t, engine, Options{})
	d.reads("song.mp3")
	engine.change(func(f *fakeEngine) { f.list = []face.Person{{PeerID: netproto.PeerID{1}, Name: "Zoe", Online: true}} })
	d.window.search().Refresh()
	d.until("Zoe can be chosen", func() bool { return len(d.choice("From anyone").Options) == 2 })
}

func TestAnEmptySearchSaysWhatGoesThere(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.reads("Nothing here yet. Invite people")
	d.window.search().Entry.SetText("zebra")
	d.reads("No results")
	d.tap("Clear the search")
	d.reads("Nothing here yet")
	engine.change(func(f *fakeEngine) { f.status = face.Status{Connection: face.ConnectionNone} })
	d.reads("To search, choose one or run one yourself")
	d.tap("Choose a tracker")
	d.reads("Use another tracker")
}

func TestAFolderIsOpenedBeforeItIsDownloaded(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "photos", 30, netproto.KindFolder, 1))
	file := func(path string, size int64, here bool) face.FolderFile {
		return face.FolderFile{FolderEntry: netproto.FolderEntry{Path: path, Size: size}, Here: here}
	}
	engine.folder = face.Folder{Files: []face.FolderFile{file("italy/1.jpg", 10, false), file("italy/2.jpg", 10, true), file("readme", 10, false)}}
	d := newDesk(t, engine, Options{})
	d.reads("photos")
	openRow(listOf[face.Hit](d), 0)
	d.reads("2 of 3 files chosen, 20 B · 1 already here")
	d.tap("Download")
	d.did("download photos [italy/1.jpg readme]")
}

func TestNamesOfEveryScriptAndLengthStayWithinTheSmallestWindow(t *testing.T) {
	engine := newFake()
	long := strings.Repeat("w", 251) + ".txt"
	engine.search = answers(
		hit(1, long, 10, netproto.KindDocument, 1), hit(2, strings.Repeat("日本語", 28)+".flac", 10, netproto.KindAudio, 1),
		hit(3, "Отчёт за третий квартал.pdf", 10, netproto.KindDocument, 1), hit(4, "تقرير سنوي.docx", 10, netproto.KindDocument, 1),
		hit(5, "👩‍👩‍👧‍👦 family.jpg", 10, netproto.KindImage, 1), hit(6, "\u202egnp.exe", 10, netproto.KindProgram, 1))
	d := newDesk(t, engine, Options{})
	d.window.win.Resize(leastSize)
	d.reads(long)
	if least := d.window.win.Content().MinSize(); least.Width > leastSize.Width || least.Height > leastSize.Height {
		t.Errorf("the window cannot be smaller than %v", least)
	}
	for _, object := range laidOut(listOf[face.Hit](d)) {
		if l, ok := object.(*kit.Line); ok && strings.HasPrefix(l.Text, "www") {
			drawn := test.WidgetRenderer(l).Objects()[0].(*canvas.Text)
			if !strings.Contains(drawn.Text, "…") || !strings.HasSuffix(drawn.Text, ".txt") {
				t.Errorf("the long name is shown as %q", drawn.Text)
			}
		}
	}
	d.reads(`\u{202e}gnp.exe`)
}

func TestTenThousandHitsAreSortedAndScrolled(t *testing.T) {
	engine := newFake()
	engine.search = answers(manyHits(0, 10_000)...)
	d := newDesk(t, engine, Options{})
	d.reads("10,000 results")
	list := listOf[face.Hit](d)
	d.until("they are sorted", func() bool { return len(list.Rows) == 10_000 })
	start := time.Now()
	for _, header := range []string{"Name", "Name", "Size", "Type", "Added", "Sources"} {
		d.tap(header)
	}
	for row := 0; row < 10_000; row += 1000 {
		list.ScrollTo(row)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("six sorts and ten pages took %v", took)
	}
	d.tap("Name")
	d.tap("Name")
	d.until("the first is the last of the names", func() bool { return list.Rows[0].Name == "file 09999.bin" })
}

func TestTheTrackerIsAskedForBothDirectionsOfAnOrder(t *testing.T) {
	engine := newFake()
	engine.search = func(_ context.Context, r face.SearchRequest) (face.SearchPage, error) {
		return face.SearchPage{Hits: []face.Hit{hit(1, fmt.Sprintf("by %s %s", r.Sort, r.Order), 10, netproto.KindOther, 1)}, Next: "more"}, nil
	}
	d := newDesk(t, engine, Options{})
	d.reads("by newest ") // what came last, while nothing is searched
	for _, step := range []struct{ header, want string }{
		{"Size", "by size desc"}, {"Size", "by size asc"}, {"Name", "by name asc"}, {"Name", "by name desc"},
		{"Added", "by newest desc"}, {"Added", "by newest asc"}, {"Sources", "by sources desc"}, {"Sources", "by sources asc"},
		{"Match", "by newest "}, {"Match", "by newest "},
	} {
		d.tap(step.header)
		d.reads(step.want)
	}
}
