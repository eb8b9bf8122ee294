//go:build !darwin || cgo

package desktop

import (
	"context"
	"testing"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// wished returns the wishes of a window.
func (d *desk) wished() []face.Wish {
	d.t.Helper()
	list, err := d.engine.Wishes(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func TestASearchThatFindsNothingBecomesAWish(t *testing.T) {
	engine := newFake()
	engine.search = func(context.Context, face.SearchRequest) (face.SearchPage, error) { return face.SearchPage{}, nil }
	d := newDesk(t, engine, Options{})
	d.window.search().Entry.SetText("le")
	d.reads("No results.")
	if d.shows("Tell me when something new matches") {
		t.Error("a wish is offered that no tracker keeps")
	}
	d.window.search().Entry.SetText("lecture")
	d.reads("Tell me when something new matches")
	d.tap("Tell me when something new matches")
	d.reads("You are told when somebody shares something new that matches.")
	if list := d.wished(); len(list) != 1 || list[0].Words != "lecture" || list[0].Download {
		t.Fatalf("the wishes are %+v", list)
	}
	d.tap("Show")
	d.reads("Nothing found yet")
	inSheet(d, "the check", func(c *kit.Check) bool { return c.Text == "Download automatically" }).SetChecked(true)
	d.until("it is downloaded at once", func() bool { return d.wished()[0].Download })
	inSheet(d, "the button", func(b *kit.IconButton) bool { return b.Visible() && b.AccessibilityLabel() == "Remove this wish" }).OnTapped()
	d.until("the wish is gone", func() bool { return len(d.wished()) == 0 })
	d.reads("Tell me when something new matches “lecture”")
}

func TestWhatFitsAWishIsToldOnceAndDownloaded(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.window.goTo(pages.PlaceDownloads)
	engine.change(func(f *fakeEngine) {
		f.fulfil("lecture", face.Find{Hash: netproto.ContentHash{7}, Name: "Lecture 1.pdf", Size: 4_000_000, New: true})
	})
	d.reads("1 new result for your wishes")
	d.tap("Show")
	d.reads("Lecture 1.pdf")
	d.reads("New")
	d.until("it was seen", func() bool { return !d.wished()[0].Found[0].New })
	inSheet(d, "the list", func(l *kit.List) bool { return l.Length() == 2 }).Select(1)
	d.did("download Lecture 1.pdf []")
}
