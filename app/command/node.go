package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/seedpeer"
	"centralizedp2p/netproto"
)

// Version is that of the program; FyneApp.toml says the same.
const Version = "0.1.0"

// localTracker is asked where no tracker was ever chosen.
const localTracker = "127.0.0.1:5000"

// NodeOptions say how a peer is started.
type NodeOptions struct {
	Profile string // folder
	// Listen is the port for peers (TCP) and seed clients (UDP). Nil is the one
	// in the settings, or a free one that is remembered there.
	Listen *int
	// SeedClients is who of them is served; empty is what the settings say.
	SeedClients netproto.SeedPolicy
	// OfferDownloads shares what was downloaded, if the settings say so too.
	OfferDownloads bool
	Log            *slog.Logger
}

// Node is a peer at work: its library, its engine, and its answers to seed
// clients.
type Node struct {
	Library *library.Library
	Engine  *peer.Engine
	Log     *slog.Logger

	ctx  context.Context
	stop context.CancelFunc

	mu       sync.Mutex
	policy   netproto.SeedPolicy
	seedStop context.CancelFunc
	seed     sync.WaitGroup
}

// OpenNode starts a peer; it has no tracker yet.
func OpenNode(ctx context.Context, o NodeOptions) (*Node, error) {
	l, err := library.Open(o.Profile)
	if err != nil {
		return nil, err
	}
	n := &Node{Library: l, Log: o.Log}
	n.ctx, n.stop = context.WithCancel(ctx)
	if err := n.start(ctx, o); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, o NodeOptions) error {
	settings, err := n.Library.Settings()
	if err != nil {
		return err
	}
	port := settings.ListenPort
	if o.Listen != nil {
		port = *o.Listen
	}
	config := peer.Config{Library: n.Library, Log: n.Log, Listen: peer.ListenAddress(port), OfferDownloads: o.OfferDownloads}
	// The engine outlives ctx until Close: it says goodbye in order.
	n.Engine, err = peer.Start(context.WithoutCancel(ctx), config)
	if netproto.CodeOf(err) == netproto.CodePortInUse && o.Listen == nil && port != 0 {
		n.Log.Warn("the remembered port is used by another program, another one is taken", "port", port)
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
	n.serveSeedClients(policy)
	return nil
}

// seedFiles are the files that seed clients may fetch here.
type seedFiles struct{ engine *peer.Engine }

func (s seedFiles) Lookup(path, name string) (seedpeer.File, bool) {
	file, state, ok := s.engine.SeedFile(path, name)
	sent := func(to netip.AddrPort, bytes int) { s.engine.CountSeed(path, to, bytes) }
	return seedpeer.File{Location: file, Size: state.Size, ModTime: time.Unix(0, state.Modified), Sent: sent}, ok
}

// serveSeedClients answers them on the UDP port with the number of the TCP
// port, and no more on the one before. It is a side of the program that must
// not keep the rest from working.
func (n *Node) serveSeedClients(policy netproto.SeedPolicy) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seedStop != nil {
		n.seedStop()
		n.seed.Wait()
		n.Engine.ServeSeedClients(0)
	}
	n.policy = policy
	s, err := seedpeer.Listen(peer.ListenAddress(n.Engine.Port()), policy, seedFiles{n.Engine}, n.Log)
	if err != nil {
		n.Log.Warn("seed clients are not served", "error", err)
		return
	}
	n.Engine.ServeSeedClients(s.Port())
	var ctx context.Context
	ctx, n.seedStop = context.WithCancel(n.ctx)
	n.seed.Go(func() {
		if err := s.Serve(ctx); err != nil {
			n.Log.Error("seed clients are not served any more", "error", err)
		}
	})
}

// Apply makes valid settings work at once.
func (n *Node) Apply(s library.Settings) error {
	moved := s.ListenPort != 0 && s.ListenPort != n.Engine.Port()
	if moved {
		if err := n.Engine.Move(peer.ListenAddress(s.ListenPort)); err != nil {
			return err
		}
	}
	n.mu.Lock()
	policy := n.policy
	n.mu.Unlock()
	if moved || s.SeedClients != policy {
		n.serveSeedClients(s.SeedClients)
	}
	n.Engine.Apply(s)
	n.Engine.Rejoin()
	return nil
}

// closeTimeout bounds [Node.Close]. The tracker has 2 seconds to hear goodbye;
// what takes longer is a disk or network share that does not answer.
const closeTimeout = 10 * time.Second

// Close ends the peer in order and waits for it, for 10 seconds at the most:
// then its error has the code "cancelled", and only the end of the process
// gives the profile back.
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
	n.stop()
	n.seed.Wait()
	var err error
	if n.Engine != nil {
		err = n.Engine.Close()
	}
	return errors.Join(err, n.Library.Close())
}

// ChooseTracker reads what a person says about a tracker: HOST, HOST:PORT, or
// a link, of which the tracker, its key and the invite count.
func ChooseTracker(text string) (netproto.Link, error) {
	link, err := parseTracker(text)
	if err != nil {
		return netproto.Link{}, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	return link, nil
}

// parseTracker gives plain errors, without a code.
func parseTracker(text string) (netproto.Link, error) {
	text = strings.TrimSpace(text)
	if isLink(text) {
		return netproto.ParseLink(text)
	}
	if strings.Contains(text, "/") { // http://HOST, which is no strange port
		return netproto.Link{}, fmt.Errorf("%q is not the address of a tracker: HOST or HOST:PORT is", text)
	}
	address, err := netproto.TrackerAddress(text)
	return netproto.Link{Tracker: address, Size: -1}, err
}

func isLink(text string) bool {
	return strings.HasPrefix(strings.ToLower(text), netproto.LinkScheme+"://")
}
