package people

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// MaxListed bounds the list of people.
const MaxListed = 1000

// maxPages bounds the searches whose answers are kept for a moment.
const maxPages = 16

// Person is somebody, as the trackers and this peer know them.
type Person struct {
	library.Person
	Online    bool
	Resources int
	Bytes     int64
}

// ID is the person's id.
func (p Person) ID() netproto.PeerID { return netproto.PeerIDOf(p.Key[:]) }

// page is a list of people that is fresh for a moment: the window asks for it several
// times a second.
type page struct {
	at     time.Time
	people []netproto.Person
	more   bool
	err    error
}

// Key is that of the person at this computer.
func (p *People) Key() netproto.PublicKey { return netproto.PublicKey(p.config.Identity.Key()) }

// Blocked reports whether a person is blocked. It does not wait.
func (p *People) Blocked(key netproto.PublicKey) bool {
	_, is := p.blocked.Load(key)
	return is
}

// block notes whether a known person is blocked.
func (p *People) block(person library.Person) {
	if person.Blocked {
		p.blocked.Store(person.Key, struct{}{})
	} else {
		p.blocked.Delete(person.Key)
	}
}

// NameOf is how a person is known here, otherwise "".
func (p *People) NameOf(key netproto.PublicKey) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name := p.known[key].Name; name != "" {
		return name
	}
	for _, page := range p.pages {
		for _, person := range page.people {
			if person.Key == key {
				return person.Name
			}
		}
	}
	return ""
}

// List returns people whose names have words in them: favourites, then other known
// people, then those online, by name; blocked ones last. If no tracker answers, it
// returns those who are known and the error.
func (p *People) List(ctx context.Context, words string) (list []Person, more bool, err error) {
	found := p.directory(ctx, words)
	self := p.Key()
	p.mu.Lock()
	known := make(map[netproto.PublicKey]library.Person, len(p.known))
	for key, person := range p.known {
		known[key] = person
	}
	p.mu.Unlock()
	for _, f := range found.people {
		if f.Key == self {
			continue
		}
		list = append(list, merged(known[f.Key], f))
		delete(known, f.Key)
	}
	for _, person := range known {
		if strings.Contains(strings.ToLower(person.Name), strings.ToLower(words)) {
			list = append(list, Person{Person: person})
		}
	}
	slices.SortFunc(list, func(a, b Person) int {
		return cmp.Or(yes(a.Blocked, b.Blocked), yes(b.Favourite, a.Favourite), yes(b.Known(), a.Known()), yes(b.Online, a.Online),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), slices.Compare(a.Key[:], b.Key[:]))
	})
	more = found.more || len(list) > MaxListed
	return list[:min(len(list), MaxListed)], more, found.err
}

// Known reports whether the person at this computer decided something about a person
// other than to block them.
func (p Person) Known() bool { return p.Favourite || p.Verified || p.Always }

// yes puts those for whom a is true behind the others.
func yes(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// merged is what is known here of a person, with what a tracker says now.
func merged(known library.Person, f netproto.Person) Person {
	known.Key, known.Name = f.Key, f.Name
	if f.LastSeen.After(known.Seen) {
		known.Seen = f.LastSeen
	}
	if f.Online {
		known.Seen = time.Time{}
	}
	return Person{Person: known, Online: f.Online, Resources: f.Resources, Bytes: f.Bytes}
}

// directory asks all trackers for people, unless it did just before.
func (p *People) directory(ctx context.Context, words string) page {
	p.mu.Lock()
	fresh, ok := p.pages[words]
	p.mu.Unlock()
	if ok && time.Since(fresh.at) < p.config.Timing.Directory {
		return fresh
	}
	fresh = page{at: time.Now(), err: netproto.Errorf(netproto.CodeUnreachable, "no tracker is joined yet")}
	at := map[netproto.PublicKey]int{}
	var failed error
	for _, t := range p.config.Trackers() {
		more, err := fresh.add(ctx, t, words, at)
		if err != nil {
			failed = cmp.Or(failed, err)
			continue
		}
		fresh.err, fresh.more = nil, fresh.more || more
	}
	if fresh.err != nil && failed != nil {
		fresh.err = failed
	}
	if ctx.Err() != nil {
		return fresh
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pages) >= maxPages {
		clear(p.pages)
	}
	p.pages[words] = fresh
	return fresh
}

// add adds the people of one tracker.
func (fresh *page) add(ctx context.Context, t Tracker, words string, at map[netproto.PublicKey]int) (more bool, err error) {
	cursor := ""
	for asked := 0; asked < MaxListed/netproto.MaxPage; asked++ {
		answer, err := t.People(ctx, words, cursor)
		if err != nil {
			return false, err
		}
		for _, person := range answer.Items {
			k, twice := at[person.Key]
			switch {
			case !twice:
				at[person.Key] = len(fresh.people)
				fresh.people = append(fresh.people, person)
			case person.Online && !fresh.people[k].Online:
				fresh.people[k] = person
			}
		}
		if cursor = answer.Next; cursor == "" {
			return false, nil
		}
	}
	return true, nil
}

// Find returns one person, "not-found" if neither a tracker nor this peer knows them.
func (p *People) Find(ctx context.Context, id netproto.PeerID) (Person, error) {
	known, isKnown := p.knownAs(id)
	var found *Person
	var failed error
	for _, t := range p.config.Trackers() {
		answer, err := t.Person(ctx, id)
		if err != nil {
			failed = cmp.Or(failed, err)
			continue
		}
		if person := merged(known, answer); found == nil || person.Online && !found.Online {
			found = &person
		}
	}
	switch {
	case found != nil:
		return *found, nil
	case isKnown:
		return Person{Person: known}, nil
	case failed == nil:
		failed = netproto.Errorf(netproto.CodeUnreachable, "no tracker is joined yet")
	}
	return Person{}, failed
}

// knownAs returns what is known here of somebody with an id: a known person, or the other
// side of a request.
func (p *People) knownAs(id netproto.PeerID) (library.Person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, person := range p.known {
		if netproto.PeerIDOf(key[:]) == id {
			return person, true
		}
	}
	for _, r := range p.requests {
		if netproto.PeerIDOf(r.record.Peer[:]) == id {
			return library.Person{Key: r.record.Peer, Name: r.record.Name}, true
		}
	}
	return library.Person{}, false
}

// Named returns the one person with a name or an id. "ambiguous-name" if several people
// have that name, "not-found" if nobody has.
func (p *People) Named(ctx context.Context, name string) (Person, error) {
	var id netproto.PeerID
	if err := id.UnmarshalText([]byte(name)); err == nil {
		return p.Find(ctx, id)
	}
	list, more, err := p.List(ctx, name)
	var same []Person
	for _, person := range list {
		if strings.EqualFold(person.Name, name) {
			same = append(same, person)
		}
	}
	switch {
	case len(same) == 1 && !more:
		return same[0], nil
	case len(same) > 0:
		ids := make([]string, 0, len(same))
		for _, person := range same[:min(len(same), 10)] {
			ids = append(ids, person.ID().String())
		}
		return Person{}, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of several people: say which ID you mean: %s", name, strings.Join(ids, ", "))
	case err != nil:
		return Person{}, err
	}
	return Person{}, netproto.Errorf(netproto.CodeNotFound, "nobody called %q is on the tracker", name)
}

// Know changes what is remembered of a person. Blocking ends what they wait for here.
func (p *People) Know(person library.Person) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	person.Seen = time.Now()
	if err := p.config.Library.SavePerson(person); err != nil {
		return err
	}
	p.mu.Lock()
	if person.Stranger() {
		delete(p.known, person.Key)
	} else {
		p.known[person.Key] = person
	}
	p.block(person)
	var waiting []*request
	for _, r := range p.requests {
		if person.Blocked && !r.record.Out && r.record.Peer == person.Key && r.record.State == library.RequestWaiting {
			waiting = append(waiting, r)
		}
	}
	p.mu.Unlock()
	for _, r := range waiting {
		if err := p.changeSaving(r, func(record *library.Request) bool {
			record.State = library.RequestDeclined // and they are not told
			return true
		}); err != nil {
			return err
		}
	}
	p.config.Notify()
	return nil
}

// AcceptFrom accepts all requests of a person into a folder until this program ends,
// those that wait included.
func (p *People) AcceptFrom(id netproto.PeerID, dir string) error {
	p.mu.Lock()
	p.always[id] = dir
	var waiting []uint64
	for _, r := range p.requests {
		if !r.record.Out && r.record.State == library.RequestWaiting && netproto.PeerIDOf(r.record.Peer[:]) == id {
			waiting = append(waiting, r.record.Number)
		}
	}
	p.mu.Unlock()
	for _, number := range waiting {
		if err := p.Accept(number, dir); err != nil {
			return err
		}
	}
	return nil
}
