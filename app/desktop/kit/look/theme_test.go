//go:build !darwin || cgo

package look

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// luminance and contrast are those of WCAG 2.1 §1.4.3.
func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// over returns a colour, which may be transparent, on top of another.
func over(top, ground color.NRGBA) color.NRGBA {
	mix := func(t, g uint8) uint8 {
		a := float64(top.A) / 255
		return uint8(math.Round(float64(t)*a + float64(g)*(1-a)))
	}
	return color.NRGBA{R: mix(top.R, ground.R), G: mix(top.G, ground.G), B: mix(top.B, ground.B), A: 0xff}
}

func TestTextIsReadableOnEveryGroundInBothLooks(t *testing.T) {
	const readable = 4.5
	texts := []fyne.ThemeColorName{theme.ColorNameForeground, ColorCaption, theme.ColorNamePlaceHolder, theme.ColorNameDisabled,
		theme.ColorNamePrimary, theme.ColorNameHyperlink, theme.ColorNameError, theme.ColorNameSuccess, theme.ColorNameWarning}
	grounds := []fyne.ThemeColorName{theme.ColorNameBackground, ColorSidebar, theme.ColorNameHeaderBackground,
		theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameInputBackground}
	for name, colors := range map[string]palette{"light": lightPalette, "dark": darkPalette} {
		for _, ground := range grounds {
			for _, text := range texts {
				if got := contrast(colors[text], colors[ground]); got < readable {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, ground, got)
				}
			}
		}
		for _, marked := range []fyne.ThemeColorName{theme.ColorNameSelection, theme.ColorNameHover} {
			// Rows are on the page, on the plate of the details, and in the
			// sidebar.
			for _, below := range []fyne.ThemeColorName{theme.ColorNameBackground, theme.ColorNameHeaderBackground, ColorSidebar} {
				ground := over(colors[marked], colors[below])
				for _, text := range []fyne.ThemeColorName{theme.ColorNameForeground, ColorCaption, theme.ColorNamePrimary,
					theme.ColorNameError, theme.ColorNameSuccess, theme.ColorNameWarning} {
					if got := contrast(colors[text], ground); got < readable {
						t.Errorf("%s: %s on a row with %s on %s has a contrast of %.2f", name, text, marked, below, got)
					}
				}
			}
		}
		for text, ground := range map[fyne.ThemeColorName]fyne.ThemeColorName{
			theme.ColorNameForegroundOnPrimary: theme.ColorNamePrimary, theme.ColorNameForegroundOnError: theme.ColorNameError,
			theme.ColorNameForegroundOnSuccess: theme.ColorNameSuccess, theme.ColorNameForegroundOnWarning: theme.ColorNameWarning,
			ColorTipText: ColorTip, theme.ColorNameForeground: ColorBanner, theme.ColorNameWarning: ColorBanner,
			theme.ColorNameDisabled: theme.ColorNameDisabledButton, theme.ColorNameSuccess: theme.ColorNameButton,
			theme.ColorNameError: theme.ColorNameButton,
		} {
			if got := contrast(colors[text], colors[ground]); got < readable {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, ground, got)
			}
		}
		// What is drawn beside text: bars, graph and map.
		for _, drawn := range []fyne.ThemeColorName{theme.ColorNamePrimary, theme.ColorNameWarning} {
			for _, ground := range []fyne.ThemeColorName{theme.ColorNameBackground, theme.ColorNameHeaderBackground} {
				if got := contrast(colors[drawn], over(colors[ColorTrack], colors[ground])); got < 3 {
					t.Errorf("%s: %s beside the empty part of a bar has a contrast of %.2f", name, drawn, got)
				}
			}
		}
		if got := contrast(colors[theme.ColorNameInputBorder], colors[theme.ColorNameBackground]); got < 3 {
			t.Errorf("%s: the border of a field has a contrast of %.2f, 3 is the least for its outline", name, got)
		}
	}
}

func TestBothLooksHaveTheSameColours(t *testing.T) {
	for name := range lightPalette {
		if _, ok := darkPalette[name]; !ok {
			t.Errorf("the dark look has no %s", name)
		}
	}
	if len(lightPalette) != len(darkPalette) {
		t.Errorf("light has %d colours, dark %d", len(lightPalette), len(darkPalette))
	}
}

func TestTheLookFollowsTheDesktopUnlessOneIsChosen(t *testing.T) {
	test.NewTempApp(t)
	for choice, want := range map[Choice]palette{System: darkPalette, Dark: darkPalette, Light: lightPalette} {
		if got := NewTheme(choice).Color(ColorSidebar, theme.VariantDark); got != want[ColorSidebar] {
			t.Errorf("on a dark desktop the look %s has the sidebar %v", choice, got)
		}
	}
}

func TestWhatIsHoveredPressedOrFocusedStaysReadableInBothLooks(t *testing.T) {
	const readable, seen = 4.5, 3 // WCAG 2.1, 1.4.3 and 1.4.11
	for name, colors := range map[string]palette{"light": lightPalette, "dark": darkPalette} {
		for _, done := range []fyne.ThemeColorName{theme.ColorNameHover, theme.ColorNamePressed, theme.ColorNameFocus, theme.ColorNameSelection} {
			for text, grounds := range map[fyne.ThemeColorName][]fyne.ThemeColorName{
				theme.ColorNameForeground: {theme.ColorNameBackground, ColorSidebar, theme.ColorNameHeaderBackground, theme.ColorNameButton,
					theme.ColorNameInputBackground, theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground, ColorBanner},
				theme.ColorNameForegroundOnPrimary: {theme.ColorNamePrimary},
				theme.ColorNameForegroundOnError:   {theme.ColorNameError},
				theme.ColorNameForegroundOnWarning: {theme.ColorNameWarning},
				// The count on a chip, and the second line of a row.
				ColorCaption: {theme.ColorNameBackground, ColorSidebar, theme.ColorNameHeaderBackground, theme.ColorNameOverlayBackground},
			} {
				if text == ColorCaption && done == theme.ColorNameFocus {
					continue // the ground of Fyne's buttons, which have no captions
				}
				for _, ground := range grounds {
					if got := contrast(colors[text], over(colors[done], colors[ground])); got < readable {
						t.Errorf("%s: %s on %s with %s has a contrast of %.2f", name, text, ground, done, got)
					}
				}
			}
		}
		for _, ground := range []fyne.ThemeColorName{theme.ColorNameBackground, ColorSidebar, theme.ColorNameHeaderBackground,
			theme.ColorNameOverlayBackground, theme.ColorNameInputBackground} {
			if got := contrast(colors[theme.ColorNamePrimary], colors[ground]); got < seen {
				t.Errorf("%s: the frame of what has the keys has a contrast of %.2f on %s", name, got, ground)
			}
		}
	}
}
