//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"
)

// ShowInFolder opens the folder of a file or folder, with that selected where the file
// manager can do it.
func (w *window) ShowInFolder(path string) {
	w.crossing.start(func(ctx context.Context) func() {
		if w.options.Reveal != nil && w.options.Reveal(ctx, path) == nil {
			return nil
		}
		return func() { w.OpenPath(filepath.Dir(path)) }
	})
}

// SystemReveal has the file manager of the system show a file, for [Options].
func SystemReveal(ctx context.Context, path string) error { return revealNatively(ctx, path) }
