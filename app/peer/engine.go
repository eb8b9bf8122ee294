// Package peer is the engine: it shares files, downloads from all sources at
// once, and serves others. It draws nothing and prints nothing; faces are told
// that something changed and pull copies of what they show.
package peer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// notifyEvery bounds how often faces are told that something changed.
const notifyEvery = 250 * time.Millisecond

// Config is what an engine is made of.
type Config struct {
	Library *library.Library
	Log     *slog.Logger
	// Listen is the address for other peers, host:port; port 0 is a free one.
	Listen string
	// OfferDownloads shares finished downloads, if the settings say so too.
	OfferDownloads bool

	watchLimit int                             // see watch.Watcher; 0: the usual one
	timing     *timing                         // nil: the standard one
	around     *surroundings                   // nil: the real ones
	freeSpace  func(dir string) (int64, error) // in bytes; nil: what the system says
}

// Engine is a peer at work.
type Engine struct {
	config     Config
	library    *library.Library
	identity   *identity.Identity
	log        *slog.Logger
	timing     timing
	around     surroundings
	ctx        context.Context // of everything that works in the background
	cancel     context.CancelFunc
	background sync.WaitGroup
	work       *errgroup.Group

	contents  *contents
	conns     *conns
	hearsay   hearsay
	guests    guests
	telling   sync.Mutex // held while the trackers are told of a content; before mu
	shares    *shares
	downloads *downloads
	uploads   *uploads
	slots     *slots
	// localExempt: the limits do not count in the local network.
	localExempt atomic.Bool
	freeSpace   func(dir string) (int64, error)
	up, down    *throttle
	upMeter     meter
	downMeter   meter

	mu       sync.Mutex
	closed   bool          // nothing more may begin in the background
	member   *membership   // with the main tracker
	others   []*membership // with further ones
	watchers map[chan struct{}]struct{}
	told     time.Time     // when the watchers were told last
	later    *time.Timer   // tells them again
	stepped  chan struct{} // closed with the next step of a share or a tracker
	settings library.Settings
	port     int // TCP, for other peers
	seedPort int // UDP, for seed clients

	stopListening context.CancelFunc
	epoch         context.Context // ends after sleep and a change of the network
	endEpoch      context.CancelFunc
}

// Start opens the port and begins to work; ctx ends everything. No download
// runs before [Engine.RunDownloads], and no tracker is joined before
// [Engine.UseTracker].
func Start(ctx context.Context, config Config) (*Engine, error) {
	settings, err := config.Library.Settings()
	if err != nil {
		return nil, err
	}
	e := &Engine{config: config, library: config.Library, identity: config.Library.Identity(), log: config.Log, timing: standardTiming, settings: settings,
		conns: newConns(), watchers: map[chan struct{}]struct{}{}, stepped: make(chan struct{})}
	if config.timing != nil {
		e.timing = *config.timing
	}
	if e.around = realSurroundings; config.around != nil {
		e.around = *config.around
	}
	if e.freeSpace = config.freeSpace; e.freeSpace == nil {
		e.freeSpace = piece.FreeSpace
	}
	e.contents = newContents(e.tell)
	e.slots = newSlots(settings.UploadSlots, settings.AdaptiveSlots, &e.timing)
	e.localExempt.Store(settings.LocalExempt)
	e.ctx, e.cancel = context.WithCancel(ctx)
	e.epoch, e.endEpoch = context.WithCancel(e.ctx)
	up, down := settings.Rates()
	e.up, e.down = newThrottle(up), newThrottle(down)
	e.shares = newShares(e)
	e.shares.watcher.Limit = config.watchLimit
	e.uploads = &uploads{engine: e, byKey: map[uploadKey]*upload{}}
	if e.downloads, err = newDownloads(e, settings.MaxDownloads); err != nil {
		return nil, err
	}
	e.member = newMembership(e, nil)
	close(e.member.done)
	e.work, _ = errgroup.WithContext(e.ctx)
	if err := e.Move(config.Listen); err != nil {
		e.cancel()
		return nil, err
	}
	e.work.Go(func() error { return e.shares.run(e.ctx) })
	e.work.Go(func() error { return e.downloads.keep(e.ctx) })
	e.work.Go(func() error { return e.runSlots(e.ctx) })
	e.work.Go(func() error { return e.watchNetwork(e.ctx) })
	return e, nil
}

// begin runs something that Close waits for; false when the engine is closed.
func (e *Engine) begin(work func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.beginLocked(work)
}

func (e *Engine) beginLocked(work func()) bool {
	if e.closed {
		return false
	}
	e.background.Go(work)
	return true
}

// portInUse is what Windows says; the portable name does not match it.
const portInUse = syscall.Errno(10048) // WSAEADDRINUSE

// Listen opens a TCP port, with the code "port-in-use" where another program
// has it.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, portInUse) {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%s", address)
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	return l, nil
}

// Close leaves the tracker, ends everything and waits for it.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	member := e.member
	e.mu.Unlock()
	e.cancel()
	<-member.done
	err := e.work.Wait()
	e.background.Wait()
	e.shares.save()
	e.mu.Lock()
	if e.later != nil {
		e.later.Stop()
	}
	e.mu.Unlock()
	return err
}

// Port is the TCP port for other peers.
func (e *Engine) Port() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.port
}

// Move listens on another address, host:port, from now on. Connections that
// came in over the old one stay. The tracker hears of it with the next join:
// see [Engine.Rejoin].
func (e *Engine) Move(address string) error {
	l, err := Listen(e.ctx, address)
	if err != nil {
		return err
	}
	accept, stop := context.WithCancel(e.ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		stop()
		l.Close()
		return netproto.Errorf(netproto.CodeCancelled, "the program ends")
	}
	if e.stopListening != nil {
		e.stopListening()
	}
	e.port, e.stopListening = l.Addr().(*net.TCPAddr).Port, stop
	e.work.Go(func() error { return e.listen(accept, l) })
	return nil
}

// RunDownloads lets all downloads go on, as their turn comes.
func (e *Engine) RunDownloads() {
	e.downloads.mu.Lock()
	e.downloads.on = true
	e.downloads.mu.Unlock()
	e.downloads.schedule()
}

// RunDownload lets one download go on and leaves the others where they are.
func (e *Engine) RunDownload(id string) {
	if d := e.downloads.find(id); d != nil {
		d.mu.Lock()
		d.alone = true
		d.mu.Unlock()
	}
	e.downloads.schedule()
}

// RunShares offers what the library remembers.
func (e *Engine) RunShares() error {
	records, err := e.library.Shares()
	if err != nil {
		return err
	}
	for _, r := range records {
		s, _ := e.shares.add(r, true)
		s.recheck()
	}
	e.shares.everything()
	return nil
}

// LinkOf is the cp2p:// link of a share; "" before it was hashed and while no
// tracker was reached.
func (e *Engine) LinkOf(s Share) string {
	t := e.Tracker()
	if t == nil || s.Hash.IsZero() || t.Fingerprint().IsZero() {
		return ""
	}
	return netproto.Link{Tracker: t.Address(), Hash: s.Hash, Name: s.Name, Size: s.Size, Fingerprint: t.Fingerprint()}.String()
}

// Rates are what goes down and up now, in bytes a second.
func (e *Engine) Rates() (down, up int64) { return e.downMeter.rate(), e.upMeter.rate() }

// Apply makes valid settings work at once, but for the port: see [Engine.Move].
func (e *Engine) Apply(s library.Settings) {
	up, down := s.Rates()
	e.up.set(up)
	e.down.set(down)
	e.slots.set(s.UploadSlots, s.AdaptiveSlots)
	e.localExempt.Store(s.LocalExempt)
	e.downloads.mu.Lock()
	e.downloads.limit = s.MaxDownloads
	e.downloads.mu.Unlock()
	e.mu.Lock()
	e.settings = s
	e.mu.Unlock()
	e.downloads.schedule()
	if e.shares.apply(s) {
		e.shares.recheckAll()
	}
}

// SetQuickLimit has the quick limits count at once, or the usual ones.
func (e *Engine) SetQuickLimit(on bool) {
	e.mu.Lock()
	e.settings.QuickLimit = on
	settings := e.settings
	e.mu.Unlock()
	e.Apply(settings)
}

// QuickLimit tells whether the quick limits count now.
func (e *Engine) QuickLimit() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.QuickLimit
}

func (e *Engine) preallocate() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.Preallocate
}

func (e *Engine) name() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.Name
}

// Watch returns a channel that receives after something changed, at most four
// times a second; changes that nobody took yet count as one. It is closed
// when ctx ends.
func (e *Engine) Watch(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	e.watchers[c] = struct{}{}
	e.mu.Unlock()
	context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.watchers, c)
		close(c)
	})
	return c
}

// notify tells the watchers that something changed, now or soon.
func (e *Engine) notify() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.later == nil {
		e.tellLater(max(notifyEvery-time.Since(e.told), 0))
	}
}

// step tells at once those who wait for a share that it may be ready, and the
// watchers soon.
func (e *Engine) step() {
	e.mu.Lock()
	close(e.stepped)
	e.stepped = make(chan struct{})
	e.mu.Unlock()
	e.notify()
}

// nextStep is closed with the next step.
func (e *Engine) nextStep() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stepped
}

// tellLater tells the watchers after a while, and again while bytes flow: that
// a rate falls is no event. The caller holds the lock.
func (e *Engine) tellLater(wait time.Duration) {
	if e.ctx.Err() != nil || len(e.watchers) == 0 {
		return
	}
	e.later = time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.later, e.told = nil, time.Now()
		for c := range e.watchers {
			select {
			case c <- struct{}{}:
			default:
			}
		}
		if down, up := e.Rates(); down > 0 || up > 0 {
			e.tellLater(notifyEvery)
		}
	})
}

// ListenAddress is an address for all interfaces with that port.
func ListenAddress(port int) string { return ":" + strconv.Itoa(port) }
