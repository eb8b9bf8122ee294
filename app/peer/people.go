package peer

import (
	"context"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// newPeople makes the room of the people. What it sends is a share, and what it accepts
// a download.
func (e *Engine) newPeople() (*people.People, error) {
	return people.New(people.Config{Identity: e.config.Library.Identity(), Library: e.config.Library, Log: e.log, Timing: e.timing.people,
		Trackers: e.peopleTrackers, Name: e.name, Folder: e.downloadDir, Offer: e.offerTo, Withdraw: e.withdrawSent,
		Download: e.fetchSent, Downloaded: e.fetched, Notify: e.changes.step})
}

// peopleTrackers are the trackers that this peer has joined.
func (e *Engine) peopleTrackers() []people.Tracker {
	if !e.Trackers.Joined() {
		return nil
	}
	var list []people.Tracker
	for _, t := range e.Trackers.Active() {
		list = append(list, t)
	}
	return list
}

func (e *Engine) downloadDir() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.DownloadDir
}

// offerTo shares something with one person.
func (e *Engine) offerTo(ctx context.Context, source library.RequestSource, to netproto.PublicKey, request string) (netproto.NoteItem, error) {
	id, err := e.Shares.Add(source.Path, sharing.Options{Except: source.Except, Allow: source.Allow, AllowAll: source.AllowAll, Request: request,
		Visible: &library.Visible{To: library.VisibleKeys, Keys: []netproto.PublicKey{to}}})
	if err != nil {
		return netproto.NoteItem{}, err
	}
	s, err := e.Shares.Wait(ctx, id)
	if err != nil {
		return netproto.NoteItem{}, err
	}
	return netproto.NoteItem{Hash: s.Hash, Size: s.Size, Name: s.Name, Folder: s.Folder, Files: s.Files}, nil
}

func (e *Engine) withdrawSent(request string) {
	if err := e.Shares.StopRequest(request); err != nil {
		e.log.Warn("what was sent is still offered", "error", err)
	}
}

// fetchSent downloads what somebody sent to this person alone.
func (e *Engine) fetchSent(item netproto.NoteItem, dir string) (string, error) {
	id, err := e.Downloads.Add(queue.Request{Hash: item.Hash, Name: item.Name, Size: item.Size, Folder: item.Folder, Dir: dir, Private: true})
	if err == nil {
		e.Downloads.StartOne(id)
	}
	return id, err
}

// fetchWished downloads what fits a wish.
func (e *Engine) fetchWished(w library.Wish, f library.Found) error {
	dir := w.Folder
	if dir == "" {
		dir = e.downloadDir()
	}
	if finished, underWay := e.Downloads.Here(f.Hash); finished || underWay {
		return nil
	}
	id, err := e.Downloads.Add(queue.Request{Hash: f.Hash, Name: f.Name, Size: f.Size, Folder: f.Folder, Dir: dir})
	if err == nil {
		e.Downloads.StartOne(id)
	}
	return err
}

// fetched is how far such a download is.
func (e *Engine) fetched(id string) (people.Progress, error) {
	switch d, ok := e.Downloads.ByID(id); {
	case !ok:
		return people.Gone, nil
	case d.State == queue.StateFinished:
		return people.Finished, nil
	case d.State == queue.StateFailed && d.Retry.IsZero():
		return people.Failed, d.Err
	}
	return people.Running, nil
}

// FetchNotes takes what others have left for this peer at the trackers now.
func (e *Engine) FetchNotes(ctx context.Context) error {
	for _, t := range e.peopleTrackers() {
		if err := e.People.Collect(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
