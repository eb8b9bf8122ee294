// Package localengine is the engine behind the window when both are one
// process: it turns what the window asks for into calls of the peer engine,
// and what that knows into the plain values that the window shows.
package localengine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"centralizedp2p/app/command"
	"centralizedp2p/app/desktop"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// Engine implements desktop.Engine.
type Engine struct {
	node    *command.Node
	engine  *peer.Engine
	library *library.Library
	log     *slog.Logger
	logs    io.Writer // of the tracker on this computer

	switching sync.Mutex // one change of tracker at a time

	mu      sync.Mutex
	own     *command.OwnTracker
	ownErr  error // why it could not start
	changed *desktop.ChangedKey
}

var _ desktop.Engine = (*Engine)(nil)

// New puts an engine around a node and lets it work: shares, downloads and the
// tracker go on as they were left.
func New(ctx context.Context, node *command.Node, logs io.Writer) (*Engine, error) {
	e := &Engine{node: node, engine: node.Engine, library: node.Library, log: node.Log, logs: logs}
	settings, err := e.library.Settings()
	if err != nil {
		return nil, err
	}
	if err := e.engine.RunShares(); err != nil {
		return nil, err
	}
	e.engine.RunDownloads()
	switch {
	case settings.OwnTracker:
		if err := e.StartTracker(ctx); err != nil {
			e.log.Warn("the tracker on this computer", "error", err)
		}
	case settings.Tracker != "":
		client, err := trackerclient.New(e.library.Identity(), settings.Tracker, netproto.Fingerprint{}, e.library)
		if err != nil {
			return nil, err
		}
		e.engine.UseTracker(client)
	}
	return e, nil
}

// Close stops the tracker on this computer; the node is the caller's.
func (e *Engine) Close() error {
	e.mu.Lock()
	own := e.own
	e.own = nil
	e.mu.Unlock()
	if own == nil {
		return nil
	}
	return own.Close()
}

// Watch tells that something changed.
func (e *Engine) Watch(ctx context.Context) <-chan struct{} { return e.engine.Watch(ctx) }

// Status is what the frame shows.
func (e *Engine) Status(context.Context) (desktop.Status, error) {
	t := e.engine.TrackerStatus()
	s := desktop.Status{Tracker: t.Name, Connection: desktop.Connection(t.State), Failure: desktop.FailureOf(t.Err),
		PeersOnline: t.Stats.PeersOnline, Reachable: t.Reachable}
	if s.Tracker == "" {
		s.Tracker = t.Address
	}
	if t.State == peer.TrackerReconnecting {
		s.RetrySeconds = max(int(time.Until(t.Retry).Round(time.Second)/time.Second), 0)
	}
	s.DownRate, s.UpRate = e.engine.Rates()
	for _, d := range e.engine.Downloads() {
		switch d.State {
		case peer.DownloadFinished:
			continue
		case peer.DownloadFailed:
			s.Counts.Failed++
		}
		s.Counts.Downloads++
	}
	for _, u := range e.engine.Uploads() {
		if !u.Ended {
			s.Counts.Uploads++
		}
	}
	s.Counts.Shares = len(e.engine.Shares())
	return s, nil
}

// Settings are the chosen ones.
func (e *Engine) Settings(context.Context) (desktop.Settings, error) {
	s, err := e.library.Settings()
	return desktop.Settings{Name: s.Name, DownloadFolder: s.DownloadDir, DownloadsAtOnce: s.MaxDownloads, UploadSlots: s.UploadSlots,
		Port: s.ListenPort, DownLimit: s.DownLimit, UpLimit: s.UpLimit, SeedClients: s.SeedClients}, err
}

// ApplySettings checks, remembers and applies.
func (e *Engine) ApplySettings(_ context.Context, s desktop.Settings) error {
	if invalid := validate(s); len(invalid) > 0 {
		return invalid
	}
	saved, err := e.library.Settings()
	if err != nil {
		return err
	}
	saved.Name, saved.DownloadDir, saved.MaxDownloads, saved.UploadSlots = s.Name, s.DownloadFolder, s.DownloadsAtOnce, s.UploadSlots
	saved.ListenPort, saved.DownLimit, saved.UpLimit, saved.SeedClients = s.Port, s.DownLimit, s.UpLimit, s.SeedClients
	if err := e.library.SaveSettings(saved); err != nil {
		return err
	}
	return e.node.Apply(saved)
}

func validate(s desktop.Settings) desktop.InvalidSettings {
	invalid := desktop.InvalidSettings{}
	refuse := func(field desktop.Field, format string, args ...any) {
		invalid[field] = desktop.Failure{Code: netproto.CodeInvalid, Detail: fmt.Sprintf(format, args...)}
	}
	if strings.TrimSpace(s.Name) == "" || len(s.Name) > netproto.MaxPeerName {
		refuse(desktop.FieldName, "the name must have 1 to %d bytes", netproto.MaxPeerName)
	}
	if err := writable(s.DownloadFolder); err != nil {
		invalid[desktop.FieldDownloadFolder] = desktop.FailureOf(err)
	}
	if s.DownloadsAtOnce < 1 || s.DownloadsAtOnce > desktop.MaxDownloadsAtOnce {
		refuse(desktop.FieldDownloadsAtOnce, "1 to %d downloads can run at once", desktop.MaxDownloadsAtOnce)
	}
	if s.UploadSlots < 1 || s.UploadSlots > desktop.MaxUploadSlots {
		refuse(desktop.FieldUploadSlots, "1 to %d peers can be served at once", desktop.MaxUploadSlots)
	}
	if s.Port < 0 || s.Port > 65535 {
		refuse(desktop.FieldPort, "a port is a number from 1 to 65535")
	}
	if s.DownLimit < 0 {
		refuse(desktop.FieldDownLimit, "a limit cannot be negative")
	}
	if s.UpLimit < 0 {
		refuse(desktop.FieldUpLimit, "a limit cannot be negative")
	}
	if _, err := netproto.ParseSeedPolicy(string(s.SeedClients)); err != nil {
		invalid[desktop.FieldSeedClients] = desktop.FailureOf(err)
	}
	return invalid
}

// writable finds out by trying: permissions alone do not tell.
func writable(dir string) error {
	if !filepath.IsAbs(dir) {
		return netproto.Errorf(netproto.CodeInvalid, "the folder must be given with its whole path")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	f, err := os.CreateTemp(dir, netproto.PartPrefix+"try-*")
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Diagnostics is text for a report about a problem.
func (e *Engine) Diagnostics(ctx context.Context) (desktop.Diagnostics, error) {
	s, err := e.Status(ctx)
	if err != nil {
		return desktop.Diagnostics{}, err
	}
	t := e.engine.TrackerStatus()
	var b strings.Builder
	fmt.Fprintf(&b, "CentralizedP2P %s, %s, %s/%s\n", command.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "Peer %s, port %d, reachable: %s\n", e.library.Identity().PeerID(), e.engine.Port(), s.Reachable)
	fmt.Fprintf(&b, "Tracker %s: %s", t.Address, s.Connection)
	if t.Err != nil {
		fmt.Fprintf(&b, " (%v)", t.Err)
	}
	fmt.Fprintf(&b, ", round trip %s, seen as %s\n", t.RoundTrip.Round(time.Millisecond), t.Observed)
	states := map[peer.DownloadState]int{}
	for _, d := range e.engine.Downloads() {
		states[d.State]++
	}
	fmt.Fprintf(&b, "Shares %d, uploads %d, downloads %v\nDown %d B/s, up %d B/s\n", s.Counts.Shares, s.Counts.Uploads, states, s.DownRate, s.UpRate)
	return desktop.Diagnostics{Text: b.String(), Profile: e.library.Dir()}, nil
}
