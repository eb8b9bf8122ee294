package localengine

import (
	"context"
	"os"
	"slices"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// search implements [face.Search].
type search struct{ *core }

// Search asks all trackers in use.
func (s *search) Search(ctx context.Context, r face.SearchRequest) (face.SearchPage, error) {
	found, err := s.engine.Trackers.Active().Search(ctx, netproto.SearchRequest{
		Words: r.Words, Type: string(r.Kind), MinSize: r.MinSize, MaxSize: r.MaxSize, Owner: r.Owner, Since: r.Since,
		Sort: r.Sort, Order: r.Order, Cursor: r.Cursor, Limit: netproto.MaxPage,
	})
	if r.Owner != (netproto.PeerID{}) && netproto.CodeOf(err) == netproto.CodeNotFound {
		return face.SearchPage{Hits: []face.Hit{}}, nil // who is offline shares nothing
	}
	if err != nil {
		return face.SearchPage{}, coded(err)
	}
	return s.page(found), nil
}

// page returns hits with what is known here of each. This peer is none of its own sources.
func (s *search) page(found netproto.SearchResponse) face.SearchPage {
	have := s.have()
	page := face.SearchPage{Next: found.Next, Meant: found.Suggestions, Corrected: found.Corrected, Hits: make([]face.Hit, len(found.Items))}
	me := s.library.Identity().PeerID()
	for i, h := range found.Items {
		if others := slices.DeleteFunc(h.Owners.List(), func(o netproto.Owner) bool { return o.PeerID == me }); len(others) < len(h.Owners.List()) {
			h.Owners, h.Sources = netproto.Owners{}, max(h.Sources-1, 0)
			copy(h.Owners[:], others)
		}
		page.Hits[i] = face.Hit{Hit: h, Kind: netproto.KindOf(h.Name, h.MIME, h.Folder), Have: have(h.Hash)}
	}
	return page
}

// Have says how much of each content is on this computer now.
func (s *search) Have(_ context.Context, contents []netproto.ContentHash) ([]face.Have, error) {
	have := s.have()
	all := make([]face.Have, len(contents))
	for i, hash := range contents {
		all[i] = have(hash)
	}
	return all, nil
}

// have returns a function that says how much of a content is on this computer.
// It is made once for many contents. The list of downloads is copied only if one
// of them is in it: a search runs with every key that is typed.
func (s *search) have() func(netproto.ContentHash) face.Have {
	list := sync.OnceValue(s.engine.Downloads.List)
	return func(hash netproto.ContentHash) face.Have {
		if s.engine.Shares.Offered(hash) {
			return face.HaveHere
		}
		best := face.HaveNothing
		if finished, underWay := s.engine.Downloads.Here(hash); !finished && !underWay {
			return best
		}
		for _, d := range list() {
			if d.Hash != hash {
				continue
			}
			switch have := haveOf(d); have {
			case face.HaveHere, face.HaveRunning:
				return have
			case face.HaveNothing:
			default:
				best = have
			}
		}
		return best
	}
}

// haveOf returns how much of its content a download has. A failed one has
// nothing, so that it can be requested again; so does a finished one whose file
// is gone.
func haveOf(d queue.Download) face.Have {
	switch d.State {
	case queue.StateFinished:
		if _, err := os.Lstat(d.Path); err == nil {
			return face.HaveHere
		}
		return face.HaveNothing
	case queue.StateFailed:
		return face.HaveNothing
	case queue.StatePaused:
		return face.HavePaused
	case queue.StateNoSpace:
		return face.HaveStuck
	case queue.StateQueued, queue.StateWaiting, queue.StateConnecting:
		if d.Done == 0 {
			return face.HaveQueued
		}
	}
	return face.HaveRunning
}

// FolderContents fetches the list of files of a folder.
func (s *search) FolderContents(ctx context.Context, folder netproto.ContentHash) (face.Folder, error) {
	entries, err := s.engine.Folder(ctx, folder)
	if err != nil {
		return face.Folder{}, coded(err)
	}
	have := s.have()
	f := face.Folder{Files: make([]face.FolderFile, len(entries))}
	for i, entry := range entries {
		f.Files[i] = face.FolderFile{FolderEntry: entry, Here: !entry.Dir && have(entry.Hash) == face.HaveHere}
	}
	return f, nil
}
