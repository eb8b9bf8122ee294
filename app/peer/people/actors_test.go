package people

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// mailbox is a tracker that keeps all notes, and has no limits of its own.
type mailbox struct {
	mu     sync.Mutex
	notes  map[netproto.PeerID][]netproto.SealedNote
	people []netproto.Person
	down   bool
}

func newMailbox() *mailbox { return &mailbox{notes: map[netproto.PeerID][]netproto.SealedNote{}} }

// of is the mailbox as one peer sees it.
type of struct {
	*mailbox
	self netproto.PeerID
}

func (b *mailbox) err() error {
	if b.down {
		return &netproto.Error{Code: netproto.CodeUnreachable}
	}
	return nil
}

func (b *mailbox) People(_ context.Context, words, _ string) (netproto.PeopleResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var page netproto.PeopleResponse
	for _, p := range b.people {
		if strings.Contains(strings.ToLower(p.Name), strings.ToLower(words)) {
			page.Items = append(page.Items, p)
		}
	}
	return page, b.err()
}

func (b *mailbox) Person(_ context.Context, id netproto.PeerID) (netproto.Person, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.people {
		if p.PeerID == id {
			return p, b.err()
		}
	}
	return netproto.Person{}, &netproto.Error{Code: netproto.CodeNotFound}
}

func (b *mailbox) LeaveNote(_ context.Context, to netproto.PeerID, note []byte) (netproto.NoteResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return netproto.NoteResponse{}, b.err()
	}
	var id netproto.NoteID
	rand.Read(id[:])
	b.notes[to] = append(b.notes[to], netproto.SealedNote{ID: id, Note: note})
	return netproto.NoteResponse{ID: id}, nil
}

func (o *of) Notes(context.Context) ([]netproto.SealedNote, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.notes[o.self]), o.err()
}

func (o *of) ConfirmNote(_ context.Context, id netproto.NoteID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes[o.self] = slices.DeleteFunc(o.notes[o.self], func(n netproto.SealedNote) bool { return n.ID == id })
	return o.err()
}

// someone is a person with a peer whose shares and downloads only note what they are told.
type someone struct {
	*People
	t       *testing.T
	dir     string
	library *library.Library
	box     *of

	mu        sync.Mutex
	offered   map[string]netproto.PublicKey // by request
	downloads []netproto.NoteItem
	dirs      []string
	progress  Progress
	changed   bool // what is sent has other bytes now
}

func join(t *testing.T, b *mailbox, name string) *someone {
	t.Helper()
	s := &someone{t: t, dir: t.TempDir(), offered: map[string]netproto.PublicKey{}, progress: Running}
	s.open(b, name)
	b.mu.Lock()
	key := s.Key()
	b.people = append(b.people, netproto.Person{PeerID: netproto.PeerIDOf(key[:]), Key: key, Name: name, Online: true})
	b.mu.Unlock()
	t.Cleanup(func() { s.library.Close() })
	return s
}

func (s *someone) open(b *mailbox, name string) {
	s.t.Helper()
	var err error
	if s.library, err = library.Open(s.dir); err != nil {
		s.t.Fatal(err)
	}
	s.box = &of{b, s.library.Identity().PeerID()}
	timing := StandardTiming
	timing.MinRetry, timing.MaxRetry, timing.Directory = 0, 0, 0
	s.People, err = New(Config{Identity: s.library.Identity(), Library: s.library, Log: slog.New(slog.DiscardHandler), Timing: timing,
		Trackers: func() []Tracker { return []Tracker{s.box} }, Name: func() string { return name }, Folder: func() string { return s.t.TempDir() },
		Offer: s.offerTo, Withdraw: s.withdraw, Download: s.download, Downloaded: s.downloaded, Notify: func() {}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// restart is what happens when the program is killed and started again.
func (s *someone) restart(name string) {
	s.t.Helper()
	if err := s.library.Close(); err != nil {
		s.t.Fatal(err)
	}
	clear(s.offered)
	s.open(s.box.mailbox, name)
	s.Resume()
}

func (s *someone) offerTo(_ context.Context, source library.RequestSource, to netproto.PublicKey, request string) (netproto.NoteItem, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[request] = to
	hash := netproto.ContentHash{1}
	copy(hash[1:], source.Path)
	if s.changed {
		hash[0] = 2
	}
	return netproto.NoteItem{Hash: hash, Size: 7, Name: source.Path, Files: 1}, nil
}

func (s *someone) withdraw(request string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.offered, request)
}

func (s *someone) download(item netproto.NoteItem, dir string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.downloads, s.dirs = append(s.downloads, item), append(s.dirs, dir)
	return fmt.Sprint(len(s.downloads)), nil
}

func (s *someone) downloaded(string) (Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress, nil
}

// look does once what Run does again and again.
func (s *someone) look() {
	s.t.Helper()
	if err := s.Collect(s.t.Context(), s.box); err != nil {
		s.t.Fatal(err)
	}
	s.expire(time.Now())
	s.offerDue(s.t.Context())
	s.work.Wait()
	s.lookAtDownloads()
	s.deliver(s.t.Context())
}

func (s *someone) send(to *someone, path string) uint64 {
	s.t.Helper()
	number, err := s.Send(Sending{To: to.Key(), Name: "them", Sources: []library.RequestSource{{Path: path}}, Message: "hello"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.look()
	return number
}

func (s *someone) state(number uint64) library.RequestState {
	s.t.Helper()
	r, err := s.Request(number)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.State
}

func (s *someone) expect(number uint64, want library.RequestState) {
	s.t.Helper()
	if got := s.state(number); got != want {
		s.t.Errorf("request %d is %s, not %s", number, got, want)
	}
}

func stranger(t *testing.T) *identity.Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func seal(t *testing.T, from *identity.Identity, to netproto.PublicKey, n netproto.Note) []byte {
	t.Helper()
	n.Sent = time.Now()
	text, err := netproto.AppendNote(nil, n)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := from.Seal(to, text)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func sealedRequest(t *testing.T, from *identity.Identity, to netproto.PublicKey, name string) []byte {
	t.Helper()
	n := netproto.Note{Kind: netproto.NoteRequested, Message: "pest", Items: []netproto.NoteItem{{Hash: netproto.ContentHash{1}, Name: name, Files: 1}}}
	rand.Read(n.ID[:])
	return seal(t, from, to, n)
}
