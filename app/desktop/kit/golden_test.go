//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"line": func(*kittest.Stand) fyne.CanvasObject {
		name, parts, end := NewNameLine(), NewCaption(), NewLine(theme.ColorNameError, theme.SizeNameText)
		name.SetText("a name that is much too long for a place of this width.mkv")
		parts.SetText(words.Join("Finished", "28 MB", "/home/ada/Downloads/films/from/last/year"))
		end.SetText("one part that is longer than the place that it is shown in")
		return container.NewVBox(name, parts, end, newHeading("Heading"), container.NewHBox(NewTitle("Title")))
	},
	"bar": func(*kittest.Stand) fyne.CanvasObject {
		empty, half := NewBar(), NewBar()
		half.Set(0.5, theme.ColorNameWarning)
		return container.NewVBox(empty, half)
	},
	"plate": func(*kittest.Stand) fyne.CanvasObject {
		return container.NewVBox(NewPlate(look.ColorBanner, 8, Paragraph("on a ground")))
	},
	"card": func(*kittest.Stand) fyne.CanvasObject {
		return container.NewVBox(Card("Card", Leading(PrimaryButton("Go", nil, nil)), Hint("a hint")))
	},
	"formrow": func(*kittest.Stand) fyne.CanvasObject {
		return container.NewVBox(FormRow("Port", widget.NewEntry(), Hint("0 is any free one")))
	},
	"labelled": func(*kittest.Stand) fyne.CanvasObject {
		return container.NewVBox(Labelled("Name", widget.NewEntry(), Hint("as others see it")), Labelled("Folder", widget.NewEntry(), nil))
	},
	"scrolled": func(*kittest.Stand) fyne.CanvasObject {
		return Scrolled(Card("First", Paragraph("one")), Card("Second", Paragraph("two")))
	},
	"emptyscreen": func(*kittest.Stand) fyne.CanvasObject {
		return EmptyScreen(theme.SearchIcon(), "No results", NewButton("Clear", nil), NewButton("Other", nil))
	},
	"facts": func(*kittest.Stand) fyne.CanvasObject {
		f := NewFacts()
		f.Set([]Fact{{Name: "Name", Value: "attic"}, {Name: "Address", Value: "attic:5000"}})
		return container.NewVBox(f.Box)
	},
	"iconbutton": func(s *kittest.Stand) fyne.CanvasObject {
		tips := NewTips()
		b := NewIconButton(tips, theme.CancelIcon(), "Close", nil)
		s.Show(container.NewStack(container.NewVBox(container.NewHBox(b)), tips.Layer))
		b.MouseIn(&desktop.MouseEvent{})
		return nil
	},
	"chips": func(*kittest.Stand) fyne.CanvasObject {
		c := NewChips([]words.Phrase{"All", "Active", "Finished"}, func() {})
		c.Count(0, 12345)
		c.Choose(1)
		c.list[0].MouseIn(nil)
		c.list[2].FocusGained()
		return container.NewVBox(c.Box)
	},
	"navitem": func(*kittest.Stand) fyne.CanvasObject {
		plain, current, alarming := NewNavItem(theme.SearchIcon(), "Search", nil), NewNavItem(theme.DownloadIcon(), "Downloads", nil), NewNavItem(theme.UploadIcon(), "Uploads", nil)
		plain.SetCurrent(false)
		plain.MouseIn(nil)
		current.SetCurrent(true)
		current.SetCount(4, false)
		alarming.SetCount(2, true)
		alarming.FocusGained()
		return container.NewVBox(plain, current, alarming)
	},
	"textentry": func(*kittest.Stand) fyne.CanvasObject {
		e := NewTextEntry(nil)
		e.SetText("text")
		return container.NewVBox(e)
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
