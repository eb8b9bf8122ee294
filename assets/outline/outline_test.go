package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheCommittedIconsAreThoseOfTheDrawings(t *testing.T) {
	icons, err := outlineAll(filepath.Join("..", "drawings"))
	if err != nil || len(icons) == 0 {
		t.Fatalf("%d drawings were read: %v", len(icons), err)
	}
	committed, err := os.ReadDir(filepath.Join("..", "icons"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range committed {
		if icons[file.Name()] == nil {
			t.Errorf("icons/%s has no drawing: run go generate ./assets", file.Name())
		}
	}
	for name, want := range icons {
		if got, err := os.ReadFile(filepath.Join("..", "icons", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("icons/%s differs from its drawing (%v): run go generate ./assets", name, err)
		}
	}
}

func TestAnIconWithoutADrawingIsDeleted(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "icons")
	write := func(folder, name, data string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(from, "line.svg", `<svg><path d="M4 4 L8 8"/></svg>`)
	write(from, "ring.svg", `<svg><circle cx="12" cy="12" r="4"/></svg>`)
	if err := run(from, to); err != nil {
		t.Fatal(err)
	}
	write(to, "old.svg", "<svg/>")
	write(to, "line.svg", "<svg/>")
	if err := run(from, to); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(to, "*"))
	if err != nil || len(left) != 2 {
		t.Fatalf("the folder holds %v (%v)", left, err)
	}
	if icon, err := os.ReadFile(filepath.Join(to, "line.svg")); err != nil || !strings.Contains(string(icon), "<path") {
		t.Errorf("a stale icon was kept: %q (%v)", icon, err)
	}
	write(from, "bad.svg", `<svg><path d="M1 1 Q2 2 3 3"/></svg>`)
	if err := run(from, to); err == nil || !strings.Contains(err.Error(), "bad.svg") {
		t.Errorf("a drawing that cannot be outlined gives %v", err)
	}
}

func TestAnIconIsSmallEnoughToBeReadOften(t *testing.T) {
	icons, err := outlineAll(filepath.Join("..", "drawings"))
	if err != nil {
		t.Fatal(err)
	}
	for name, icon := range icons {
		if len(icon) > 3500 {
			t.Errorf("%s has %d bytes", name, len(icon))
		}
	}
}

func TestAPathThatCannotBeDrawnIsAnError(t *testing.T) {
	for _, data := range []string{"L 1 1", "M 1", "M 1 1 Q 2 2 3 3", "M x 1", "M 1 1 l 2 2"} {
		if lines, err := readPath(data); err == nil {
			t.Errorf("%q became %v", data, lines)
		}
	}
}

func FuzzAPathIsReadOrRefused(f *testing.F) {
	for _, data := range []string{"M4 4 L8 8", "M1 1 A2 2 0 1 0 3 3 Z", "M0 0 C1 1 2 2 3 3", "M 1 1 A 0 0 0 0 0 1 1", "", "Z"} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		strokes, err := readPath(data)
		if err != nil {
			return
		}
		var shapes strings.Builder
		for _, s := range strokes {
			s.write(&shapes)
		}
		if strings.Contains(shapes.String(), "NaN") || strings.Contains(shapes.String(), "Inf") {
			t.Fatalf("%q became %q", data, shapes.String())
		}
	})
}
