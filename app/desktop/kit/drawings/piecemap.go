//go:build !darwin || cgo

// Package drawings holds what is painted pixel by pixel: the map of pieces, the graph of
// speeds, and the pictures of people.
package drawings

import (
	"image"
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// PieceState is how much of a cell of a PieceMap is here.
type PieceState int

// The states of a cell.
const (
	PieceMissing  PieceState = iota
	PieceInFlight            // requested
	PiecePartly
	PieceVerified
)

// cellStates are the states of a cell, in the order of the legend. Their shapes
// differ as well as their colours: full, half, ring, empty.
var cellStates = []struct {
	state PieceState
	name  words.Phrase
}{
	{PieceVerified, "here"},
	{PiecePartly, "partly here"},
	{PieceInFlight, "requested"},
	{PieceMissing, "missing"},
}

// PieceMap draws which parts of a content are here, above a legend with the
// share of each state.
type PieceMap struct {
	widget.BaseWidget
	cells  []PieceState
	raster *canvas.Raster
	legend []*kit.Line
	box    *fyne.Container
}

// NewPieceMap makes an empty map.
func NewPieceMap() *PieceMap {
	m := &PieceMap{}
	m.raster = canvas.NewRaster(func(width, height int) image.Image { return drawCells(m.cells, width, height) })
	keys := container.New(layout.NewGridLayoutWithColumns(2))
	for _, one := range cellStates {
		sample := canvas.NewRaster(func(width, height int) image.Image {
			return drawCells([]PieceState{one.state}, width, height)
		})
		sample.SetMinSize(fyne.NewSquareSize(12))
		text := kit.NewCaption()
		m.legend = append(m.legend, text)
		keys.Add(container.NewBorder(nil, nil, container.NewCenter(sample), nil, text))
	}
	m.box = container.NewBorder(nil, keys, nil, nil, kit.Inset(0, look.Gap, m.raster))
	m.ExtendBaseWidget(m)
	m.count()
	return m
}

// Set draws other cells.
func (m *PieceMap) Set(cells []PieceState) {
	if slices.Equal(m.cells, cells) {
		return
	}
	m.cells = slices.Clone(cells)
	m.count()
	m.raster.Refresh()
}

// count writes the legend.
func (m *PieceMap) count() {
	for i, one := range cellStates {
		n := 0
		for _, c := range m.cells {
			if c == one.state {
				n++
			}
		}
		text := one.name.String()
		if len(m.cells) > 0 {
			text += " " + words.Percent(int64(n), int64(len(m.cells)))
		}
		m.legend[i].SetText(text)
	}
}

// CreateRenderer implements fyne.Widget.
func (m *PieceMap) CreateRenderer() fyne.WidgetRenderer {
	m.ExtendBaseWidget(m)
	return kit.Rendered(m, m.box)
}

// Refresh redraws the map and the legend, for another theme.
func (m *PieceMap) Refresh() { m.box.Refresh() }

// cellGrid returns the side of a cell, in pixels, and the number of columns
// with which the largest count cells fit into a picture.
func cellGrid(count, width, height int) (side, columns int) {
	for side = min(width, height); side > 1; side-- {
		if columns = width / side; columns*(height/side) >= count {
			return side, columns
		}
	}
	return 1, max(width, 1)
}

// drawCells paints a picture of width by height pixels, line by line.
func drawCells(cells []PieceState, width, height int) image.Image {
	const largest = 16 // so that a few cells do not fill the whole picture
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	if len(cells) == 0 || width < 1 || height < 1 {
		return picture
	}
	side, columns := cellGrid(len(cells), width, height)
	if side > largest && len(cells) > 1 {
		side, columns = largest, width/largest
	}
	ink, empty := nrgba(look.Color(theme.ColorNamePrimary)), nrgba(look.Color(look.ColorTrack))
	ring := nrgba(look.Color(theme.ColorNameWarning))
	for i, c := range cells {
		at := image.Pt(i%columns*side, i/columns*side)
		drawCell(picture, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, c, ink, empty, ring)
	}
	return picture
}

// drawCell paints the shape of one cell, with a gap around it if there is room.
func drawCell(picture *image.NRGBA, in image.Rectangle, state PieceState, ink, empty, ring color.NRGBA) {
	if in.Dx() > 3 {
		in.Max = in.Max.Sub(image.Pt(1, 1))
	}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			shade := empty
			switch state {
			case PieceVerified:
				shade = ink
			case PiecePartly:
				if y >= in.Min.Y+in.Dy()/2 {
					shade = ink
				}
			case PieceInFlight:
				if x == in.Min.X || y == in.Min.Y || x == in.Max.X-1 || y == in.Max.Y-1 {
					shade = ring
				}
			}
			picture.SetNRGBA(x, y, shade)
		}
	}
}
