package daemon

import (
	"strings"
	"testing"
)

// Every setting in a file is known, occurs once and is part of one line.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{"listen = :1\n# x\n\nname=a=b", "\ufefflisten=", "listen", "=", "listen=1\nlisten=2", "\r\nname = \x00\r\n"} {
		f.Add(seed)
	}
	known := func(name string) bool { return name == "listen" || name == "name" }
	f.Fuzz(func(t *testing.T, text string) {
		settings, line, err := parseSettings(text, known)
		if err != nil {
			if line < 1 || line > strings.Count(text, "\n")+1 {
				t.Fatalf("line %d of %q", line, text)
			}
			return
		}
		for key, s := range settings {
			if !known(key) || s.value != strings.TrimSpace(s.value) || strings.Contains(s.value, "\n") {
				t.Fatalf("%q = %q", key, s.value)
			}
		}
	})
}
