//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

// legible checks everything that can be read in the window now.
func (d *desk) legible(what string) {
	d.t.Helper()
	c := d.window.win.Canvas()
	for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		walk(object, func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *widget.Label:
				nametest.Lines(d.t, what, o.Text)
			case *canvas.Text:
				nametest.Shown(d.t, what, o.Text)
			}
		})
	}
	nametest.Shown(d.t, "the title of the window", d.window.win.Title())
}

// pagesOf cuts the names into as many as fit into the window.
func pagesOf(names []nametest.Name) [][]nametest.Name {
	short := slices.DeleteFunc(slices.Clone(names), func(n nametest.Name) bool { return len(n.Text) > 4<<10 })
	return slices.Collect(slices.Chunk(short, 7))
}

func TestTheWindowShowsHostileNamesAsText(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	tried := 0
	for i, names := range pagesOf(nametest.Some()) {
		mark := fmt.Sprintf("mark %d", i)
		all := append([]nametest.Name{{Text: mark}}, names...)
		tried += len(names)
		engine.change(func(f *fakeEngine) {
			f.downloads, f.uploads, f.shares = nil, nil, nil
			f.review, f.tracker = face.Review{}, face.TrackerView{}
			f.status.Tracker = names[0].Text
			f.tracker.Name, f.tracker.Address = names[0].Text, "attic:5000"
			for j, n := range all {
				failure := face.Failure{Code: netproto.CodeFileUnreadable, Detail: n.Text}
				f.downloads = append(f.downloads, face.Download{ID: fmt.Sprint(j), Hash: hashOf(j), Name: n.Text, Size: 9, State: face.DownloadFailed, Path: "/x/" + n.Text, Failure: failure})
				f.uploads = append(f.uploads, face.Upload{ID: fmt.Sprint(j), Name: n.Text, Peer: n.Text, Address: n.Text, Size: 9, State: face.UploadSending})
				f.shares = append(f.shares, face.Share{ID: fmt.Sprint(j), Name: n.Text, Path: "/x/" + n.Text, Files: 1, Size: 9, State: face.ShareFailed, Failure: failure})
				f.review.Items = append(f.review.Items, face.ReviewItem{Path: "/x/" + n.Text, Name: n.Text, Files: 1, Size: 9, Secrets: []face.SecretFile{{Path: n.Text, Size: 1}}})
				f.review.Skipped = append(f.review.Skipped, face.SkippedPath{Path: "/x/" + n.Text, Reason: face.SkipUnreadable})
				f.tracker.Known = append(f.tracker.Known, face.KnownTracker{Address: "h" + fmt.Sprint(j) + ":1", Name: n.Text})
				f.tracker.Nearby = append(f.tracker.Nearby, face.KnownTracker{Address: "n" + fmt.Sprint(j) + ":1", Name: n.Text})
			}
			f.search = func(context.Context, face.SearchRequest) (face.SearchPage, error) {
				var page face.SearchPage
				for j, n := range all {
					page.Hits = append(page.Hits, hit(j, n.Text, 9, netproto.KindOther, 1))
				}
				return page, nil
			}
		})
		for _, at := range []pages.Place{pages.PlaceDownloads, pages.PlaceUploads, pages.PlaceShared, pages.PlaceTracker} {
			d.window.goTo(at)
			d.reads(mark)
			d.legible("the page " + string(at.Name()))
		}
		d.window.goTo(pages.PlaceSearch)
		d.window.search().Entry.SetText(mark)
		d.until("the hits come", func() bool {
			return slices.ContainsFunc(rowsOf[face.Hit](d), func(h face.Hit) bool { return h.Name == all[len(all)-1].Text })
		})
		d.legible("the page with hits")
		d.window.drops.review([]string{"/x"})
		d.reads(mark)
		d.legible("the review of what was dropped")
		d.window.sheets.CloseAll()
	}
	nametest.Tried(t, 6*tried, "the window's pages, hits and review")
}

func TestALinkWithAHostileNameIsShownAsText(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	tried := 0
	for i, n := range nametest.Some() {
		link, err := netproto.ParseLink(netproto.Link{Tracker: "attic:5000", Hash: hashOf(i), Name: n.Text, Size: 7}.String())
		if err != nil || i%3 != 0 {
			continue
		}
		d.window.links.open(link.String())
		d.until("the link is shown", func() bool { return len(d.window.win.Canvas().Overlays().List()) > 0 })
		d.legible("the sheet of a link")
		d.window.sheets.CloseAll()
		tried++
	}
	nametest.Tried(t, tried, "links opened in the window")
}
