//go:build !darwin || cgo

package desktop

import (
	"net/url"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"centralizedp2p/netproto"
)

// openPath shows a file or folder with the program that the desktop chose
// for it.
func openPath(app fyne.App, path string) error {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	if err := app.OpenURL(&url.URL{Scheme: "file", Path: slashed}); err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err)
	}
	return nil
}
