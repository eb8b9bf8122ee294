package localengine

import (
	"context"
	"path/filepath"
	"time"

	"centralizedp2p/app/desktop"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// Search asks the tracker in use.
func (e *Engine) Search(ctx context.Context, r desktop.SearchRequest) (desktop.SearchPage, error) {
	t := e.engine.Tracker()
	if t == nil {
		return desktop.SearchPage{}, netproto.Errorf(netproto.CodeUnreachable, "no tracker is chosen yet")
	}
	found, err := t.Search(ctx, netproto.SearchRequest{Words: r.Words, Type: string(r.Kind), MinSize: r.MinSize, MaxSize: r.MaxSize, Sort: r.Sort, Cursor: r.Cursor, Limit: netproto.MaxPage})
	if err != nil {
		return desktop.SearchPage{}, err
	}
	here := e.here()
	page := desktop.SearchPage{Next: found.Next, Hits: make([]desktop.Hit, len(found.Items))}
	for i, h := range found.Items {
		page.Hits[i] = desktop.Hit{Hit: h, Kind: desktop.Kind(netproto.KindOf(h.Name, h.MIME, h.Folder)), Have: here(h.Hash)}
	}
	return page, nil
}

// here tells what of a content is on this computer, for many contents at once.
func (e *Engine) here() func(netproto.ContentHash) desktop.Have {
	downloads := map[netproto.ContentHash]desktop.Have{}
	for _, d := range e.engine.Downloads() {
		switch d.State {
		case peer.DownloadFinished:
			downloads[d.Hash] = desktop.HaveHere
		case peer.DownloadQueued, peer.DownloadWaiting:
			downloads[d.Hash] = desktop.HaveQueued
		default:
			downloads[d.Hash] = desktop.HaveRunning
		}
	}
	return func(hash netproto.ContentHash) desktop.Have {
		if e.engine.Shared(hash) {
			return desktop.HaveHere
		}
		return downloads[hash]
	}
}

// FolderContents fetches the list of a folder's files.
func (e *Engine) FolderContents(ctx context.Context, folder netproto.ContentHash) (desktop.Folder, error) {
	entries, err := e.engine.Folder(ctx, folder)
	if err != nil {
		return desktop.Folder{}, err
	}
	here := e.here()
	f := desktop.Folder{Files: make([]desktop.FolderFile, len(entries))}
	for i, entry := range entries {
		f.Files[i] = desktop.FolderFile{FolderEntry: entry, Here: !entry.Dir && here(entry.Hash) == desktop.HaveHere}
	}
	return f, nil
}

// Download adds a download into the chosen folder.
func (e *Engine) Download(ctx context.Context, r desktop.DownloadRequest) error {
	settings, err := e.library.Settings()
	if err != nil {
		return err
	}
	if r.Link != "" {
		if err := e.followLink(ctx, &r); err != nil {
			return err
		}
	}
	_, err = e.engine.Download(peer.DownloadRequest{Hash: r.Hash, Name: r.Name, Size: r.Size, Folder: r.Folder, Paths: r.Paths, Dir: settings.DownloadDir})
	return err
}

// followLink switches to the tracker of a link, where that is another one, and
// asks it what the content is.
func (e *Engine) followLink(ctx context.Context, r *desktop.DownloadRequest) error {
	link, err := netproto.ParseLink(r.Link)
	if err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if t := e.engine.Tracker(); t == nil || t.Address() != link.Tracker {
		if err := e.use(ctx, link.Tracker, link.Fingerprint); err != nil {
			return err
		}
	}
	known, err := e.engine.Tracker().Resource(ctx, link.Hash)
	if netproto.CodeOf(err) == netproto.CodeNotFound {
		return netproto.Errorf(netproto.CodeNoSource, "%s", r.Name)
	}
	if err != nil {
		return err
	}
	r.Hash, r.Size, r.Folder = link.Hash, known.Size, known.Folder
	if r.Name == "" {
		r.Name = known.Name
	}
	return nil
}

// Downloads are the rows of the Downloads page.
func (e *Engine) Downloads(context.Context) ([]desktop.Download, error) {
	list := e.engine.Downloads()
	rows := make([]desktop.Download, len(list))
	for i, d := range list {
		rows[i] = desktop.Download{ID: d.ID, Hash: d.Hash, Name: d.Name, Folder: d.Folder, Size: d.Size, Done: d.Done, Rate: d.Rate, Sources: d.Sources,
			State: desktop.DownloadState(d.State), Place: d.Place, SecsLeft: int64(d.Left.Round(time.Second) / time.Second), Path: d.Path, Failure: desktop.FailureOf(d.Err)}
	}
	return rows, nil
}

// Uploads are the rows of the Uploads page.
func (e *Engine) Uploads(context.Context) ([]desktop.Upload, error) {
	list := e.engine.Uploads()
	rows := make([]desktop.Upload, len(list))
	for i, u := range list {
		rows[i] = desktop.Upload{ID: u.ID, Name: e.engine.NameOf(u.Hash), Peer: u.Peer, Address: u.Address, Size: u.Size, Sent: u.Sent, Rate: u.Rate, Place: u.Place, State: desktop.UploadSending}
		switch {
		case u.Ended:
			rows[i].State, rows[i].Rate = desktop.UploadEnded, 0
		case u.Place > 0:
			rows[i].State = desktop.UploadQueued
		}
	}
	return rows, nil
}

// each does the same with several downloads or shares; the first failure ends it.
func each(ids []string, do func(id string) error) error {
	for _, id := range ids {
		if err := do(id); err != nil {
			return err
		}
	}
	return nil
}

// Pause stops downloads until they are resumed.
func (e *Engine) Pause(_ context.Context, ids []string) error { return each(ids, e.engine.Pause) }

// Resume lets paused downloads go on.
func (e *Engine) Resume(_ context.Context, ids []string) error { return each(ids, e.engine.Resume) }

// Retry starts failed downloads again.
func (e *Engine) Retry(_ context.Context, ids []string) error { return each(ids, e.engine.Resume) }

// Cancel takes unfinished downloads off the list, and what was fetched of them
// off the disk.
func (e *Engine) Cancel(_ context.Context, ids []string) error { return each(ids, e.engine.Remove) }

// Remove takes downloads off the list; finished files stay.
func (e *Engine) Remove(_ context.Context, ids []string) error { return each(ids, e.engine.Remove) }

// Shares are the rows of the Shared page.
func (e *Engine) Shares(context.Context) ([]desktop.Share, error) {
	list := e.engine.Shares()
	rows := make([]desktop.Share, len(list))
	for i, s := range list {
		rows[i] = desktop.Share{ID: s.ID, Name: filepath.Base(s.Path), Path: s.Path, Folder: s.Folder, Files: s.Files, Size: s.Size,
			State: desktop.ShareState(s.State), Hashed: s.Hashed, Rate: s.Rate, Fetched: s.Fetched, Sent: s.Sent, Failure: desktop.FailureOf(s.Err)}
	}
	return rows, nil
}

// Share begins to hash and to announce what was reviewed.
func (e *Engine) Share(_ context.Context, r desktop.ShareRequest) error {
	for _, item := range r.Items {
		if _, err := e.engine.Share(item.Path, peer.ShareOptions{Remember: true, Except: item.Except}); err != nil {
			return err
		}
	}
	return nil
}

// StopSharing takes shares back.
func (e *Engine) StopSharing(_ context.Context, ids []string) error {
	return e.engine.StopSharing(ids)
}

// LinkOf is the link of a share.
func (e *Engine) LinkOf(_ context.Context, id string) (string, error) {
	for _, s := range e.engine.Shares() {
		if s.ID != id {
			continue
		}
		if link := e.engine.LinkOf(s); link != "" {
			return link, nil
		}
		if s.State != peer.ShareShared {
			return "", netproto.Errorf(netproto.CodeBusy, "%s is not hashed yet", s.Name)
		}
		return "", netproto.Errorf(netproto.CodeUnreachable, "a link names the tracker, and none was reached yet")
	}
	return "", netproto.Errorf(netproto.CodeNotFound, "it is not shared any more")
}
