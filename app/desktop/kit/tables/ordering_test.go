//go:build !darwin || cgo

package tables

import (
	"slices"
	"strconv"
	"testing"

	"golang.org/x/text/language"

	"centralizedp2p/app/desktop/words"
)

func TestNumbersInNamesAreInTheirOrder(t *testing.T) {
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

// inLanguage writes and sorts as in a language while a test runs.
func inLanguage(t testing.TB, tag language.Tag) {
	if _, err := words.Load(tag.String(), tag.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := words.Load("en", "en"); err != nil {
			t.Error(err)
		}
	})
}

// The collator sorts 10,000 names within 25 ms, so keys need no shortcut.
func BenchmarkSort(b *testing.B) {
	inLanguage(b, language.English)
	for _, count := range []int{10_000, 100_000} {
		things := manyThings(count)
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			for range b.N {
				(ordering[thing]{columns: thingColumns()}).sort(things)
			}
		})
	}
}
