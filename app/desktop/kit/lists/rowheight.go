//go:build !darwin || cgo

package lists

import (
	"maps"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
)

// pitch returns the distance from one row to the next, unless that one is higher.
func (l *List[T]) pitch() float32 { return l.height + l.Theme().Size(theme.SizeNamePadding) }

// top returns where a row begins.
func (l *List[T]) top(index int) float32 {
	y := float32(index) * l.pitch()
	for i, more := range l.more {
		if i < index {
			y += more
		}
	}
	return y
}

// rowAt returns which row is at an offset.
func (l *List[T]) rowAt(offset float32) int {
	if len(l.more) == 0 {
		return int(offset / l.pitch())
	}
	row := 0
	for end := l.pitch() + l.more[0]; end <= offset; end += l.pitch() + l.more[row] {
		row++
	}
	return row
}

// measure finds out which rows are higher than others, and reports whether that
// changed.
func (l *List[T]) measure() bool {
	if l.More == nil || l.height == 0 {
		return false
	}
	higher := map[int]float32{}
	for i, row := range l.Rows {
		if more := l.More(row, l.Size().Width); more > 0 {
			higher[i] = more
		}
	}
	if maps.Equal(higher, l.more) {
		return false
	}
	l.still = true // Fyne draws the list again for each of them
	defer func() { l.still = false }()
	for i := range l.more {
		if higher[i] == 0 {
			l.SetItemHeight(i, l.height)
		}
	}
	for i, more := range higher {
		l.SetItemHeight(i, l.height+more)
	}
	l.more = higher
	return true
}

// Resize implements fyne.CanvasObject.
func (l *List[T]) Resize(size fyne.Size) {
	wider := size.Width != l.Size().Width
	l.List.Resize(size)
	if wider && l.measure() {
		l.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (l *List[T]) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	return kit.LaidOut(l, &stillRenderer{l.List.CreateRenderer(), &l.still})
}

// stillRenderer draws nothing again while it is told so.
type stillRenderer struct {
	fyne.WidgetRenderer
	still *bool
}

func (r *stillRenderer) Refresh() {
	if !*r.still {
		r.WidgetRenderer.Refresh()
	}
}
