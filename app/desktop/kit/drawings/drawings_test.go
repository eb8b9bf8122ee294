//go:build !darwin || cgo

package drawings

import (
	"image"
	"image/color"
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
)

// forms counts the pixels of a picture by their colour.
func forms(picture image.Image) map[color.NRGBA]int {
	counts := map[color.NRGBA]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[nrgba(picture.At(x, y))]++
		}
	}
	return counts
}

func inLook(t testing.TB, choice look.Choice) {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(look.NewTheme(choice))
}

func TestStatesOfPiecesDifferInFormNotInColourAlone(t *testing.T) {
	inLook(t, look.Light)
	ink, empty := nrgba(look.Color(theme.ColorNamePrimary)), nrgba(look.Color(look.ColorTrack))
	filled := map[PieceState]int{}
	for _, one := range cellStates {
		counts := forms(drawCells([]PieceState{one.state}, 12, 12))
		filled[one.state] = counts[empty]
		if one.state == PieceVerified && counts[ink] != 11*11 {
			t.Errorf("a piece that is here has %d pixels of ink", counts[ink])
		}
	}
	if len(map[int]bool{filled[PieceVerified]: true, filled[PiecePartly]: true, filled[PieceInFlight]: true, filled[PieceMissing]: true}) != 4 {
		t.Errorf("states without colour look alike: %v", filled)
	}
}

// maxPieces is more than the cells of any map.
const maxPieces = 512

func TestAllPiecesFitIntoTheMap(t *testing.T) {
	for count := 1; count <= maxPieces; count += 7 {
		for _, size := range []image.Point{{320, 48}, {100, 30}, {640, 96}, {40, 40}} {
			side, columns := cellGrid(count, size.X, size.Y)
			rows := (count + columns - 1) / columns
			if side < 1 || columns*side > size.X || rows*side > size.Y {
				t.Errorf("%d pieces in %v: %d columns of %d pixels", count, size, columns, side)
			}
		}
	}
	if picture := drawCells(make([]PieceState, maxPieces), 0, 0); !picture.Bounds().Empty() {
		t.Error("something was drawn on nothing")
	}
}

func TestTheGraphIsAsHighAsTheSpeed(t *testing.T) {
	inLook(t, look.Dark)
	g := NewSpeedGraph(2)
	for _, step := range []struct {
		speeds []int64
		most   string
		ink    bool
	}{{nil, "", false}, {[]int64{0, 0}, "1.0 kB/s", true}, {[]int64{1, 900_000}, "1.0 MB/s", true}, {make([]int64, 1000), "1.0 kB/s", true}} {
		g.Set(step.speeds)
		if g.most.Text != step.most {
			t.Errorf("%d speeds have the scale %q, not %q", len(step.speeds), g.most.Text, step.most)
		}
		if drawn := forms(g.draw(200, 60))[nrgba(look.Color(theme.ColorNamePrimary))] > 0; drawn != step.ink {
			t.Errorf("%d speeds are drawn: %v", len(step.speeds), drawn)
		}
	}
	g.Set([]int64{1_000_000, 1_000_000})
	width := g.stepsIn(1)
	picture := g.draw(width, 100)
	if nrgba(picture.At(width-1, 0)) != nrgba(look.Color(theme.ColorNamePrimary)) {
		t.Error("the highest speed is not at the top, or the newest not at the right")
	}
	if g.start.Text != "1 minute ago" {
		t.Errorf("two speeds are drawn over %q", g.start.Text)
	}
	if nrgba(picture.At(10, 50)) == nrgba(look.Color(theme.ColorNamePrimary)) {
		t.Error("before the first value there is a line")
	}
}

func TestTheScaleOfAGraphIsShort(t *testing.T) {
	for most, want := range map[int64]int64{0: 1000, 999: 1000, 1001: 2000, 4_300_000: 5_000_000, 5_000_001: 10_000_000, 99_999_999: 100_000_000} {
		if got := roundScale(most); got != want {
			t.Errorf("the scale of %d is %d, not %d", most, got, want)
		}
	}
}
