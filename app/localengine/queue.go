package localengine

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// Pause stops downloads until they are resumed.
func (e *Engine) Pause(_ context.Context, ids []string) error {
	return coded(e.engine.Pause(ids...))
}

// Resume lets paused downloads go on.
func (e *Engine) Resume(_ context.Context, ids []string) error {
	return coded(e.engine.Resume(ids...))
}

// Retry starts failed downloads again.
func (e *Engine) Retry(_ context.Context, ids []string) error {
	return coded(e.engine.Resume(ids...))
}

// Cancel takes unfinished downloads off the list, and what was fetched of them
// off the disk.
func (e *Engine) Cancel(_ context.Context, ids []string) error {
	return coded(e.engine.Remove(ids...))
}

// Remove takes downloads off the list; finished files stay.
func (e *Engine) Remove(_ context.Context, ids []string) error {
	return coded(e.engine.Remove(ids...))
}

// RemoveWithFiles takes downloads off the list and their files off the disk.
func (e *Engine) RemoveWithFiles(_ context.Context, ids []string) error {
	return coded(e.engine.RemoveWithFiles(ids...))
}

// MoveInQueue changes the order in which downloads have their turn.
func (e *Engine) MoveInQueue(_ context.Context, ids []string, way face.QueueMove) error {
	return coded(e.engine.MoveInQueue(peer.QueueMove(way), ids...))
}

// SetPriority says which downloads are next.
func (e *Engine) SetPriority(_ context.Context, ids []string, priority face.Priority) error {
	return coded(e.engine.SetPriority(peer.Priority(priority), ids...))
}

// SetDownloadLimit bounds each of the downloads.
func (e *Engine) SetDownloadLimit(_ context.Context, ids []string, bytesPerSecond int64) error {
	return coded(e.engine.SetDownloadLimit(bytesPerSecond, ids...))
}

// Prefer has a download fetch one file before all else.
func (e *Engine) Prefer(_ context.Context, id, path string) error {
	return coded(e.engine.Prefer(id, path, 0))
}

// Verify hashes again what is on the disk.
func (e *Engine) Verify(_ context.Context, ids []string) error {
	return coded(e.engine.Verify(ids...))
}

// MoveTo moves downloads to another folder.
func (e *Engine) MoveTo(_ context.Context, ids []string, folder string) error {
	return coded(e.engine.MoveTo(folder, ids...))
}

// Details is what the pane shows about one download.
func (e *Engine) Details(_ context.Context, id string) (face.Details, error) {
	d, err := e.engine.Details(id)
	if err != nil {
		return face.Details{}, coded(err)
	}
	details := face.Details{ID: id, Slow: face.Slow(d.Slow), Copies: d.Copies, Speeds: d.Speeds, Got: d.Got}
	for _, c := range d.Cells {
		details.Pieces = append(details.Pieces, face.Cell{State: face.CellState(c.State), Copies: c.Copies})
	}
	var all int64
	for _, s := range d.Sources {
		all += s.Got
	}
	for _, s := range d.Sources {
		source := face.Source{PeerID: s.PeerID, Key: netproto.FingerprintOf(s.Key[:]), Name: s.Name, Address: s.Address, State: face.SourceState(s.State),
			Place: s.Place, Rate: s.Rate, Got: s.Got, Whole: s.Whole, Local: s.Local, Origin: face.OriginTracker, Failure: face.FailureOf(s.Err)}
		if s.Traded {
			source.Origin = face.OriginPeers
		}
		if all > 0 {
			source.Share = float64(s.Got) / float64(all)
		}
		details.Sources = append(details.Sources, source)
	}
	return details, nil
}
