// Package nametest is one table of names as hostile people send them, for the tests
// of every room through which a name comes in, and the oracles of where it comes
// out. Only tests use it.
package nametest

import (
	_ "embed"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Name is a name from outside, with the verdict of every room: whether it may become
// the name of a file.
type Name struct {
	Text   string
	Accept bool
}

//go:embed names.txt
var table string

// Names returns the table: what stands in names.txt, all spellings of the devices of
// Windows, and names that are far too long. No text comes twice.
func Names() []Name { return all() }

var all = sync.OnceValue(func() []Name {
	var list []Name
	known := map[string]bool{}
	add := func(text string, accept bool) {
		if !known[text] {
			known[text] = true
			list = append(list, Name{text, accept})
		}
	}
	for line := range strings.Lines(table) {
		if line = strings.TrimRight(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		verdict, quoted, _ := strings.Cut(line, " ")
		text, err := strconv.Unquote(quoted)
		if err != nil || verdict != "accept" && verdict != "refuse" {
			panic(fmt.Sprintf("names.txt: %s: %v", line, err)) // every test would find it
		}
		add(text, verdict == "accept")
	}
	for _, device := range devices() {
		for _, text := range []string{device, strings.ToLower(device), device[:1] + strings.ToLower(device[1:])} {
			for _, end := range []string{"", ".txt", " .txt", ".tar.gz", ".", " ", ":", ":x", "..x"} {
				add(text+end, false)
			}
		}
	}
	for _, n := range []int{300, 1 << 10, 4 << 10, 64 << 10} {
		add(strings.Repeat("x", n), false)
		add(strings.Repeat("x", n)+".txt", false)
		add(strings.Repeat("../", n/3)+"x", false)
		add(strings.Repeat("é", n/2), false)
		add(strings.Repeat("e\u0301", n/3), false)
		add(strings.Repeat("\x1b[2J", n/4), false)
	}
	return list
})

// devices are the names that Windows keeps for devices (Microsoft, "Naming Files,
// Paths, and Namespaces").
func devices() []string {
	list := []string{"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"}
	for _, port := range []string{"COM", "LPT"} {
		for _, digit := range "0123456789¹²³" {
			list = append(list, port+string(digit))
		}
	}
	return list
}

// Some returns every ninth name of the table, for ways that take long, or all of them
// if CP2P_ORDEAL_NAMES is "all".
func Some() []Name {
	if everyName() {
		return all()
	}
	var list []Name
	for i, n := range all() {
		if i%9 == 0 {
			list = append(list, n)
		}
	}
	return list
}

func everyName() bool { return os.Getenv("CP2P_ORDEAL_NAMES") == "all" }

// Accepted returns the names of the table that may become names of files.
func Accepted() []string { return texts(func(n Name) bool { return n.Accept }) }

// OnDisk returns the names of the table that a file can have on Linux.
func OnDisk() []string {
	return texts(func(n Name) bool {
		return n.Text != "" && n.Text != "." && n.Text != ".." && len(n.Text) <= 255 && !strings.ContainsAny(n.Text, "/\x00")
	})
}

// Arguments returns the names of the table that can stand in a command line.
func Arguments() []string {
	return texts(func(n Name) bool { return !strings.Contains(n.Text, "\x00") && len(n.Text) < 64<<10 })
}

func texts(ok func(Name) bool) []string {
	var list []string
	for _, n := range all() {
		if ok(n) {
			list = append(list, n.Text)
		}
	}
	return list
}

// Shown complains unless a text can be shown to a person: no character in it steers a
// terminal, begins a line of a log, or makes a name look like another. In a longer
// output the end of a line is fine: give its lines one by one.
func Shown(t testing.TB, where, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: not UTF-8: %.300q", where, text)
		return
	}
	for _, r := range text {
		if unicode.IsControl(r) || Deceptive(r) {
			t.Errorf("%s: U+%04X is shown in %.300q", where, r, text)
			return
		}
	}
}

// Deceptive reports whether a character cannot be seen or turns others around. It
// lists them by number, from UAX #9 (bidi), UTS #39 and the Default_Ignorable
// property, except for the variation selectors: it shares no code with the program.
func Deceptive(r rune) bool {
	for _, span := range [][2]rune{
		{0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
		{0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164},
		{0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
		{0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF},
	} {
		if r >= span[0] && r <= span[1] {
			return true
		}
	}
	return false
}

// Lines shows every line of an output, without the tabs of its columns.
func Lines(t testing.TB, where, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		Shown(t, where, strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", " "))
	}
}

// Least is how many names have to go in by every way if CP2P_ORDEAL_NAMES is "all".
const Least = 300

// Tried reports how many names of the table went in by a way, for whoever counts.
func Tried(t testing.TB, names int, way string) {
	t.Helper()
	least := 1
	if everyName() {
		least = Least
	}
	if names < least {
		t.Errorf("%d names went in by %s, at least %d have to", names, way, least)
	}
	t.Logf("tried %d names by %s", names, way)
}
