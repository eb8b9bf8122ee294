//go:build unix && !darwin

package native

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheWindowOpensOnlyOnADisplayAndPrefersX11(t *testing.T) {
	for _, c := range []struct {
		name, x11, wayland, chosen string
		want                       bool
		platform                   string
	}{
		{name: "no screen"},
		{name: "X11", x11: ":0", want: true, platform: "x11"},
		{name: "Wayland alone", wayland: "wayland-0", want: true},
		{name: "Wayland with XWayland", x11: ":0", wayland: "wayland-0", want: true, platform: "x11"},
		{name: "the person chose", x11: ":0", wayland: "wayland-0", chosen: "wayland", want: true, platform: "wayland"},
	} {
		t.Setenv("DISPLAY", c.x11)
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		t.Setenv("FYNE_PLATFORM", c.chosen)
		if got := HasDisplay(); got != c.want || os.Getenv("FYNE_PLATFORM") != c.platform {
			t.Errorf("%s: %t on %q, not %t on %q", c.name, got, os.Getenv("FYNE_PLATFORM"), c.want, c.platform)
		}
	}
}

func TestTheCacheFolderIsMade(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "of", "ada")
	t.Setenv("XDG_CACHE_HOME", cache)
	for range 2 {
		if err := MakeCache(); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(cache); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
}
