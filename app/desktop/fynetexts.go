//go:build !darwin || cgo

package desktop

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"fyne.io/fyne/v2/lang"

	"centralizedp2p/app/desktop/words"
)

// loadTexts shows the texts of the window in a language from now on; "" stands
// for that of the system.
func loadTexts(tag string) error {
	chosen, err := words.Load(tag, string(lang.SystemLocale()))
	if err != nil {
		return err
	}
	return translateFyne(chosen)
}

// localeVariables are where go-locale, which Fyne asks, looks on Unix.
var localeVariables = []string{"LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"}

// translateFyne has Fyne show its own words, such as those of the file picker,
// in a language. Fyne follows the system and offers no choice. But it looks up the
// language of the system whenever it gets texts: so it gets none, as in the other
// language.
func translateFyne(tag string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil // its own words stay in the language of the system
	}
	return asInLanguage(strings.ReplaceAll(tag, "-", "_"), func() error { return lang.AddTranslationsForLocale([]byte("{}"), "en") })
}

// asInLanguage does something as on a system in another language. On Unix, that comes
// from the environment, and Fyne looks there whenever it needs it. On Windows and macOS
// everything is done as the system is.
func asInLanguage(locale string, do func() error) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return do()
	}
	var restored []func() error
	for _, name := range localeVariables {
		if before, was := os.LookupEnv(name); was {
			restored = append(restored, func() error { return os.Setenv(name, before) })
		} else {
			restored = append(restored, func() error { return os.Unsetenv(name) })
		}
	}
	err := errors.Join(os.Setenv("LC_ALL", locale+".UTF-8"), os.Unsetenv("LANGUAGE"))
	if err == nil {
		err = do()
	}
	for _, restore := range restored {
		err = errors.Join(err, restore())
	}
	return err
}
