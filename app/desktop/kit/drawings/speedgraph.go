//go:build !darwin || cgo

package drawings

import (
	"image"
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// graphMinutes are the possible widths of a graph. It takes the first that all
// speeds fit into.
var graphMinutes = []int{1, 2, 5}

// stepsIn returns the number of speeds in a number of minutes.
func (g *SpeedGraph) stepsIn(minutes int) int { return minutes * 60 / g.stepSeconds }

// SpeedGraph draws the speed over the last minutes, 5 at most, with labels at
// its axes.
type SpeedGraph struct {
	widget.BaseWidget
	speeds      []int64 // bytes per second, the newest last
	stepSeconds int     // between two speeds
	steps       int     // width of the graph, in speeds
	top         int64   // of the scale, in bytes per second
	// Labels: top and zero of the scale, start and end of the time.
	most, zero, start, end *kit.Line
	raster                 *canvas.Raster
}

// NewSpeedGraph makes an empty graph of speeds that are stepSeconds apart.
func NewSpeedGraph(stepSeconds int) *SpeedGraph {
	g := &SpeedGraph{stepSeconds: stepSeconds, most: kit.NewCaption(), zero: kit.NewCaption(), start: kit.NewCaption(), end: kit.NewCaption()}
	g.end.Align = fyne.TextAlignTrailing
	g.end.SetText(words.L("now"))
	g.most.Align, g.zero.Align = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	g.raster = canvas.NewRaster(g.draw)
	g.ExtendBaseWidget(g)
	g.Set(nil)
	return g
}

// Set draws other speeds, in bytes per second, the newest last.
func (g *SpeedGraph) Set(speeds []int64) {
	longest := g.stepsIn(graphMinutes[len(graphMinutes)-1])
	speeds = speeds[max(len(speeds)-longest, 0):]
	if g.zero.Text != "" && slices.Equal(g.speeds, speeds) {
		return
	}
	g.speeds, g.top = slices.Clone(speeds), 1
	if len(speeds) > 0 {
		g.top = roundScale(slices.Max(speeds))
	}
	for _, minutes := range graphMinutes {
		if g.steps = g.stepsIn(minutes); len(speeds) <= g.steps {
			g.start.SetText(words.N("{{.Count}} minutes ago", minutes, words.Values{"Count": words.Count(minutes)}))
			break
		}
	}
	g.zero.SetText(words.Rate(0))
	g.most.SetText("")
	if g.top > 1 {
		g.most.SetText(words.Rate(g.top))
	}
	g.raster.Refresh()
}

// roundScale returns the next 1, 2 or 5 times a power of ten, so that the label
// of the scale is short and seldom changes.
func roundScale(most int64) int64 {
	step := int64(1000)
	for ; step < most/10; step *= 10 {
	}
	for _, times := range []int64{1, 2, 5, 10} {
		if most <= step*times {
			return step * times
		}
	}
	return most
}

// speedAt returns the speed at a place of the width, from 0 to 1. It is
// negative before the first speed.
func (g *SpeedGraph) speedAt(place float64) float64 {
	at := place*float64(g.steps-1) - float64(g.steps-len(g.speeds))
	i := int(at)
	switch {
	case at < 0 || len(g.speeds) == 0:
		return -1
	case i >= len(g.speeds)-1:
		return float64(g.speeds[len(g.speeds)-1])
	}
	part := at - float64(i)
	return float64(g.speeds[i])*(1-part) + float64(g.speeds[i+1])*part
}

// draw paints a picture of width by height pixels.
func (g *SpeedGraph) draw(width, height int) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	if width < 2 || height < 2 {
		return picture
	}
	line, grid := nrgba(look.Color(theme.ColorNamePrimary)), nrgba(look.Color(theme.ColorNameSeparator))
	area := line
	area.A /= 4
	for _, y := range []int{0, height / 2, height - 1} {
		for x := range width {
			picture.SetNRGBA(x, y, grid)
		}
	}
	before := -1
	for x := range width {
		speed := g.speedAt(float64(x) / float64(width-1))
		if speed < 0 {
			continue
		}
		y := int(float64(height-2) * (1 - speed/float64(g.top)))
		from, to := y, y+1
		if before >= 0 { // so that steep parts of the line have no gaps
			from, to = min(y, before), max(y, before)+1
		}
		for fill := y; fill < height-1; fill++ {
			picture.SetNRGBA(x, fill, area)
		}
		for at := from; at <= to && at < height; at++ {
			picture.SetNRGBA(x, at, line)
		}
		before = y
	}
	return picture
}

func nrgba(c color.Color) color.NRGBA { return color.NRGBAModel.Convert(c).(color.NRGBA) }

// CreateRenderer implements fyne.Widget.
func (g *SpeedGraph) CreateRenderer() fyne.WidgetRenderer {
	g.ExtendBaseWidget(g)
	return kit.LaidOut(g, &graphRenderer{g})
}

type graphRenderer struct{ graph *SpeedGraph }

func (r *graphRenderer) Layout(size fyne.Size) {
	const words, lineHeight = 68, 16
	g := r.graph
	place := func(object fyne.CanvasObject, x, y, width, height float32) {
		object.Move(fyne.NewPos(x, y))
		object.Resize(fyne.NewSize(max(width, 0), max(height, 0)))
	}
	left, bottom := float32(words+look.GapMedium), size.Height-lineHeight
	place(g.raster, left, look.Gap, size.Width-left, bottom-2*look.Gap)
	place(g.most, 0, 0, words, lineHeight)
	place(g.zero, 0, bottom-lineHeight-look.Gap, words, lineHeight)
	place(g.start, left, bottom-look.Gap, (size.Width-left)/2, lineHeight)
	place(g.end, left+(size.Width-left)/2, bottom-look.Gap, (size.Width-left)/2, lineHeight)
}

func (r *graphRenderer) MinSize() fyne.Size { return fyne.NewSize(kit.LeastNameWidth, 72) }

func (r *graphRenderer) Refresh() {
	for _, object := range r.Objects() {
		object.Refresh()
	}
}

func (r *graphRenderer) Objects() []fyne.CanvasObject {
	g := r.graph
	return []fyne.CanvasObject{g.raster, g.most, g.zero, g.start, g.end}
}

func (r *graphRenderer) Destroy() {}
