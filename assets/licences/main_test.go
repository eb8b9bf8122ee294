package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheLicencesAreThoseOfWhatIsBuiltIn(t *testing.T) {
	kept, err := os.ReadFile(filepath.Join("..", "licences.txt"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := collect()
	if err != nil {
		t.Fatal(err)
	}
	if now != string(kept) {
		t.Error("other modules are built in than when assets/licences.txt was made: run `go run ./assets/licences > assets/licences.txt`")
	}
}

func TestFoldedTextHasTheSameWords(t *testing.T) {
	long := "  a " + strings.Repeat("word ", 60) + strings.Repeat("x", 300) + " end\n\n\tindented\n\n"
	folded := fold(long)
	if strings.Join(strings.Fields(folded), " ") != strings.Join(strings.Fields(long), " ") {
		t.Errorf("%q became %q", long, folded)
	}
	for line := range strings.Lines(folded) {
		if len(line) > lineWidth+1 && strings.Contains(strings.TrimSpace(line), " ") && !strings.HasPrefix(line, "xxx") {
			t.Errorf("the line %q is too long", line)
		}
	}
}
