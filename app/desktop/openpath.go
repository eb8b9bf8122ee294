//go:build !darwin || cgo

package desktop

import (
	"net/url"
	"path/filepath"
	"strings"

	"centralizedp2p/netproto"
)

// OpenPath opens a file or folder with the program that the desktop chose for it.
func (w *window) OpenPath(path string) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	if err := w.app.OpenURL(&url.URL{Scheme: "file", Path: slashed}); err != nil {
		w.Fail(netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err))
	}
}
