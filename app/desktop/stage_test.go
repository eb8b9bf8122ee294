//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/desktop/pages/settings"
	"centralizedp2p/app/desktop/pages/transfers"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// stage is an engine with something for every page and every sheet, as a person has it.
func stage(t *testing.T) *fakeEngine {
	t.Helper()
	engine := newFake()
	folder := t.TempDir()
	redSquare(t, filepath.Join(folder, "photo.png"), 300)
	letter := "Dear Ada,\n\nhere is the text that you asked for.\n" + strings.Repeat("It goes on and on, as texts do, until nobody reads it.\n", 60)
	if err := os.WriteFile(filepath.Join(folder, "letter.txt"), []byte(letter), 0o600); err != nil {
		t.Fatal(err)
	}
	served(t, engine, folder)
	engine.status.DownRate, engine.status.UpRate = 8_400_000, 1_200_000
	engine.status.Counts = face.Counts{Downloads: 4, Failed: 1, Uploads: 2, Shares: 6, Requests: 1}
	engine.status.Reach = face.Reach{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP, Port: 6881}
	engine.search = stageSearch()
	engine.downloads = stageDownloads(folder)
	engine.details = stageDetails()
	engine.uploads = []face.Upload{
		{ID: "1", Name: "Ubuntu 26.04 desktop amd64.iso", Peer: "Grace", Address: "203.0.113.5:4000", Size: 40e6, Sent: 12e6, Rate: 1.2e6, State: face.UploadSending},
		{ID: "2", Name: "photos", Peer: "Linus", State: face.UploadQueued, Place: 2, Size: 5},
		{ID: "3", Name: "song.flac", Address: "203.0.113.6:4000", Sent: 5e6, Size: 5e6, State: face.UploadEnded},
	}
	engine.shares = []face.Share{
		{ID: "1", Name: "photos", Path: "/home/ada/photos", Folder: true, Files: 214, Size: 340e6, State: face.ShareShared, Fetched: 3, Sent: 1_100_000_000},
		{ID: "2", Name: "big.iso", Path: "/home/ada/big.iso", Files: 1, Size: 4e9, State: face.ShareHashing, Hashed: 1.6e9, Rate: 900e6},
		{ID: "3", Name: "edited.odt", Path: "/home/ada/x", Files: 1, Size: 100, State: face.ShareRehashing, Hashed: 50},
		{ID: "4", Name: "gone.mp3", Path: "/home/ada/gone", Files: 1, State: face.ShareMissing},
		{ID: "5", Name: "secret", Files: 1, State: face.ShareFailed, Failure: face.Failure{Code: netproto.CodeFileUnreadable, Detail: "/home/ada/secret"}},
		{ID: "6", Name: "photo.png", Path: filepath.Join(folder, "photo.png"), Files: 1, Size: 7e6, State: face.ShareShared},
	}
	engine.tracker = face.TrackerView{Reach: engine.status.Reach, KnownTracker: face.KnownTracker{Address: "attic:5000", Name: "attic", Fingerprint: netproto.Fingerprint{1}},
		PeersOnline: 12, Resources: 4021, LeaseSeconds: 90, RoundTripMilli: 14, Known: []face.KnownTracker{{Address: "office:5000", Name: "office"}},
		Nearby: []face.KnownTracker{{Address: "192.168.1.20:5000", Name: "kitchen"}}}
	engine.list, engine.in, engine.out = somePeople()
	engine.in = engine.in[:1]
	engine.browse = []face.Hit{hit(2, "Holidays in Норвегия", 812_000_000, netproto.KindFolder, 3), hit(5, "song.flac", 31_000_000, netproto.KindAudio, 7)}
	engine.toSend = face.Review{Items: []face.ReviewItem{{Path: "/a/song.flac", Name: "song.flac", Files: 1, Size: 31_000_000}}}
	engine.folder = face.Folder{Files: []face.FolderFile{{FolderEntry: netproto.FolderEntry{Path: "day 1/a.jpg", Size: 3e6, Hash: hashOf(50)}},
		{FolderEntry: netproto.FolderEntry{Path: "day 1/b.jpg", Size: 4e6, Hash: hashOf(51)}, Here: true}, {FolderEntry: netproto.FolderEntry{Path: "diary.txt", Size: 4e3, Hash: hashOf(52)}}}}
	engine.review = face.Review{
		Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 1_200_000_000},
			{Path: "/a/project", Name: "project", Folder: true, Files: 1214, Size: 20_000_000, Secrets: []face.SecretFile{{Path: ".env", Size: 120}}}},
		Skipped: []face.SkippedPath{{Path: "/a/pipe", Reason: face.SkipSpecial}, {Path: "/a/project", Reason: face.SkipUnreadable, Count: 3}},
	}
	engine.checkup = netproto.Checkup{Program: "0.1.0", System: "linux/amd64", Findings: []netproto.Finding{
		found(netproto.TopicTracker, netproto.FindingGood, "", netproto.Detail{Kind: netproto.DetailConnection, Word: "connected"}, netproto.Detail{Kind: netproto.DetailAnswers, Number: 14_000},
			netproto.Detail{Kind: netproto.DetailCalls, Number: 1}, netproto.Detail{Kind: netproto.DetailRelay, Number: 1}),
		found(netproto.TopicReach, netproto.FindingWarning, netproto.RemedyOpenPort, netproto.Detail{Kind: netproto.DetailReach, Word: string(netproto.VerdictCalled)},
			netproto.Detail{Kind: netproto.DetailPort, Number: 6881}),
		found(netproto.TopicDisk, netproto.FindingBad, netproto.RemedyFreeSpace, netproto.Detail{Kind: netproto.DetailFree, Number: 12_000_000}),
		found(netproto.TopicClock, netproto.FindingUnknown, "", netproto.Detail{Kind: netproto.DetailNoClock})}}
	engine.disk = map[string]face.FolderList{"": {Entries: []face.DiskEntry{{Name: "/srv/media", Path: "/srv/media", Folder: true},
		{Name: "film.mkv", Path: "/srv/film.mkv", Size: 1_200_000_000}}}}
	engine.fulfil("lecture video", face.Find{Hash: hashOf(60), Name: "Lecture 11.mp4", Size: 1_300_000_000, At: time.Now(), New: true})
	engine.wishes = append(engine.wishes, face.Wish{ID: "9", WishRequest: face.WishRequest{Words: "北京烤鸭", Kind: netproto.KindDocument, MaxSize: 1e6, Download: true}})
	return engine
}

func found(topic netproto.Topic, state netproto.FindingState, do netproto.Remedy, details ...netproto.Detail) netproto.Finding {
	f := netproto.Finding{Topic: topic, State: state, Do: do}
	f.Say(details...)
	return f
}

func stageSearch() func(context.Context, face.SearchRequest) (face.SearchPage, error) {
	here := hit(1, "Ubuntu 26.04 desktop amd64.iso", 5_900_000_000, netproto.KindArchive, 41)
	here.Have = face.HaveHere
	found := answers(here, hit(2, "Holidays in Норвегия", 812_000_000, netproto.KindFolder, 3),
		hit(3, "Lecture 02 – Distributed hash tables and the things that go wrong with them in practice.mp4", 1_200_000_000, netproto.KindVideo, 12),
		hit(4, "lecture 10.mp4", 1_100_000_000, netproto.KindVideo, 2), hit(5, "song.flac", 31_000_000, netproto.KindAudio, 7),
		hit(6, "annual report.pdf", 2_300_000, netproto.KindDocument, 1), hit(7, "photo.jpg", 4_100_000, netproto.KindImage, 5),
		hit(8, "setup.exe", 81_000_000, netproto.KindProgram, 9), hit(9, "notes", 120, netproto.KindOther, 1))
	return func(ctx context.Context, r face.SearchRequest) (face.SearchPage, error) {
		if r.Words == "unheard of" {
			return face.SearchPage{}, nil
		}
		return found(ctx, r)
	}
}

func stageDownloads(folder string) []face.Download {
	const lecture = "Lecture 02 – Distributed hash tables and the things that go wrong with them in practice.mp4"
	return []face.Download{
		{ID: "1", Name: lecture, Size: 1_200_000_000, Done: 412_000_000, Rate: 8_400_000, SecsLeft: 94, Sources: 5, State: face.DownloadDownloading,
			Path: "/home/ada/Downloads/a", Hash: hashOf(3)},
		{ID: "2", Name: "Holidays in Норвегия", Folder: true, Size: 812_000_000, Done: 90_000_000, State: face.DownloadPaused, Path: "/home/ada/Downloads/b", Hash: hashOf(72)},
		{ID: "3", Name: "song.flac", Size: 31_000_000, State: face.DownloadQueued, Place: 3, Path: "/home/ada/Downloads/c", Hash: hashOf(5), Priority: face.PriorityHigh, Limit: 500_000},
		{ID: "4", Name: "annual report.pdf", Size: 2_300_000, Done: 2_300_000, State: face.DownloadFinished, Path: "/home/ada/Downloads/annual report.pdf", Finished: time.Unix(1, 0)},
		{ID: "5", Name: "setup.exe", Size: 81_000_000, Done: 4_000_000, State: face.DownloadFailed,
			Failure: face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada/Downloads"}, Path: "/home/ada/Downloads/d"},
		{ID: "6", Name: "photo.png", Size: 4_100_000, Done: 4_000_000, State: face.DownloadDownloading, Path: "/home/ada/Downloads/e", Hash: hashOf(77)},
		{ID: "7", Name: "letter.txt", Size: 4_100, Done: 1, State: face.DownloadWaiting, Path: "/home/ada/Downloads/f", Hash: hashOf(78)},
		{ID: "8", Name: "huge.img", Size: 4_100_000_000_000, Done: 2e12, State: face.DownloadNoSpace, Failure: face.Failure{Code: netproto.CodeNoSpace}, Path: "/home/ada/Downloads/g"},
		{ID: "9", Name: "photo.png", Size: 4_100_000, Done: 4_100_000, State: face.DownloadFinished, Path: filepath.Join(folder, "photo.png"), Finished: time.Unix(2, 0)},
	}
}

func stageDetails() face.Details {
	details := face.Details{Slow: face.SlowOneSource, Copies: 2.4}
	for i := range 150 {
		details.Speeds = append(details.Speeds, int64(4e6+3.5e6*math.Sin(float64(i)/9)+1e6*math.Sin(float64(i))))
	}
	for i := range 300 {
		state := face.CellMissing
		switch {
		case i < 120, i >= 145 && i%17 == 0:
			state = face.CellVerified
		case i < 128:
			state = face.CellPartly
		case i < 145:
			state = face.CellInFlight
		}
		details.Pieces = append(details.Pieces, face.Cell{State: state})
	}
	for i, state := range []face.SourceState{face.SourceDownloading, face.SourceDownloading, face.SourceQueued, face.SourceFailed, face.SourceKnown} {
		details.Sources = append(details.Sources, face.Source{Name: fmt.Sprintf("Peer %d", i), Address: fmt.Sprintf("203.0.113.%d:4001", i+5), State: state,
			Way: []face.Way{face.WayDirect, face.WayLAN, face.WayRelayed, "", ""}[i], Rate: int64(max(0, 5-3*i)) * 1_100_000,
			Share: []float64{.61, .3, .09, 0, 0}[i], Local: i == 1, Place: 2, Failure: face.Failure{Code: netproto.CodePeerUnreachable}})
	}
	return details
}

// stagePeers are peers on other computers.
func stagePeers() *fakeElsewhere {
	return &fakeElsewhere{peers: []Peer{{Key: netproto.Fingerprint{7}, Name: "NAS in the attic", Address: "192.168.1.20:5050"}}}
}

// sheetOfTheWindow is one kind of what lies over the pages.
type sheetOfTheWindow struct {
	name  string
	from  string // the source file that opens it
	open  func()
	reads string // once it is filled; "" is nothing to wait for
}

// everySheet opens each of them in a window on the stage.
func everySheet(d *desk) []sheetOfTheWindow {
	w, engine := d.window, d.engine
	link := netproto.Link{Tracker: "office:5000", Size: -1}.String()
	file := netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 12}.String()
	at := func(place pages.Place, open func()) func() {
		return func() {
			w.goTo(place)
			open()
		}
	}
	downloads := func(id string, do func(*transfers.Downloads)) func() {
		return at(pages.PlaceDownloads, func() {
			d.reads("song.flac")
			list := listOf[face.Download](d)
			list.SelectOnly(slices.IndexFunc(list.Rows, func(o face.Download) bool { return o.ID == id }))
			do(w.pages[pages.PlaceDownloads].(*transfers.Downloads))
		})
	}
	chosen := func(text string) func(*transfers.Downloads) {
		return func(*transfers.Downloads) { chooseItem(d.t, listOf[face.Download](d).Menu(), text) }
	}
	ofShare := func(text string) func() {
		return at(pages.PlaceShared, func() {
			d.reads("photos")
			list := listOf[face.Share](d)
			list.SelectOnly(slices.IndexFunc(list.Rows, func(s face.Share) bool { return s.ID == "1" }))
			chooseItem(d.t, list.Menu(), text)
		})
	}
	card := func(text string) func() { // of the request that waits
		return at(pages.PlacePeople, func() {
			w.people().Back()
			d.tap(words.L("More answers"))
			d.chooseInMenu(text)
		})
	}
	onWeb := func(open func()) func() { // the page of the sheet before ends beside the UI thread
		return func() {
			d.until("no page is left", func() bool {
				engine.mu.Lock()
				defer engine.mu.Unlock()
				return len(engine.webPages) == 0
			})
			open()
		}
	}
	return []sheetOfTheWindow{
		{name: "review", from: "review.go", open: func() { w.drops.review([]string{"/a"}) }, reads: "film.mkv"},
		{name: "review to send", from: "review.go", open: func() { w.drops.reviewFor(engine.list[0], []string{"/a"}) }, reads: "song.flac"},
		{name: "folder", from: "pages/search/folder.go", open: at(pages.PlaceSearch, func() {
			list := listOf[face.Hit](d)
			d.until("there are hits", func() bool { return len(list.Rows) > 2 })
			openRow(list, slices.IndexFunc(list.Rows, func(h face.Hit) bool { return h.Folder }))
		}), reads: "diary.txt"},
		{name: "link", from: "links.go", open: func() { d.app.Clipboard().SetContent(""); w.links.paste() }},
		{name: "tracker", from: "links.go", open: func() { w.links.open(link) }, reads: "office:5000"},
		{name: "download", from: "links.go", open: func() { w.links.open(file) }, reads: "film.mkv"},
		{name: "a wish for a link", from: "links.go", open: func() { w.links.offerWish(face.DownloadRequest{Hash: hashOf(9), Name: "film.mkv"}) }},
		{name: "help", from: "help.go", open: w.help.showKeys, reads: "F8"},
		{name: "about", from: "about.go", open: w.help.about, reads: "9.8.7"},
		{name: "licences", from: "about.go", open: w.help.licences, reads: "The licences stand below"},
		{name: "quit", from: "quit.go", open: func() { w.exit.warn(face.Leaving{Uploads: 1, Alone: []string{"film.mkv", "song.flac"}}) }},
		{name: "closing", from: "quit.go", open: w.exit.ask},
		{name: "to a browser", from: "pages/browsers/websheet.go", open: onWeb(func() { browsers.SendToBrowser(w, engine, face.WebOffer{Shares: []string{"7"}}) }), reads: "http://192.168.1.4"},
		{name: "from a phone", from: "pages/browsers/websheet.go", open: onWeb(func() { browsers.ReceiveFromPhone(w, engine) }), reads: "271828"},
		{name: "delete", from: "pages/transfers/downloadacts.go", open: downloads("4", (*transfers.Downloads).RemoveWithFiles)},
		{name: "limit", from: "pages/transfers/downloadacts.go", open: downloads("3", chosen(words.L("Download limit")+" > "+words.L("Another limit…")))},
		{name: "first file", from: "pages/transfers/firstfile.go", open: downloads("2", chosen(words.L("Download in order, to preview it"))), reads: "diary.txt"},
		{name: "picture", from: "pages/transfers/preview.go", open: downloads("6", chosen(words.L("Preview")))},
		{name: "text", from: "pages/transfers/preview.go", open: downloads("7", chosen(words.L("Preview")))},
		{name: "audience", from: "pages/shares/audience.go", open: ofShare(words.L("Who can see it…"))},
		{name: "send to whom", from: "pages/portrait/choose.go", open: ofShare(words.L("Send to…")), reads: "Linus"},
		{name: "code", from: "pages/link.go", open: ofShare(words.L("Show QR code")), reads: "cp2p://"},
		{name: "invitation", from: "pages/link.go", open: func() { pages.Invite(w, engine) }, reads: "cp2p://"},
		{name: "check-up", from: "pages/settings/checkup.go", open: func() { settings.CheckUp(w, engine) }, reads: "14"},
		{name: "wishes", from: "pages/search/wishes.go", open: at(pages.PlaceSearch, w.search().ShowWishes), reads: "Lecture 11.mp4"},
		{name: "verify", from: "pages/people/person.go", open: at(pages.PlacePeople, func() {
			w.GoToPerson(engine.list[1].PeerID)
			d.tap(words.L("Verify…"))
		})},
		{name: "details of a person", from: "pages/people/person.go", open: at(pages.PlacePeople, func() {
			w.GoToPerson(engine.list[2].PeerID)
			d.tap(words.L("More actions"))
			d.chooseInMenu(words.L("Details"))
		}), reads: engine.list[2].PeerID.String()},
		{name: "always", from: "pages/people/requestcard.go", open: card(words.L("Always accept from {{.Name}}…", words.Values{"Name": engine.in[0].Name}))},
		{name: "request", from: "pages/people/requestcard.go", open: card(words.L("Details")), reads: "b.jpg"},
		{name: "another peer", from: "elsewhere.go", open: w.choice.ask},
		{name: "folders of another peer", from: "pickthere.go", open: func() { w.pickThere(words.L("Choose files to share"), false, func([]string) {}) }, reads: "/srv/media"},
		{name: "forget a peer", from: "elsewhere.go", open: func() {
			w.choice.driven = &Peer{Name: "NAS"}
			w.choice.forget()
			w.choice.driven = nil
		}},
	}
}

// onStage opens a window on the stage.
func onStage(t *testing.T) *desk {
	t.Helper()
	return newDesk(t, stage(t), Options{Version: "9.8.7", Elsewhere: stagePeers()})
}
