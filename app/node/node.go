// Package node is a peer assembled from its parts: its library, its engine, its
// answers to seed clients and, if the person wants one, a tracker in the same
// process. It also decides which key of a tracker is trusted; see [Ask]. The
// window and the command line both start here.
package node

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"centralizedp2p/app/awake"
	"centralizedp2p/app/library"
	"centralizedp2p/app/onfinished"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/trash"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
)

// Options say how a peer is started.
type Options struct {
	Profile string // folder
	// Listen is the port for peers (TCP) and seed clients (UDP), 0 for a free
	// one. If it is nil, the port in the settings is used, or else a free one,
	// which is saved there.
	Listen *int
	// SeedClients says which seed clients are served; empty is what the
	// settings say.
	SeedClients netproto.SeedPolicy
	// OfferDownloads shares finished downloads, if the settings say so too.
	OfferDownloads bool
	// These switch off what the settings allow: a port on the router, connections that
	// trackers arrange, and the relay.
	NoRouterPort, NoCalls, NoRelay bool

	Log *slog.Logger
}

// Node is a running peer.
type Node struct {
	Library *library.Library
	Engine  *peer.Engine
	Log     *slog.Logger
	Errors  *checkup.Errors // the last ones of Log

	finished     *onfinished.Runner
	noRouterPort bool
	seeds        *seedServer // nil before the engine is started
}

// Open starts a peer without a tracker. It fails with "profile-in-use" if
// another process has the profile, and with "port-in-use" if the port that
// Options names is taken.
func Open(ctx context.Context, o Options) (*Node, error) {
	l, err := library.Open(o.Profile)
	if err != nil {
		return nil, err
	}
	last := &checkup.Errors{}
	n := &Node{Library: l, Log: last.Keep(o.Log), Errors: last, noRouterPort: o.NoRouterPort}
	n.finished = onfinished.New(n.onFinished, n.Log)
	for _, note := range l.Notes() {
		n.Log.Warn("the profile was damaged", "note", note)
	}
	if err := n.start(ctx, o); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, o Options) error {
	settings, err := n.Library.Settings()
	if err != nil {
		return err
	}
	port := settings.ListenPort
	if o.Listen != nil {
		port = *o.Listen
	}
	config := peer.Config{Library: n.Library, Log: n.Log, Listen: peer.ListenAddress(port), OfferDownloads: o.OfferDownloads,
		Trash: trash.Move, Finished: n.downloaded, Awake: awake.New(n.Log),
		NoRouterPort: o.NoRouterPort, NoCalls: o.NoCalls, NoRelay: o.NoRelay}
	// The engine outlives ctx until Close: it says goodbye in order.
	n.Engine, err = peer.Start(context.WithoutCancel(ctx), config)
	if netproto.CodeOf(err) == netproto.CodePortInUse && o.Listen == nil && port != 0 {
		n.Log.Warn("another program uses the saved port; a free one is used instead", "port", port)
		config.Listen = peer.ListenAddress(0)
		n.Engine, err = peer.Start(context.WithoutCancel(ctx), config)
	}
	if err != nil {
		return err
	}
	if o.Listen == nil && settings.ListenPort == 0 {
		settings.ListenPort = n.Engine.Port()
		if err := n.Library.SaveSettings(settings); err != nil {
			return err
		}
	}
	policy := o.SeedClients
	if policy == "" {
		policy = settings.SeedClients
	}
	n.seeds = newSeedServer(n.Engine, seedFiles{n.Engine}, n.Log)
	n.seeds.serve(policy)
	return nil
}

// onFinished returns the command line of the program for what is finished.
func (n *Node) onFinished() string {
	settings, err := n.Library.Settings()
	if err != nil {
		n.Log.Warn("the program for finished downloads is not known", "error", err)
	}
	return settings.OnFinished
}

// downloaded has that program run for a download.
func (n *Node) downloaded(d library.Download) {
	f := onfinished.File{Kind: onfinished.Downloaded, Name: d.Name, Path: d.Path, Hash: d.Hash, Size: d.Size}
	if d.Private { // somebody sent it
		f.Kind = onfinished.Received
	}
	n.finished.Finished(f)
}

// MayMapPort reports whether the router may be asked to pass ports on.
func (n *Node) MayMapPort(s library.Settings) bool { return s.RouterPort && !n.noRouterPort }

// FirstStart reports whether the questions of the first start were never answered
// with this profile.
func (n *Node) FirstStart() (bool, error) {
	settings, err := n.Library.Settings()
	return err == nil && !settings.Started, err
}

// Apply puts valid settings into force at once. If the port is taken it changes
// nothing and fails with "port-in-use".
func (n *Node) Apply(s library.Settings) error {
	if s.ListenPort != 0 && s.ListenPort != n.Engine.Port() {
		if err := n.Engine.Move(peer.ListenAddress(s.ListenPort)); err != nil {
			return err
		}
	}
	n.seeds.serve(s.SeedClients)
	n.Engine.Apply(s)
	n.Engine.Trackers.Rejoin()
	return nil
}

// closeTimeout bounds [Node.Close]. The tracker has 2 seconds to hear goodbye;
// only a disk or network share that does not answer takes longer.
const closeTimeout = 10 * time.Second

// Close ends the peer in order and waits for it, at most 10 seconds. After that
// it fails with "cancelled", and the profile stays in use until the process
// ends.
func (n *Node) Close() error {
	done := make(chan error, 1)
	go func() { done <- n.close() }()
	select {
	case err := <-done:
		return err
	case <-time.After(closeTimeout):
		return netproto.Errorf(netproto.CodeCancelled, "a disk did not answer for %s", closeTimeout)
	}
}

func (n *Node) close() error {
	if n.seeds != nil {
		n.seeds.close()
	}
	var err error
	if n.Engine != nil {
		err = n.Engine.Close()
	}
	n.finished.Close()
	return errors.Join(err, n.Library.Close())
}
