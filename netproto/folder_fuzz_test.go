package netproto

import (
	"bytes"
	"path/filepath"
	"testing"
)

// FuzzParseFolder checks that a folder has only one text: an accepted text is
// written back as the same bytes, and no path leads out of the folder.
func FuzzParseFolder(f *testing.F) {
	for _, text := range golden(f, "folders") {
		f.Add(text)
	}
	for _, c := range refusedFolders {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := ParseFolder(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, e := range entries {
			if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
				t.Fatalf("%q leads out of the folder", e.Path)
			}
		}
		again, err := AppendFolder(nil, entries)
		if err != nil {
			t.Fatalf("%q was accepted, but is not written: %v", text, err)
		}
		if !bytes.Equal(again, text) {
			t.Fatalf("%q is written back as %q", text, again)
		}
	})
}
