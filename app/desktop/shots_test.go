//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"image/png"
	"math"
	"os"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestShots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	engine := newFake()
	engine.status.DownRate, engine.status.UpRate = 8_400_000, 1_200_000
	engine.status.Counts = face.Counts{Downloads: 4, Failed: 1, Uploads: 2, Shares: 6}
	here := hit(1, "Ubuntu 26.04 desktop amd64.iso", 5_900_000_000, netproto.KindArchive, 41)
	here.Have = face.HaveHere
	found := answers(here, hit(2, "Holidays in Норвегия", 812_000_000, netproto.KindFolder, 3),
		hit(3, "Lecture 02 – Distributed hash tables and the things that go wrong with them in practice.mp4", 1_200_000_000, netproto.KindVideo, 12),
		hit(4, "lecture 10.mp4", 1_100_000_000, netproto.KindVideo, 2), hit(5, "song.flac", 31_000_000, netproto.KindAudio, 7),
		hit(6, "annual report.pdf", 2_300_000, netproto.KindDocument, 1), hit(7, "photo.jpg", 4_100_000, netproto.KindImage, 5),
		hit(8, "setup.exe", 81_000_000, netproto.KindProgram, 9), hit(9, "notes", 120, netproto.KindOther, 1))
	engine.search = func(ctx context.Context, r face.SearchRequest) (face.SearchPage, error) {
		if r.Words == "unheard of" {
			return face.SearchPage{}, nil
		}
		return found(ctx, r)
	}
	engine.downloads = []face.Download{
		{ID: "1", Name: "Lecture 02 – Distributed hash tables and the things that go wrong with them in practice.mp4", Size: 1_200_000_000, Done: 412_000_000, Rate: 8_400_000, SecsLeft: 94, Sources: 5, State: face.DownloadDownloading, Path: "/home/ada/Downloads/a", Hash: hashOf(3)},
		{ID: "2", Name: "Holidays in Норвегия", Folder: true, Size: 812_000_000, Done: 90_000_000, State: face.DownloadPaused, Path: "/home/ada/Downloads/b"},
		{ID: "3", Name: "song.flac", Size: 31_000_000, State: face.DownloadQueued, Place: 3, Path: "/home/ada/Downloads/c", Hash: hashOf(5), Priority: face.PriorityHigh, Limit: 500_000},
		{ID: "4", Name: "annual report.pdf", Size: 2_300_000, Done: 2_300_000, State: face.DownloadFinished, Path: "/home/ada/Downloads/annual report.pdf"},
		{ID: "5", Name: "setup.exe", Size: 81_000_000, Done: 4_000_000, State: face.DownloadFailed, Failure: face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada/Downloads"}, Path: "/home/ada/Downloads/d"},
		{ID: "6", Name: "photo.jpg", Size: 4_100_000, State: face.DownloadWaiting, Path: "/home/ada/Downloads/e"},
		{ID: "7", Name: "huge.img", Size: 4_100_000_000_000, Done: 2e12, State: face.DownloadNoSpace, Failure: face.Failure{Code: netproto.CodeNoSpace}, Path: "/home/ada/Downloads/e"},
	}
	engine.details = face.Details{Slow: face.SlowOneSource, Copies: 2.4}
	for i := range 150 {
		engine.details.Speeds = append(engine.details.Speeds, int64(4e6+3.5e6*math.Sin(float64(i)/9)+1e6*math.Sin(float64(i))))
	}
	for i := range 300 {
		state := face.CellMissing
		switch {
		case i < 120:
			state = face.CellVerified
		case i < 128:
			state = face.CellPartly
		case i < 145:
			state = face.CellInFlight
		case i%17 == 0:
			state = face.CellVerified
		}
		engine.details.Pieces = append(engine.details.Pieces, face.Cell{State: state})
	}
	for i, state := range []face.SourceState{face.SourceDownloading, face.SourceDownloading, face.SourceQueued, face.SourceFailed, face.SourceKnown} {
		engine.details.Sources = append(engine.details.Sources, face.Source{Name: fmt.Sprintf("Peer %d", i), Address: fmt.Sprintf("203.0.113.%d:4001", i+5),
			State: state, Way: []face.Way{face.WayDirect, face.WayLAN, face.WayRelayed, "", ""}[i], Rate: int64(max(0, 5-3*i)) * 1_100_000, Share: []float64{.61, .3, .09, 0, 0}[i], Local: i == 1, Place: 2, Failure: face.Failure{Code: netproto.CodePeerUnreachable}})
	}
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
		{ID: "6", Name: "new.flac", Files: 1, Size: 7, State: face.ShareShared},
	}
	engine.status.Reach = face.Reach{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP, Port: 6881}
	engine.tracker = face.TrackerView{Reach: engine.status.Reach, KnownTracker: face.KnownTracker{Address: "attic:5000", Name: "attic"}, PeersOnline: 12, Resources: 4021, LeaseSeconds: 90, RoundTripMilli: 14}
	engine.list, engine.in, engine.out = somePeople()
	engine.in = engine.in[:1]
	engine.browse = []face.Hit{hit(1, "Holidays", 812_000_000, netproto.KindFolder, 3), hit(5, "song.flac", 31_000_000, netproto.KindAudio, 7)}
	engine.toSend = face.Review{Items: []face.ReviewItem{{Path: "/a/song.flac", Name: "song.flac", Files: 1, Size: 31_000_000}}}
	engine.folder = face.Folder{Files: []face.FolderFile{{FolderEntry: netproto.FolderEntry{Path: "day 1/a.jpg", Size: 3e6, Hash: hashOf(50)}}}}
	engine.fulfil("lecture video", face.Find{Hash: hashOf(60), Name: "Lecture 11.mp4", Size: 1_300_000_000, At: time.Now(), New: true})
	engine.wishes = append(engine.wishes, face.Wish{ID: "9", WishRequest: face.WishRequest{Words: "北京烤鸭", Kind: netproto.KindDocument, MaxSize: 1e6, Download: true}})
	for _, look := range []kit.Look{kit.LookLight, kit.LookDark} {
		for _, size := range []fyne.Size{fyne.NewSize(1100, 700), fyne.NewSize(720, 480)} {
			d := newDesk(t, engine, Options{})
			d.window.setLook(look)
			d.window.win.Resize(size)
			shot := func(name string, at pages.Place, reads string, prepare func()) {
				d.window.goTo(at)
				d.reads(reads)
				if prepare != nil {
					prepare()
				}
				end := time.Now().Add(700 * time.Millisecond)
				d.until("time passes", func() bool { return time.Now().After(end) })
				f, err := os.Create(fmt.Sprintf("%s/%s-%s-%.0f.png", dir, name, look, size.Width))
				if err != nil {
					t.Fatal(err)
				}
				if err := png.Encode(f, d.window.win.Canvas().Capture()); err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
			shot("people", pages.PlacePeople, "Hopper", nil)
			shot("person", pages.PlacePeople, "Hopper", func() { d.window.people().Show(engine.list[0].PeerID); d.reads("Holidays") })
			shot("verify", pages.PlacePeople, "Holidays", func() { d.tap("Verify…") })
			d.window.sheets.CloseAll()
			shot("send", pages.PlacePeople, "Holidays", func() { d.window.drops.reviewFor(engine.list[0], []string{"/a"}); d.reads("song.flac") })
			d.window.sheets.CloseAll()
			d.window.people().Back()
			shot("sent", pages.PlacePeople, "Hopper", func() { d.tap("Sent") })
			shot("browser", pages.PlaceShared, "photos", func() {
				pages.SendToBrowser(d.window, engine, face.WebOffer{Shares: []string{"1"}})
				d.reads("complete downloads so far.")
			})
			d.window.sheets.CloseAll()
			shot("phone", pages.PlaceShared, "photos", func() { pages.ReceiveFromPhone(d.window, engine); d.reads("PIN: 271828") })
			d.window.sheets.CloseAll()
			shot("search", pages.PlaceSearch, "9 results", func() { listOf[face.Hit](d).SelectOnly(2) })
			d.window.search().Entry.SetText("lecture")
			shot("wishes", pages.PlaceSearch, "9 results", func() { d.window.search().ShowWishes(); d.reads("Lecture 11.mp4") })
			d.window.sheets.CloseAll()
			shot("no results", pages.PlaceSearch, "9 results", func() { d.window.search().Entry.SetText("unheard of"); d.reads("No results.") })
			shot("downloads", pages.PlaceDownloads, "song.flac", func() { listOf[face.Download](d).SelectOnly(0) })
			shot("details", pages.PlaceDownloads, "song.flac", func() { d.window.keys.details(); listOf[face.Download](d).SelectOnly(0) })
			shot("uploads", pages.PlaceUploads, "Grace", nil)
			shot("shared", pages.PlaceShared, "photos", func() { listOf[face.Share](d).SelectOnly(3) })
			shot("tracker", pages.PlaceTracker, "attic", nil)
			shot("settings", pages.PlaceSettings, "Ada", nil)
			d.close()
		}
	}
}
