//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// bar is a thin progress bar.
type bar struct {
	widget.BaseWidget
	done  float64 // 0 to 1
	color fyne.ThemeColorName
}

const barHeight = Gap

func newBar() *bar {
	b := &bar{color: theme.ColorNamePrimary}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bar) set(done float64, color fyne.ThemeColorName) {
	if b.done == done && b.color == color {
		return
	}
	b.done, b.color = done, color
	b.Refresh()
}

func (b *bar) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &barRenderer{bar: b, track: canvas.NewRectangle(color.Transparent), fill: canvas.NewRectangle(color.Transparent)}
	r.track.CornerRadius, r.fill.CornerRadius = barHeight/2, barHeight/2
	r.apply()
	return laidOut(b, r)
}

type barRenderer struct {
	bar         *bar
	track, fill *canvas.Rectangle
}

func (r *barRenderer) apply() {
	r.track.FillColor = themeColor(colorTrack)
	r.fill.FillColor = themeColor(r.bar.color)
}

func (r *barRenderer) Layout(size fyne.Size) {
	top := (size.Height - barHeight) / 2
	r.track.Move(fyne.NewPos(0, top))
	r.track.Resize(fyne.NewSize(size.Width, barHeight))
	r.fill.Move(fyne.NewPos(0, top))
	r.fill.Resize(fyne.NewSize(size.Width*float32(r.bar.done), barHeight))
	r.fill.Hidden = r.bar.done == 0
}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(GapHuge, barHeight) }

func (r *barRenderer) Refresh() {
	r.apply()
	r.Layout(r.bar.Size())
	canvas.Refresh(r.bar)
}

func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.fill} }

func (r *barRenderer) Destroy() {}
