//go:build !darwin || cgo

package lists

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

func TestTypingGoesToTheNextNameThatBeginsSo(t *testing.T) {
	list, _ := plainList(t, 0)
	var rows []plain
	for _, name := range []string{"Äpfel", "apple", "file 2", "file 10", "zebra"} {
		rows = append(rows, plain{name, name})
	}
	list.SetRows(rows)
	now := time.Unix(0, 0)
	list.ahead.now = func() time.Time { return now }
	var passed []fyne.KeyName
	list.Pressed = func(e *fyne.KeyEvent) { passed = append(passed, e.Name) }
	list.Focus()
	for _, step := range []struct {
		typed string
		wait  time.Duration
		want  string
	}{
		{"z", 0, "zebra"},
		{"f", 2 * time.Second, "file 2"},
		{"f", 0, "file 10"}, // the same letter again moves on
		{"FILE 1", 2 * time.Second, "file 10"},
		{"x", 2 * time.Second, "file 10"}, // nothing starts with it
		{"ä", 2 * time.Second, "Äpfel"},
	} {
		now = now.Add(step.wait)
		for _, letter := range step.typed {
			if letter == ' ' {
				list.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
			}
			list.TypedRune(letter)
		}
		if got := list.Rows[list.cursor].text; got != step.want {
			t.Errorf("%q leads to %q, not %q", step.typed, got, step.want)
		}
	}
	if len(passed) != 0 {
		t.Error("the space in a name paused something")
	}
	now = now.Add(time.Minute)
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	list.TypedRune(' ')
	if len(passed) != 1 {
		t.Error("a space alone was taken for a name")
	}
}

func TestShiftAndCtrlSelectWithTheKeyboard(t *testing.T) {
	list, _ := plainList(t, 50)
	held := fyne.KeyModifier(0)
	list.Held = func() fyne.KeyModifier { return held }
	list.Focus()
	press := func(name fyne.KeyName) { list.TypedKey(&fyne.KeyEvent{Name: name}) }
	press(fyne.KeyDown)
	held = fyne.KeyModifierShift
	press(fyne.KeyDown)
	press(fyne.KeyDown)
	if got := chosenKeys(list); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("Shift with the arrow selected %v", got)
	}
	press(fyne.KeyEnd)
	if got := len(chosenKeys(list)); got != 49 {
		t.Errorf("Shift with End selected %d rows", got)
	}
	held = 0
	press(fyne.KeyHome)
	for range 2 {
		list.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyDown, Modifier: fyne.KeyModifierShortcutDefault})
	}
	list.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeySpace, Modifier: fyne.KeyModifierShortcutDefault})
	if got := chosenKeys(list); !slices.Equal(got, []string{"0", "2"}) {
		t.Errorf("Ctrl with arrow and space selected %v", got)
	}
	press(fyne.KeyPageDown)
	if page := list.cursor - 2; page < 5 || page > 20 {
		t.Errorf("PgDn goes %d rows on", page)
	}
	press(fyne.KeyPageUp)
	if list.cursor != 2 {
		t.Errorf("PgUp comes back to %d", list.cursor)
	}
}

func TestTheMenuKeyOpensTheMenuOfTheSelection(t *testing.T) {
	for _, key := range []struct {
		name fyne.KeyName
		held fyne.KeyModifier
	}{{desktop.KeyMenu, 0}, {fyne.KeyF10, fyne.KeyModifierShift}} {
		list, _ := plainList(t, 5)
		list.Menu = func() *fyne.Menu { return fyne.NewMenu("", fyne.NewMenuItem("Open", func() {})) }
		list.Held = func() fyne.KeyModifier { return key.held }
		list.Focus()
		list.TypedKey(&fyne.KeyEvent{Name: key.name})
		if fyne.CurrentApp().Driver().CanvasForObject(list).Overlays().Top() == nil {
			t.Errorf("%s opens no menu", key.name)
		}
		if got := chosenKeys(list); !slices.Equal(got, []string{"0"}) {
			t.Errorf("the menu is about %v", got)
		}
	}
}
