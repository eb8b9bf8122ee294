//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/netproto"
)

// onSheets opens each kind of sheet with try, and closes it.
func onSheets(d *desk, try func(sheet sheetOfTheWindow)) {
	for _, sheet := range everySheet(d) {
		d.open(sheet)
		try(sheet)
		d.window.sheets.CloseAll()
	}
}

// open opens a sheet and waits until it is filled.
func (d *desk) open(sheet sheetOfTheWindow) {
	d.t.Helper()
	sheet.open()
	d.until("the sheet “"+sheet.name+"” is open", d.window.sheets.IsOpen)
	d.reads(sheet.reads)
}

// focusable returns what can have the focus in the top sheet.
func (d *desk) focusable() (all []fyne.Focusable) {
	for _, object := range laidOut(d.window.win.Canvas().Overlays().Top()) {
		f, ok := object.(fyne.Focusable)
		if off, is := object.(fyne.Disableable); ok && !partsOfFyne[typeOf(object)] && !(is && off.Disabled()) {
			all = append(all, f)
		}
	}
	return all
}

// A sheet that is opened in the sources and missing in the table would be tried by no test.
func TestTheTableHasEverySheet(t *testing.T) {
	opens := regexp.MustCompile(`[Ss]heets(\(\))?\.(Open|OpenAbove|Decide)\(`)
	known := map[string]int{}
	for _, sheet := range everySheet(onStage(t)) {
		known[sheet.from]++
	}
	found := 0
	for _, name := range sources(t) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sites := len(opens.FindAll(source, -1))
		found += sites
		if known[filepath.ToSlash(name)] < sites {
			t.Errorf("%s opens %d kinds of sheets, and the table has %d", name, sites, known[filepath.ToSlash(name)])
		}
	}
	if found < 20 {
		t.Errorf("only %d sheets were found", found)
	}
}

// Fyne gives a key only to what has the focus, so each of these must pass Escape on.
func TestEscapeClosesASheetWhateverHasTheFocus(t *testing.T) {
	d := onStage(t)
	pressed := 0
	onSheets(d, func(sheet sheetOfTheWindow) {
		for at := 0; ; at++ {
			if at > 0 {
				d.open(sheet)
			}
			all := d.focusable()
			if at > len(all) {
				break
			}
			what := "nothing"
			if at < len(all) {
				what = typeOf(all[at].(fyne.CanvasObject))
				d.window.win.Canvas().Focus(all[at])
			} else {
				d.window.win.Canvas().Unfocus()
			}
			d.key(fyne.KeyEscape)
			pressed++
			if d.window.sheets.IsOpen() {
				t.Errorf("%s: Escape does not close it while %s has the focus", sheet.name, what)
				d.window.sheets.CloseAll()
			}
		}
	})
	if pressed < 100 {
		t.Errorf("Escape was pressed %d times only", pressed)
	}
}

// primary returns the button of the top sheet that has the colour of the next step, or of
// danger; nil if there is none.
func (d *desk) primary() *kit.Button {
	for _, object := range laidOut(d.window.win.Canvas().Overlays().Top()) {
		if b, ok := object.(*kit.Button); ok && (b.Importance == widget.HighImportance || b.Importance == widget.DangerImportance) {
			return b
		}
	}
	return nil
}

func TestEnterPressesThePrimaryButtonOfEverySheet(t *testing.T) {
	d := onStage(t)
	tried := 0
	onSheets(d, func(sheet sheetOfTheWindow) {
		button := d.primary()
		if button == nil {
			t.Errorf("%s: nothing shows what Enter presses", sheet.name)
			return
		}
		pressed := 0
		button.OnTapped = func() { pressed++ }
		button.Enable()
		enter := func(what string) {
			pressed = 0
			d.key(fyne.KeyDown) // must not lead to the rows behind
			d.key(fyne.KeyReturn)
			if tried++; pressed != 1 {
				t.Errorf("%s: with the focus on %s, Enter presses %q %d times", sheet.name, what, button.Text, pressed)
			}
		}
		d.window.win.Canvas().Unfocus()
		enter("nothing")
		for _, f := range d.focusable() {
			switch f := f.(type) {
			case *kit.TextEntry, *kit.Check, *kit.Select:
				d.window.win.Canvas().Focus(f)
				if _, opens := f.(*kit.Select); opens {
					d.window.win.Canvas().Unfocus() // Down opens its choices
				}
				enter(fmt.Sprintf("a %T", f))
			}
		}
	})
	if tried < 40 {
		t.Errorf("Enter was pressed %d times only", tried)
	}
}

func TestWhatEnterDoesInASheetIsDone(t *testing.T) {
	for name, want := range map[string]string{
		"review": "share [{/a/film.mkv [] []} {/a/project [] []}]", "folder": "download Holidays in Норвегия [day 1/a.jpg diary.txt]", "tracker": "use cp2p://office:5000",
		"download": "download film.mkv []", "delete": "remove-with-files [4]",
	} {
		t.Run(name, func(t *testing.T) {
			d := onStage(t)
			all := everySheet(d)
			d.open(all[slices.IndexFunc(all, func(s sheetOfTheWindow) bool { return s.name == name })])
			d.until("the button can be pressed", func() bool { return !d.primary().Disabled() })
			d.key(fyne.KeyReturn)
			d.did(want)
			if d.window.sheets.IsOpen() {
				t.Error("the sheet is still open")
			}
		})
	}
}

// pictureOf draws the part of the top sheet where an object is, with what clips or covers
// it there and not what is behind: a picture of little takes little time.
func (d *desk) pictureOf(object fyne.CanvasObject) image.Image {
	c := d.window.win.Canvas()
	at, most := fyne.CurrentApp().Driver().AbsolutePositionForObject(object), c.Size()
	size := object.Size().Min(fyne.NewSize(most.Width-at.X, most.Height-at.Y))
	part := c.Overlays().Top()
	for _, o := range laidOut(part) {
		if sheet, is := o.(*widget.PopUp); is {
			part = sheet.Content
		}
	}
	for front := part; front != nil; {
		part, front = front, frontOf(front, at, size)
	}
	from := fyne.CurrentApp().Driver().AbsolutePositionForObject(part).Subtract(part.Position())
	moved := container.NewWithoutLayout(part)
	moved.Resize(most)
	moved.Move(from.Subtract(at))
	picture := software.NewCanvas()
	picture.SetPadded(false)
	picture.SetContent(container.NewWithoutLayout(moved))
	picture.Resize(size)
	return picture.Capture()
}

// frontOf returns what is in front in a container at a place, if that fills the place; else nil.
func frontOf(object fyne.CanvasObject, at fyne.Position, size fyne.Size) fyne.CanvasObject {
	box, _ := object.(*fyne.Container)
	if box == nil {
		return nil
	}
	for _, o := range slices.Backward(box.Objects) {
		from := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(o))
		beside := from.X >= o.Size().Width || from.Y >= o.Size().Height || from.X+size.Width <= 0 || from.Y+size.Height <= 0
		if !o.Visible() || beside {
			continue
		}
		if from.X < 0 || from.Y < 0 || from.X+size.Width > o.Size().Width || from.Y+size.Height > o.Size().Height {
			return nil
		}
		return o
	}
	return nil
}

func TestTheFocusIsSeenInEverySheet(t *testing.T) {
	d := onStage(t)
	looked := 0
	onSheets(d, func(sheet sheetOfTheWindow) {
		seen := map[string]bool{}
		for _, f := range d.focusable() {
			kind := kindOfFocus(f)
			if seen[kind] {
				continue
			}
			seen[kind] = true
			looked++
			if d.showsFocus(f) {
				continue
			}
			// The first picture after a while has Fyne forget what it did not draw lately, and
			// a list make its rows anew.
			if again := d.focusable(); !slices.ContainsFunc(again, func(f fyne.Focusable) bool { return kindOfFocus(f) == kind && d.showsFocus(f) }) {
				t.Errorf("%s: a %s looks the same with the focus and without", sheet.name, kind)
			}
		}
	})
	if looked < 50 {
		t.Errorf("only %d things were looked at", looked)
	}
}

// kindOfFocus is the type of what can have the focus; a primary button has the colour of
// the focus.
func kindOfFocus(f fyne.Focusable) string {
	kind := typeOf(f.(fyne.CanvasObject))
	if b, is := f.(*kit.Button); is {
		kind += fmt.Sprint(b.Importance)
	}
	return kind
}

// showsFocus reports whether something looks different with the focus.
func (d *desk) showsFocus(f fyne.Focusable) bool {
	c := d.window.win.Canvas()
	c.Unfocus()
	before := d.pictureOf(f.(fyne.CanvasObject))
	c.Focus(f)
	return !samePicture(before, d.pictureOf(f.(fyne.CanvasObject)))
}

func TestEnterPressesTheButtonThatHasTheFocus(t *testing.T) {
	d := onStage(t)
	d.window.links.open(netproto.Link{Tracker: "office:5000", Size: -1}.String())
	d.reads("Use another tracker?")
	d.window.win.Canvas().Focus(d.button("Cancel").(*kit.Button))
	d.key(fyne.KeyReturn)
	if d.window.sheets.IsOpen() || slices.Contains(d.engine.actions(), "use cp2p://office:5000") {
		t.Errorf("Cancel had the focus; the sheet is open: %t, the engine was asked %q", d.window.sheets.IsOpen(), d.engine.actions())
	}
}

// Fyne's own widgets keep Escape and Enter to themselves.
func TestTheWindowIsMadeOfWidgetsThatPassKeysOn(t *testing.T) {
	fynes := regexp.MustCompile(`widget\.New(Button|ButtonWithIcon|Check|Entry|MultiLineEntry|Select|Tree|List)\(`)
	for _, name := range sources(t) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := fynes.Find(source); found != nil {
			t.Errorf("%s has %s…): take the one of the kit", name, found)
		}
	}
}
