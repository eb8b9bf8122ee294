package netproto

import (
	"encoding/json"
	"testing"
)

func TestEveryCharacterOfALineOfJSONCanBeSeen(t *testing.T) {
	for text, want := range map[string]string{
		"song.flac & <more>":          `"song.flac & <more>"`,
		"\u009b31m":                   `"\u009b31m"`,
		"\x1b[2J":                     `"\u001b[2J"`,
		"\u202egnp.exe":               `"\u202egnp.exe"`,
		"a\u200bb\ufeffc":             `"a\u200bb\ufeffc"`,
		"\U000e0041":                  `"\udb40\udc41"`,
		"\u2028":                      `"\u2028"`,
		"\xff":                        `"\ufffd"`,
		"été \U0001f600 \u2764\ufe0f": "\"été \U0001f600 \u2764\ufe0f\"",
	} {
		line, err := VisibleJSON(text)
		if err != nil || string(line) != want+"\n" {
			t.Errorf("%q is written as %s, %v; not %s", text, line, err, want)
		}
		var back string
		if err := json.Unmarshal(line, &back); err != nil || back != text && text != "\xff" {
			t.Errorf("%q is read back as %q, %v", text, back, err)
		}
	}
}
