//go:build !darwin || cgo

package drawings

import (
	"crypto/sha256"
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/netproto"
)

// Portrait is the picture of a person, made of their key: the same key has the same
// picture everywhere, and another key looks different. It shows a grey tile until it
// has a key.
type Portrait struct {
	widget.BaseWidget
	side  float32
	key   netproto.PublicKey
	drawn *canvas.Image
}

// NewPortrait makes a picture that is side pixels wide.
func NewPortrait(side float32) *Portrait {
	p := &Portrait{side: side, drawn: canvas.NewImageFromImage(portraitOf(netproto.PublicKey{}))}
	p.drawn.FillMode = canvas.ImageFillContain
	p.ExtendBaseWidget(p)
	return p
}

// Set shows the picture of another key.
func (p *Portrait) Set(key netproto.PublicKey) {
	if p.key == key {
		return
	}
	p.key = key
	p.drawn.Image = portraitOf(key)
	p.drawn.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (p *Portrait) MinSize() fyne.Size { return fyne.NewSquareSize(p.side) }

// CreateRenderer implements fyne.Widget.
func (p *Portrait) CreateRenderer() fyne.WidgetRenderer {
	p.ExtendBaseWidget(p)
	return kit.Rendered(p, p.drawn)
}

// The picture is a tile with a pattern of cells that is the same on the left and on
// the right.
const (
	portraitCells = 5
	cellPixels    = 14
	marginPixels  = 13
	portraitSide  = portraitCells*cellPixels + 2*marginPixels
	cornerPixels  = 18
)

// portraitOf draws the picture of a key. The hues and 15 cells come from its hash.
func portraitOf(key netproto.PublicKey) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, portraitSide, portraitSide))
	tile, ink := color.NRGBA{R: 0x8A, G: 0x8C, B: 0x99, A: 0xFF}, color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF}
	var filled [portraitCells][portraitCells]bool
	if key != (netproto.PublicKey{}) {
		hash := sha256.Sum256(append([]byte("centralizedp2p portrait v1\x00"), key[:]...))
		tile = ofHue(float64(hash[0])/256, 0.55, 0.40)
		ink = ofHue(math.Mod(float64(hash[0])/256+0.25+float64(hash[1])/512, 1), 0.60, 0.86)
		for i := range portraitCells * (portraitCells + 1) / 2 {
			x, y := i%(portraitCells/2+1), i/(portraitCells/2+1)
			on := hash[2+i/8]>>(i%8)&1 == 1
			filled[y][x], filled[y][portraitCells-1-x] = on, on
		}
	}
	for y := range portraitSide {
		for x := range portraitSide {
			shade := tile
			cx, cy := (x-marginPixels)/cellPixels, (y-marginPixels)/cellPixels
			if x >= marginPixels && y >= marginPixels && cx < portraitCells && cy < portraitCells && filled[cy][cx] {
				shade = ink
			}
			shade.A = uint8(255 * insideCorner(x, y))
			picture.SetNRGBA(x, y, shade)
		}
	}
	return picture
}

// insideCorner returns how much of a pixel lies inside of the rounded tile, 0 to 1.
func insideCorner(x, y int) float64 {
	outside := func(at int) float64 {
		middle := float64(at) + 0.5
		return max(cornerPixels-middle, middle-(portraitSide-cornerPixels), 0)
	}
	return min(max(cornerPixels+0.5-math.Hypot(outside(x), outside(y)), 0), 1)
}

// ofHue returns a colour of the hue, saturation and lightness, each from 0 to 1.
func ofHue(hue, saturation, lightness float64) color.NRGBA {
	reach := saturation * min(lightness, 1-lightness)
	channel := func(n float64) uint8 {
		at := math.Mod(n+12*hue, 12)
		return uint8(math.Round(255 * (lightness - reach*max(-1, min(at-3, 9-at, 1)))))
	}
	return color.NRGBA{R: channel(0), G: channel(8), B: channel(4), A: 0xFF}
}
