// Package localengine is the engine behind the window when both are one
// process: it turns what the window asks for into calls of the peer engine, and
// what that knows into the plain values of [face]. It has one type for each
// interface of [face.Engine].
package localengine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/preview"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/lan"
)

// Engine implements [face.Engine].
type Engine struct {
	*core
	*overview
	*downloads
	*ordering
	*previews
	*uploads
	*shares
	*search
	*trackers
	*preferences
	*persons
	*webPages
	*wishes
	*disk
}

var _ face.Engine = (*Engine)(nil)

// New takes over a node and lets it work: shares, downloads and the tracker go
// on as they were left. A tracker that cannot be reached or started is no
// error; the page shows it. logs is for the tracker on this computer. If New
// fails, the node is still the caller's.
func New(n *node.Node, logs io.Writer) (*Engine, error) {
	e := newEngine(n, logs)
	e.nearby.browse = lan.Browse
	return e, e.start()
}

// Attach takes over a node that works for a command. Nothing goes on with what was left:
// what is asked of the engine runs, and nothing else. logs is for the tracker on this
// computer.
func Attach(n *node.Node, logs io.Writer) *Engine {
	e := newEngine(n, logs)
	e.attached = true
	return e
}

// LoadShares makes the shares known that the profile remembers. [New] has done so.
func (e *Engine) LoadShares() error { return coded(e.engine.Shares.Load()) }

func newEngine(n *node.Node, logs io.Writer) *Engine {
	c := &core{node: n, engine: n.Engine, library: n.Library, log: n.Log}
	c.ctx, c.stop = context.WithCancel(context.Background())
	t := &trackers{core: c, own: &ownTracker{core: c, listen: ownListen, logs: logs}, nearby: &nearby{core: c}, turn: make(chan struct{}, 1)}
	found := &search{core: c}
	shown := &previews{core: c, server: preview.New(n.Log)}
	return &Engine{core: c,
		overview:    &overview{core: c, own: t.own, checking: make(chan struct{}, 1)},
		downloads:   &downloads{core: c, trackers: t, ended: shown.end},
		ordering:    &ordering{core: c},
		previews:    shown,
		uploads:     &uploads{core: c},
		shares:      &shares{core: c, stopped: map[string]stopped{}},
		search:      found,
		trackers:    t,
		preferences: &preferences{core: c, own: t.own},
		wishes:      &wishes{core: c},
		persons:     &persons{core: c, search: found},
		webPages:    &webPages{core: c},
		disk:        &disk{core: c},
	}
}

func (e *Engine) start() error {
	settings, err := e.settings()
	if err != nil {
		return err
	}
	if err := e.LoadShares(); err != nil {
		return err
	}
	e.engine.Downloads.Start()
	e.engine.People.Resume()
	e.trackers.start(settings)
	return nil
}

// Close ends the peer, which says goodbye to its tracker, and then the tracker
// on this computer. Another call waits for the end too and does nothing.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		e.beginning.Lock()
		e.stop()
		e.beginning.Unlock()
		e.previews.server.Close()
		e.webPages.wait()
		e.trackers.leaveOwn()
		err = e.node.Close()
		e.work.Wait()
		err = errors.Join(err, e.trackers.own.close())
	})
	return err
}

// core is what all parts of the engine work with.
type core struct {
	node    *node.Node
	engine  *peer.Engine
	library *library.Library
	log     *slog.Logger
	news    news

	attached bool // what was left does not go on by itself

	saving sync.Mutex // the settings are changed by one at a time

	ctx       context.Context // of the work in the background; ends when Close begins
	stop      context.CancelFunc
	beginning sync.Mutex // nothing begins once ctx has ended
	work      sync.WaitGroup
	closing   sync.Once
}

// begin runs work in the background until ctx ends, and reports whether it did:
// Close waits for it, and nothing begins after Close.
func (c *core) begin(work func()) bool {
	c.beginning.Lock()
	defer c.beginning.Unlock()
	if c.ctx.Err() != nil {
		return false
	}
	c.work.Go(work)
	return true
}

// settings returns those that the library remembers.
func (c *core) settings() (library.Settings, error) {
	settings, err := c.library.Settings()
	if err != nil {
		err = netproto.Errorf(netproto.CodeStore, "the settings in %s: %w", c.library.Dir(), err)
	}
	return settings, err
}

// changeSettings changes what is remembered and leaves the rest as it is.
func (c *core) changeSettings(change func(*library.Settings)) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	settings, err := c.settings()
	if err != nil {
		return err
	}
	change(&settings)
	return coded(c.library.SaveSettings(settings))
}

// coded gives an error without a code one, so that the window finds words for it.
func coded(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*netproto.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return netproto.Errorf(netproto.CodeCancelled, "%w", err)
	}
	return netproto.Errorf(netproto.CodeInternal, "%w", err)
}

// reach returns how others reach this peer.
func (c *core) reach() face.Reach {
	r := c.engine.Reachability()
	return face.Reach{Verdict: r.Verdict, Tracker: r.Tracker, Reason: r.Reason, Advice: r.Advice,
		Port: r.Port, RouterPort: r.RouterPort, Protocol: string(r.Protocol)}
}
