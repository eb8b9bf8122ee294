//go:build !darwin || cgo

package desktop

import (
	"context"
	"maps"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
)

// allTransfers acts on all transfers at once.
type allTransfers struct {
	window pages.Window
	engine transfersEngine
	undo   *undo
}

// transfersEngine is what allTransfers needs of the engine.
type transfersEngine interface {
	face.Downloads
	face.Preferences
}

// setQuickLimit turns the quick limit on or off.
func (t *allTransfers) setQuickLimit(on bool) {
	t.window.Act(func(ctx context.Context) error { return t.engine.SetQuickLimit(ctx, on) }, nil)
}

// switchQuickLimit turns the quick limit on if it is off, and off if it is on.
func (t *allTransfers) switchQuickLimit() { t.setQuickLimit(!t.window.Status().QuickLimit) }

// pauseAll pauses every download that is running or waiting.
func (t *allTransfers) pauseAll() { t.onDownloads(face.Download.IsRunning, t.engine.Pause) }

// resumeAll resumes every paused download.
func (t *allTransfers) resumeAll() { t.onDownloads(face.Download.IsPaused, t.engine.Resume) }

// onDownloads hands an action to the engine, on all downloads that are wanted.
func (t *allTransfers) onDownloads(wanted func(face.Download) bool, action func(context.Context, []string) error) {
	removed := maps.Clone(t.undo.hidden)
	t.window.Act(func(ctx context.Context) error {
		downloads, err := t.engine.Downloads(ctx)
		if err != nil {
			return err
		}
		var ids []string
		for _, d := range downloads {
			if wanted(d) && !removed[d.ID] {
				ids = append(ids, d.ID)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		return action(ctx, ids)
	}, nil)
}
