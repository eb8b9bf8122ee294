//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"image"
	"reflect"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/search"
	"centralizedp2p/app/face"
)

func TestEveryKeyOfTheMenusStandsInTheHelpAndTheOtherWayRound(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	w := d.window
	inMenus := map[string]string{"Esc": ""} // closes a dialog or a message, which no menu can do
	for _, menu := range w.win.MainMenu().Items {
		for _, item := range menu.Items {
			if s, ok := item.Shortcut.(fyne.KeyboardShortcut); ok {
				inMenus[command{key: s.Key(), held: s.Mod()}.keys()] = item.Label
			}
		}
	}
	w.help.showKeys()
	inHelp := map[string]string{}
	walk(w.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		box, ok := o.(*fyne.Container)
		if !ok {
			return
		}
		if _, ok := box.Layout.(*keyTable); ok {
			for i := 0; i+1 < len(box.Objects); i += 2 {
				inHelp[box.Objects[i].(*widget.Label).Text] = box.Objects[i+1].(*widget.Label).Text
			}
		}
	})
	for keys, name := range inMenus {
		if said, ok := inHelp[keys]; !ok || name != "" && said != name {
			t.Errorf("%s is %q in the menus, and %q in the help", keys, name, said)
		}
	}
	for keys, name := range inHelp {
		if _, ok := inMenus[keys]; !ok {
			t.Errorf("%s (%s) is in the help, and in no menu", keys, name)
		}
	}
	if len(inHelp) < 20 {
		t.Errorf("the help has %d keys only", len(inHelp))
	}
}

// everyScreen shows the pages, the details and the sheets, one after another.
func everyScreen(d *desk, look func(name string)) {
	w := d.window
	signs := [pages.PlaceCount]string{"Hopper", "a.iso", "film 1.mkv", "Grace", "share 1", "kitchen", "/home/ada/Downloads"}
	for at := range pages.PlaceCount {
		w.goTo(at)
		d.reads(signs[at])
		look(string(at.Name()))
	}
	w.goTo(pages.PlaceDownloads)
	listOf[face.Download](d).SelectOnly(0)
	w.keys.details()
	d.reads("Peer 1")
	look("details")
	w.Tell("done")
	look("a word")
	w.undo.Offer(pages.Deed{Words: "removed"})
	look("undo")
	w.help.showKeys()
	look("help")
	w.sheets.CloseAll()
}

// partsOfFyne can be pressed, or focused, only as part of something else:
// scroll bars, and text that can be selected.
var partsOfFyne = map[string]bool{"*widget.scrollBarArea": true, "*widget.focusSelectable": true}

func typeOf(o fyne.CanvasObject) string { return reflect.TypeOf(o).String() }

func TestWhateverCanBePressedHasAWord(t *testing.T) {
	d := newDesk(t, busy(), Options{})
	pressed := 0
	everyScreen(d, func(name string) {
		c := d.window.win.Canvas()
		for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
			walk(object, func(o fyne.CanvasObject) {
				if _, ok := o.(fyne.Tappable); !ok || partsOfFyne[typeOf(o)] {
					return
				}
				pressed++
				if !hasWords(o) {
					t.Errorf("%s: a %T has no word", name, o)
				}
			})
		}
	})
	if pressed < 100 {
		t.Errorf("only %d things can be pressed", pressed)
	}
}

// hasWords reports whether something that can be pressed shows text, or has a
// tooltip, or is a place for text.
func hasWords(object fyne.CanvasObject) bool {
	switch o := object.(type) {
	case *kit.IconButton:
		return o.AccessibilityLabel() != ""
	case *widget.Entry, *kit.TextEntry, *search.Entry:
		return true
	}
	said := false
	walk(object, func(o fyne.CanvasObject) {
		if text, _ := textOf(o); text != "" {
			said = true
		} else if l, ok := o.(*kit.Line); ok && l.Text != "" {
			said = true
		}
	})
	return said
}

func TestWhateverHasTheKeysShowsIt(t *testing.T) {
	d := newDesk(t, busy(), Options{})
	d.window.win.Resize(fyne.NewSize(1100, 2400)) // so that nothing has to be scrolled
	c := d.window.win.Canvas()
	seen := map[string]bool{}
	everyScreen(d, func(name string) {
		for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
			walk(object, func(o fyne.CanvasObject) {
				focusable, ok := o.(fyne.Focusable)
				kind := typeOf(o)
				if b, is := o.(*kit.Button); is { // a primary one has the colour of the focus
					kind += fmt.Sprint(b.Importance)
				}
				if disabled, is := o.(fyne.Disableable); !ok || seen[kind] || partsOfFyne[kind] || is && disabled.Disabled() {
					return
				}
				seen[kind] = true
				c.Unfocus()
				before := c.Capture()
				c.Focus(focusable)
				if after := c.Capture(); samePicture(before, after) {
					t.Errorf("%s: a %s looks the same with the keys and without", name, kind)
				}
				c.Unfocus()
			})
		}
	})
	if len(seen) < 8 {
		t.Errorf("only these can have the keys: %v", seen)
	}
}

func samePicture(a, b image.Image) bool {
	return slices.Equal(a.(*image.NRGBA).Pix, b.(*image.NRGBA).Pix)
}
