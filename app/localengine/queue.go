package localengine

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer"
)

// queue implements [face.Queue].
type queue struct{ *core }

// MoveInQueue moves downloads in the queue.
func (q *queue) MoveInQueue(_ context.Context, ids []string, way face.QueueMove) error {
	return coded(q.engine.MoveInQueue(peer.QueueMove(way), ids...))
}

// SetPriority decides which downloads start first.
func (q *queue) SetPriority(_ context.Context, ids []string, priority face.Priority) error {
	return coded(q.engine.SetPriority(peer.Priority(priority), ids...))
}

// SetDownloadLimit limits each of the downloads.
func (q *queue) SetDownloadLimit(_ context.Context, ids []string, bytesPerSecond int64) error {
	return coded(q.engine.SetDownloadLimit(bytesPerSecond, ids...))
}

// Prefer makes a download fetch one file before all else.
func (q *queue) Prefer(_ context.Context, id, path string) error {
	return coded(q.engine.Prefer(id, path, 0))
}

// Verify hashes what is on the disk again.
func (q *queue) Verify(_ context.Context, ids []string) error {
	return coded(q.engine.Verify(ids...))
}

// MoveTo moves downloads to another folder.
func (q *queue) MoveTo(_ context.Context, ids []string, folder string) error {
	return coded(q.engine.MoveTo(folder, ids...))
}
