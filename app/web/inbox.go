package web

import (
	"crypto/rand"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

// What one inbox takes.
const (
	mostArrivals   = 10_000    // files, ever
	mostUnfinished = 32        // files under way, from all phones
	mostTokens     = 64        // phones that know the PIN
	patience       = time.Hour // for an upload that stands still
	reserve        = 64 << 20  // bytes of the disk that stay free
	lookEvery      = 5 * time.Minute
)

// ArrivalState is how far an upload is.
type ArrivalState string

// The states of an upload.
const (
	ArrivalRunning   ArrivalState = "running"
	ArrivalStored    ArrivalState = "stored"
	ArrivalCancelled ArrivalState = "cancelled" // by the sender, or it stood still for an hour
	ArrivalWrong     ArrivalState = "wrong"     // the bytes are not those that were sent
)

// Arrival is a file from a phone.
type Arrival struct {
	Name  string
	Path  string // where it was stored, absolute
	Size  int64
	Done  int64
	Hash  netproto.ContentHash // once it is stored
	From  netip.Addr
	State ArrivalState
	Began time.Time
}

// InboxConfig says what an inbox takes.
type InboxConfig struct {
	Folder  string // absolute; it is there
	Secret  string // of its address
	PIN     string // [CheckPIN] accepts it
	Limits  Limits
	Changed func()        // called when something came; it must not wait
	Stored  func(Arrival) // called when a file got its name; it must not wait
}

// Inbox is a page that takes files from phones into a folder. A file gets its name there
// when all of it came and has the hash that the phone computed.
type Inbox struct {
	config InboxConfig
	root   *os.Root
	lock   lock

	mu       sync.Mutex // never held while the disk works
	closed   bool
	tokens   map[string]bool
	uploads  map[string]*upload // by id: unfinished ones, and those that were stored
	arrivals []*upload          // in the order in which they came
	sweeper  *time.Timer
}

// upload is a file on its way.
type upload struct {
	id       string
	name     string
	size     int64
	modified int64 // as the phone says; it tells files of one name apart
	from     netip.Addr
	began    time.Time

	turn    chan struct{}  // holds a token while nobody uses the landing
	landing *piece.Landing // of whoever has the turn; nil once it is over

	mu        sync.Mutex
	last      time.Time
	interrupt func() // ends the request that has the turn
	state     ArrivalState
	path      string
	hash      netproto.ContentHash
	done      int64
}

// NewInbox opens the folder. The error has the code "folder-unwritable" if that cannot
// be written.
func NewInbox(config InboxConfig) (*Inbox, error) {
	if err := CheckPIN(config.PIN); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(config.Folder)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	in := &Inbox{config: config, root: root, lock: lock{pin: config.PIN, wrong: map[netip.Addr]*wrongPINs{}},
		tokens: map[string]bool{}, uploads: map[string]*upload{}}
	try, err := piece.NewLanding(root) // so that nobody sends a file for nothing
	if err == nil {
		err = errors.Join(try.Discard(), piece.SweepLandings(root))
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	in.sweeper = time.AfterFunc(lookEvery, in.sweep)
	return in, nil
}

// Arrivals returns what came and comes, the newest first.
func (in *Inbox) Arrivals() []Arrival {
	in.mu.Lock()
	list := slices.Clone(in.arrivals)
	in.mu.Unlock()
	arrivals := make([]Arrival, 0, len(list))
	for _, u := range slices.Backward(list) {
		arrivals = append(arrivals, u.arrival())
	}
	return arrivals
}

// Shut reports whether too many wrong PINs were tried: nobody is let in after that.
func (in *Inbox) Shut() bool { return in.lock.isShut() }

// Close discards what is unfinished and closes the folder. The page must not be served
// any longer.
func (in *Inbox) Close() error {
	in.mu.Lock()
	in.closed = true
	in.sweeper.Stop()
	unfinished := slices.Collect(maps.Values(in.uploads))
	in.mu.Unlock()
	for _, u := range unfinished {
		u.cancel()
	}
	return in.root.Close()
}

// open lets a phone in that knows the PIN.
func (in *Inbox) open(from netip.Addr, pin string) (token string, err error) {
	err = in.lock.try(from, pin, time.Now())
	in.config.Changed()
	if err != nil {
		return "", err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.tokens) == mostTokens {
		return "", netproto.Errorf(netproto.CodeFull, "there are %d phones already", mostTokens)
	}
	token = rand.Text()
	in.tokens[token] = true
	return token, nil
}

func (in *Inbox) knows(token string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.tokens[token]
}

// announced is a file that a phone wants to send.
type announced struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"`
}

// begin begins an upload, or finds the one that was interrupted.
func (in *Inbox) begin(from netip.Addr, a announced) (*upload, error) {
	if a.Size < 0 || a.Size > netproto.MaxContentSize {
		return nil, netproto.Errorf(netproto.CodeTooLarge, "a file has at most %d TiB", int64(netproto.MaxContentSize>>40))
	}
	u := &upload{id: rand.Text(), name: netproto.SafeName(a.Name), size: a.Size, modified: a.Modified, from: from,
		began: time.Now(), last: time.Now(), state: ArrivalRunning, turn: make(chan struct{}, 1)}
	old, err := in.enter(u)
	if old != nil || err != nil {
		return old, err
	}
	if u.landing, err = piece.NewLanding(in.root); err != nil {
		in.drop(u)
	}
	u.turn <- struct{}{}
	if err != nil {
		return nil, err
	}
	in.config.Changed()
	return u, nil
}

// enter puts an upload into the list, or returns one of the same file that was
// interrupted.
func (in *Inbox) enter(u *upload) (old *upload, err error) {
	free, known := durable.FreeSpace(in.config.Folder)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return nil, netproto.Errorf(netproto.CodeGone, "the page was closed")
	}
	unfinished, missing := 0, u.size
	for _, other := range in.uploads {
		a := other.arrival()
		if a.State != ArrivalRunning {
			continue
		}
		if other.name == u.name && other.size == u.size && other.modified == u.modified && other.from == u.from {
			return other, nil
		}
		unfinished++
		missing += a.Size - a.Done
	}
	switch {
	case unfinished == mostUnfinished:
		return nil, netproto.Errorf(netproto.CodeBusy, "%d files are on their way", unfinished)
	case len(in.arrivals) == mostArrivals:
		return nil, netproto.Errorf(netproto.CodeFull, "%d files came", mostArrivals)
	case known == nil && missing > free-reserve:
		return nil, netproto.Errorf(netproto.CodeNoSpace, "%s has %d bytes left", in.config.Folder, max(0, free-reserve))
	}
	in.uploads[u.id] = u
	in.arrivals = append(in.arrivals, u)
	return nil, nil
}

// drop takes an upload that never began out of the lists.
func (in *Inbox) drop(u *upload) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.uploads, u.id)
	in.arrivals = slices.DeleteFunc(in.arrivals, func(other *upload) bool { return other == u })
}

func (in *Inbox) byID(id string) (*upload, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if u := in.uploads[id]; u != nil {
		return u, nil
	}
	return nil, netproto.Errorf(netproto.CodeNotFound, "there is no such upload")
}

// sweep ends uploads that stand still.
func (in *Inbox) sweep() {
	in.mu.Lock()
	list := slices.Collect(maps.Values(in.uploads))
	if !in.closed {
		in.sweeper.Reset(lookEvery)
	}
	in.mu.Unlock()
	for _, u := range list {
		if u.stands(time.Now()) {
			u.cancel()
			in.config.Changed()
		}
	}
}

func (u *upload) arrival() Arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	return Arrival{Name: u.name, Path: u.path, Size: u.size, Done: u.done, Hash: u.hash, From: u.from, State: u.state, Began: u.began}
}

func (u *upload) stands(now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state == ArrivalRunning && now.Sub(u.last) > patience
}

// take takes the turn; whoever has it is interrupted, for a phone comes back while its
// broken connection is still waited for. interrupt must have the turn given back soon.
func (u *upload) take(interrupt func()) {
	u.mu.Lock()
	before := u.interrupt
	u.mu.Unlock()
	if before != nil {
		before()
	}
	<-u.turn
	u.mu.Lock()
	u.interrupt = interrupt
	u.mu.Unlock()
}

func (u *upload) give() {
	u.mu.Lock()
	u.interrupt = nil
	u.mu.Unlock()
	u.turn <- struct{}{}
}

// write appends bytes. The caller has the turn.
func (u *upload) write(b []byte) error {
	if u.landing == nil {
		return netproto.Errorf(netproto.CodeGone, "the upload is over")
	}
	if u.landing.Written()+int64(len(b)) > u.size {
		return netproto.Errorf(netproto.CodeTooLarge, "%s was announced with %d bytes", u.name, u.size)
	}
	if _, err := u.landing.Write(b); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done, u.last = u.landing.Written(), time.Now()
	return nil
}

// publish gives a complete file its name, and tells stored. It may be called again. The
// error has the code "wrong-piece" if the hash is another one: the file must be sent anew.
func (u *upload) publish(folder string, hash netproto.ContentHash, stored func(Arrival)) error {
	u.take(func() {})
	defer u.give()
	a := u.arrival()
	switch {
	case a.State == ArrivalStored && a.Hash == hash:
		return nil
	case u.landing == nil:
		return netproto.Errorf(netproto.CodeGone, "the upload is over")
	case a.Done != u.size:
		return netproto.Errorf(netproto.CodeInvalid, "%d of %d bytes came", a.Done, u.size)
	}
	name, err := u.landing.Publish(u.name, hash)
	u.landing = nil
	if err = u.published(filepath.Join(folder, name), hash, err); err == nil {
		stored(u.arrival())
	}
	return err
}

// published notes what came of giving a file its name.
func (u *upload) published(path string, hash netproto.ContentHash, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		u.state, u.path, u.hash = ArrivalStored, path, hash
	case errors.Is(err, piece.ErrWrongPiece):
		u.state = ArrivalWrong
		err = netproto.Errorf(netproto.CodeWrongPiece, "%w", err)
	default:
		u.state = ArrivalCancelled
	}
	return err
}

// cancel ends an upload that is not stored and removes its bytes.
func (u *upload) cancel() error {
	u.take(func() {})
	defer u.give()
	if u.landing == nil {
		return nil
	}
	err := u.landing.Discard()
	u.landing = nil
	u.mu.Lock()
	defer u.mu.Unlock()
	u.state = ArrivalCancelled
	return err
}
