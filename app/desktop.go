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

	"fyne.io/fyne/v2/app"

	"centralizedp2p/app/command"
	"centralizedp2p/app/desktop"
	"centralizedp2p/app/desktop/instance"
	"centralizedp2p/app/desktop/launch"
	"centralizedp2p/app/desktop/logfile"
	"centralizedp2p/app/library"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/assets"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

const (
	maxLog = 4 << 20 // bytes
	// handOverTime is how long a second start waits for a window that has the
	// profile but is still starting.
	handOverTime = 3 * time.Second
)

// openDesktop opens the window and returns when it is closed. If a window is
// open with that profile, it hands the arguments to it instead.
func openDesktop(ctx context.Context, o node.Options, args []string) error {
	if !desktop.HasDisplay() {
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
	n, err := node.Open(ctx, o)
	switch {
	case netproto.CodeOf(err) == netproto.CodeProfileInUse:
		err = handOver(ctx, profile, open, err)
	case err == nil:
		err = runDesktop(ctx, n, profile, open)
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

// handOver hands the arguments to the window that has the profile. If a command
// has it, which takes none, the error is inUse.
func handOver(ctx context.Context, profile string, open []string, inUse error) error {
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	if err := instance.HandOver(ctx, profile, open); err != nil {
		return inUse
	}
	fmt.Fprintln(os.Stderr, "CentralizedP2P is already running; its window comes to the front.")
	return nil
}

// runDesktop runs the window on a node, and closes the node.
func runDesktop(ctx context.Context, n *node.Node, profile string, open []string) error {
	options := desktop.Options{Version: version.Here().String(), Open: open, Picker: desktop.SystemPicker, Reveal: desktop.SystemReveal}
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
	if err := desktop.MakeCache(); err != nil {
		n.Log.Warn("nothing is kept in the cache", "error", err)
	}
	if options.FirstStart, err = n.FirstStart(); err != nil {
		return errors.Join(err, n.Close())
	}
	engine, err := localengine.New(n, os.Stderr)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	options.FirstStartOver = engine.FirstStartOver
	metadata := desktop.Metadata()
	app.SetMetadata(metadata)
	err = desktop.Run(ctx, app.NewWithID(metadata.ID), engine, options)
	return errors.Join(err, engine.Close())
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
