package words

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"centralizedp2p/assets"
)

// translation is a text in one language: its plural forms, or "other" alone.
type translation map[string]string

// translationsOf returns the texts of a language, by their English ones.
func translationsOf(t *testing.T, tag string) map[string]translation {
	t.Helper()
	data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/" + strings.ReplaceAll(tag, "-", "_") + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%s: %v", tag, err)
	}
	texts := map[string]translation{}
	for key, value := range raw {
		forms := translation{}
		var one string
		if json.Unmarshal(value, &one) == nil {
			forms["other"] = one
		} else if err := json.Unmarshal(value, &forms); err != nil {
			t.Fatalf("%s: %q: %v", tag, key, err)
		}
		texts[key] = forms
	}
	return texts
}

// translated returns the languages other than English.
func translated() []string { return Languages()[1:] }

// useTexts shows texts in a language while a test runs.
func useTexts(t *testing.T, tag string) {
	t.Helper()
	before := inUse.Load()
	t.Cleanup(func() { inUse.Store(before) })
	if _, err := Load(tag, "en"); err != nil {
		t.Fatal(err)
	}
}

func TestTheWindowSpeaksSixLanguages(t *testing.T) {
	names := map[string]string{}
	for _, tag := range Languages() {
		names[tag] = LanguageName(tag)
	}
	want := map[string]string{"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "pt-BR": "Português (Brasil)", "zh-Hans": "简体中文"}
	if !maps.Equal(names, want) {
		t.Errorf("the languages are %v", names)
	}
}

func TestEveryLanguageHasEveryTextAndNoOther(t *testing.T) {
	english := translationsOf(t, "en")
	for _, tag := range translated() {
		texts := translationsOf(t, tag)
		for key := range english {
			if texts[key] == nil {
				t.Errorf("%s has no %q", tag, key)
			}
		}
		for key := range texts {
			if english[key] == nil {
				t.Errorf("%s has %q, which is not used", tag, key)
			}
		}
	}
}

var textPlaces = regexp.MustCompile(`{{[^}]*}}`)

func TestEveryTranslationFillsThePlacesOfTheEnglishText(t *testing.T) {
	placesOf := func(text string) []string {
		places := textPlaces.FindAllString(text, -1)
		slices.Sort(places)
		return slices.Compact(places)
	}
	for _, tag := range Languages() {
		for key, forms := range translationsOf(t, tag) {
			want := placesOf(key)
			for form, text := range forms {
				got := placesOf(text)
				if form == "one" && slices.Contains(want, "{{.Count}}") && !slices.Contains(got, "{{.Count}}") {
					got = append([]string{"{{.Count}}"}, got...) // "once"
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q has the places %q, not %q", tag, text, got, want)
				}
			}
		}
	}
}

func TestEveryPluralHasTheFormsOfItsLanguage(t *testing.T) {
	probe := []byte(`{"a probe of plurals": {"zero": "zero", "one": "one", "two": "two", "few": "few", "many": "many", "other": "other"}}`)
	english := translationsOf(t, "en")
	for _, tag := range Languages() {
		useTexts(t, tag)
		bundle, err := texts(tag)
		if err == nil {
			_, err = bundle.ParseMessageFileBytes(probe, tag+".json")
		}
		if err != nil {
			t.Fatal(err)
		}
		inUse.Store(newLocale(bundle, tag, tag))
		forms := map[string]bool{"other": true}
		for n := range 1000 {
			forms[N("a probe of plurals", n)] = true
		}
		for _, n := range []int{1_000, 100_000, 1_000_000, 2_000_000, 1_000_000_000} {
			forms[N("a probe of plurals", n)] = true
		}
		want := slices.Sorted(maps.Keys(forms))
		for key, texts := range translationsOf(t, tag) {
			if english[key]["one"] == "" {
				want, got := []string{"other"}, slices.Sorted(maps.Keys(texts))
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q has plural forms, which are never asked for", tag, key)
				}
			} else if got := slices.Sorted(maps.Keys(texts)); !slices.Equal(got, want) {
				t.Errorf("%s: %q has the forms %v, not %v", tag, key, got, want)
			}
		}
	}
}

// A number of things has plural forms, also where the English text is the same for one
// and for many.
func TestEveryCountHasPluralForms(t *testing.T) {
	never := map[string]bool{ // they are many, a fraction, or the same in every language
		"The first {{.Count}}, more below": true, "{{.Count}} copies among the sources": true, "{{.Count}} already here": true,
	}
	english := translationsOf(t, "en")
	for key, forms := range english {
		if strings.Contains(key, "{{.Count}}") && forms["one"] == "" && !never[key] {
			t.Errorf("%q has no plural forms", key)
		}
	}
	for key := range never {
		if english[key] == nil {
			t.Errorf("%q is not used", key)
		}
	}
}

// What a chip names are many, what a row says of itself is one.
func TestAStateIsSaidOfOneAndOfMany(t *testing.T) {
	for tag, want := range map[string][4]string{
		"es":    {"Finalizada", "Finalizadas", "1 finalizada", "2 finalizadas"},
		"fr":    {"Terminé", "Terminés", "1 terminé", "2 terminés"},
		"pt-BR": {"Concluído", "Concluídos", "1 concluído", "2 concluídos"},
		"de":    {"Fertig", "Fertig", "1 fertig", "2 fertig"},
	} {
		useTexts(t, tag)
		const counted = "{{.Count}} finished"
		if got := [4]string{N("Finished", 1), Phrase("Finished").String(), Some(counted, 1), Some(counted, 2)}; got != want {
			t.Errorf("%s: it reads %q, not %q", tag, got, want)
		}
	}
	if text := Some("{{.Count}} finished", 0); text != "" {
		t.Errorf("none reads %q", text)
	}
}

// In French a space stands before some marks, and no line begins with one of them.
func TestFrenchMarksStayWithTheirWords(t *testing.T) {
	torn := regexp.MustCompile(` [;:?!»]|« `)
	for key, forms := range translationsOf(t, "fr") {
		for _, text := range forms {
			if torn.MatchString(text) {
				t.Errorf("%q reads %q", key, text)
			}
		}
	}
}

// Texts that are the same in English and in another language are single words,
// or names.
func TestNoTranslationIsStillEnglish(t *testing.T) {
	for _, tag := range translated() {
		for key, forms := range translationsOf(t, tag) {
			said := strings.Fields(textPlaces.ReplaceAllString(key, ""))
			for form, text := range forms {
				if text == key && len(said) > 2 {
					t.Errorf("%s: %q is not translated", tag, key)
				}
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
					t.Errorf("%s: %q (%s) has odd spaces", tag, text, form)
				}
			}
		}
	}
}

// A sentence stays a sentence and a question a question, and "…" stays "…".
func TestEveryTranslationEndsLikeTheEnglishText(t *testing.T) {
	ends := []string{"", ".。", "?？", "…"}
	endOf := func(text string) int {
		last, _ := utf8.DecodeLastRuneInString(text)
		return max(slices.IndexFunc(ends, func(end string) bool { return strings.ContainsRune(end, last) }), 0)
	}
	for _, tag := range Languages() {
		for key, forms := range translationsOf(t, tag) {
			if utf8.RuneCountInString(key) < 4 {
				continue // a month, which some languages shorten with a full stop
			}
			for _, text := range forms {
				if endOf(text) != endOf(key) {
					t.Errorf("%s: %q does not end like %q", tag, text, key)
				}
			}
		}
	}
}

func TestNumbersSizesAndTimesAreWrittenInTheWayOfTheLanguage(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	then := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	const space = "\u00a0" // that does not break
	for tag, want := range map[string][]string{
		"en":      {"1.5 GB", "8.4 MB/s", "40 %", "2 h 5 min", "3 days", "1 file", "12,345 files", "5 Mar 2026", "9 min left"},
		"de":      {"1,5 GB", "8,4 MB/s", "40 %", "2 h 5 min", "3 Tage", "1 Datei", "12.345 Dateien", "5. März 2026", "noch 9 min"},
		"es":      {"1,5 GB", "8,4 MB/s", "40 %", "2 h 5 min", "3 días", "1 archivo", "12.345 archivos", "5 mar 2026", "quedan 9 min"},
		"fr":      {"1,5 Go", "8,4 Mo/s", "40 %", "2 h 5 min", "3 jours", "1 fichier", "12" + space + "345 fichiers", "5 mars 2026", "reste 9 min"},
		"pt-BR":   {"1,5 GB", "8,4 MB/s", "40%", "2 h 5 min", "3 dias", "1 arquivo", "12.345 arquivos", "5 mar 2026", "faltam 9 min"},
		"zh-Hans": {"1.5 GB", "8.4 MB/s", "40%", "2 小时 5 分", "3 天", "1 个文件", "12,345 个文件", "2026年3月5日", "剩余 9 分钟"},
	} {
		useTexts(t, tag)
		got := []string{Size(1_500_000_000), Rate(8_400_000), Percent(2, 5), Duration(2*3600 + 5*60), Duration(80 * 3600),
			Files(1), Files(12345), Day(then, now), Left(9 * 60)}
		for i := range want {
			if strings.ReplaceAll(got[i], space, " ") != strings.ReplaceAll(want[i], space, " ") {
				t.Errorf("%s: it reads %q, not %q", tag, got[i], want[i])
			}
		}
		if tag == "fr" && got[6] != want[6] {
			t.Errorf("the thousands may be torn apart: %q", got[6])
		}
	}
}

func TestSomebodyWhoseLanguageWeDoNotSpeakReadsOneThatIsNear(t *testing.T) {
	for locale, want := range map[string]string{
		"en-GB": "en", "de-AT": "de", "es-MX": "es", "fr-CA": "fr", "pt-BR": "pt-BR", "pt-PT": "pt-BR", "zh-CN": "zh-Hans", "zh-CN-Hans": "zh-Hans",
		"sv-SE": "en", "sr": "en", "ja-JP": "en",
	} {
		if got := closest(locale); got != want {
			t.Errorf("somebody with %s reads %s, not %s", locale, got, want)
		}
	}
}
