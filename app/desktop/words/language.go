package words

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	printing "golang.org/x/text/message"

	"centralizedp2p/assets"
)

// Phrase is an English text that is shown in the person's language.
type Phrase string

func (p Phrase) String() string { return L(string(p)) }

// Values fill the places of a text, such as {{.Name}}, by their names.
type Values map[string]any

// L returns a text in the language in use. The text is its own English; one
// without a translation stays as it is.
func L(text string, in ...Values) string {
	return translate(&i18n.LocalizeConfig{DefaultMessage: &i18n.Message{ID: text, Other: text}}, in)
}

// N is L for a text with a number in it, which decides between its plural forms.
func N(text string, count int, in ...Values) string {
	return translate(&i18n.LocalizeConfig{DefaultMessage: &i18n.Message{ID: text, Other: text}, PluralCount: count}, in)
}

func translate(wanted *i18n.LocalizeConfig, in []Values) string {
	if len(in) > 0 {
		wanted.TemplateData = in[0]
	}
	text, err := current().texts.Localize(wanted)
	if err != nil && text == "" {
		return wanted.DefaultMessage.ID
	}
	return text
}

// locale is how texts, numbers and the order of names follow a language.
type locale struct {
	texts   *i18n.Localizer
	tag     language.Tag // of numbers and names; it may be one without texts
	printer *printing.Printer
}

var inUse atomic.Pointer[locale]

// current returns the locale in use, which is English before load.
func current() *locale {
	if l := inUse.Load(); l != nil {
		return l
	}
	return english()
}

var english = sync.OnceValue(func() *locale {
	bundle, err := texts()
	if err != nil {
		bundle = i18n.NewBundle(language.English) // texts are their own English
	}
	return newLocale(bundle, "en", "en")
})

func newLocale(bundle *i18n.Bundle, texts, numbers string) *locale {
	tag := language.Make(numbers)
	return &locale{texts: i18n.NewLocalizer(bundle, texts), tag: tag, printer: printing.NewPrinter(tag)}
}

// texts holds the texts of all languages.
var texts = sync.OnceValues(func() (*i18n.Bundle, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, err := bundle.LoadMessageFileFS(assets.Translations, assets.TranslationsDir+"/"+file.Name()); err != nil {
			return nil, err
		}
	}
	return bundle, nil
})

// Load changes to a language, and returns the one that texts are in from now
// on. "", or one without texts, stands for the system's language; its texts
// then are those in the closest language. It fails if the texts are damaged.
func Load(tag, system string) (string, error) {
	bundle, err := texts()
	if err != nil {
		return "", fmt.Errorf("read the texts of the window: %w", err)
	}
	numbers := tag
	if !slices.Contains(Languages(), tag) {
		tag, numbers = closest(system), system
	}
	inUse.Store(newLocale(bundle, tag, numbers))
	return tag, nil
}

// Languages lists the languages that there are texts in, as BCP 47 tags, English
// first.
func Languages() []string {
	entries, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		return nil // load fails
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

// LanguageName returns what a language calls itself, as in a list of languages.
func LanguageName(tag string) string {
	of := language.Make(tag)
	base, _, region := of.Raw()
	name := display.Self.Name(of)
	if of == language.Make(base.String()+"-"+region.String()) { // not of the script alone
		name = display.Self.Name(language.Make(base.String())) + " (" + display.Regions(of).Name(region) + ")"
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToTitle(first)) + name[size:]
}

// closest returns the one of our languages that is best for somebody with a
// locale.
func closest(locale string) string {
	tags := Languages()
	var known []language.Tag
	for _, tag := range tags {
		known = append(known, language.Make(tag))
	}
	_, i, _ := language.NewMatcher(known).Match(language.Make(locale))
	return tags[i]
}
