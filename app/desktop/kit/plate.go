//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// plate is a coloured ground behind content.
type plate struct {
	widget.BaseWidget
	color   fyne.ThemeColorName
	radius  float32
	content fyne.CanvasObject
}

// NewPlate puts content on a ground in a colour of the theme, with corners of a
// radius in pixels.
func NewPlate(color fyne.ThemeColorName, radius float32, content fyne.CanvasObject) fyne.CanvasObject {
	p := &plate{color: color, radius: radius, content: content}
	p.ExtendBaseWidget(p)
	return p
}

func (p *plate) CreateRenderer() fyne.WidgetRenderer {
	p.ExtendBaseWidget(p)
	back := canvas.NewRectangle(look.Color(p.color))
	back.CornerRadius = p.radius
	return LaidOut(p, &plateRenderer{plate: p, back: back})
}

type plateRenderer struct {
	plate *plate
	back  *canvas.Rectangle
}

func (r *plateRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.plate.content.Resize(size)
}

func (r *plateRenderer) MinSize() fyne.Size { return r.plate.content.MinSize() }

func (r *plateRenderer) Refresh() {
	r.back.FillColor = look.Color(r.plate.color)
	r.back.Refresh()
	r.Layout(r.plate.Size())
	r.plate.content.Refresh()
}

func (r *plateRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.plate.content}
}

func (r *plateRenderer) Destroy() {}
