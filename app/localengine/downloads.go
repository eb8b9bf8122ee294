package localengine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// downloads implements [face.Downloads].
type downloads struct {
	*core
	trackers *trackers
	ended    func(downloads []string) // they are about to leave the list
}

// Downloads returns the rows of the Downloads page.
func (ds *downloads) Downloads(context.Context) ([]face.Download, error) {
	list := ds.engine.Downloads.List()
	rows := make([]face.Download, len(list))
	for i, d := range list {
		rows[i] = face.Download{
			ID: d.ID, Hash: d.Hash, Name: d.Name, Folder: d.Folder, Size: d.Size, Done: d.Done, Rate: d.Rate, Sources: d.Sources,
			State: face.DownloadState(d.State), Place: d.Place, SecsLeft: seconds(d.Left), Path: d.Path, Failure: face.FailureOf(d.Err),
			Priority: face.Priority(d.Priority), Limit: d.Limit, Added: d.Added, Finished: d.Finished,
		}
		if !d.Retry.IsZero() {
			rows[i].RetrySecs = max(seconds(time.Until(d.Retry)), 1)
		}
	}
	return rows, nil
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// Details returns what the details pane shows about one download.
func (ds *downloads) Details(_ context.Context, id string) (face.Details, error) {
	d, err := ds.engine.Downloads.Details(id)
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
		source := face.Source{
			PeerID: s.PeerID, Key: netproto.FingerprintOf(s.Key[:]), Name: s.Name, Address: s.Address, State: face.SourceState(s.State),
			Place: s.Place, Rate: s.Rate, Got: s.Got, Whole: s.Whole, Local: s.Local, Origin: face.OriginTracker, Failure: face.FailureOf(s.Err),
			Way: face.Way(s.Way), Limit: s.Limit, Shut: s.Reach == netproto.ReachableNo,
		}
		if no, ok := errors.AsType[*session.NoRelayError](s.Err); ok {
			source.NoRelay = no.Why
			if no.Again != nil {
				source.RelayAgain = *no.Again
			}
		}
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

// Download adds a download into the chosen folder.
func (ds *downloads) Download(ctx context.Context, r face.DownloadRequest) error {
	settings, err := ds.settings()
	if err != nil {
		return err
	}
	if r.To != "" {
		if err := usable(r.To); err != nil {
			return err
		}
	}
	if r.Link != "" {
		if r, err = ds.lookUp(ctx, r); err != nil {
			return err
		}
	}
	dir := cmp.Or(r.To, settings.DownloadDir)
	id, err := ds.engine.Downloads.Add(queue.Request{Hash: r.Hash, Name: r.Name, Size: r.Size, Folder: r.Folder, Paths: r.Paths, Plain: r.Plain, Dir: dir})
	if err == nil && ds.attached {
		ds.engine.Downloads.StartOne(id)
	}
	return coded(err)
}

// lookUp asks the tracker of the request's link what the content is.
func (ds *downloads) lookUp(ctx context.Context, r face.DownloadRequest) (face.DownloadRequest, error) {
	link, err := netproto.ParseLink(r.Link)
	if err != nil {
		return r, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if link.IsTracker() {
		return r, netproto.Errorf(netproto.CodeInvalid, "the link names a tracker, and no file or folder")
	}
	tracker, err := ds.trackers.of(ctx, link)
	if err != nil {
		return r, err
	}
	known, err := tracker.Resource(ctx, link.Hash)
	if netproto.CodeOf(err) == netproto.CodeNotFound {
		return r, netproto.Errorf(netproto.CodeNotFound, "%s", cmp.Or(link.Name, link.Hash.String()))
	}
	if err != nil {
		return r, coded(err)
	}
	r.Hash, r.Size, r.Folder, r.Name = link.Hash, known.Size, known.Folder, cmp.Or(r.Name, known.Name)
	return r, nil
}

// Pause stops downloads until they are resumed.
func (ds *downloads) Pause(_ context.Context, ids []string) error {
	return coded(ds.engine.Downloads.Pause(ids...))
}

// Resume lets paused downloads go on.
func (ds *downloads) Resume(_ context.Context, ids []string) error {
	return coded(ds.engine.Downloads.Resume(ids...))
}

// Retry restarts failed downloads.
func (ds *downloads) Retry(_ context.Context, ids []string) error {
	return coded(ds.engine.Downloads.Resume(ids...))
}

// Cancel removes unfinished downloads and deletes what was fetched of them.
func (ds *downloads) Cancel(_ context.Context, ids []string) error {
	ds.ended(ids)
	return coded(ds.engine.Downloads.Remove(ids...))
}

// Remove removes downloads from the list; finished files stay.
func (ds *downloads) Remove(_ context.Context, ids []string) error {
	ds.ended(ids)
	return coded(ds.engine.Downloads.Remove(ids...))
}

// RemoveToTrash removes downloads and moves their files to the trash.
func (ds *downloads) RemoveToTrash(_ context.Context, ids []string) error {
	ds.ended(ids)
	return coded(ds.engine.Downloads.RemoveToTrash(ids...))
}

// RemoveWithFiles removes downloads and deletes their files.
func (ds *downloads) RemoveWithFiles(_ context.Context, ids []string) error {
	ds.ended(ids)
	return coded(ds.engine.Downloads.RemoveWithFiles(ids...))
}
