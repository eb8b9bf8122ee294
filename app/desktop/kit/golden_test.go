//go:build !darwin || cgo

package kit

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/words"
)

// looks are the widgets of the kit, in the states that look different. Their
// looks are in testdata/<name>.xml. A test that fails writes what it saw to
// testdata/failed.
var looks = map[string]func(*stand) fyne.CanvasObject{
	"line": func(*stand) fyne.CanvasObject {
		name, parts, end := NewNameLine(), NewCaption(), NewLine(theme.ColorNameError, theme.SizeNameText)
		name.SetText("a name that is much too long for a place of this width.mkv")
		parts.SetText(words.Join("Finished", "28 MB", "/home/ada/Downloads/films/from/last/year"))
		end.SetText("one part that is longer than the place that it is shown in")
		return container.NewVBox(name, parts, end, newHeading("Heading"), container.NewHBox(NewTitle("Title")))
	},
	"bar": func(*stand) fyne.CanvasObject {
		empty, half := newBar(), newBar()
		half.set(0.5, theme.ColorNameWarning)
		return container.NewVBox(empty, half)
	},
	"plate": func(*stand) fyne.CanvasObject {
		return container.NewVBox(NewPlate(ColorBanner, 8, Paragraph("on a ground")))
	},
	"card": func(*stand) fyne.CanvasObject {
		return container.NewVBox(Card("Card", Leading(PrimaryButton("Go", nil, nil)), Hint("a hint")))
	},
	"formrow": func(*stand) fyne.CanvasObject {
		return container.NewVBox(FormRow("Port", widget.NewEntry(), Hint("0 is any free one")))
	},
	"labelled": func(*stand) fyne.CanvasObject {
		return container.NewVBox(Labelled("Name", widget.NewEntry(), Hint("as others see it")), Labelled("Folder", widget.NewEntry(), nil))
	},
	"sheet": func(s *stand) fyne.CanvasObject {
		sheets, _ := s.sheets()
		sheets.Open("Title", Paragraph("what is asked"), fyne.NewSize(440, 200), sheets.CancelButton(), sheets.CloseButton())
		return nil
	},
	"scrolled": func(*stand) fyne.CanvasObject {
		return Scrolled(Card("First", Paragraph("one")), Card("Second", Paragraph("two")))
	},
	"emptyscreen": func(*stand) fyne.CanvasObject {
		return EmptyScreen(theme.SearchIcon(), "No results", NewButton("Clear", nil), NewButton("Other", nil))
	},
	"facts": func(*stand) fyne.CanvasObject {
		f := NewFacts()
		f.Set([]Fact{{"Name", "attic"}, {"Address", "attic:5000"}})
		return container.NewVBox(f.Box)
	},
	"iconbutton": func(s *stand) fyne.CanvasObject {
		tips := NewTips()
		b := NewIconButton(tips, theme.CancelIcon(), "Close", nil)
		s.show(container.NewStack(container.NewVBox(container.NewHBox(b)), tips.Layer))
		b.MouseIn(&desktop.MouseEvent{})
		return nil
	},
	"chips": func(*stand) fyne.CanvasObject {
		c := NewChips([]words.Phrase{"All", "Active", "Finished"}, func() {})
		c.Count(0, 12345)
		c.Choose(1)
		c.list[0].MouseIn(nil)
		c.list[2].FocusGained()
		return container.NewVBox(c.Box)
	},
	"navitem": func(*stand) fyne.CanvasObject {
		plain, current, alarming := NewNavItem(theme.SearchIcon(), "Search", nil), NewNavItem(theme.DownloadIcon(), "Downloads", nil), NewNavItem(theme.UploadIcon(), "Uploads", nil)
		plain.SetCurrent(false)
		plain.MouseIn(nil)
		current.SetCurrent(true)
		current.SetCount(4, false)
		alarming.SetCount(2, true)
		alarming.FocusGained()
		return container.NewVBox(plain, current, alarming)
	},
	"tickrow": func(*stand) fyne.CanvasObject {
		box := container.NewVBox()
		for _, l := range []TickLine{
			{Name: "film.mkv", Detail: "28 MB", Icon: theme.FileIcon(), Tint: ColorCaption, Tick: Ticked},
			{Name: "photos", Detail: "4 files", Icon: theme.FolderIcon(), Tint: ColorCaption, Tick: PartlyTicked},
			{Name: "id_rsa", Detail: "3 kB", Icon: theme.WarningIcon(), Tint: theme.ColorNameWarning, Tick: Unticked, Indented: true},
			{Name: "a.sock", Detail: "is a device, not a file", Icon: theme.CancelIcon(), Tint: ColorCaption},
		} {
			row := NewTickRow()
			row.Fill(l, func(bool) {})
			box.Add(row)
		}
		return box
	},
	"twolines": func(s *stand) fyne.CanvasObject {
		running, failed, done := &TwoLines{}, &TwoLines{}, &TwoLines{}
		for v, text := range map[*TwoLines]RowText{
			running: {Name: "film.mkv", State: Mark{"Downloading", theme.DownloadIcon(), theme.ColorNamePrimary}, Done: 0.5, Caption: "14 MB of 28 MB"},
			failed:  {Name: "song.flac", State: Mark{"Failed", theme.ErrorIcon(), theme.ColorNameError}, Caption: "The folder cannot be written to.", Advice: "Choose another folder."},
			done:    {Name: "photo.jpg", State: Mark{"Finished", Icon("done"), theme.ColorNameSuccess}, NoBar: true, Caption: "Finished"},
		} {
			v.Init(NewIconButton(NewTips(), theme.CancelIcon(), "Remove", nil))
			v.ExtendBaseWidget(v)
			v.Set(text)
		}
		return container.NewVBox(running, failed, done)
	},
	"speedgraph": func(*stand) fyne.CanvasObject {
		g := NewSpeedGraph(2)
		g.Set([]int64{1e6, 4e6, 2e6})
		return g
	},
	"piecemap": func(*stand) fyne.CanvasObject {
		m := NewPieceMap()
		m.Set([]PieceState{PieceVerified, PieceVerified, PiecePartly, PieceInFlight, PieceMissing})
		return m
	},
	"textentry": func(*stand) fyne.CanvasObject {
		e := NewTextEntry(nil)
		e.SetText("text")
		return container.NewVBox(e)
	},
	"rowlist": func(*stand) fyne.CanvasObject {
		list := plainListOf(3)
		list.SelectOnly(1)
		list.FocusGained()
		return list
	},
	"table": func(s *stand) fyne.CanvasObject {
		table := NewTable(s.host(), "things", func(o thing) string { return o.name }, thingColumns(), 1)
		table.SetRows(few)
		table.header.cells[2].MouseIn(nil)
		table.header.cells[0].FocusGained()
		table.header.edges[0].MouseIn(nil)
		return table.Box
	},
	"table-cells": func(s *stand) fyne.CanvasObject {
		columns := thingColumns()
		columns[0].Cell = func(o thing) Cell {
			return Cell{Text: o.name, Icon: theme.FileIcon(), Tint: theme.ColorNameSuccess, Mark: Mark{"Here", theme.ConfirmIcon(), theme.ColorNameSuccess}}
		}
		columns[1].Cell = func(o thing) Cell { return Cell{Text: "Hashing", Ink: theme.ColorNamePrimary, Bar: true, Done: 0.4} }
		table := NewTable(s.host(), "cells", func(o thing) string { return o.name }, columns, 0)
		table.SetRows(few[:2])
		return table.Box
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) {
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			if object := look(s); object != nil {
				s.show(object)
			}
			test.AssertRendersToMarkup(t, name+".xml", s.window.Canvas())
		})
	}
}

// Fyne forgets the renderers of what was out of sight for a minute.
func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			if object := look(s); object != nil {
				s.show(object)
			}
			for _, object := range test.LaidOutObjects(s.window.Content()) {
				w, ok := object.(fyne.Widget)
				if !ok || !strings.Contains(fmt.Sprintf("%T", w), "kit.") || w.Size().IsZero() {
					continue
				}
				before := test.TempWidgetRenderer(t, w).Objects()
				places := make([]string, len(before))
				for i, o := range before {
					places[i] = placeOf(o)
				}
				after := w.CreateRenderer().Objects()
				for i, o := range after {
					if got := placeOf(o); i < len(places) && o.Visible() && got != places[i] {
						t.Errorf("%T: part %d is %s, and was %s", w, i, got, places[i])
					}
				}
			}
		})
	}
}

// placeOf says where an object is, and what it reads.
func placeOf(o fyne.CanvasObject) string {
	if text, ok := o.(*canvas.Text); ok {
		return fmt.Sprint(o.Position(), o.Size(), text.Text)
	}
	if box, ok := o.(*fyne.Container); ok {
		said := fmt.Sprint(o.Position(), o.Size())
		for _, inner := range box.Objects {
			said += " " + placeOf(inner)
		}
		return said
	}
	return fmt.Sprint(o.Position(), o.Size())
}
