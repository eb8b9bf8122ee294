package main

import (
	"strings"
	"testing"
)

func TestAWindowShowsTheEndOfWhatWasPrinted(t *testing.T) {
	said := &lastLines{}
	for _, line := range []string{strings.Repeat("é", maxShown), "\n", "time=2026 level=ERROR msg=x\n", "centralizedp2p: the profile is in use. Close it.\n"} {
		if n, err := said.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	text := said.String()
	if len(text) > maxShown || !strings.HasSuffix(text, "\nthe profile is in use. Close it.") || strings.Contains(text, "time=") {
		t.Errorf("it shows %q", text)
	}
}
