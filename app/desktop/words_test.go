//go:build !darwin || cgo

package desktop

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestSizesTimesAndRatesAreWrittenForPeople(t *testing.T) {
	test.NewTempApp(t)
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	for got, want := range map[string]string{
		sizeWords(412_000_000):               "412 MB",
		sizeWords(-1):                        "?",
		rateWords(8_400_000):                 "8.4 MB/s",
		rateWords(-5):                        "0 B/s",
		durationWords(59):                    "59 s",
		durationWords(62):                    "1 min",
		durationWords(2*3600 + 5*60):         "2 h 5 min",
		durationWords(26 * 3600):             "1 day",
		durationWords(80 * 3600):             "3 days",
		filesWords(1):                        "1 file",
		filesWords(12345):                    "12,345 files",
		percentWords(2, 5):                   "40 %",
		percentWords(7, 0):                   "0 %",
		dayWords(now.Add(-time.Hour), now):   "17:00",
		dayWords(now.AddDate(0, 0, -3), now): "19 Nov 2026",
		dayWords(time.Time{}, now):           "",
		joined("a", "", "b"):                 "a · b",
	} {
		if got != want {
			t.Errorf("it reads %q, not %q", got, want)
		}
	}
}

func TestANameIsCutBetweenCharactersAsPeopleCountThem(t *testing.T) {
	fits := func(text string) bool { return utf8.RuneCountInString(text) <= 12 }
	for _, name := range []string{"short.txt", "a-long-name-of-a-file.docx", ""} {
		got := cutMiddle(name, fits)
		if !fits(got) || fits(name) && got != name {
			t.Errorf("%q is cut to %q", name, got)
		}
	}
	if got := cutMiddle("a-long-name-of-a-file.docx", fits); got != "a-long-n…ocx" {
		t.Errorf("a long name is cut to %q", got)
	}
	for room, want := range map[int]string{
		99: "Finished · 28 MB · /home/ada/Downloads/films", 36: "Finished · 28 MB · /home/ada/Downlo…", 24: "Finished · 28 MB · …", 18: "Finished · …", 6: "Finis…",
	} {
		got := cutParts("Finished · 28 MB · /home/ada/Downloads/films", func(text string) bool { return utf8.RuneCountInString(text) <= room })
		if got != want {
			t.Errorf("in %d characters a caption reads %q, not %q", room, got, want)
		}
	}
	family := "👩‍👩‍👧‍👦"
	got := cutEnd(strings.Repeat(family, 5), func(text string) bool { return len(text) <= 2*len(family)+len("…") })
	if got != family+family+"…" {
		t.Errorf("a family was torn apart: %q", got)
	}
	if got := cutEnd("wide", func(text string) bool { return text == "…" }); got != "…" {
		t.Errorf("where nothing fits, %q is shown", got)
	}
}

func FuzzACutTextFitsAndKeepsItsEnds(f *testing.F) {
	for _, name := range []string{"", "a", "film.mkv", "日本語のとても長いファイル名.flac", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦.jpg", "\xff\xfe", "e\u0301e\u0301e\u0301"} {
		f.Add(name, 5)
	}
	f.Fuzz(func(t *testing.T, name string, room int) {
		room = max(room%64, 1)
		fits := func(text string) bool { return utf8.RuneCountInString(text) <= room }
		for _, cut := range []string{cutMiddle(name, fits), cutEnd(name, fits), cutParts(name, fits)} {
			if !fits(cut) {
				t.Fatalf("%q does not fit into %d", cut, room)
			}
			head, tail, wasCut := strings.Cut(cut, "…")
			if wasCut && !strings.Contains(name, "…") && (!strings.HasPrefix(name, head) || !strings.HasSuffix(name, tail)) {
				t.Fatalf("%q is not the ends of %q", cut, name)
			}
			if !wasCut && cut != name {
				t.Fatalf("%q became %q", name, cut)
			}
		}
	})
}

func TestAnErrorIsOneSentenceOfWhatAndWhyAndOneOfWhatToDo(t *testing.T) {
	test.NewTempApp(t)
	wrapped := fmt.Errorf("while pausing: %w", netproto.Errorf(netproto.CodePortInUse, "port 5000."))
	if got, want := explain(face.FailureOf(wrapped)).String(),
		"The port is used by another program: port 5000. Choose another port in Settings, or close that program."; got != want {
		t.Errorf("it reads %q, not %q", got, want)
	}
	unknown := explain(face.FailureOf(errors.New("disk on fire")))
	if !strings.HasPrefix(unknown.String(), "Something failed inside: disk on fire. Try again;") {
		t.Errorf("it reads %q", unknown)
	}
	later := explain(face.Failure{Code: "of-a-later-version"})
	if later.What == "" || later.Next == "" {
		t.Errorf("a code of a later version reads %q", later)
	}
}
