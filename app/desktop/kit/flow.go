//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"centralizedp2p/app/desktop/kit/look"
)

// NewFlow lays objects out in a line, each in its least size and the last one as wide as
// there is room. What has no room continues in a line below.
func NewFlow(objects ...fyne.CanvasObject) *fyne.Container {
	f := &flow{}
	f.box = container.New(f, objects...)
	return f.box
}

type flow struct {
	box    *fyne.Container
	height float32 // of all lines, in the width that it has
}

// Layout implements fyne.Layout.
func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	var x, y, high float32
	for i, object := range objects {
		least := object.MinSize()
		if x > 0 && x+least.Width > size.Width {
			x, y, high = 0, y+high+look.Gap, 0
		}
		width := least.Width
		if i == len(objects)-1 {
			width = max(width, size.Width-x)
		}
		high = max(high, least.Height)
		object.Move(fyne.NewPos(x, y))
		object.Resize(fyne.NewSize(width, high))
		x += width + look.Gap
	}
	if height := y + high; height != f.height {
		f.height = height
		fyne.Do(f.box.Refresh) // whatever it is in makes room
	}
}

// MinSize implements fyne.Layout.
func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var least fyne.Size
	for _, object := range objects {
		least = least.Max(object.MinSize())
	}
	return fyne.NewSize(least.Width, max(least.Height, f.height))
}
