//go:build !darwin || cgo

package desktop

import (
	"image/color"
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
	app.Settings().SetTheme(newLook(LookLight))
	for _, name := range iconNames(t) {
		if _, err := outlined(name); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		picture := canvas.NewImageFromResource(tinted(icon(name), theme.ColorNameError))
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

func TestTheDrawingsTakeThePlaceOfFynesIcons(t *testing.T) {
	known := iconNames(t)
	for at, name := range themeIcons {
		if _, err := outlined(name); err != nil {
			t.Errorf("%s shows %s, which is none of %v", at, name, known)
		}
	}
	if got := newLook(LookDark).Icon(theme.IconNameColorPalette); got == nil {
		t.Error("icons without a drawing of ours are gone")
	}
}

func TestAPathThatCannotBeDrawnIsAnError(t *testing.T) {
	for _, data := range []string{"L 1 1", "M 1", "M 1 1 Q 2 2 3 3", "M x 1", "M 1 1 l 2 2"} {
		if lines, err := readPath(data); err == nil {
			t.Errorf("%q became %v", data, lines)
		}
	}
}

func FuzzAPathIsReadOrRefused(f *testing.F) {
	for _, data := range []string{"M4 4 L8 8", "M1 1 A2 2 0 1 0 3 3 Z", "M0 0 C1 1 2 2 3 3", "M 1 1 A 0 0 0 0 0 1 1", "", "Z"} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		strokes, err := readPath(data)
		if err != nil {
			return
		}
		var shapes strings.Builder
		for _, one := range strokes {
			one.write(&shapes)
		}
		if strings.Contains(shapes.String(), "NaN") || strings.Contains(shapes.String(), "Inf") {
			t.Fatalf("%q became %q", data, shapes.String())
		}
	})
}

func TestAnIconIsSmallEnoughToBeReadOften(t *testing.T) {
	for _, name := range iconNames(t) {
		if shape, err := outlined(name); err != nil || len(shape) > 3500 {
			t.Errorf("%s has %d bytes (%v)", name, len(shape), err)
		}
	}
}
