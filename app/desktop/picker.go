//go:build !darwin || cgo

package desktop

import "context"

// pick lets the person choose files, or a folder, in the system's own picker. It calls
// chosen with what was chosen, if anything, and otherwise if there is no such picker.
// Of a peer on another computer it picks what is there.
func (w *window) pick(title string, folder bool, chosen func(paths []string), otherwise func()) {
	if w.choice.driven != nil {
		w.pickThere(title, folder, chosen)
		return
	}
	if w.options.Picker == nil {
		otherwise()
		return
	}
	w.crossing.startWithin(reviewTime, func(ctx context.Context) func() {
		paths, err := w.options.Picker(ctx, title, folder)
		return func() {
			switch {
			case err != nil:
				otherwise()
			case len(paths) > 0:
				chosen(paths)
			}
		}
	})
}
