package person

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/netproto"
)

// What send and inbox do with a peer that runs with the profile already.

// eventOf is a request of a running peer.
func eventOf(r face.Request, out bool) requestEvent {
	e := requestEvent{Event: "request", Number: uint64(r.Number), Out: out, PeerID: r.PeerID, Name: r.Name, Message: r.Message, Size: r.Size, Sent: r.Sent,
		State: library.RequestState(r.State), Code: r.Failure.Code, Reason: r.Failure.Detail, Folder: r.Folder}
	for _, item := range r.Items {
		if !item.Hash.IsZero() {
			e.Items = append(e.Items, requestItem{Name: item.Name, Hash: item.Hash, Size: item.Size, Folder: item.Folder, Files: item.Files})
		}
	}
	return e
}

func (p *program) sendThere(ctx context.Context, engine face.Engine, sending people.Sending, to string, detach bool) error {
	person, err := drive.PersonNamed(ctx, engine, to)
	if err != nil {
		return err
	}
	r := face.SendRequest{To: person.PeerID, Message: sending.Message}
	paths := sources(sending)
	for _, path := range paths {
		r.Items = append(r.Items, face.ShareItem{Path: path})
	}
	if sending.Sources[0].AllowAll {
		if r.Items, err = drive.SecretItems(ctx, engine, paths); err != nil {
			return err
		}
	}
	id, err := engine.Send(ctx, r)
	if err != nil {
		return err
	}
	l := lookout.There(ctx, p.Screen, engine)
	leftOut := sync.OnceFunc(func() {
		if number, err := strconv.ParseUint(id, 10, 64); err == nil {
			l.Sent(number, paths)
		}
	})
	return p.followRequest(ctx, engine, true, id, func(r face.Request) (bool, error) {
		switch r.State {
		case face.RequestDeclined:
			return true, netproto.Errorf(netproto.CodeDenied, "%s declined", netproto.Printable(r.Name))
		case face.RequestWaiting, face.RequestAccepted:
			leftOut()
			return detach, nil
		}
		return false, nil
	})
}

// followRequest tells whatever becomes of a request until enough says so, or it is over.
func (p *program) followRequest(ctx context.Context, engine face.Engine, out bool, id string, enough func(face.Request) (bool, error)) error {
	box := engine.Inbox
	if out {
		box = engine.Outbox
	}
	var told face.RequestState
	return lookout.Follow(ctx, engine, func() (bool, error) {
		list, err := box(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(list, func(r face.Request) bool { return r.ID == id })
		if i < 0 {
			return false, netproto.Errorf(netproto.CodeNotFound, "there is no request %s", id)
		}
		r := list[i]
		if r.State != told {
			told = r.State
			p.requestEvent(eventOf(r, out))
		}
		if done, err := enough(r); done || err != nil {
			return done, err
		}
		switch {
		case r.State == face.RequestFailed:
			return false, r.Failure.Error()
		case r.State == face.RequestDone:
			return true, nil
		case r.State.Over():
			return false, netproto.Errorf(netproto.CodeGone, "the request is over: it was %s", r.State)
		}
		return false, nil
	})
}

func (p *program) inboxThere(ctx context.Context, engine face.Engine) error {
	list, err := engine.Inbox(ctx)
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(list, func(r face.Request) bool { return r.State != face.RequestWaiting })
	for _, r := range slices.Backward(waiting) { // the oldest first
		p.requestEvent(eventOf(r, false))
	}
	if len(waiting) == 0 {
		p.Say("Nothing waits for an answer.")
	}
	return nil
}

func (p *program) acceptThere(ctx context.Context, engine face.Engine, number uint64, dir string) error {
	id := strconv.FormatUint(number, 10)
	if err := engine.Accept(ctx, id, dir); err != nil {
		return err
	}
	return p.followRequest(ctx, engine, false, id, func(face.Request) (bool, error) { return false, nil })
}

func (p *program) declineThere(ctx context.Context, engine face.Engine, number uint64) error {
	list, err := engine.Inbox(ctx)
	if err != nil {
		return err
	}
	id := strconv.FormatUint(number, 10)
	i := slices.IndexFunc(list, func(r face.Request) bool { return r.ID == id })
	if i < 0 || list[i].State != face.RequestWaiting {
		return netproto.Errorf(netproto.CodeNotFound, "request %d does not wait for an answer", number)
	}
	if err := engine.Decline(ctx, []string{id}); err != nil {
		return err
	}
	declined := list[i]
	declined.State = face.RequestDeclined
	p.requestEvent(eventOf(declined, false))
	return nil
}

// acceptAllThere has a running peer accept what one person sends until ctx ends.
func (p *program) acceptAllThere(ctx context.Context, engine face.Engine, from, dir string) error {
	person, err := drive.PersonNamed(ctx, engine, from)
	if err != nil {
		return err
	}
	p.ready(person.Name, dir)
	told := map[string]face.RequestState{}
	err = lookout.Follow(ctx, engine, func() (bool, error) {
		list, err := engine.Inbox(ctx)
		if err != nil {
			return false, err
		}
		for _, r := range slices.Backward(list) {
			if r.PeerID != person.PeerID || told[r.ID] == r.State {
				continue
			}
			if _, known := told[r.ID]; !known && r.State.Over() { // of earlier runs
				told[r.ID] = r.State
				continue
			}
			told[r.ID] = r.State
			p.requestEvent(eventOf(r, false))
			if r.State == face.RequestWaiting {
				if err := engine.Accept(ctx, r.ID, dir); err != nil {
					return false, err
				}
			}
		}
		return false, nil
	})
	if netproto.CodeOf(err) == netproto.CodeCancelled {
		return nil
	}
	return err
}
