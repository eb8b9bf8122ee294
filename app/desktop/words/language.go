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

// String returns the text in the language in use.
func (p Phrase) String() string { return L(string(p)) }

// Values fill the placeholders of a text, such as {{.Name}}, by their names.
type Values map[string]any

// L returns a text in the language in use. A text without a translation is
// returned as it is, and one with plural forms in that of many.
func L(text string, in ...Values) string {
	return translate(&i18n.LocalizeConfig{DefaultMessage: &i18n.Message{ID: text, Other: text}}, in)
}

// N is L for a text with plural forms. count decides between them; it fills no
// placeholder.
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

// locale decides how texts and numbers are written and names are sorted.
type locale struct {
	texts    *i18n.Localizer
	language string       // of the texts
	tag      language.Tag // for numbers and names; there may be no texts in it
	printer  *printing.Printer
}

var inUse atomic.Pointer[locale]

// current returns the locale in use. It is English until Load is called.
func current() *locale {
	if l := inUse.Load(); l != nil {
		return l
	}
	return english()
}

var english = sync.OnceValue(func() *locale {
	bundle, err := texts("en")
	if err != nil {
		bundle = i18n.NewBundle(language.English) // which shows every text as it stands in the source
	}
	return newLocale(bundle, "en", "en")
})

func newLocale(bundle *i18n.Bundle, texts, numbers string) *locale {
	tag := language.Make(numbers)
	return &locale{texts: i18n.NewLocalizer(bundle, texts), language: texts, tag: tag, printer: printing.NewPrinter(tag)}
}

// texts loads the texts of a language, and the English ones for what has none.
func texts(tag string) (*i18n.Bundle, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range slices.Compact([]string{"en", strings.ReplaceAll(tag, "-", "_")}) {
		if _, err := bundle.LoadMessageFileFS(assets.Translations, assets.TranslationsDir+"/"+name+".json"); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

// Load changes the language and returns the tag of the one that texts are in
// from now on. tag is one of Languages. Any other, such as "", stands for the
// language of the system: texts then appear in the closest of ours. It fails if
// the texts are damaged.
func Load(tag, system string) (string, error) {
	numbers := tag
	if !slices.Contains(Languages(), tag) {
		tag, numbers = closest(system), system
	}
	bundle, err := texts(tag)
	if err != nil {
		return "", fmt.Errorf("read the texts of the window: %w", err)
	}
	inUse.Store(newLocale(bundle, tag, numbers))
	return tag, nil
}

// Languages returns the languages that there are texts in, as BCP 47 tags,
// English first.
func Languages() []string {
	entries, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		return nil // then Load fails
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

// LanguageName returns what a language calls itself, as in a list to choose
// from.
func LanguageName(tag string) string {
	of := language.Make(tag)
	base, _, region := of.Raw()
	name := display.Self.Name(of)
	if of == language.Make(base.String()+"-"+region.String()) { // not a script alone
		name = display.Self.Name(language.Make(base.String())) + " (" + display.Regions(of).Name(region) + ")"
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToTitle(first)) + name[size:]
}

// closest returns the one of our languages that suits a locale best.
func closest(locale string) string {
	tags := Languages()
	var known []language.Tag
	for _, tag := range tags {
		known = append(known, language.Make(tag))
	}
	_, i, _ := language.NewMatcher(known).Match(language.Make(locale))
	return tags[i]
}
