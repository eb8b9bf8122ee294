package netproto

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"centralizedp2p/netproto/nametest"
)

// addNames seeds a fuzz target with the table of hostile names.
func addNames(f *testing.F) {
	for _, c := range nametest.Names() {
		f.Add(c.Text)
	}
}

// FuzzCheckName checks what every room relies on in an accepted name, including a
// real file of that name inside a folder.
func FuzzCheckName(f *testing.F) {
	addNames(f)
	dir := f.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { root.Close() })
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil {
			return
		}
		checkAccepted(t, name)
		createInside(t, root, name)
	})
}

// checkAccepted states the promises of CheckName in terms of other packages.
func checkAccepted(t testing.TB, name string) {
	t.Helper()
	switch {
	case !filepath.IsLocal(name), filepath.Base(name) != name, strings.ContainsAny(name, `/\`):
		t.Fatalf("%q is not one component", name)
	case len(name) > 255 || !utf8.ValidString(name):
		t.Fatalf("%q is too long or not UTF-8", name)
	case norm.NFC.String(name) != name:
		t.Fatalf("%q changes under NFC", name)
	case strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsFunc(name, isInvisible):
		t.Fatalf("%q holds a character that does not show", name)
	case Printable(name) != name:
		t.Fatalf("%q is shown as %q", name, Printable(name))
	case SafeName(name) != name:
		t.Fatalf("%q is safe, yet SafeName makes it %q", name, SafeName(name))
	case windowsDevice(name):
		t.Fatalf("%q is a device on Windows", name)
	}
}

// windowsDevice differs from isDeviceName on purpose: it spells out the list in
// Microsoft's "Naming Files, Paths, and Namespaces".
func windowsDevice(name string) bool {
	devices := " CON PRN AUX NUL CLOCK$ CONIN$ CONOUT$" +
		" COM0 COM1 COM2 COM3 COM4 COM5 COM6 COM7 COM8 COM9 COM¹ COM² COM³" +
		" LPT0 LPT1 LPT2 LPT3 LPT4 LPT5 LPT6 LPT7 LPT8 LPT9 LPT¹ LPT² LPT³ "
	stem := strings.TrimRight(strings.SplitN(name, ".", 2)[0], " ")
	return stem != "" && !strings.Contains(stem, " ") && strings.Contains(devices, " "+strings.ToUpper(stem)+" ")
}

// createInside creates a file of that name and finds exactly that in the folder.
func createInside(t testing.TB, root *os.Root, name string) {
	t.Helper()
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("%q was accepted, but no file can have it: %v", name, err)
	}
	file.Close()
	found, err := os.ReadDir(root.Name())
	if err != nil || len(found) != 1 || found[0].Name() != name {
		t.Fatalf("%q is not what stands in the folder: %v, %v", name, found, err)
	}
	if err := root.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// FuzzSafeName checks that any text gives an accepted name, and that a safe name stays
// the same.
func FuzzSafeName(f *testing.F) {
	addNames(f)
	f.Fuzz(func(t *testing.T, text string) {
		name := SafeName(text)
		if err := CheckName(name); err != nil {
			t.Fatalf("%q became %q: %v", text, name, err)
		}
		checkAccepted(t, name)
		if CheckName(text) == nil && name != text {
			t.Fatalf("the accepted %q became %q", text, name)
		}
	})
}

// FuzzNumberedName checks that a number after a safe name leaves it safe, distinguishes
// it from the name itself and from other numbers, and keeps a short extension.
func FuzzNumberedName(f *testing.F) {
	for _, c := range nametest.Names() {
		f.Add(c.Text, 2)
		f.Add(c.Text, math.MaxInt)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 || n == math.MaxInt {
			n = 2
		}
		name := SafeName(text)
		numbered := NumberedName(name, n)
		if err := CheckName(numbered); err != nil {
			t.Fatalf("%q with %d is %q: %v", name, n, numbered, err)
		}
		if numbered == name || numbered == NumberedName(name, n+1) {
			t.Fatalf("%q with %d is %q, which is not a new name", name, n, numbered)
		}
		if ext := filepath.Ext(name); ext != name && len(ext) <= 16 && filepath.Ext(numbered) != ext {
			t.Fatalf("%q with %d is %q: the extension is lost", name, n, numbered)
		}
	})
}

// FuzzPrintable checks that nothing is left that could control a terminal or deceive a
// reader, and that clean text stays the same.
func FuzzPrintable(f *testing.F) {
	addNames(f)
	f.Add("\x1b]0;title\a\x1b[31mred")
	f.Add("\xff\ufffd\xc0\xaf")
	f.Fuzz(func(t *testing.T, text string) {
		shown := Printable(text)
		if !utf8.ValidString(shown) {
			t.Fatalf("%q is shown as %q, not UTF-8", text, shown)
		}
		clean := utf8.ValidString(text)
		for _, r := range text {
			clean = clean && !unicode.IsControl(r) && !nametest.Deceptive(r)
		}
		if clean && shown != text {
			t.Fatalf("the clean %q is shown as %q", text, shown)
		}
		if Printable(shown) != shown {
			t.Fatalf("%q is shown as %q, and that as %q", text, shown, Printable(shown))
		}
		for _, r := range shown {
			if unicode.IsControl(r) || nametest.Deceptive(r) {
				t.Fatalf("%q is shown as %q, with U+%04X in it", text, shown, r)
			}
		}
	})
}
