// Package peer is the engine's façade: it assembles the rooms of a peer, which
// share files, download from all sources at once and serve others, and connects
// them with settings and trackers. It draws nothing and prints nothing; faces learn
// that something changed and pull copies of what they show.
//
//	queue       the list of downloads, as a person sees it
//	swarm       one attempt to fetch a content from all its sources
//	sharing     what this peer offers
//	serving     the answers to others, and the uploads
//	people      who is known, and what people send each other
//	wishing     searches that go on
//	membership  staying with trackers
//	reach       how a connection to a peer comes about
//	session     connections and frames
//	offer       the register of what others may read
//	ledger      what came and went, today, ever, and by person
//	flow        rates and limits
//
// Imports run downwards only. The lock order is written in package swarm.
package peer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/ledger"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/reach"
	"centralizedp2p/app/peer/serving"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/peer/wishing"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/netproto/readfile"
	"centralizedp2p/netproto/reuse"
)

// Config is what an engine is made of.
type Config struct {
	Library *library.Library
	Log     *slog.Logger
	// Listen is the address for other peers, host:port; port 0 is a free one.
	Listen string
	// OfferDownloads shares finished downloads, if the settings say so too.
	OfferDownloads bool
	Finished       func(library.Download)  // gets each finished download, and must not wait; nil: nobody does
	Trash          func(path string) error // moves a file or folder to the trash of the system
	Awake          Awake                   // keeps the computer awake; nil if nothing does
	// These switch off what the settings allow.
	NoRouterPort, NoCalls, NoRelay bool

	watchLimit int                                                         // see watch.Watcher; 0: the usual one
	timing     *timing                                                     // nil: the standard one
	dial       func(ctx context.Context, address string) (net.Conn, error) // of other peers; nil: TCP
	dialFrom   func(ctx context.Context, address string) (net.Conn, error) // in calls; nil: from the port
	routes     func() ([]portmap.Route, error)                             // of this computer; nil: the real ones
	around     *surroundings                                               // nil: the real ones
	freeSpace  func(dir string) (int64, error)                             // in bytes; nil: what the system says
	open       func(path string, state piece.State) (offer.Reader, error)  // of a shared file; nil: the real one
}

// timing is every wait that is not fixed by the protocol; tests choose shorter ones.
type timing struct {
	session    session.Timing
	serving    serving.Timing
	swarm      swarm.Timing
	queue      queue.Timing
	sharing    sharing.Timing
	membership membership.Timing
	reach      reach.Timing
	people     people.Timing
	wishing    wishing.Timing
	look       time.Duration // how often to check whether the computer slept
}

var standardTiming = timing{session.StandardTiming, serving.StandardTiming, swarm.StandardTiming, queue.StandardTiming, sharing.StandardTiming,
	membership.StandardTiming, reach.StandardTiming, people.StandardTiming, wishing.StandardTiming, time.Second}

// Engine is a peer at work. Its rooms are used directly.
type Engine struct {
	Downloads *queue.Queue
	Shares    *sharing.Shares
	Uploads   *serving.Server
	Trackers  *membership.Memberships
	People    *people.People
	Ledger    *ledger.Ledger
	Wishes    *wishing.Wishes

	config   Config
	timing   timing
	around   surroundings
	log      *slog.Logger
	ctx      context.Context // of everything that works in the background
	cancel   context.CancelFunc
	work     sync.WaitGroup
	changes  changes
	contents *offer.Register
	conns    *session.Conns
	reach    *reach.Ladder
	swarms   *swarm.Swarms
	traffic  *flow.Traffic
	router   *portmap.Mapping

	mu            sync.Mutex
	closed        bool // nothing more may begin in the background
	failed        error
	settings      library.Settings
	port          int         // TCP, for other peers
	listener      *reuse.Port // at that port
	seedPort      int         // UDP, for seed clients
	stopListening context.CancelFunc
	own           []netip.Addr // of this computer, as last found out; nil before
	renewed       time.Time    // when the trackers were last joined anew because a connection fell silent
	routerPort    portmap.State
}

// Start opens the port and begins to work; ctx ends everything. No download runs
// before Downloads.Start, nothing is shared before Shares.Load or Shares.Add, and no
// tracker is joined before Trackers.Use.
func Start(ctx context.Context, config Config) (*Engine, error) {
	settings, err := config.Library.Settings()
	if err != nil {
		return nil, err
	}
	e := &Engine{config: config, log: config.Log, timing: standardTiming, around: realSurroundings, settings: settings}
	if config.timing != nil {
		e.timing = *config.timing
	}
	if config.around != nil {
		e.around = *config.around
	}
	e.ctx, e.cancel = context.WithCancel(ctx)
	if err := e.assemble(); err != nil {
		e.cancel()
		return nil, err
	}
	if err := e.Move(config.Listen); err != nil {
		e.Close()
		return nil, err
	}
	e.router = portmap.Keep(e.ctx, portmap.Options{Description: "CentralizedP2P", Log: e.log, Routes: config.routes})
	e.run("the shares", e.Shares.Run)
	e.run("the downloads", e.Downloads.Run)
	e.run("the upload slots", func(ctx context.Context) error { return e.Uploads.Run(ctx, e.conns) })
	e.run("the people", e.People.Run)
	e.run("the wishes", e.Wishes.Run)
	e.run("the watch over the network", e.watchNetwork())
	e.run("the port on the router", e.keepRouterPort)
	e.run("the timetable", e.keepTimetable)
	e.run("the totals", e.Ledger.Run)
	if config.Awake != nil {
		e.run("the watch over sleep", e.stayAwake)
	}
	return e, nil
}

// assemble makes the rooms, the lower ones first.
func (e *Engine) assemble() error {
	library, settings := e.config.Library, e.settings
	up, down := settings.Rates()
	e.traffic = flow.NewTraffic(up, down, settings.LocalExempt)
	e.traffic.BePolite(settings.PoliteUploads)
	e.changes.flowing = func() bool { down, up := e.Rates(); return down > 0 || up > 0 }
	var err error
	if e.Ledger, err = ledger.New(library, e.log); err != nil {
		return err
	}
	if e.People, err = e.newPeople(); err != nil {
		return err
	}
	if e.Wishes, err = wishing.New(wishing.Config{Library: library, Log: e.log, Timing: e.timing.wishing, Download: e.fetchWished,
		Offered: func(hash netproto.ContentHash) bool { return e.Shares.Offered(hash) }, Notify: e.changes.step,
		Used: func(address string) bool {
			return slices.ContainsFunc(e.Trackers.Active(), func(t membership.Tracker) bool { return t.Address() == address })
		}}); err != nil {
		return err
	}
	e.Trackers = membership.New(e.ctx, membership.Config{Self: e.joinRequest, Changed: e.changes.step,
		Notes: func(t membership.Tracker) { e.People.Mail(t) }, Finds: func(t membership.Tracker) { e.Wishes.Waiting(t) },
		Looked: func() <-chan struct{} { return e.Shares.Looking() }, Told: e.told, Remember: e.rememberTold,
		Joined: func(t membership.Tracker, wishes bool) { e.Wishes.Joined(t, wishes) }, Log: e.log, Timing: e.timing.membership, Back: e.trackerBack,
		Dial: e.dialLine, Leads: e.leads, Ways: func() netproto.Ways { return e.reach.Ways() }, Ring: e.rung, Calls: func() bool { return e.switches().Calls }})
	e.contents = offer.NewRegister(e.Trackers)
	files := offer.NewFiles(e.config.open)
	e.Shares = sharing.New(sharing.Config{Library: library, Contents: e.contents, Log: e.log, Timing: e.timing.sharing,
		WatchLimit: e.config.watchLimit, Open: files.Open,
		Announced: e.Trackers.Announced, Notify: e.changes.notify, Step: e.changes.step, NextStep: e.changes.nextStep}, settings)
	e.Uploads = serving.New(serving.Config{Refuses: e.People.Blocked, Contents: e.contents, Traffic: e.traffic, Log: e.log, Timing: e.timing.serving,
		Sent: e.Ledger.Sent, Had: e.Shares.Sent, Notify: e.changes.notify, Slots: settings.UploadSlots, AdaptiveSlots: settings.AdaptiveSlots})
	e.conns = session.New(e.ctx, session.Config{Identity: library.Identity(), Log: e.log, Timing: e.timing.session, Name: e.name, Silent: e.fellSilent,
		Meet: func(c *session.Conn, port uint16) { e.reach.Meet(c, port) }})
	e.reach = e.newLadder()
	free := e.config.freeSpace
	if free == nil {
		free = durable.FreeSpace
	}
	e.swarms = swarm.New(swarm.Config{Key: netproto.PublicKey(library.Identity().Key()), Conns: e.conns, Connect: e.reach.Connect, Contents: e.contents,
		Files:    files,
		Audience: e.Uploads,
		Traffic:  e.traffic, Log: e.log, Timing: e.timing.swarm, Trackers: e.sourceTrackers, Port: e.Port, Preallocate: e.preallocate, FreeSpace: free,
		Got: e.Ledger.Got, Notify: e.changes.notify})
	e.conns.Handle(e.Uploads.Owner, e.swarms.Reader)
	var share func() bool
	if e.config.OfferDownloads {
		share = e.shareDownloads
	}
	e.Downloads, err = queue.New(e.ctx, queue.Config{Library: library, Swarms: e.swarms, Shares: e.Shares, Log: e.log, Timing: e.timing.queue, Share: share,
		Joined: e.Trackers.Joined, Sources: e.sources, Trash: e.config.Trash, Finished: e.config.Finished,
		Notify: e.changes.notify, Limit: settings.MaxDownloads})
	return err
}

// run works in the background until the engine is closed. If it ends before, that
// is logged, and Err says so.
func (e *Engine) run(what string, work func(ctx context.Context) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.work.Go(func() {
		err := work(e.ctx)
		if e.ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it ended")
		}
		e.log.Error("a part of the engine has stopped", "what", what, "error", err)
		e.mu.Lock()
		if e.failed == nil {
			e.failed = netproto.Errorf(netproto.CodeInternal, "%s: %w", what, err)
		}
		e.mu.Unlock()
		e.changes.step()
	})
}

// Err is why a part of the engine stopped working; nil while all is well. Restarting
// the program helps.
func (e *Engine) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

// Listen opens a TCP port, from which the peer also dials in calls. The error has the
// code "port-in-use" if another program has it.
func Listen(ctx context.Context, address string) (*reuse.Port, error) {
	l, err := reuse.Listen(ctx, address)
	if reuse.InUse(err) {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%s", address)
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	return l, nil
}

// Close leaves the trackers, ends everything and waits for it. It may be called
// again.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	if e.Downloads != nil {
		e.Downloads.Close()
	}
	e.reach.Close()
	e.conns.Close()
	e.Trackers.Close()
	e.work.Wait()
	e.Shares.Save()
	if e.Ledger != nil {
		e.Ledger.Save()
	}
	e.changes.close()
	return e.Err()
}

// Port is the TCP port for other peers.
func (e *Engine) Port() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.port
}

// Move listens on another address, host:port, from now on. Connections that came in
// over the old one stay. The trackers learn of it with the next join: see
// [membership.Memberships.Rejoin].
func (e *Engine) Move(address string) error {
	l, err := Listen(e.ctx, address)
	if err != nil {
		return err
	}
	accept, stop := context.WithCancel(e.ctx)
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		stop()
		l.Close()
		return netproto.Errorf(netproto.CodeCancelled, "the program ends")
	}
	before := e.stopListening
	e.port, e.listener, e.stopListening = l.Number(), l, stop
	e.mu.Unlock()
	if before != nil {
		before()
	}
	e.run("the port for other peers", func(context.Context) error {
		err := e.conns.Listen(accept, l)
		if err == nil {
			<-e.ctx.Done() // it moved
		}
		return err
	})
	return nil
}

// LinkOf is the cp2p:// link of a share; "" before it was hashed and while no
// tracker was reached.
func (e *Engine) LinkOf(s sharing.Share) string {
	t := e.Trackers.Main()
	if t == nil || s.Hash.IsZero() || t.Fingerprint().IsZero() {
		return ""
	}
	return netproto.Link{Tracker: e.Trackers.LinkAddress(), Hash: s.Hash, Name: s.Name, Size: s.Size, Fingerprint: t.Fingerprint()}.String()
}

// NameOf is how a content is called here, its hash if it has no name.
func (e *Engine) NameOf(hash netproto.ContentHash) string {
	if r, ok := e.Trackers.Holding(hash); ok {
		return r.Name
	}
	return hash.String()
}

// Folder lists the files of a folder: from the disk if it is shared here, otherwise
// it fetches the list.
func (e *Engine) Folder(ctx context.Context, hash netproto.ContentHash) ([]netproto.FolderEntry, error) {
	if path, _, ok := e.Shares.File(hash); ok {
		return readFolderFile(path)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	return e.swarms.FolderList(ctx, hash)
}

func readFolderFile(path string) ([]netproto.FolderEntry, error) {
	file, err := readfile.Open(path)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer file.Close()
	return netproto.ParseFolder(file)
}

// Rates are what goes down and up now, in bytes a second.
func (e *Engine) Rates() (down, up int64) {
	return e.traffic.DownMeter.Rate(), e.traffic.UpMeter.Rate()
}

// sourceTrackers are the trackers as an attempt needs them.
func (e *Engine) sourceTrackers() []swarm.Tracker {
	var list []swarm.Tracker
	for _, t := range e.Trackers.Active() {
		list = append(list, t)
	}
	return list
}

// sources asks the trackers for the other peers that have a content.
func (e *Engine) sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error) {
	found, err := e.Trackers.Active().Sources(ctx, hash)
	self := e.config.Library.Identity().PeerID()
	return slices.DeleteFunc(found, func(s netproto.Source) bool { return s.PeerID == self }), err
}

// Watch returns a channel that receives after something changed, at most four times
// a second; changes that nobody took yet count as one. It is closed when ctx ends.
func (e *Engine) Watch(ctx context.Context) <-chan struct{} { return e.changes.watch(ctx) }

// ListenAddress is an address for all interfaces with that port.
func ListenAddress(port int) string { return ":" + strconv.Itoa(port) }
