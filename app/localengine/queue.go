package localengine

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
)

// ordering implements [face.Queue].
type ordering struct{ *core }

// MoveInQueue moves downloads in the queue.
func (o *ordering) MoveInQueue(_ context.Context, ids []string, way face.QueueMove) error {
	return coded(o.engine.Downloads.Move(queue.Way(way), ids...))
}

// SetPriority decides which downloads start first.
func (o *ordering) SetPriority(_ context.Context, ids []string, priority face.Priority) error {
	return coded(o.engine.Downloads.SetPriority(library.Priority(priority), ids...))
}

// SetDownloadLimit limits each of the downloads.
func (o *ordering) SetDownloadLimit(_ context.Context, ids []string, bytesPerSecond int64) error {
	return coded(o.engine.Downloads.SetRate(bytesPerSecond, ids...))
}

// Prefer makes a download fetch one file before all else.
func (o *ordering) Prefer(_ context.Context, id, path string) error {
	return coded(o.engine.Downloads.Prefer(id, path, 0))
}

// Verify hashes what is on the disk again.
func (o *ordering) Verify(_ context.Context, ids []string) error {
	return coded(o.engine.Downloads.Verify(ids...))
}

// MoveTo moves downloads to another folder.
func (o *ordering) MoveTo(_ context.Context, ids []string, folder string) error {
	return coded(o.engine.Downloads.MoveTo(folder, ids...))
}
