//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Names as long as some are, and large numbers.
const (
	longName   = "Wolfeschlegelsteinhausenbergerdorff, Die gesammelten Vorlesungen über verteilte Systeme, 北京烤鸭 Праздники в Норвегии (2026).mp4"
	longFolder = "/home/ada/Documents/University/Winter term 2026/Distributed systems/Lectures/Recordings in full length"
	longPerson = "Maximiliane Wolfeschlegelsteinhausenbergerdorff-Habsburg"
	manyBytes  = 998_700_000_000
)

// crowded is the stage with long names, large numbers and full lists, behind the rows that
// are there already.
func crowded(t *testing.T) *fakeEngine {
	t.Helper()
	engine := stage(t)
	engine.status.Tracker = "The tracker of the department of computer science"
	engine.status.DownRate, engine.status.UpRate, engine.status.PeersOnline = 998_000_000, 120_000_000, 12_345
	engine.status.Counts = face.Counts{Downloads: 1234, Failed: 12, Uploads: 123, Shares: 1234, Requests: 12}
	engine.totals = face.Totals{Today: face.Amounts{Got: manyBytes, Sent: manyBytes}, Ever: face.Amounts{Got: 900 * manyBytes, Sent: 900 * manyBytes}}
	crowd := crowdedDownloads()
	engine.downloads = slices.Concat(crowd[:1], engine.downloads[2:3], crowd[1:], engine.downloads[:2], engine.downloads[3:])
	for i, state := range []face.UploadState{face.UploadSending, face.UploadQueued, face.UploadEnded} {
		for range 6 {
			engine.uploads = append(engine.uploads, face.Upload{ID: fmt.Sprint("crowd", len(engine.uploads)), Name: longName, Peer: longPerson, PeerID: netproto.PeerID{byte(i + 1)},
				Address: "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535", Size: manyBytes, Sent: manyBytes / 3, Rate: 120_000_000, State: state, Place: 1234})
		}
	}
	crowdShares(engine)
	found, hits := engine.search, manyHits(100, 140)
	for i := range hits {
		hits[i].Name, hits[i].Size, hits[i].Sources = fmt.Sprint(i, " ", longName), manyBytes, 12_345
		hits[i].Added = time.Date(2026, 12, 1, 12, 0, 0, 0, time.Local)
		hits[i].Have = []face.Have{face.HaveNothing, face.HaveQueued, face.HaveRunning, face.HavePaused, face.HaveStuck, face.HaveHere}[i%6]
	}
	engine.search = func(ctx context.Context, r face.SearchRequest) (face.SearchPage, error) {
		page, err := found(ctx, r)
		if len(page.Hits) > 0 {
			page.Hits = append(page.Hits, hits...)
		}
		return page, err
	}
	engine.details.Sources = append(engine.details.Sources, crowdedSources()...)
	engine.tracker.Name, engine.tracker.Address = engine.status.Tracker, "tracker.department-of-computer-science.university.example.org:65535"
	for i := range 4 {
		engine.tracker.Known = append(engine.tracker.Known, face.KnownTracker{Address: fmt.Sprintf("tracker%d.department-of-computer-science.example.org:5000", i), Name: fmt.Sprint(engine.status.Tracker, i)})
	}
	engine.tracker.Own = face.OwnTracker{Running: true, Addresses: []string{"192.168.1.4:5000", "[2001:db8:1234:5678:9abc:def0:1234:5678]:5000", "ada.example.org:5000"},
		Invite: "cp2p://192.168.1.4:5000/?key=" + strings.Repeat("abcdef", 12), Peers: 1234, Resources: 402_100, Rate: 1234.5}
	crowdPeople(engine)
	for i := range 40 {
		engine.folder.Files = append(engine.folder.Files, face.FolderFile{FolderEntry: netproto.FolderEntry{Path: fmt.Sprint("Recordings in full length/", i, " ", longName), Size: manyBytes, Hash: hashOf(200 + i)}})
		engine.review.Items = append(engine.review.Items, face.ReviewItem{Path: fmt.Sprint("/a/", i), Name: fmt.Sprint(i, " ", longName), Files: 12_345, Folder: i%2 == 0, Size: manyBytes})
		engine.review.Skipped = append(engine.review.Skipped, face.SkippedPath{Path: longFolder + fmt.Sprint("/", i), Reason: face.SkipUnreadable, Count: 1234})
		engine.toSend.Items = append(engine.toSend.Items, engine.review.Items[len(engine.review.Items)-1])
	}
	engine.settings.DownloadFolder += longFolder
	engine.settings.Name = longPerson
	return engine
}

func crowdedDownloads() (all []face.Download) {
	for i, state := range []face.DownloadState{face.DownloadDownloading, face.DownloadWaiting, face.DownloadQueued, face.DownloadPaused, face.DownloadPaused, face.DownloadFinished, face.DownloadVerifying,
		face.DownloadNoSpace, face.DownloadFailed} {
		d := face.Download{Name: longName, Size: manyBytes, Done: manyBytes / 3, Rate: 998_700_000, SecsLeft: 23*3600 + 59*60, Sources: 1234, Place: 1234, State: state,
			Path: longFolder + "/" + longName, Hash: hashOf(300 + i), Priority: face.PriorityHigh, Limit: 998_700_000, Finished: time.Date(2026, 9, 28, 23, 59, 0, 0, time.Local)}
		if i == 4 || state == face.DownloadFailed {
			d.Failure = face.Failure{Code: netproto.CodeFolderUnwritable, Detail: longFolder}
		}
		if state == face.DownloadNoSpace {
			d.Failure = face.Failure{Code: netproto.CodeNoSpace}
		}
		d.ID = fmt.Sprint("crowd", i)
		all = append(all, d)
	}
	return all
}

func crowdedSources() (all []face.Source) {
	for i, code := range []netproto.Code{netproto.CodePeerUnreachable, netproto.CodeNotFound, netproto.CodeBusy, netproto.CodeTLS, netproto.CodeFileChanged} {
		for j, state := range []face.SourceState{face.SourceFailed, face.SourceDownloading, face.SourceQueued, face.SourceStalled} {
			all = append(all, face.Source{PeerID: netproto.PeerID{byte(i), byte(j + 1)}, Name: longPerson, Address: "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535", State: state, Way: face.WayCalled, Rate: 998_000,
				Share: .13, Place: 1234, Got: manyBytes, Local: i == 1, Failure: face.Failure{Code: code}})
		}
	}
	return all
}

func crowdShares(engine *fakeEngine) {
	for i, state := range []face.ShareState{face.ShareWaiting, face.ShareHashing, face.ShareShared, face.ShareRehashing, face.ShareMissing, face.ShareFailed} {
		for j, visible := range []face.Visibility{face.VisibleEverybody, face.VisibleLink, face.VisiblePeople} {
			engine.shares = append(engine.shares, face.Share{ID: fmt.Sprint("crowd", i, j), Name: "Zz " + longName, Path: longFolder, Folder: true, Files: 123_456, Size: manyBytes, Hashed: manyBytes / 3,
				Rate: 900e6, State: state, Fetched: 12_345, Sent: manyBytes, Visible: visible, To: longPerson + ", " + longPerson, Expires: time.Now().Add(24 * time.Hour), Left: 1234,
				Failure: face.Failure{Code: netproto.CodeFileUnreadable, Detail: longFolder}})
		}
	}
}

func crowdPeople(engine *fakeEngine) {
	for i := range 8 {
		p := someone(40+i, fmt.Sprint(longPerson, i))
		p.Favourite, p.Verified, p.Always, p.Resources, p.Bytes, p.Blocked = i%2 == 0, i%3 == 0, i%4 == 0, 123_456, manyBytes, i == 7
		if i%3 == 2 {
			p.Online, p.LastSeen = false, time.Date(2026, 3, 5, 9, 0, 0, 0, time.Local)
		}
		engine.list = append(engine.list, p)
	}
	for i := range 20 {
		engine.browse = append(engine.browse, hit(400+i, fmt.Sprint(i, " ", longName), manyBytes, netproto.KindFolder, 12_345))
	}
	for i := range engine.out {
		r := engine.out[i]
		r.ID, r.Name = fmt.Sprint("crowd", i), longPerson
		r.Items = []face.RequestItem{{Name: longName, Size: manyBytes, Files: 1234, Folder: true}, {Name: longName, Size: manyBytes, Files: 1}}
		engine.out = append(engine.out, r)
	}
}

func TestTheImportantPartsOfARowAreSeenInAnyLanguageInTheSmallestWindow(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, tag string) {
		engine := crowded(t)
		d, _ := smallest(t, tag, engine, Options{System: &fakeSystem{links: true}})
		w := d.window
		for _, row := range []struct {
			at    pages.Place
			reads string
			want  []string // of one row
		}{
			{pages.PlaceDownloads, "song.flac", []string{words.Rate(998_700_000), words.Left(23*3600 + 59*60)}},
			{pages.PlaceUploads, "photos", []string{"Maximil", words.Rate(120_000_000)}},
			{pages.PlacePeople, "Hopper", []string{words.L("Online"), "film.mkv"}},
		} {
			w.goTo(row.at)
			d.reads(row.reads)
			drawn := drawnTexts(w.win.Content())
			if !slices.ContainsFunc(drawn, func(text string) bool {
				return !slices.ContainsFunc(row.want, func(part string) bool { return !strings.Contains(text, part) })
			}) {
				t.Errorf("%s: no line has %q: %q", row.at.Name(), row.want, drawn)
			}
		}
	})
}

// drawnTexts returns the texts in an object as they are drawn, cut.
func drawnTexts(object fyne.CanvasObject) (all []string) {
	walk(object, func(o fyne.CanvasObject) {
		if text, ok := o.(*canvas.Text); ok {
			all = append(all, text.Text)
		}
	})
	return all
}
