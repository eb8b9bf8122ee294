//go:build !darwin || cgo

package localengine

import (
	"context"

	"centralizedp2p/app/desktop"
	"centralizedp2p/netproto"
)

var errSoon = netproto.Errorf(netproto.CodeInternal, "the engine is about to learn this")

// RemoveWithFiles takes downloads off the list and their files off the disk.
func (e *Engine) RemoveWithFiles(ctx context.Context, ids []string) error { return errSoon }

// Details is what the pane shows about one download.
func (e *Engine) Details(_ context.Context, id string) (desktop.Details, error) {
	return desktop.Details{}, errSoon
}

// MoveInQueue changes the order in which downloads have their turn.
func (e *Engine) MoveInQueue(_ context.Context, ids []string, way desktop.QueueMove) error {
	return errSoon
}

// SetPriority says which downloads are next.
func (e *Engine) SetPriority(_ context.Context, ids []string, priority desktop.Priority) error {
	return errSoon
}

// SetDownloadLimit bounds each of the downloads.
func (e *Engine) SetDownloadLimit(_ context.Context, ids []string, bytesPerSecond int64) error {
	return errSoon
}

// Verify hashes again what is on the disk.
func (e *Engine) Verify(_ context.Context, ids []string) error { return errSoon }

// MoveTo moves downloads to another folder.
func (e *Engine) MoveTo(_ context.Context, ids []string, folder string) error { return errSoon }
