//go:build !darwin || cgo

package kit

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// ThumbnailSize is the most that a thumbnail in a row takes of width and height.
const ThumbnailSize = 36

// NewPicture draws a picture as large as there is room.
func NewPicture(picture image.Image) *canvas.Image {
	drawn := canvas.NewImageFromImage(picture)
	drawn.FillMode = canvas.ImageFillContain
	drawn.ScaleMode = canvas.ImageScaleSmooth
	return drawn
}

// NewReading shows a text as it is, and scrolls it both ways.
func NewReading(text string) fyne.CanvasObject {
	label := widget.NewLabel(text)
	label.TextStyle.Monospace = true
	return container.NewScroll(label)
}
