package desktop

import (
	"context"
	"slices"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// fakePeople are the people and requests that a test puts there.
type fakePeople struct {
	people sync.Mutex
	list   []face.Person
	in     []face.Request
	out    []face.Request
	toSend face.Review // what a review of what is sent says
	sent   []face.SendRequest
	browse []face.Hit // what everybody shares

	visible face.Visible // of every share
	stopped []string     // uploads
}

func (f *fakePeople) People(context.Context, string) (face.PeopleList, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return face.PeopleList{People: slices.Clone(f.list)}, nil
}

func (f *fakePeople) Person(_ context.Context, id netproto.PeerID) (face.Person, error) {
	f.people.Lock()
	defer f.people.Unlock()
	for _, p := range f.list {
		if p.PeerID == id {
			return p, nil
		}
	}
	return face.Person{}, &netproto.Error{Code: netproto.CodeNotFound}
}

func (f *fakePeople) Browse(context.Context, netproto.PeerID, string) (face.SearchPage, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return face.SearchPage{Hits: slices.Clone(f.browse)}, nil
}

func (f *fakePeople) Know(_ context.Context, id netproto.PeerID, known face.Known) error {
	f.people.Lock()
	defer f.people.Unlock()
	for i := range f.list {
		if f.list[i].PeerID == id {
			f.list[i].Known = known
		}
	}
	return nil
}

func (f *fakePeople) ReviewSend(context.Context, []string) (face.Review, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return f.toSend, nil
}

func (f *fakePeople) Send(_ context.Context, r face.SendRequest) (string, error) {
	f.people.Lock()
	defer f.people.Unlock()
	f.sent = append(f.sent, r)
	return "1", nil
}

func (f *fakePeople) Outbox(context.Context) ([]face.Request, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return slices.Clone(f.out), nil
}

func (f *fakePeople) Inbox(context.Context) ([]face.Request, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return slices.Clone(f.in), nil
}

func (f *fakePeople) set(list []face.Request, state face.RequestState, ids ...string) {
	f.people.Lock()
	defer f.people.Unlock()
	for i := range list {
		if slices.Contains(ids, list[i].ID) {
			list[i].State = state
		}
	}
}

func (f *fakePeople) Accept(_ context.Context, request, _ string) error {
	f.set(f.in, face.RequestAccepted, request)
	return nil
}

func (f *fakePeople) Decline(_ context.Context, ids []string) error {
	f.set(f.in, face.RequestDeclined, ids...)
	return nil
}

func (f *fakePeople) Withdraw(_ context.Context, ids []string) error {
	f.set(f.out, face.RequestWithdrawn, ids...)
	return nil
}

func (f *fakePeople) Clear(context.Context, []string) error { return nil }

func (f *fakePeople) VisibleTo(context.Context, string) (face.Visible, error) {
	f.people.Lock()
	defer f.people.Unlock()
	return f.visible, nil
}

func (f *fakePeople) SetVisible(_ context.Context, _ []string, visible face.Visible) error {
	f.people.Lock()
	defer f.people.Unlock()
	f.visible = visible
	return nil
}

func (f *fakePeople) StopUploads(_ context.Context, ids []string) error {
	f.people.Lock()
	defer f.people.Unlock()
	f.stopped = append(f.stopped, ids...)
	return nil
}
