//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// formLayout puts the name of a field before it, in a column of its own, and
// hints below the field.
type formLayout struct{}

// formNames is the share of the width that the names get.
const formNames = 0.45

// FormRow puts the name of a field before it, and hints below it.
func FormRow(name string, field fyne.CanvasObject, hints ...fyne.CanvasObject) *fyne.Container {
	title := NewLine(theme.ColorNameForeground, theme.SizeNameText)
	title.SetText(name)
	return container.New(formLayout{}, append([]fyne.CanvasObject{title, field}, hints...)...)
}

func (formLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := size.Width * formNames
	y := float32(0)
	for i, object := range objects {
		if !object.Visible() {
			continue
		}
		height := object.MinSize().Height
		if i == 0 {
			object.Move(fyne.NewPos(look.GapMedium, 0))
			object.Resize(fyne.NewSize(left-2*look.GapMedium, objects[1].MinSize().Height))
			continue
		}
		object.Move(fyne.NewPos(left, y))
		object.Resize(fyne.NewSize(size.Width-left, height))
		y += height
	}
}

func (formLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(2*LeastNameWidth, 0)
	for _, object := range objects[1:] {
		if object.Visible() {
			size.Height += object.MinSize().Height
		}
	}
	return size
}

// Labelled puts a name above a field, and a hint, unless it is nil, below it.
func Labelled(name string, field fyne.CanvasObject, hint fyne.CanvasObject) *fyne.Container {
	title := widget.NewLabel(name)
	title.TextStyle.Bold = true
	box := container.NewVBox(title, field)
	if hint != nil {
		box.Add(hint)
	}
	return box
}
