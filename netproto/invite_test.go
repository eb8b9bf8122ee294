package netproto

import (
	"encoding/json"
	"strings"
	"testing"
)

// goldenInvite is the token in the golden files.
var goldenInvite = Invite{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

const goldenInviteText = "aaaqeayeaudaocajbifqydiob4"

func TestAnInviteHasOneText(t *testing.T) {
	for _, text := range []string{goldenInviteText, strings.ToUpper(goldenInviteText)} {
		got, err := ParseInvite(text)
		if err != nil || got != goldenInvite || got.String() != goldenInviteText {
			t.Errorf("ParseInvite(%q) = %s, %v", text, got, err)
		}
	}
}

func TestADamagedInviteIsRefusedWithASentence(t *testing.T) {
	for text, about := range map[string]string{
		"":                          "26 characters",
		goldenInviteText[1:]:        "26 characters",
		goldenInviteText + "a":      "26 characters",
		strings.Repeat("1", 26):     "a-z and 2-7",
		strings.Repeat("a", 26):     "damaged",
		goldenInviteText[:25] + "5": "damaged", // bits beyond the 16 bytes
		strings.Replace(goldenInviteText, "b", " ", 1): "a-z and 2-7",
	} {
		got, err := ParseInvite(text)
		if err == nil || !strings.Contains(err.Error(), about) || !got.IsZero() {
			t.Errorf("ParseInvite(%q) = %s, %v; a sentence about %q belongs there", text, got, err, about)
		}
		raw, _ := json.Marshal(map[string]any{"port": 1, "invite": text})
		if err := json.Unmarshal(raw, new(JoinRequest)); err == nil {
			t.Errorf("a join with the invite %q was read", text)
		}
	}
}

// FuzzParseInvite checks that an accepted invite has only one text.
func FuzzParseInvite(f *testing.F) {
	f.Add(goldenInviteText)
	f.Add(goldenInviteText[:25] + "5")
	f.Add(strings.Repeat("a", 26))
	f.Fuzz(func(t *testing.T, s string) {
		invite, err := ParseInvite(s)
		if err != nil {
			return
		}
		if invite.IsZero() {
			t.Fatalf("%q is no invitation", s)
		}
		if invite.String() != strings.ToLower(s) {
			t.Fatalf("%q became %q", s, invite)
		}
	})
}
