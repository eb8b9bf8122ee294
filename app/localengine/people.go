package localengine

import (
	"context"
	"strconv"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/netproto"
)

// persons implements [face.People].
type persons struct {
	*core
	search *search
}

// People returns who is there and who is known.
func (p *persons) People(ctx context.Context, words string) (face.PeopleList, error) {
	found, more, err := p.engine.People.List(ctx, words)
	list := face.PeopleList{People: make([]face.Person, len(found)), More: more}
	for i, person := range found {
		list.People[i] = p.person(person)
	}
	return list, coded(err)
}

// Person returns one of them.
func (p *persons) Person(ctx context.Context, id netproto.PeerID) (face.Person, error) {
	found, err := p.engine.People.Find(ctx, id)
	if err != nil {
		return face.Person{}, coded(err)
	}
	return p.person(found), nil
}

func (p *persons) person(found people.Person) face.Person {
	return face.Person{PeerID: found.ID(), Key: found.Key, Name: found.Name, Online: found.Online, LastSeen: found.Seen,
		Resources: found.Resources, Bytes: found.Bytes, Moved: face.Amounts(p.engine.Ledger.Of(found.Key)),
		Words: people.Words(p.engine.People.Key(), found.Key),
		Known: face.Known{Favourite: found.Favourite, Verified: found.Verified, Blocked: found.Blocked, Always: found.Always, Folder: found.Folder}}
}

// Browse returns a page of what a person shares with everybody; nothing of a blocked one.
func (p *persons) Browse(ctx context.Context, id netproto.PeerID, cursor string) (face.SearchPage, error) {
	found, err := p.engine.People.Find(ctx, id)
	if err != nil || found.Blocked {
		return face.SearchPage{Hits: []face.Hit{}}, coded(err)
	}
	page, err := p.engine.Trackers.Active().Browse(ctx, id, cursor)
	if err != nil {
		return face.SearchPage{}, coded(err)
	}
	return p.search.page(page), nil
}

// Know changes what is remembered of a person.
func (p *persons) Know(ctx context.Context, id netproto.PeerID, known face.Known) error {
	if known.Folder != "" {
		if err := usable(known.Folder); err != nil {
			return coded(err)
		}
	}
	found, err := p.engine.People.Find(ctx, id)
	if err != nil {
		return coded(err)
	}
	return coded(p.engine.People.Know(library.Person{Key: found.Key, Name: found.Name, Favourite: known.Favourite, Verified: known.Verified,
		Blocked: known.Blocked, Always: known.Always, Folder: known.Folder}))
}

// Send offers files and folders to a person.
func (p *persons) Send(ctx context.Context, r face.SendRequest) (string, error) {
	to, err := p.engine.People.Find(ctx, r.To)
	if err != nil {
		return "", coded(err)
	}
	s := people.Sending{To: to.Key, Name: to.Name, Message: r.Message}
	for _, item := range r.Items {
		if err := readable(item.Path); err != nil {
			return "", err
		}
		s.Sources = append(s.Sources, library.RequestSource{Path: item.Path, Except: item.Except, Allow: item.Allow})
	}
	number, err := p.engine.People.Send(s)
	return strconv.FormatUint(number, 10), coded(err)
}

// Outbox returns what was sent from here.
func (p *persons) Outbox(context.Context) ([]face.Request, error) {
	return requests(p.engine.People.Outbox()), nil
}

// Inbox returns what others sent.
func (p *persons) Inbox(context.Context) ([]face.Request, error) {
	return requests(p.engine.People.Inbox()), nil
}

// Accept downloads what a request offers.
func (p *persons) Accept(_ context.Context, request, folder string) error {
	if folder != "" {
		if err := usable(folder); err != nil {
			return coded(err)
		}
	}
	numbers := numbersOf([]string{request})
	if len(numbers) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "there is no request %q", request)
	}
	return coded(p.engine.People.Accept(numbers[0], folder))
}

// Decline refuses requests.
func (p *persons) Decline(_ context.Context, ids []string) error {
	return coded(p.engine.People.Decline(numbersOf(ids)...))
}

// Withdraw takes sent requests back.
func (p *persons) Withdraw(_ context.Context, ids []string) error {
	return coded(p.engine.People.Withdraw(numbersOf(ids)...))
}

// Clear removes requests that are over from the lists.
func (p *persons) Clear(_ context.Context, ids []string) error {
	return coded(p.engine.People.Clear(numbersOf(ids)...))
}

// numbersOf are those of requests with these ids; an id that is none is skipped, as one
// that is gone.
func numbersOf(ids []string) []uint64 {
	var numbers []uint64
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func requests(records []library.Request) []face.Request {
	list := make([]face.Request, len(records))
	for i, r := range records {
		list[i] = face.Request{ID: strconv.FormatUint(r.Number, 10), Number: int(r.Number), PeerID: netproto.PeerIDOf(r.Peer[:]), Key: r.Peer,
			Name: r.Name, Message: r.Message, Sent: r.Sent, State: face.RequestState(r.State), Folder: r.Dir, Downloads: r.Downloads}
		if r.Code != "" {
			list[i].Failure = face.Failure{Code: r.Code, Detail: r.Reason}
		}
		for _, item := range r.Items {
			list[i].Items = append(list[i].Items, face.RequestItem{Name: item.Name, Hash: item.Hash, Size: item.Size, Folder: item.Folder, Files: item.Files})
			list[i].Size += item.Size
			list[i].Files += item.Files
		}
		if len(r.Items) == 0 { // not hashed yet
			for _, source := range r.Sources {
				list[i].Items = append(list[i].Items, face.RequestItem{Name: baseName(source.Path)})
			}
		}
	}
	return list
}
