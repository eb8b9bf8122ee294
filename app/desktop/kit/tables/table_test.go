//go:build !darwin || cgo

package tables

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
)

// thing is a row in tests of tables.
type thing struct {
	name string
	size int
	kind string
}

func thingColumns() []Column[thing] {
	return []Column[thing]{
		{ColumnShape: ColumnShape{ID: "name", Name: "Name"},
			Text: func(o thing) string { return o.name }, Cell: func(o thing) Cell { return Cell{Text: o.name} }},
		{ColumnShape: ColumnShape{ID: "size", Name: "Size", Width: 80, Descending: true, Align: fyne.TextAlignTrailing},
			Order: func(a, b thing) int { return cmp.Compare(a.size, b.size) },
			Cell:  func(o thing) Cell { return Cell{Text: fmt.Sprint(o.size)} }},
		{ColumnShape: ColumnShape{ID: "kind", Name: "Type", Width: 100, Spare: 1},
			Text: func(o thing) string { return o.kind }, Cell: func(o thing) Cell { return Cell{Text: o.kind} }},
	}
}

func hostOf(s *kittest.Stand) lists.Host {
	return lists.Host{Tips: kit.NewTips(), Prefs: s.App.Preferences(), Pressed: func(*fyne.KeyEvent) {},
		Beside: s.Beside}
}

// openTable shows a table in a window of its own, 500 pixels wide.
func openTable(t *testing.T, s *kittest.Stand, things ...thing) *Table[thing] {
	t.Helper()
	table := New(hostOf(s), "things", func(o thing) string { return o.name }, thingColumns(), 0)
	window := test.NewTempWindow(t, table.Box)
	window.SetPadded(false)
	window.Resize(fyne.NewSize(500, 400))
	table.SetRows(things)
	return table
}

func orderOf(t *Table[thing]) string {
	var names []string
	for _, o := range t.List.Rows {
		names = append(names, o.name)
	}
	return strings.Join(names, " ")
}

// cellsOf returns what a row on the screen says, cell by cell.
func cellsOf(t *testing.T, table *Table[thing], name string) string {
	t.Helper()
	for view := range table.List.Views() {
		var texts []string
		for _, cell := range view.(*cellsView[thing]).cells {
			if cell.Visible() {
				texts = append(texts, cell.text.Text)
			}
		}
		if texts[0] == name {
			return strings.Join(texts, " | ")
		}
	}
	t.Fatalf("no row %q is on the screen", name)
	return ""
}

func widths(table *Table[thing]) []float32 {
	var widths []float32
	for _, at := range table.header.set.spans(500) {
		widths = append(widths, at.width)
	}
	return widths
}

var few = []thing{{"file 10", 5, "b"}, {"file 2", 7, "a"}, {"Äpfel", 5, "a"}, {"zebra", 1, "c"}, {"apple", 9, "b"}}

func TestATableIsSortedByAClickOnItsHeader(t *testing.T) {
	table := openTable(t, kittest.New(t), few...)
	for _, step := range []struct {
		column int
		want   string
	}{
		{-1, "Äpfel apple file 2 file 10 zebra"}, // in the order of a dictionary, with numbers in numerical order
		{0, "zebra file 10 file 2 apple Äpfel"},
		{1, "apple file 2 Äpfel file 10 zebra"}, // the largest first, equal ones by name
		{1, "zebra Äpfel file 10 file 2 apple"},
		{2, "Äpfel file 2 apple file 10 zebra"},
	} {
		if step.column >= 0 {
			test.Tap(table.header.cells[step.column])
		}
		if got := orderOf(table); got != step.want {
			t.Errorf("after a click on column %d the order is %q, not %q", step.column, got, step.want)
		}
	}
}

func TestTheHeaderWorksWithTheKeyboard(t *testing.T) {
	table := openTable(t, kittest.New(t), few...)
	name, size := table.header.cells[0], table.header.cells[1]
	canvas := fyne.CurrentApp().Driver().CanvasForObject(table.List)
	canvas.Focus(name)
	name.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	if canvas.Focused() != fyne.Focusable(size) {
		t.Fatal("the right arrow does not go to the next name")
	}
	size.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if got := orderOf(table); !strings.HasPrefix(got, "apple") {
		t.Errorf("Enter on the size gives %q", got)
	}
	size.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if canvas.Focused() != fyne.Focusable(name) {
		t.Error("the left arrow does not go back")
	}
	name.TypedKey(&fyne.KeyEvent{Name: desktop.KeyMenu})
	if canvas.Overlays().Top() == nil {
		t.Error("the menu key opens no menu of the columns")
	}
}

func TestTheEdgeOfAColumnIsDraggedAndItsNeighbourGivesWay(t *testing.T) {
	table := openTable(t, kittest.New(t), few...)
	before := widths(table)
	drag := func(edge int, by float32) {
		table.header.edges[edge].Dragged(&fyne.DragEvent{Dragged: fyne.Delta{DX: by}})
	}
	drag(1, 20)
	if got := widths(table); got[1] != before[1]+20 || got[2] != before[2]-20 || got[0] != before[0] {
		t.Errorf("the widths %v became %v", before, got)
	}
	drag(1, 1000)
	drag(0, -1000)
	got := widths(table)
	if got[2] != leastWidth || got[0] != kit.LeastNameWidth {
		t.Errorf("columns are narrower than they may be: %v", got)
	}
	if sum := got[0] + got[1] + got[2] + 2*look.GapMedium; sum != 500 {
		t.Errorf("the columns are %v wide together, the table 500", sum)
	}
	table.header.edges[0].DragEnd()
}

func TestADoubleClickOnAnEdgeFitsTheColumn(t *testing.T) {
	table := openTable(t, kittest.New(t), thing{"a", 123456789123456, "x"})
	table.header.edges[1].DoubleTapped(nil)
	needs := fyne.MeasureText("123456789123456", theme.CaptionTextSize(), fyne.TextStyle{}).Width
	if got := widths(table)[1]; got < needs || got > needs+40 {
		t.Errorf("the column is %v wide, its contents need %v", got, needs)
	}
	for view := range table.List.Views() {
		for _, one := range view.(*cellsView[thing]).cells {
			if one.Visible() && one.text.IsCut() {
				t.Errorf("%q is cut", one.text.Text)
			}
		}
	}
}

func TestColumnsAreHiddenAndComeBack(t *testing.T) {
	table := openTable(t, kittest.New(t), few...)
	choose := func(text string) {
		t.Helper()
		for _, item := range table.columnMenu().Items {
			if item.Label == text {
				item.Action()
				return
			}
		}
		t.Fatalf("the menu of the columns has no %q", text)
	}
	choose("Type")
	if got := cellsOf(t, table, "zebra"); got != "zebra | 1" {
		t.Errorf("without the type a row reads %q", got)
	}
	choose("Size")
	choose("Type")
	if got := cellsOf(t, table, "zebra"); got != "zebra | c" {
		t.Errorf("with the type alone a row reads %q", got)
	}
	choose("Reset columns")
	if got := cellsOf(t, table, "zebra"); got != "zebra | 1 | c" {
		t.Errorf("at last a row reads %q", got)
	}
}

func TestAColumnIsAtFirstAsWideAsItsSamplesNeed(t *testing.T) {
	s := kittest.New(t)
	columns := thingColumns()
	const long = "a kind of thing that has many words"
	columns[2].Samples = []thing{{kind: long}, {kind: "short"}}
	open := func() *Table[thing] {
		table := New(hostOf(s), "samples", func(o thing) string { return o.name }, columns, 0)
		s.Window = test.NewTempWindow(t, table.Box)
		s.Window.Resize(fyne.NewSize(700, 400))
		table.SetRows([]thing{{"a", 1, long}})
		return table
	}
	whole := func(table *Table[thing]) bool {
		for view := range table.List.Views() {
			return view.(*cellsView[thing]).cells[2].Visible() && !view.(*cellsView[thing]).cells[2].text.IsCut()
		}
		return false
	}
	table := open()
	if !whole(table) {
		t.Errorf("the columns are %v wide, and the sample is cut", table.header.set.spans(700))
	}
	table.header.edges[1].Dragged(&fyne.DragEvent{Dragged: fyne.Delta{DX: 100}})
	if table.header.edges[1].DragEnd(); whole(table) || whole(open()) {
		t.Error("the person made it narrower, and it is not")
	}
	table = open()
	menu := table.columnMenu().Items
	if menu[len(menu)-1].Action(); !whole(table) || !whole(open()) {
		t.Error("after Reset columns the sample is cut")
	}
	// Earlier versions remembered every width when one had changed.
	s.App.Preferences().SetString("table.samples", `{"by":"name","widths":{"size":90,"kind":100}}`)
	if table = open(); !whole(table) || table.header.set.shapes[1].Width != 90 {
		t.Errorf("after an earlier version the columns are %v wide", table.header.set.spans(700))
	}
}

func TestASpareColumnLeavesWhenTheNameGetsTooNarrow(t *testing.T) {
	set := New(hostOf(kittest.New(t)), "x", func(o thing) string { return o.name }, thingColumns(), 0).header.set
	if spans := set.spans(360); spans[2].width != 0 || spans[0].width < goodNameWidth {
		t.Errorf("in 360 pixels the columns are %v", spans)
	}
	if spans := set.spans(200); spans[0].width != kit.LeastNameWidth {
		t.Errorf("in 200 pixels the columns are %v", spans)
	}
}

func TestATableIsRememberedAsItWasLeft(t *testing.T) {
	s := kittest.New(t)
	first := openTable(t, s, few...)
	test.Tap(first.header.cells[1])
	first.header.edges[1].Dragged(&fyne.DragEvent{Dragged: fyne.Delta{DX: 30}})
	first.header.edges[1].DragEnd()
	want := widths(first)
	second := openTable(t, s, few...)
	if got := widths(second); !slices.Equal(got, want) {
		t.Errorf("the widths are %v, they were %v", got, want)
	}
	if got := orderOf(second); got != orderOf(first) {
		t.Errorf("the order is %q, it was %q", got, orderOf(first))
	}
	first.columnMenu().Items[1].Action() // hides Type
	if third := openTable(t, s, few...); widths(third)[2] != 0 {
		t.Error("a hidden column came back")
	}
	for _, broken := range []string{"", "{", `{"by":"no such","narrow":-5,"widths":{"size":1e9,"name":3},"hidden":{"name":true}}`} {
		s.App.Preferences().SetString("table.things", broken)
		if got := widths(openTable(t, s, few...)); got[0] < kit.LeastNameWidth || got[1] != 80 {
			t.Errorf("the preference %q gives the widths %v", broken, got)
		}
	}
}

func manyThings(count int) []thing {
	things := make([]thing, count)
	for i := range things {
		things[i] = thing{fmt.Sprintf("file %06d with a name of some length.bin", i*7919%count), i, "kind"}
	}
	return things
}

func TestManyRowsAreSortedBesideTheUIThread(t *testing.T) {
	s := kittest.New(t)
	things := manyThings(20_000)
	table := openTable(t, s)
	table.SetRows(things)
	if !table.sorting {
		t.Fatal("they are not sorted beside it")
	}
	changed := slices.Clone(things)
	changed[0].size = -1
	table.SetRows(changed) // while the others are being sorted
	s.Until("the rows are there in order", func() bool {
		return !table.sorting && len(table.List.Rows) == len(things) && strings.HasPrefix(table.List.Rows[0].name, "file 000000")
	})
	s.Until("the newest are shown", func() bool { return table.List.Rows[0].size == -1 })
	changed = slices.Clone(changed)
	changed[0].kind = "other"
	table.SetRows(changed)
	if table.sorting || table.List.Rows[0].kind != "other" {
		t.Error("rows that stay in order were sorted again")
	}
}

// BenchmarkScroll100000 measures the time of a frame while 100,000 rows are
// scrolled by a page: the rows are filled, laid out and drawn by the software
// painter.
func BenchmarkScroll100000(b *testing.B) {
	app := test.NewTempApp(b)
	app.Settings().SetTheme(look.NewTheme(look.Light))
	table := New(lists.Host{Tips: kit.NewTips(), Prefs: app.Preferences()}, "bench", func(o thing) string { return o.name }, thingColumns(), 0)
	table.beside = func(work func() func()) { work()() }
	window := test.NewTempWindow(b, table.Box)
	window.Resize(fyne.NewSize(880, 520))
	table.SetRows(manyThings(100_000))
	page := table.List.Size().Height
	for _, part := range []struct {
		name  string
		paint bool
	}{{"fill and lay out", false}, {"with the software painter", true}} {
		b.Run(part.name, func(b *testing.B) {
			worst := time.Duration(0)
			table.List.ScrollToOffset(page) // so that the fonts are loaded
			window.Canvas().Capture()
			for i := range b.N {
				start := time.Now()
				table.List.ScrollToOffset(float32(i%4000) * page)
				if part.paint {
					window.Canvas().Capture()
				}
				worst = max(worst, time.Since(start))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}
