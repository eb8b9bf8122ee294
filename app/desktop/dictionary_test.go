//go:build !darwin || cgo

package desktop

import (
	"bytes"
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"
	"golang.org/x/text/language"
)

func TestNumbersInNamesAreInTheirOrder(t *testing.T) {
	test.NewTempApp(t)
	want := []string{"file 0", "file 1", "file 02", "file 9", "file 10", "file 10.5", "file 100", "file one", "file99999999999999999999999"}
	var things []thing
	for _, name := range want {
		things = append(things, thing{name: name})
	}
	slices.Reverse(things)
	var got []string
	for _, o := range (ordering[thing]{columns: thingColumns()}).sort(things).rows() {
		got = append(got, o.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the order is %q", got)
	}
}

// inLanguage writes and sorts like a language while a test runs.
func inLanguage(t testing.TB, tag language.Tag) {
	before := inUse.Load()
	writeLike(tag)
	t.Cleanup(func() { inUse.Store(before) })
}

func FuzzAPlainNameHasTheKeyThatTheCollatorGivesIt(f *testing.F) {
	for _, name := range []string{"", "file 10.bin", "README", "a b", "\x00", "~!@#$%^&*()_+-='`{}[]|\\:;<>,.?/", "ch ll ij"} {
		f.Add(name)
	}
	for _, tag := range []string{"en", "de", "es", "fr", "pt-BR", "zh-Hans"} {
		inLanguage(f, language.Make(tag))
		d := newDictionary()
		for letter := range d.letters {
			if len(d.letters[letter].weight) == 0 && letter >= ' ' && letter < 0x7f {
				f.Errorf("%s: %q has no weight", tag, rune(letter))
			}
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		for i := range len(name) {
			if name[i] >= 0x80 {
				return
			}
		}
		for _, tag := range []language.Tag{language.English, language.German, language.Spanish, language.French, language.BrazilianPortuguese, language.SimplifiedChinese} {
			writeLike(tag)
			d := newDictionary()
			if fast, whole := d.plainKey(name), d.collator.KeyFromString(&d.buffer, name); !bytes.Equal(fast, whole) {
				t.Fatalf("%v: %q has the key %x, not %x", tag, name, fast, whole)
			}
		}
	})
}

func BenchmarkSort100000(b *testing.B) {
	inLanguage(b, language.English)
	things := manyThings(100_000)
	for range b.N {
		(ordering[thing]{columns: thingColumns()}).sort(things)
	}
}
