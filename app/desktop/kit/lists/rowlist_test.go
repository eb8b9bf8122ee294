//go:build !darwin || cgo

package lists

import (
	"fmt"
	"image/color"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
)

// plain is a row of tests: a key and a text.
type plain struct{ key, text string }

type plainView struct {
	widget.BaseWidget
	words *kit.Line
	shown func(plain)
}

func (v *plainView) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(v.words) }

func (v *plainView) Fill(p plain) {
	v.words.SetText(p.text)
	v.shown(p)
}

// plainList is a list on the screen, and what its rows have shown.
func plainList(t *testing.T, count int) (list *List[plain], shown *[]plain) {
	t.Helper()
	test.NewTempApp(t)
	shown = &[]plain{}
	list = New(Host{}, func(p plain) string { return p.key }, func(p plain) string { return p.text }, func() View[plain] {
		v := &plainView{words: kit.NewLine(theme.ColorNameForeground, theme.SizeNameText), shown: func(p plain) { *shown = append(*shown, p) }}
		v.ExtendBaseWidget(v)
		return v
	})
	test.NewTempWindow(t, list).Resize(fyne.NewSize(300, 400))
	list.SetRows(plainRows(count))
	return list, shown
}

// plainListOf is a list that is not on the screen yet.
func plainListOf(count int) *List[plain] {
	list := New(Host{}, func(p plain) string { return p.key }, func(p plain) string { return p.text }, func() View[plain] {
		v := &plainView{words: kit.NewLine(theme.ColorNameForeground, theme.SizeNameText), shown: func(plain) {}}
		v.ExtendBaseWidget(v)
		return v
	})
	list.SetRows(plainRows(count))
	return list
}

func plainRows(count int) []plain {
	rows := make([]plain, count)
	for i := range rows {
		rows[i] = plain{fmt.Sprint(i), fmt.Sprintf("row %d", i)}
	}
	return rows
}

func chosenKeys(list *List[plain]) []string {
	var keys []string
	for _, p := range list.Selection() {
		keys = append(keys, p.key)
	}
	return keys
}

// click presses a row on the screen.
func click(list *List[plain], index int, button desktop.MouseButton, held fyne.KeyModifier) {
	for r := range list.bound {
		if r.index == index {
			r.MouseDown(&desktop.MouseEvent{Button: button, Modifier: held})
			return
		}
	}
	panic(fmt.Sprintf("row %d is not on the screen", index))
}

func TestClicksSelectOneSeveralOrARange(t *testing.T) {
	list, _ := plainList(t, 20)
	primary := desktop.MouseButtonPrimary
	for _, step := range []struct {
		what  string
		index int
		held  fyne.KeyModifier
		want  []string
	}{
		{"a click selects one row", 2, 0, []string{"2"}},
		{"another click selects only the other", 4, 0, []string{"4"}},
		{"a click with Ctrl adds one", 6, fyne.KeyModifierShortcutDefault, []string{"4", "6"}},
		{"and takes it out again", 4, fyne.KeyModifierShortcutDefault, []string{"6"}},
		{"a click with Shift selects from the last", 8, fyne.KeyModifierShift, nil},
	} {
		click(list, step.index, primary, step.held)
		if got := chosenKeys(list); step.want != nil && !slices.Equal(got, step.want) {
			t.Errorf("%s: %v are selected, not %v", step.what, got, step.want)
		}
	}
	click(list, 2, primary, 0)
	click(list, 5, primary, fyne.KeyModifierShift)
	if got, want := chosenKeys(list), []string{"2", "3", "4", "5"}; !slices.Equal(got, want) {
		t.Errorf("Shift selected %v, not %v", got, want)
	}
	list.TypedShortcut(&fyne.ShortcutSelectAll{})
	if got := len(list.Selection()); got != 20 {
		t.Errorf("Ctrl+A selected %d of 20 rows", got)
	}
}

func TestARightClickSelectsTheRowUnderItAndKeepsASelectionThatHoldsIt(t *testing.T) {
	list, _ := plainList(t, 10)
	asked := 0
	list.Menu = func() *fyne.Menu { asked++; return nil }
	click(list, 1, desktop.MouseButtonSecondary, 0)
	if got := chosenKeys(list); !slices.Equal(got, []string{"1"}) {
		t.Errorf("%v are selected", got)
	}
	list.selectTo(3)
	click(list, 2, desktop.MouseButtonSecondary, 0)
	if got := chosenKeys(list); len(got) != 3 || asked != 2 {
		t.Errorf("%v are selected, the menu was asked for %d times", got, asked)
	}
}

func TestKeysMoveThroughAListAndOpenRows(t *testing.T) {
	list, _ := plainList(t, 100)
	var opened []string
	var passed []fyne.KeyName
	list.Opened = func(p plain) { opened = append(opened, p.key) }
	list.Pressed = func(e *fyne.KeyEvent) { passed = append(passed, e.Name) }
	list.Focus()
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnd, fyne.KeyReturn,
		fyne.KeyUp, fyne.KeyEnter, fyne.KeyHome, fyne.KeyReturn, fyne.KeySpace, fyne.KeyEscape, fyne.KeyF1} {
		list.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if want := []string{"2", "99", "98", "0"}; !slices.Equal(opened, want) {
		t.Errorf("Enter opened %v, not %v", opened, want)
	}
	if want := []fyne.KeyName{fyne.KeySpace, fyne.KeyF1}; !slices.Equal(passed, want) {
		t.Errorf("the list passed on %v, not %v", passed, want)
	}
	if len(list.selected) != 0 {
		t.Error("Escape did not take the selection back")
	}
}

func TestTheRingOfTheCursorIsSeenOnBothSidesOfAListWithoutMargins(t *testing.T) {
	s := kittest.New(t)
	list := plainListOf(3)
	rows := slices.Clone(list.Rows)
	for i := range rows {
		rows[i].text = ""
	}
	list.SetRows(rows)
	const around, margin = 20, 6
	s.Show(kit.Inset(around, around, list)) // as in a sheet
	s.Window.Canvas().Focus(list)
	picture := s.Window.Canvas().Capture()
	middle := around + int(list.height/2)
	for side, from := range map[string]int{"left": around, "right": picture.Bounds().Dx() - around - margin} {
		drawn := map[color.Color]bool{}
		for x := range margin {
			drawn[picture.At(from+x, middle)] = true
		}
		if len(drawn) < 2 {
			t.Errorf("there is no ring on the %s", side)
		}
	}
}

func TestOnlyTheRowsThatChangedAreDrawnAgain(t *testing.T) {
	list, shown := plainList(t, 10_000)
	rows := slices.Clone(list.Rows)
	rows[3].text = "other"
	rows[9000].text = "not on the screen"
	*shown = nil
	list.SetRows(rows)
	if len(*shown) != 1 || (*shown)[0].text != "other" {
		t.Errorf("drawn again: %v", *shown)
	}
}

func TestSelectionAndCursorStayWithTheirRowsWhenOthersComeAndGo(t *testing.T) {
	list, _ := plainList(t, 10)
	list.SelectOnly(5)
	list.SetRows(append([]plain{{"new", "new"}}, list.Rows[2:]...))
	if got := chosenKeys(list); !slices.Equal(got, []string{"5"}) || list.Rows[list.cursor].key != "5" {
		t.Errorf("selected %v, cursor at %v", got, list.Rows[list.cursor])
	}
	list.SetRows(nil)
	if got := chosenKeys(list); got != nil || list.cursor != -1 {
		t.Errorf("without rows %v is selected, cursor %d", got, list.cursor)
	}
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

func TestTenThousandRowsAreShownAndScrolledWithoutHaste(t *testing.T) {
	list, shown := plainList(t, 0)
	start := time.Now()
	list.SetRows(plainRows(10_000))
	for to := 0; to < 10_000; to += 500 {
		list.bringIntoView(to)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("20 steps through 10,000 rows took %v", took)
	}
	if len(*shown) > 5000 {
		t.Errorf("%d rows were drawn: rows off the screen are", len(*shown))
	}
}

func TestHigherRowsAreReachedAndMoveNothing(t *testing.T) {
	list, _ := plainList(t, 1000)
	list.More = func(p plain, width float32) float32 {
		if width < 200 || p.text != "higher" {
			return 0
		}
		return 30
	}
	list.bringIntoView(600)
	offset := list.GetScrollOffset()
	top := list.rowAt(offset)
	rows := slices.Clone(list.Rows)
	for _, i := range []int{2, 300, 999} {
		rows[i].text = "higher"
	}
	list.SetRows(rows) // with the same keys
	if moved := list.GetScrollOffset() - offset; moved != 60 || list.rowAt(list.GetScrollOffset()) != top {
		t.Errorf("two higher rows above moved it by %v, to row %d instead of %d", moved, list.rowAt(list.GetScrollOffset()), top)
	}
	list.bringIntoView(999)
	if end := list.GetScrollOffset() + list.Size().Height; end != list.top(999)+list.height+30 {
		t.Errorf("the last row ends at %v, and what is seen at %v", list.top(999)+list.height+30, end)
	}
	list.SetRows(rows[:300])
	if list.top(299) != 299*list.pitch()+30 {
		t.Errorf("after most rows went, the last is at %v", list.top(299))
	}
	for _, i := range []int{0, 1, 2, 3, 298} {
		if at := list.rowAt(list.top(i) + 1); at != i {
			t.Errorf("row %d is at the place of row %d", at, i)
		}
	}
	list.Resize(fyne.NewSize(150, 400))
	if list.top(299) != 299*list.pitch() {
		t.Errorf("in a narrow list the last row is at %v", list.top(299))
	}
}

func TestRowsThatComeAboveMoveNothingAndAnotherOrderKeepsThePlace(t *testing.T) {
	list, _ := plainList(t, 1000)
	list.bringIntoView(600)
	offset := list.GetScrollOffset()
	rows := slices.Clone(list.Rows)
	list.SetRows(append([]plain{{"new 1", "new 1"}, {"new 2", "new 2"}}, rows...))
	if moved := list.GetScrollOffset() - offset; moved != 2*list.pitch() {
		t.Errorf("two rows above moved it by %v, not %v", moved, 2*list.pitch())
	}
	list.SetRows(rows)
	if back := list.GetScrollOffset(); back != offset {
		t.Errorf("after they went it is at %v, not at %v", back, offset)
	}
	slices.Reverse(rows)
	list.SetRows(slices.Clone(rows))
	if place := list.GetScrollOffset(); place != offset {
		t.Errorf("in the other order it is at %v, not at %v", place, offset)
	}
}
