//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
)

// fonts has Fyne draw texts in a chosen language with fonts that suit it. Fyne brings
// fonts for most scripts, and takes a font of the system for the others. Of those, it
// looks for a bold one only in the language of the system: on a system in English, all
// Chinese was thin.
type fonts struct {
	app     fyne.App
	prefs   prefs
	toUI    func(func())
	setting bool // the look is being set here
}

// fontLocales are the locales of languages that Fyne brings no fonts for.
var fontLocales = map[string]string{"zh-Hans": "zh_CN"}

// fontStyles are the styles that texts have.
var fontStyles = []fyne.TextStyle{{}, {Bold: true}, {Italic: true}, {Bold: true, Italic: true}, {Monospace: true}, {Monospace: true, Bold: true}}

// show shows everything in the chosen look, with fonts for the chosen language.
func (f *fonts) show() error {
	f.setting = true
	defer func() { f.setting = false }()
	set := func() { f.app.Settings().SetTheme(look.NewTheme(f.prefs.look())) }
	locale, needed := fontLocales[f.prefs.language()]
	if !needed {
		set()
		return nil
	}
	return asInLanguage(locale, func() error {
		set()
		for _, style := range fontStyles { // Fyne keeps the fonts that it finds meanwhile
			fyne.MeasureText("M", theme.TextSize(), style)
		}
		return nil
	})
}

// follow finds the fonts again when settings of the desktop change: Fyne then forgets
// them.
func (f *fonts) follow(fail func(error)) {
	f.app.Settings().AddListener(func(fyne.Settings) {
		if _, needed := fontLocales[f.prefs.language()]; !needed || f.setting {
			return
		}
		f.toUI(func() {
			if err := f.show(); err != nil {
				fail(err)
			}
		})
	})
}
