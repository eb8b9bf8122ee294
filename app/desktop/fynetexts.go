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
// in a language. Fyne follows the system and offers no choice. But on Unix the
// system's language comes from the environment, and Fyne looks there whenever it
// gets texts: so it gets none, in an environment of the other language. On
// Windows and macOS its own words stay in the language of the system.
func translateFyne(tag string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	var restored []func() error
	for _, name := range localeVariables {
		if before, was := os.LookupEnv(name); was {
			restored = append(restored, func() error { return os.Setenv(name, before) })
		} else {
			restored = append(restored, func() error { return os.Unsetenv(name) })
		}
	}
	err := errors.Join(os.Setenv("LC_ALL", strings.ReplaceAll(tag, "-", "_")+".UTF-8"), os.Unsetenv("LANGUAGE"))
	if err == nil {
		err = lang.AddTranslationsForLocale([]byte("{}"), "en")
	}
	for _, restore := range restored {
		err = errors.Join(err, restore())
	}
	return err
}
