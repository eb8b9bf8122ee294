//go:build cgo && !headless

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"centralizedp2p/app/command"
	"centralizedp2p/app/desktop"
	"centralizedp2p/app/desktop/instance"
	"centralizedp2p/app/desktop/launch"
	"centralizedp2p/app/desktop/logfile"
	"centralizedp2p/app/desktop/native"
	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/assets"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

const (
	maxLog = 4 << 20 // bytes
	// handOverTime is how long a second start waits for a window that has the
	// profile but is still starting.
	handOverTime = 3 * time.Second
	// presentTime is enough for a window whose peer answers already: it listens before.
	presentTime = time.Second
)

// openDesktop opens the window and returns when it is closed. If a window is
// open with that profile, it hands the arguments to it instead.
func openDesktop(ctx context.Context, o node.Options, args []string) error {
	if !native.HasDisplay() {
		return command.NoDisplay()
	}
	profile := o.Profile
	open, err := absolute(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(profile, 0o700); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	file, err := logfile.Open(desktop.LogFile(profile), maxLog)
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	o.OfferDownloads = true
	o.Log = slog.New(slog.NewMultiHandler(o.Log.Handler(), slog.NewTextHandler(file, nil)))
	if err := native.MakeCache(); err != nil {
		o.Log.Warn("nothing is kept in the cache", "error", err)
	}
	metadata := desktop.Metadata()
	app.SetMetadata(metadata)
	window := app.NewWithID(metadata.ID)
	ready := desktop.GetReady()
	n, err := node.Open(ctx, o)
	ready()
	switch {
	case netproto.CodeOf(err) == netproto.CodeProfileInUse:
		err = handOver(ctx, window, profile, open, o.Log, err)
	case err == nil:
		err = runDesktop(ctx, window, n, profile, open)
	}
	return errors.Join(err, file.Close())
}

// absolute makes paths of the arguments that mean the same to another process.
func absolute(args []string) ([]string, error) {
	open := make([]string, len(args))
	for i, a := range args {
		open[i] = a
		if node.IsLink(a) {
			continue
		}
		var err error
		if open[i], err = filepath.Abs(a); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// handOver hands the arguments to the window that has the profile. If a peer without a
// window has it, a window drives that one. Otherwise the error is inUse.
func handOver(ctx context.Context, window fyne.App, profile string, open []string, log *slog.Logger, inUse error) error {
	waiting, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	running := remote.NewLocal(profile)
	defer running.Close()
	if _, err := running.Peer(waiting); err == nil {
		now, cancel := context.WithTimeout(waiting, presentTime)
		defer cancel()
		if instance.HandOver(now, profile, open) == nil {
			return toFront()
		}
		return showRunning(ctx, window, running, profile, open, log)
	}
	if err := instance.HandOver(waiting, profile, open); err != nil {
		return inUse
	}
	return toFront()
}

func toFront() error {
	fmt.Fprintln(os.Stderr, "CentralizedP2P is already running; its window comes to the front.")
	return nil
}

// showRunning runs a window for a peer of this computer that has none.
func showRunning(ctx context.Context, window fyne.App, engine face.Engine, profile string, open []string, log *slog.Logger) error {
	options := desktop.Options{Version: version.Here().String(), Open: open, Picker: native.Pick, Reveal: native.Reveal}
	if server, err := instance.Listen(profile, log); err != nil {
		log.Warn("a second start will not find this window", "error", err)
	} else {
		options.Requests = server.Requests()
		defer server.Close()
	}
	return desktop.Run(ctx, window, engine, options)
}

// runDesktop runs the window on a node, and closes the node.
func runDesktop(ctx context.Context, window fyne.App, n *node.Node, profile string, open []string) error {
	options := desktop.Options{Version: version.Here().String(), Open: open, Picker: native.Pick, Reveal: native.Reveal}
	if version.CanAsk() {
		options.Newest = func(ctx context.Context) (desktop.Release, error) {
			r, err := version.Newest(ctx)
			return desktop.Release{Version: r.Version, Newer: r.Newer(), Page: r.Page}, err
		}
	}
	server, err := instance.Listen(profile, n.Log)
	if err != nil { // a window that no second start finds is better than none
		n.Log.Warn("a second start will not find this window", "error", err)
	} else {
		options.Requests = server.Requests()
		defer server.Close()
	}
	if options.System, err = thisProgram(profile); err != nil {
		n.Log.Warn("the system cannot be told about this program", "error", err)
		options.System = nil
	}
	if options.FirstStart, err = n.FirstStart(); err != nil {
		return errors.Join(err, n.Close())
	}
	engine, err := localengine.New(n, os.Stderr)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	options.FirstStartOver = engine.FirstStartOver
	control := remote.NewServer(engine, remote.Options{Version: version.Number, Log: n.Log})
	if err := control.ServeLocal(profile); err != nil { // a window that no command reaches is better than none
		n.Log.Warn("no command will reach this window", "error", err)
	}
	book, err := remote.Peers(profile)
	if err != nil {
		n.Log.Warn("no peer on another computer can be driven", "error", err)
	} else {
		options.Elsewhere = &elsewhere{id: n.Library.Identity(), book: book, name: func() string {
			settings, _ := engine.Settings(ctx) // without a name the other one shows the key
			return settings.Name
		}}
	}
	err = desktop.Run(ctx, window, engine, options)
	return errors.Join(err, control.Close(), engine.Close())
}

// thisProgram is what the system starts for the person: this executable, with
// this profile.
func thisProgram(profile string) (launch.Program, error) {
	var args []string
	usual, err := library.DefaultDir()
	if err != nil || profile != usual {
		if profile, err = filepath.Abs(profile); err != nil {
			return launch.Program{}, err
		}
		args = []string{"--profile", profile}
	}
	metadata := desktop.Metadata()
	return launch.Here(metadata.ID, metadata.Name, assets.Icon, args...)
}
