package words

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestSizesTimesAndRatesAreWrittenForPeople(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	for got, want := range map[string]string{
		Size(412_000_000):               "412 MB",
		Size(-1):                        "?",
		Rate(8_400_000):                 "8.4 MB/s",
		Rate(-5):                        "0 B/s",
		Duration(59):                    "59 s",
		Duration(62):                    "1 min",
		Duration(2*3600 + 5*60):         "2 h 5 min",
		Duration(26 * 3600):             "1 day",
		Duration(80 * 3600):             "3 days",
		Files(1):                        "1 file",
		Files(12345):                    "12,345 files",
		Percent(2, 5):                   "40 %",
		Percent(7, 0):                   "0 %",
		Day(now.Add(-time.Hour), now):   "17:00",
		Day(now.AddDate(0, 0, -3), now): "19 Nov 2026",
		Day(time.Time{}, now):           "",
		Join("a", "", "b"):              "a · b",
	} {
		if got != want {
			t.Errorf("it reads %q, not %q", got, want)
		}
	}
}

func TestANameIsCutBetweenCharactersAsPeopleCountThem(t *testing.T) {
	fits := func(text string) bool { return utf8.RuneCountInString(text) <= 12 }
	for _, name := range []string{"short.txt", "a-long-name-of-a-file.docx", ""} {
		got := CutMiddle(name, fits)
		if !fits(got) || fits(name) && got != name {
			t.Errorf("%q is cut to %q", name, got)
		}
	}
	if got := CutMiddle("a-long-name-of-a-file.docx", fits); got != "a-long-n…ocx" {
		t.Errorf("a long name is cut to %q", got)
	}
	for room, want := range map[int]string{
		99: "Finished · 28 MB · /home/ada/Downloads/films", 36: "Finished · 28 MB · /home/ada/Downlo…", 24: "Finished · 28 MB · …", 18: "Finished · …", 6: "Finis…",
	} {
		got := CutParts("Finished · 28 MB · /home/ada/Downloads/films", func(text string) bool { return utf8.RuneCountInString(text) <= room })
		if got != want {
			t.Errorf("in %d characters a caption reads %q, not %q", room, got, want)
		}
	}
	family := "👩‍👩‍👧‍👦"
	got := CutEnd(strings.Repeat(family, 5), func(text string) bool { return len(text) <= 2*len(family)+len("…") })
	if got != family+family+"…" {
		t.Errorf("a family was torn apart: %q", got)
	}
	if got := CutEnd("wide", func(text string) bool { return text == "…" }); got != "…" {
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
		for _, cut := range []string{CutMiddle(name, fits), CutEnd(name, fits), CutParts(name, fits)} {
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

func TestANumberAndItsUnitStandOnOneLine(t *testing.T) {
	for width, want := range map[int][]string{
		13: {"It took 3 min", "for 412 MB of", "1.2 GB, 40 %."},
		40: {"It took 3 min for 412 MB of 1.2 GB,", "40 %."},
	} {
		got := Wrap("It took 3 min for 412 MB of 1.2 GB, 40 %.", func(text string) bool { return len([]rune(text)) <= width })
		if !slices.Equal(got, want) {
			t.Errorf("in lines of %d: %q", width, got)
		}
	}
}

func TestAnErrorIsOneSentenceOfWhatAndWhyAndOneOfWhatToDo(t *testing.T) {
	wrapped := fmt.Errorf("while pausing: %w", netproto.Errorf(netproto.CodePortInUse, "port 5000."))
	if got, want := Explain(face.FailureOf(wrapped)).String(),
		"The port is used by another program: port 5000. Choose another port in Settings, or close that program."; got != want {
		t.Errorf("it reads %q, not %q", got, want)
	}
	unknown := Explain(face.FailureOf(errors.New("disk on fire")))
	if !strings.HasPrefix(unknown.String(), "Something went wrong inside the program: disk on fire. Try again;") {
		t.Errorf("it reads %q", unknown)
	}
	later := Explain(face.Failure{Code: "of-a-later-version"})
	if later.What == "" || later.Next == "" {
		t.Errorf("a code of a later version reads %q", later)
	}
}

func TestEveryFailureSaysWhatHappenedAndWhatToDo(t *testing.T) {
	for _, code := range netprotoCodes(t) {
		m := Explain(face.Failure{Code: code, Detail: "bad\x1b[31mname"})
		if _, translated := wordsOf(code); !translated {
			t.Errorf("%s: there are no words for people in front of a window, which can be translated", code)
		}
		if m.What == "" || m.Next == "" || strings.HasSuffix(m.What, ".") || !strings.HasSuffix(m.Next, ".") {
			t.Errorf("%s: %+v", code, m)
		}
		if strings.ContainsRune(m.String(), '\x1b') {
			t.Errorf("%s: a control character is shown: %q", code, m.String())
		}
		if strings.Contains(m.Next, "--") || strings.Contains(m.Next, "`") {
			t.Errorf("%s: a person in front of a window is told to use a command: %q", code, m.Next)
		}
	}
}

// netprotoCodes reads the codes from the source of netproto, so that new ones
// are not forgotten here.
func netprotoCodes(t *testing.T) []netproto.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "..", "netproto", "errors.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []netproto.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			code, _ := strconv.Unquote(literal.Value)
			codes = append(codes, netproto.Code(code))
		}
		return true
	})
	if len(codes) < 30 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	return codes
}

// Whoever answers the first questions sees no page and no setting.
func TestAFailureAtTheFirstStartLeadsToNoPage(t *testing.T) {
	for _, tag := range Languages() {
		useTexts(t, tag)
		elsewhere := []string{L("Settings"), "Tracker page", "Tracker“", "página", "page Tracker", "页面"}
		said := []Message{SlowAtStart()}
		for _, code := range netprotoCodes(t) {
			said = append(said, ExplainAtStart(face.Failure{Code: code}))
		}
		for _, m := range said {
			for _, place := range elsewhere {
				if strings.Contains(m.Next, place) {
					t.Errorf("%s: %q leads to %s", tag, m, place)
				}
			}
		}
	}
}

func TestAFailureIsWrittenAsItsLanguageDoesIt(t *testing.T) {
	failure := face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada"}
	for tag, want := range map[string]string{
		"en": "The folder cannot be written to: /home/ada.", "fr": "Impossible d’écrire dans le dossier\u00a0: /home/ada.", "zh-Hans": "无法写入文件夹：/home/ada。",
	} {
		useTexts(t, tag)
		if said := Explain(failure).Headline(); said != want {
			t.Errorf("%s: %q", tag, said)
		}
	}
}
