//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// Bar is a thin progress bar.
type Bar struct {
	widget.BaseWidget
	done  float64 // 0 to 1
	color fyne.ThemeColorName
}

// BarHeight is the height of a bar, in pixels at scale 1.
const BarHeight = look.Gap

// NewBar makes an empty bar.
func NewBar() *Bar {
	b := &Bar{color: theme.ColorNamePrimary}
	b.ExtendBaseWidget(b)
	return b
}

// Set shows how much is done, from 0 to 1, in a colour of the theme.
func (b *Bar) Set(done float64, color fyne.ThemeColorName) {
	if b.done == done && b.color == color {
		return
	}
	b.done, b.color = done, color
	b.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &barRenderer{bar: b, track: canvas.NewRectangle(color.Transparent), fill: canvas.NewRectangle(color.Transparent)}
	r.track.CornerRadius, r.fill.CornerRadius = BarHeight/2, BarHeight/2
	r.apply()
	return LaidOut(b, r)
}

type barRenderer struct {
	bar         *Bar
	track, fill *canvas.Rectangle
}

func (r *barRenderer) apply() {
	r.track.FillColor = look.Color(look.ColorTrack)
	r.fill.FillColor = look.Color(r.bar.color)
}

func (r *barRenderer) Layout(size fyne.Size) {
	top := (size.Height - BarHeight) / 2
	r.track.Move(fyne.NewPos(0, top))
	r.track.Resize(fyne.NewSize(size.Width, BarHeight))
	r.fill.Move(fyne.NewPos(0, top))
	r.fill.Resize(fyne.NewSize(size.Width*float32(r.bar.done), BarHeight))
	r.fill.Hidden = r.bar.done == 0
}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(look.GapHuge, BarHeight) }

func (r *barRenderer) Refresh() {
	r.apply()
	r.Layout(r.bar.Size())
	canvas.Refresh(r.bar)
}

func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.fill} }

func (r *barRenderer) Destroy() {}
