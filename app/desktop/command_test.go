//go:build !darwin || cgo

package desktop

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

func TestMenusAndHelpWriteTheKeysAsTheDesktopDoes(t *testing.T) {
	for tag, want := range map[string][]string{
		"en":      {"Ctrl+Shift+O", "Ctrl+Q", "Space", "Del", "Shift+Del", "Enter", "Alt+Home", "Alt+↑", "Alt+↓", "Alt+End", "F8"},
		"de":      {"Strg+Umschalt+O", "Strg+Q", "Leertaste", "Entf", "Umschalt+Entf", "Eingabe", "Alt+Pos1", "Alt+↑", "Alt+↓", "Alt+Ende", "F8"},
		"es":      {"Ctrl+Mayús+O", "Ctrl+Q", "Espacio", "Supr", "Mayús+Supr", "Intro", "Alt+Inicio", "Alt+↑", "Alt+↓", "Alt+Fin", "F8"},
		"fr":      {"Ctrl+Maj+O", "Ctrl+Q", "Espace", "Suppr", "Maj+Suppr", "Entrée", "Alt+Début", "Alt+↑", "Alt+↓", "Alt+Fin", "F8"},
		"pt-BR":   {"Ctrl+Shift+O", "Ctrl+Q", "Espaço", "Del", "Shift+Del", "Enter", "Alt+Home", "Alt+↑", "Alt+↓", "Alt+End", "F8"},
		"zh-Hans": {"Ctrl+Shift+O", "Ctrl+Q", "空格", "Del", "Shift+Del", "回车", "Alt+Home", "Alt+↑", "Alt+↓", "Alt+End", "F8"},
	} {
		t.Run(tag, func(t *testing.T) {
			app := test.NewTempApp(t)
			app.Preferences().SetString(prefLanguage, tag)
			restoreTexts(t)
			engine := newFake()
			w := newDeskOn(t, app, engine, engine, Options{}).window
			w.help.showKeys()
			places := map[string][]fyne.CanvasObject{"the help": {w.win.Canvas().Overlays().Top()}, "the menus": nil}
			for _, menu := range w.win.MainMenu().Items {
				places["the menus"] = append(places["the menus"], widget.NewMenu(menu))
			}
			if runtime.GOOS == "darwin" {
				delete(places, "the menus") // the system draws them
			}
			for place, objects := range places {
				var texts []string
				for _, object := range objects {
					walk(object, func(o fyne.CanvasObject) {
						if text, ok := o.(*canvas.Text); ok {
							texts = append(texts, text.Text)
						}
					})
				}
				for _, keys := range want {
					if !slices.Contains(texts, keys) {
						t.Errorf("%s has no %s: %s", place, keys, strings.Join(texts, " | "))
					}
				}
			}
		})
	}
}

func TestFyneFindsTheShortcutsOfMenusWhateverTheirKeysAreCalled(t *testing.T) {
	for _, c := range []struct {
		of   command
		want fyne.Shortcut
	}{
		{command{key: fyne.KeyV, held: ctrl, shortcut: &fyne.ShortcutPaste{}}, &fyne.ShortcutPaste{}},
		{command{key: fyne.KeyHome, held: fyne.KeyModifierAlt}, &desktop.CustomShortcut{KeyName: fyne.KeyHome, Modifier: fyne.KeyModifierAlt}},
	} {
		if got := c.of.item().Shortcut.ShortcutName(); got != c.want.ShortcutName() {
			t.Errorf("the shortcut %s of %s is not %s", got, c.of.keys(), c.want.ShortcutName())
		}
	}
}
