//go:build !darwin || cgo

package look

import (
	"image/color"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/assets"
)

func iconNames(t *testing.T) []string {
	t.Helper()
	files, err := assets.Icons.ReadDir(assets.IconsDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".svg"))
	}
	return names
}

func TestEveryIconIsDrawnInTheColourOfTheTheme(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewTheme(Light))
	for _, name := range iconNames(t) {
		picture := canvas.NewImageFromResource(Tinted(Icon(name), theme.ColorNameError))
		window := test.NewTempWindow(t, picture)
		window.SetPadded(false)
		window.Resize(fyne.NewSquareSize(48))
		drawn := window.Canvas().Capture()
		inked, want := 0, lightPalette[theme.ColorNameError]
		for y := range 48 {
			for x := range 48 {
				if color.NRGBAModel.Convert(drawn.At(x, y)).(color.NRGBA) == want {
					inked++
				}
			}
		}
		if share := float64(inked) / (48 * 48); share < 0.01 || share > 0.5 {
			t.Errorf("%s: %.0f %% of the icon is in the colour", name, 100*share)
		}
	}
}

func TestOurIconsTakeThePlaceOfFynesIcons(t *testing.T) {
	known := iconNames(t)
	for at, name := range themeIcons {
		if !slices.Contains(known, name) {
			t.Errorf("%s shows %s, which is none of %v", at, name, known)
		}
	}
	if got := NewTheme(Dark).Icon(theme.IconNameColorPalette); got == nil {
		t.Error("icons that are not ours are gone")
	}
}
