//go:build !darwin || cgo

package desktop

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"centralizedp2p/assets"
)

// Fyne shows texts in the language of the system and has no way to choose
// another. Where the system says its language in the environment, Fyne is told
// another one while it loads the texts, and its own words, as those of the file
// picker, follow. Elsewhere the texts of the chosen language are loaded as those
// of the system's, and Fyne's own words stay as they are.

// localeVariables are where go-locale, which Fyne asks, looks on Unix.
var localeVariables = []string{"LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"}

// languages are those that there are texts in, as BCP 47 tags, English first.
func languages() []string {
	entries, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		return nil // loadTexts says so
	}
	tags := []string{"en"}
	for _, entry := range entries {
		tag := strings.ReplaceAll(strings.TrimSuffix(entry.Name(), ".json"), "_", "-")
		if tag != "en" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// languageName is what a language calls itself, as in a list of languages.
func languageName(tag string) string {
	of := language.Make(tag)
	base, _, region := of.Raw()
	name := display.Self.Name(of)
	if of == language.Make(base.String()+"-"+region.String()) { // not of the script alone
		name = display.Self.Name(language.Make(base.String())) + " (" + display.Regions(of).Name(region) + ")"
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToTitle(first)) + name[size:]
}

// loadTexts makes the texts known to Fyne in that language; "" and one that
// there are no texts in is the language of the system.
func loadTexts(tag string) error {
	if !slices.Contains(languages(), tag) {
		tag = ""
	}
	load := textsByEnvironment
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		load = textsAsThoseOfTheSystem
	}
	if err := load(tag); err != nil {
		return fmt.Errorf("the texts of the window cannot be read: %w", err)
	}
	if tag == "" {
		tag = string(lang.SystemLocale())
	}
	writeLike(language.Make(tag))
	return nil
}

func textsByEnvironment(tag string) error {
	if tag == "" { // Fyne alone would take any language that it has words of its own in
		tag = closest(lang.SystemLocale())
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
		err = lang.AddTranslationsFS(assets.Translations, assets.TranslationsDir)
	}
	for _, restore := range restored {
		err = errors.Join(err, restore())
	}
	return err
}

func textsAsThoseOfTheSystem(tag string) error {
	if err := lang.AddTranslationsFS(assets.Translations, assets.TranslationsDir); err != nil {
		return err
	}
	system := lang.SystemLocale()
	if tag == "" {
		tag = closest(system)
	}
	data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/" + strings.ReplaceAll(tag, "-", "_") + ".json")
	if err != nil {
		return err
	}
	return lang.AddTranslationsForLocale(data, system)
}

// closest is the one of our languages that somebody with that locale reads best.
func closest(locale fyne.Locale) string {
	tags := languages()
	var known []language.Tag
	for _, tag := range tags {
		known = append(known, language.Make(tag))
	}
	_, i, _ := language.NewMatcher(known).Match(language.Make(locale.String()))
	return tags[i]
}
