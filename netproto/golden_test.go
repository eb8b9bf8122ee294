package netproto

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// golden returns the files of a folder of testdata by name without extension.
func golden(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/%s holds no golden files (%v)", folder, err)
	}
	all := make(map[string][]byte, len(files))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		all[strings.TrimSuffix(name, filepath.Ext(name))] = raw
	}
	return all
}

// goldenLines returns the lines of a file of testdata that are neither empty
// nor a comment.
func goldenLines(t testing.TB, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// goldenFrames returns the bytes of every golden frame. The files have hexadecimal
// digits, one field per line, with comments after "#".
func goldenFrames(t testing.TB) map[string][]byte {
	t.Helper()
	frames := map[string][]byte{}
	for name, text := range golden(t, "frames") {
		var digits strings.Builder
		for line := range strings.Lines(string(text)) {
			field, _, _ := strings.Cut(line, "#")
			digits.WriteString(strings.TrimSpace(field))
		}
		raw, err := hex.DecodeString(digits.String())
		if err != nil {
			t.Fatalf("frame %s: %v", name, err)
		}
		frames[name] = raw
	}
	return frames
}

// countingHash is the hash 00 01 02 … 1f of the golden files.
func countingHash() (h ContentHash) {
	for i := range h {
		h[i] = byte(i)
	}
	return h
}

// repeated returns a hash of a single byte value.
func repeated(b byte) (h ContentHash) {
	for i := range h {
		h[i] = b
	}
	return h
}
