package netproto

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto/nametest"
)

func TestHostileNamesGetTheSameVerdictEverywhere(t *testing.T) {
	table := nametest.Names()
	if len(table) < 900 {
		t.Fatalf("the table has %d names, at least 900 belong there", len(table))
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, c := range table {
		entry := FolderEntry{Path: c.Text, Size: 1, Hash: countingHash()}
		text := FolderMagic + entry.Hash.String() + " 1 " + c.Text + "\n"
		_, parseErr := ParseFolder(strings.NewReader(text))
		_, writeErr := AppendFolder(nil, []FolderEntry{entry})
		slashed := strings.Contains(c.Text, "/") // a path of several names, judged below
		verdicts := []struct {
			room     string
			accepted bool
		}{
			{"CheckName", CheckName(c.Text) == nil},
			{"SafeName", SafeName(c.Text) == c.Text},
			{"CheckPath", !slashed && CheckPath(c.Text) == nil},
			{"CheckPath, in a folder", !slashed && CheckPath("a/"+c.Text) == nil},
			{"CheckPath, as a folder", !slashed && CheckPath(c.Text+"/a") == nil},
			{"ParseFolder", !slashed && parseErr == nil},
			{"AppendFolder", !slashed && writeErr == nil},
			{"ParseLink", c.Text != "" && nameThroughLink(c.Text) == c.Text},
		}
		for _, v := range verdicts {
			if v.accepted != c.Accept {
				t.Errorf("%s(%q): accepted = %v, want %v", v.room, c.Text, v.accepted, c.Accept)
			}
		}
		for _, name := range []string{SafeName(c.Text), NumberedName(SafeName(c.Text), 2)} {
			if err := CheckName(name); err != nil {
				t.Errorf("%q was made safe as %q: %v", c.Text, name, err)
				continue
			}
			checkAccepted(t, name)
			createInside(t, root, name)
		}
	}
	nametest.Tried(t, len(table), "every check of a name, folder list and link")
}

// nameThroughLink returns the name that arrives in a link with this one; a link that is
// refused for its length brings none.
func nameThroughLink(name string) string {
	link, err := ParseLink(Link{Tracker: "h:1", Hash: countingHash(), Name: name, Size: -1}.String())
	if err != nil {
		return ""
	}
	return link.Name
}

func TestAPathFromTheNetworkNeverLeavesItsFolder(t *testing.T) {
	for _, c := range nametest.Names() {
		for _, path := range []string{c.Text, "a/" + c.Text, c.Text + "/a", "a/" + c.Text + "/b"} {
			if CheckPath(path) == nil && !filepath.IsLocal(filepath.FromSlash(path)) {
				t.Errorf("the path %q was accepted", path)
			}
		}
	}
	deep := strings.Repeat("a/", 63) + "a"
	if err := CheckPath(deep); err != nil {
		t.Errorf("a path of 64 parts: %v", err)
	}
	for _, path := range []string{"", "/", "/a", "a/", "a//b", "a/./b", "a/../b", "a/..", "../a", deep + "/a", strings.Repeat("x", 255) + strings.Repeat("/"+strings.Repeat("x", 255), 16)} {
		if CheckPath(path) == nil {
			t.Errorf("the path %.40q of %d bytes was accepted", path, len(path))
		}
	}
}

func TestANameIsMadeSafeWithAsLittleChangeAsCanBe(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "_"},
		{"..", "_"},
		{"song.flac", "song.flac"},
		{"a/b", "a_b"},
		{"../../etc/passwd", ".._.._etc_passwd"},
		{"who?.txt", "who_.txt"},
		{"x. .", "x"},
		{"con", "_con"},
		{"NUL.tar.gz", "_NUL.tar.gz"},
		{".cp2p-x", "_.cp2p-x"},
		{"cafe\u0301", "café"},
		{"gpj\u202egnp", "gpj_gnp"},
		{"a\xffb", "a_b"},
		{strings.Repeat("é", 200), strings.Repeat("é", 127)},
		{strings.Repeat("x", 254) + ".txt", strings.Repeat("x", 254)},
		{"con." + strings.Repeat("x", 300), "_con." + strings.Repeat("x", 250)},
	} {
		if got := SafeName(c.in); got != c.want {
			t.Errorf("SafeName(%.40q) = %.40q, want %.40q", c.in, got, c.want)
		}
	}
}

func TestAFreeNameKeepsTheExtension(t *testing.T) {
	long := strings.Repeat("x", 251)
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"a.txt", 2, "a (2).txt"},
		{"a", 2, "a (2)"},
		{"a.tar.gz", 3, "a.tar (3).gz"},
		{".bashrc", 2, ".bashrc (2)"},
		{"1. a sentence that ends with dots and words", 2, "1. a sentence that ends with dots and words (2)"},
		{long + ".txt", 10, long[:246] + " (10).txt"},
		{strings.Repeat("é", 127), 2, strings.Repeat("é", 125) + " (2)"},
	} {
		if got := NumberedName(c.in, c.n); got != c.want {
			t.Errorf("NumberedName(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestTextFromTheNetworkIsShownEscaped(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain été 日本 😀", "plain été 日本 😀"},
		{"\x1b[31mred", `\u{1b}[31mred`},
		{"a\nb\tc\x00", `a\u{a}b\u{9}c\u{0}`},
		{"photo\u202egpj.exe", `photo\u{202e}gpj.exe`},
		{"zero\u200bwidth\ufeff", `zero\u{200b}width\u{feff}`},
		{"bad\xff\xc0\xafutf8", `bad\xff\xc0\xafutf8`},
		{"\ufffd\xff", "\ufffd" + `\xff`},
		{"\u009b31m", `\u{9b}31m`},
	} {
		if got := Printable(c.in); got != c.want {
			t.Errorf("Printable(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	shown := (&Error{Code: CodeInvalid, Detail: "the name \x1b[2J"}).Error()
	if bytes.ContainsRune([]byte(shown), 0x1b) {
		t.Errorf("an error steers the terminal: %q", shown)
	}
}
