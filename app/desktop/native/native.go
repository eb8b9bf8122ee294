// Package native asks the desktop of the system for what that does in its own way: a
// picker for files, a file manager that shows one, a tray, a screen. It knows no Fyne.
package native

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
)

// ErrNoPicker stands for a system without a picker of its own for files.
var ErrNoPicker = errors.New("the system has no picker for files")

// Pick lets the person choose files, or a folder, in the picker of the system. It returns
// no paths if the person chose none. The error is [ErrNoPicker], or that of ctx.
func Pick(ctx context.Context, title string, folder bool) ([]string, error) {
	return pick(ctx, title, folder)
}

// Reveal has the file manager of the system select a file or folder in its folder. The
// error says that there is none that does.
func Reveal(ctx context.Context, path string) error { return reveal(ctx, path) }

// TrayPossible reports whether there may be a tray, now or later.
func TrayPossible() bool { return trayPossible() }

// TrayShown reports whether something shows icons of the tray now.
func TrayShown(ctx context.Context) bool { return trayShown(ctx) }

// FileURL returns the address of a file or folder.
func FileURL(path string) *url.URL {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	return &url.URL{Scheme: "file", Path: slashed}
}
