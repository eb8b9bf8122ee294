package native

import (
	"os"
	"runtime"
)

// HasDisplay reports whether there is a screen: without one Fyne panics. It also
// makes Fyne prefer X11, which under Wayland is XWayland, unless the person set
// FYNE_PLATFORM: the lists of Fyne 2.8 start with the wrong text size on Wayland
// (fyne-io/fyne#6447).
func HasDisplay() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	if os.Getenv("DISPLAY") == "" {
		return os.Getenv("WAYLAND_DISPLAY") != ""
	}
	if os.Getenv("FYNE_PLATFORM") == "" {
		os.Setenv("FYNE_PLATFORM", "x11")
	}
	return true
}

// MakeCache makes the person's cache folder. Fyne keeps pictures in it, but does
// not make it.
func MakeCache() error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	return os.MkdirAll(cache, 0o700)
}
