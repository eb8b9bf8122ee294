// Package people is who the person at this computer knows, and what people send each
// other: requests that come and go as sealed notes through the trackers, and what
// became of them. The files themselves are shares and downloads like any other.
//
//	people.go     what the room is made of, and its goroutine
//	persons.go    who is there and who is known
//	requests.go   the list of requests, and how it changes
//	outbox.go     what is sent from here
//	inbox.go      what others send, and the limits against pests
//	courier.go    leaves notes at trackers
//	words.go      the words that two people compare
//
// Locks, outer first: People.saving, People.mu. saving is held while the library is
// written, so that it never has an older state than this room. mu is a leaf: nothing
// waits with it held.
package people

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/pulse"
)

// Limits of what is kept here.
const (
	maxWaiting       = 20  // requests of strangers that wait for an answer
	maxWaitingPerson = 3   // of them from one person
	maxAccepted      = 20  // requests of one person that are fetched at a time without asking
	maxOver          = 100 // requests that are over, in each direction
	maxOutgoing      = 100 // sent requests that are not over
	maxRefusals      = 20  // answers on their way to requests that the limits refused
)

// Timing says how long things wait.
type Timing struct {
	Look time.Duration // how often to look after requests under way
	// A note that no tracker takes is tried again after MinRetry, doubled each time up
	// to MaxRetry.
	MinRetry, MaxRetry time.Duration
	Life               time.Duration // of a request that nobody answers, on either side
	Directory          time.Duration // how long a list of people stays fresh
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{Look: time.Second, MinRetry: time.Second, MaxRetry: time.Minute, Life: netproto.NoteLife, Directory: 5 * time.Second}

// Tracker is a tracker as this room needs it. Its methods fail with a *netproto.Error.
type Tracker interface {
	People(ctx context.Context, words, cursor string) (netproto.PeopleResponse, error)
	Person(ctx context.Context, id netproto.PeerID) (netproto.Person, error)
	LeaveNote(ctx context.Context, to netproto.PeerID, note []byte) (netproto.NoteResponse, error)
	Notes(ctx context.Context) ([]netproto.SealedNote, error)
	ConfirmNote(ctx context.Context, id netproto.NoteID) error
}

// Progress is how far a download has come.
type Progress string

// The ways a download can be.
const (
	Running  Progress = "running"
	Finished Progress = "finished"
	Failed   Progress = "failed" // and not tried again by itself
	Gone     Progress = "gone"   // no longer in the list
)

// Config is what the room needs of the peer.
type Config struct {
	Identity *identity.Identity
	Library  *library.Library
	Log      *slog.Logger
	Timing   Timing
	Trackers func() []Tracker // that this peer has joined
	Name     func() string    // of the person at this computer
	Folder   func() string    // for downloads, absolute
	// Offer shares something with one person until Withdraw, and returns what it is
	// once it is hashed and a tracker has taken it. request names what it is sent with.
	Offer    func(ctx context.Context, source library.RequestSource, to netproto.PublicKey, request string) (netproto.NoteItem, error)
	Withdraw func(request string)
	// Download fetches something that nobody else reads here, and returns its id.
	Download   func(item netproto.NoteItem, dir string) (string, error)
	Downloaded func(id string) (Progress, error)
	Notify     func() // something a person sees has changed; must not wait
}

// People is the room. Its methods may be called from any goroutine.
type People struct {
	config Config
	wake   chan struct{} // there may be something to do
	work   sync.WaitGroup

	saving  sync.Mutex
	blocked sync.Map // keys of those among known; asked for each piece that is sent, so without mu

	mu       sync.Mutex
	known    map[netproto.PublicKey]library.Person
	requests []*request // in the order of their numbers
	resumed  bool       // requests of earlier runs go on
	always   map[netproto.PeerID]string
	mail     map[Tracker]struct{} // that keep notes
	refusals []refusal
	pages    map[string]page // of people, by words
}

// New returns the room with what the library remembers. [People.Run] must run.
func New(config Config) (*People, error) {
	p := &People{config: config, wake: make(chan struct{}, 1), known: map[netproto.PublicKey]library.Person{}, always: map[netproto.PeerID]string{},
		mail: map[Tracker]struct{}{}, pages: map[string]page{}}
	known, err := config.Library.People()
	if err != nil {
		return nil, err
	}
	for _, person := range known {
		p.known[person.Key] = person
		p.block(person)
	}
	requests, err := config.Library.Requests()
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		p.requests = append(p.requests, &request{record: r})
	}
	return p, nil
}

// Resume has the requests of earlier runs go on: what was sent is offered again.
func (p *People) Resume() {
	p.mu.Lock()
	p.resumed = true
	for _, r := range p.requests {
		r.active = true
	}
	p.mu.Unlock()
	p.Poke()
}

// Poke looks after everything now: a tracker was joined, say.
func (p *People) Poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Mail tells that a tracker keeps notes for this peer. It does not wait.
func (p *People) Mail(t Tracker) {
	p.mu.Lock()
	p.mail[t] = struct{}{}
	p.mu.Unlock()
	p.Poke()
}

// Run does what is due until ctx ends.
func (p *People) Run(ctx context.Context) error {
	defer p.work.Wait()
	look := pulse.NewTicker(p.config.Timing.Look)
	defer look.Stop()
	for {
		for _, t := range p.takeMail() {
			if err := p.Collect(ctx, t); err != nil {
				p.config.Log.Info("notes were not fetched", "error", err)
			}
		}
		p.expire(time.Now())
		p.offerDue(ctx)
		p.lookAtDownloads()
		p.deliver(ctx)
		look.Rest(p.idle())
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-look.C:
		}
	}
}

// idle reports whether nothing is to be delivered and no download is watched, so that the
// next look may come late: only requests that expire need it.
func (p *People) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(p.requests, func(r *request) bool {
		return r.active && (len(r.record.Owed) > 0 || r.record.State != library.RequestWaiting && !r.record.State.Over())
	})
}

func (p *People) takeMail() []Tracker {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Tracker
	for t := range p.mail {
		list = append(list, t)
	}
	clear(p.mail)
	return list
}
