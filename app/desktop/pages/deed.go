//go:build !darwin || cgo

package pages

import "context"

// Deed is something that was done and can be undone for a few seconds.
type Deed struct {
	Words  string                      // what was done
	Commit func(context.Context) error // runs if it is not undone; nil if it was done at once
	Undo   func(context.Context) error
	Rows   []string // IDs of the downloads that are hidden meanwhile
	Counts int      // the number of them that are unfinished
}

// Undo is where the window offers to undo a deed. It is used on the UI thread.
type Undo interface {
	// Offer shows a deed that can be undone. The one before it stays done.
	Offer(deed Deed)
	// Hides reports whether a download is hidden by a deed that can be undone.
	Hides(download string) bool
}

// OnAny runs an action on rows, if there are any.
func OnAny(ctx context.Context, action func(context.Context, []string) error, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return action(ctx, ids)
}
