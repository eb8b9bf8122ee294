//go:build !darwin || cgo

package desktop

import (
	"net/url"
	"path/filepath"
	"strings"

	"centralizedp2p/netproto"
)

// openPath opens a file or folder with the program that the desktop chose for it.
func (w *window) openPath(path string) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	if err := w.app.OpenURL(&url.URL{Scheme: "file", Path: slashed}); err != nil {
		w.fail(netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err))
	}
}
