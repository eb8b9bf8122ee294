//go:build !darwin || cgo

// Package look is the theme of the window: its colours, distances and icons. It knows
// no widget.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Our own colours, beside those of Fyne.
const (
	ColorSidebar fyne.ThemeColorName = "cp2pSidebar" // ground of the sidebar and the status line
	ColorCaption fyne.ThemeColorName = "cp2pCaption" // second lines and other quiet text
	ColorTrack   fyne.ThemeColorName = "cp2pTrack"   // the empty part of a bar
	ColorTip     fyne.ThemeColorName = "cp2pTip"     // ground of a tooltip
	ColorTipText fyne.ThemeColorName = "cp2pTipText"
	ColorBanner  fyne.ThemeColorName = "cp2pBanner" // ground of a warning across the page
)

// Distances, on a grid of 4 px.
const (
	Gap       float32 = 4
	GapMedium float32 = 8
	GapLarge  float32 = 16
	GapHuge   float32 = 24
)

// Choice is the choice between light and dark.
type Choice string

// The looks. System follows the desktop.
const (
	System Choice = "system"
	Light  Choice = "light"
	Dark   Choice = "dark"
)

// palette holds the colours of one look. Text has a contrast of at least 4.5:1
// on every ground it appears on; a test measures it.
type palette map[fyne.ThemeColorName]color.NRGBA

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, alpha uint8) color.NRGBA {
	c := rgb(v)
	c.A = alpha
	return c
}

var lightPalette = palette{
	theme.ColorNameBackground:          rgb(0xFCFCFE),
	ColorSidebar:                       rgb(0xF0F1F7),
	theme.ColorNameForeground:          rgb(0x1C1D26),
	ColorCaption:                       rgb(0x5B5D6E),
	theme.ColorNamePlaceHolder:         rgb(0x656778),
	theme.ColorNameDisabled:            rgb(0x696B7B),
	theme.ColorNamePrimary:             rgb(0x3D4AC6),
	theme.ColorNameForegroundOnPrimary: rgb(0xFFFFFF),
	theme.ColorNameHyperlink:           rgb(0x3D4AC6),
	theme.ColorNameFocus:               rgba(0x3D4AC6, 0x38),
	theme.ColorNameSelection:           rgba(0x3D4AC6, 0x24),
	theme.ColorNameHover:               rgba(0x1C1D26, 0x0D),
	theme.ColorNamePressed:             rgba(0x1C1D26, 0x1A),
	theme.ColorNameButton:              rgb(0xE9EAF3),
	theme.ColorNameDisabledButton:      rgb(0xF2F2F6),
	theme.ColorNameInputBackground:     rgb(0xEFF0F6),
	theme.ColorNameInputBorder:         rgb(0x8B8DA0),
	theme.ColorNameSeparator:           rgb(0xE1E2EB),
	theme.ColorNameMenuBackground:      rgb(0xFFFFFF),
	theme.ColorNameOverlayBackground:   rgb(0xFFFFFF),
	theme.ColorNameHeaderBackground:    rgb(0xF6F6FB),
	theme.ColorNameScrollBar:           rgba(0x1C1D26, 0x66),
	theme.ColorNameScrollBarBackground: rgba(0x1C1D26, 0x0D),
	theme.ColorNameShadow:              rgba(0x1C1D26, 0x16),
	theme.ColorNameSuccess:             rgb(0x156638),
	theme.ColorNameForegroundOnSuccess: rgb(0xFFFFFF),
	theme.ColorNameWarning:             rgb(0x8A5300),
	theme.ColorNameForegroundOnWarning: rgb(0xFFFFFF),
	theme.ColorNameError:               rgb(0xB3261E),
	theme.ColorNameForegroundOnError:   rgb(0xFFFFFF),
	ColorTrack:                         rgba(0x1C1D26, 0x1E),
	ColorTip:                           rgb(0x2B2C38),
	ColorTipText:                       rgb(0xF4F4FA),
	ColorBanner:                        rgb(0xFFF1D9),
}

var darkPalette = palette{
	theme.ColorNameBackground:          rgb(0x17181E),
	ColorSidebar:                       rgb(0x101116),
	theme.ColorNameForeground:          rgb(0xECEDF4),
	ColorCaption:                       rgb(0xA3A5B6),
	theme.ColorNamePlaceHolder:         rgb(0x9799AB),
	theme.ColorNameDisabled:            rgb(0x9092A3),
	theme.ColorNamePrimary:             rgb(0x98A3FF),
	theme.ColorNameForegroundOnPrimary: rgb(0x12143A),
	theme.ColorNameHyperlink:           rgb(0x98A3FF),
	theme.ColorNameFocus:               rgba(0x98A3FF, 0x48),
	theme.ColorNameSelection:           rgba(0x98A3FF, 0x30),
	theme.ColorNameHover:               rgba(0xFFFFFF, 0x0F),
	theme.ColorNamePressed:             rgba(0xFFFFFF, 0x1F),
	theme.ColorNameButton:              rgb(0x2A2B35),
	theme.ColorNameDisabledButton:      rgb(0x202129),
	theme.ColorNameInputBackground:     rgb(0x24252F),
	theme.ColorNameInputBorder:         rgb(0x6E7082),
	theme.ColorNameSeparator:           rgb(0x2A2B35),
	theme.ColorNameMenuBackground:      rgb(0x23242D),
	theme.ColorNameOverlayBackground:   rgb(0x1E1F27),
	theme.ColorNameHeaderBackground:    rgb(0x1B1C23),
	theme.ColorNameScrollBar:           rgba(0xFFFFFF, 0x66),
	theme.ColorNameScrollBarBackground: rgba(0xFFFFFF, 0x0D),
	theme.ColorNameShadow:              rgba(0x000000, 0x60),
	theme.ColorNameSuccess:             rgb(0x63CE8D),
	theme.ColorNameForegroundOnSuccess: rgb(0x06250F),
	theme.ColorNameWarning:             rgb(0xF1B650),
	theme.ColorNameForegroundOnWarning: rgb(0x2B1C00),
	theme.ColorNameError:               rgb(0xFF8F86),
	theme.ColorNameForegroundOnError:   rgb(0x3A0604),
	ColorTrack:                         rgba(0xFFFFFF, 0x24),
	ColorTip:                           rgb(0xECEDF4),
	ColorTipText:                       rgb(0x1C1D26),
	ColorBanner:                        rgb(0x372A12),
}

// windowTheme is the theme of the window: our colours, sizes and icons, and Fyne's
// fonts.
type windowTheme struct {
	fyne.Theme
	choice Choice
}

// NewTheme returns the theme of the window in a look.
func NewTheme(choice Choice) fyne.Theme {
	return windowTheme{Theme: theme.DefaultTheme(), choice: choice}
}

func (l windowTheme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch l.choice {
	case Light:
		variant = theme.VariantLight
	case Dark:
		variant = theme.VariantDark
	}
	colors := lightPalette
	if variant == theme.VariantDark {
		colors = darkPalette
	}
	if c, ok := colors[name]; ok {
		return c
	}
	return l.Theme.Color(name, variant)
}

func (l windowTheme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 13
	case theme.SizeNameCaptionText:
		return 12
	case theme.SizeNameSubHeadingText:
		return 16
	case theme.SizeNameHeadingText:
		return 20
	case theme.SizeNameInlineIcon:
		return 18
	case theme.SizeNamePadding:
		return Gap
	case theme.SizeNameInnerPadding:
		return GapMedium
	case theme.SizeNameInputRadius, theme.SizeNameButtonRadius, theme.SizeNameSelectionRadius:
		return 6
	case theme.SizeNameDialogRadius, theme.SizeNamePopupRadius:
		return 12
	case theme.SizeNameMenuRadius:
		return 6
	case theme.SizeNameModalBlurRadius:
		return 0
	}
	return l.Theme.Size(name)
}

// Color returns a colour of the theme in use.
func Color(name fyne.ThemeColorName) color.Color {
	settings := fyne.CurrentApp().Settings()
	return settings.Theme().Color(name, settings.ThemeVariant())
}

// Size returns a size of the theme in use.
func Size(name fyne.ThemeSizeName) float32 {
	return fyne.CurrentApp().Settings().Theme().Size(name)
}
