package netproto

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxNameBytes is the length of the longest name of a file or folder, in bytes of
// UTF-8, that ext4, APFS and NTFS can all hold (NTFS counts 255 UTF-16 units).
const MaxNameBytes = 255

// PartPrefix starts the name of every unfinished file of ours. No name from the
// network may start with it.
const PartPrefix = ".cp2p-"

// CheckName returns why a name from the network must not become a file name, or
// nil. It accepts single path components that every supported system can hold.
func CheckName(name string) error {
	switch {
	case plain(name):
		return nil
	case name == "":
		return errors.New("the name is empty")
	case len(name) > MaxNameBytes:
		return fmt.Errorf("the name has %d bytes, %d are allowed", len(name), MaxNameBytes)
	case !utf8.ValidString(name):
		return errors.New("the name is not valid UTF-8")
	case !norm.NFC.IsNormalString(name):
		return errors.New("the name is not in Unicode normal form C")
	case name == "." || name == "..":
		return errors.New("the name is a folder reference")
	case strings.HasPrefix(strings.ToLower(name), PartPrefix):
		return fmt.Errorf("names that begin with %q are reserved for unfinished downloads", PartPrefix)
	}
	for _, r := range name {
		if why := forbiddenRune(r); why != "" {
			return fmt.Errorf("the name contains %s (U+%04X)", why, r)
		}
	}
	if last := name[len(name)-1]; last == '.' || last == ' ' {
		return errors.New("the name ends in a dot or a space")
	}
	if isDeviceName(name) {
		return errors.New("the name is a device on Windows")
	}
	return nil
}

// SafeName turns any text into a name that [CheckName] accepts, as close to the
// text as possible: forbidden characters become "_".
func SafeName(name string) string {
	if plain(name) {
		return name
	}
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	name = strings.Map(func(r rune) rune {
		if forbiddenRune(r) != "" {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(cutBytes(name, MaxNameBytes), ". ")
	if name == "" {
		return "_"
	}
	if isDeviceName(name) || strings.HasPrefix(strings.ToLower(name), PartPrefix) {
		name = strings.TrimRight(cutBytes("_"+name, MaxNameBytes), ". ")
	}
	return norm.NFC.String(name)
}

// plain reports whether a name has nothing in it that needs a closer look, as most names
// have: a folder may have a million.
func plain(name string) bool {
	if name == "" || len(name) > MaxNameBytes || name[0] == '.' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f || forbiddenASCII[c] {
			return false
		}
	}
	last := name[len(name)-1]
	return last != '.' && last != ' ' && !isDeviceName(name)
}

// forbidden are the printable characters that some systems cannot store.
const forbidden = `/\:*?"<>|`

var forbiddenASCII = func() (is [0x80]bool) {
	for _, c := range forbidden {
		is[c] = true
	}
	return is
}()

// cutBytes shortens s to at most n bytes without splitting a character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// NumberedName returns a safe name with " (n)" before its extension, shortened so
// that the result is safe too: a free name beside a taken one.
func NumberedName(name string, n int) string {
	stem, ext := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 16 {
		stem, ext = name[:dot], name[dot:]
	}
	suffix := fmt.Sprintf(" (%d)", n)
	stem = cutBytes(stem, MaxNameBytes-len(suffix)-len(ext))
	return norm.NFC.String(stem + suffix + ext)
}

// Printable makes text from the network safe to show in a terminal, a log or a
// label: control, bidi and zero-width characters become \u{…} escapes.
func Printable(s string) string {
	if !strings.ContainsFunc(s, Invisible) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case Invisible(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Cut returns text from outside as people may see it, in at most that many bytes.
func Cut(s string, most int) string {
	const more = "…"
	if len(s) > most { // before it is looked at
		s = strings.ToValidUTF8(s[:most], "") + more
	}
	if s = Printable(s); len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len(more)], "") + more
}

// Invisible reports whether a character cannot be seen, or changes how others look:
// control characters, marks of direction, zero-width characters.
func Invisible(r rune) bool {
	return unicode.IsControl(r) || isInvisible(r)
}

// forbiddenRune returns what is wrong with a character in a file name, or "".
func forbiddenRune(r rune) string {
	switch {
	case strings.ContainsRune(forbidden, r):
		return "a character that some systems cannot store"
	case unicode.IsControl(r):
		return "a control character"
	case r < utf8.RuneSelf: // most of what names consist of, and a million are compared
		return ""
	case isInvisible(r):
		return "an invisible or text-direction character"
	}
	return ""
}

// isInvisible covers what can make a name look like another: bidi marks, embeddings
// and isolates, zero-width characters, fillers, line separators, tags. Arabic
// number signs are visible format characters; the variation selectors in most
// emoji change only the look of the character before them.
func isInvisible(r rune) bool {
	if unicode.In(r, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) {
		return true
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// isDeviceName reports whether Windows would open a device instead of a file: CON,
// PRN, AUX, NUL, CLOCK$, CONIN$, CONOUT$, COM0-9 and LPT0-9, including superscript
// digits, in any case and with any extension.
func isDeviceName(name string) bool {
	if name == "" || !strings.Contains("CPANLcpanl", name[:1]) { // with which none begins
		return false
	}
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$":
		return true
	}
	if port, ok := strings.CutPrefix(stem, "COM"); ok {
		return isPortDigit(port)
	}
	if port, ok := strings.CutPrefix(stem, "LPT"); ok {
		return isPortDigit(port)
	}
	return false
}

func isPortDigit(s string) bool {
	return utf8.RuneCountInString(s) == 1 && strings.Contains("0123456789¹²³", s)
}
