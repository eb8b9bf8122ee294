package localengine

import (
	"context"
	"os"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// Search asks the trackers in use.
func (e *Engine) Search(ctx context.Context, r face.SearchRequest) (face.SearchPage, error) {
	found, err := e.engine.Trackers().Search(ctx, netproto.SearchRequest{Words: r.Words, Type: string(r.Kind), MinSize: r.MinSize, MaxSize: r.MaxSize, Sort: r.Sort, Cursor: r.Cursor, Limit: netproto.MaxPage})
	if err != nil {
		return face.SearchPage{}, coded(err)
	}
	have := e.have()
	page := face.SearchPage{Next: found.Next, Meant: found.Suggestions, Hits: make([]face.Hit, len(found.Items))}
	for i, h := range found.Items {
		page.Hits[i] = face.Hit{Hit: h, Kind: netproto.KindOf(h.Name, h.MIME, h.Folder), Have: have(h.Hash)}
	}
	return page, nil
}

// have tells what of a content is on this computer, for many contents at once.
func (e *Engine) have() func(netproto.ContentHash) face.Have {
	downloads := map[netproto.ContentHash][]peer.Download{}
	for _, d := range e.engine.Downloads() {
		downloads[d.Hash] = append(downloads[d.Hash], d)
	}
	return func(hash netproto.ContentHash) face.Have {
		if e.engine.Shared(hash) {
			return face.HaveHere
		}
		best := face.HaveNothing
		for _, d := range downloads[hash] {
			switch have := haveOf(d); {
			case have == face.HaveHere, have == face.HaveRunning:
				return have
			case have == face.HaveQueued:
				best = have
			}
		}
		return best
	}
}

// haveOf is what a download has of its content. A failed one has nothing, so
// that it can be asked for again, and so has a finished one whose file is gone.
func haveOf(d peer.Download) face.Have {
	switch d.State {
	case peer.DownloadFinished:
		if _, err := os.Lstat(d.Path); err == nil {
			return face.HaveHere
		}
		return face.HaveNothing
	case peer.DownloadFailed:
		return face.HaveNothing
	case peer.DownloadQueued, peer.DownloadWaiting, peer.DownloadConnecting:
		if d.Done == 0 {
			return face.HaveQueued
		}
	}
	return face.HaveRunning
}

// FolderContents fetches the list of a folder's files.
func (e *Engine) FolderContents(ctx context.Context, folder netproto.ContentHash) (face.Folder, error) {
	entries, err := e.engine.Folder(ctx, folder)
	if err != nil {
		return face.Folder{}, coded(err)
	}
	have := e.have()
	f := face.Folder{Files: make([]face.FolderFile, len(entries))}
	for i, entry := range entries {
		f.Files[i] = face.FolderFile{FolderEntry: entry, Here: !entry.Dir && have(entry.Hash) == face.HaveHere}
	}
	return f, nil
}

// Download adds a download into the chosen folder.
func (e *Engine) Download(ctx context.Context, r face.DownloadRequest) error {
	settings, err := e.settings()
	if err != nil {
		return err
	}
	if r.Link != "" {
		if err := e.followLink(ctx, &r); err != nil {
			return err
		}
	}
	_, err = e.engine.Download(peer.DownloadRequest{Hash: r.Hash, Name: r.Name, Size: r.Size, Folder: r.Folder, Paths: r.Paths, Dir: settings.DownloadDir})
	return coded(err)
}

// followLink asks the tracker of a link what the content is.
func (e *Engine) followLink(ctx context.Context, r *face.DownloadRequest) error {
	link, err := netproto.ParseLink(r.Link)
	if err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if link.IsTracker() {
		return netproto.Errorf(netproto.CodeInvalid, "the link names a tracker, and no file or folder")
	}
	t, err := e.trackerOf(ctx, link)
	if err != nil {
		return err
	}
	known, err := t.Resource(ctx, link.Hash)
	if netproto.CodeOf(err) == netproto.CodeNotFound {
		name := link.Name
		if name == "" {
			name = link.Hash.String()
		}
		return netproto.Errorf(netproto.CodeNotFound, "%s", name)
	}
	if err != nil {
		return coded(err)
	}
	r.Hash, r.Size, r.Folder = link.Hash, known.Size, known.Folder
	if r.Name == "" {
		r.Name = known.Name
	}
	return nil
}

// trackerOf is the tracker of a link, to which this peer switches if it is
// another one and nothing is lost by that. It is not, by itself, while there
// are shares or downloads: they would go from the tracker where their owner
// put them to one that a link names.
func (e *Engine) trackerOf(ctx context.Context, link netproto.Link) (peer.Tracker, error) {
	done, err := e.changeTracker(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	t := e.engine.Tracker()
	if t != nil && (t.Address() == link.Tracker || !link.Fingerprint.IsZero() && t.Fingerprint() == link.Fingerprint) {
		return t, nil
	}
	for _, other := range e.engine.Trackers() {
		if other.Address() == link.Tracker {
			return other, nil
		}
	}
	if t != nil && e.bound() {
		return nil, netproto.Errorf(netproto.CodeInvalid,
			"the link is of the tracker %s, and your shares and downloads are on %s: use the other one too, on the Tracker page, and then the link works", link.Tracker, t.Address())
	}
	if err := e.use(ctx, link); err != nil {
		return nil, err
	}
	return e.engine.Tracker(), nil
}

// bound tells whether there is anything that another tracker does not know.
func (e *Engine) bound() bool {
	if len(e.engine.Shares()) > 0 {
		return true
	}
	for _, d := range e.engine.Downloads() {
		if d.State != peer.DownloadFinished {
			return true
		}
	}
	return false
}
