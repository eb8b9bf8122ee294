//go:build cgo && !headless

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
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
)

const (
	maxLog = 4 << 20 // bytes
	// handOverTime is how long a second start waits for a window that has the
	// profile, but is still starting.
	handOverTime = 3 * time.Second
)

// openDesktop opens the window, and returns when it was closed. Where one is
// open with that profile, it opens the arguments instead.
func openDesktop(ctx context.Context, profile string, args []string, log *slog.Logger) error {
	if !hasDisplay() {
		return command.NoDisplay()
	}
	open, err := absolute(args)
	if err != nil {
		return err
	}
	file, err := openLog(profile)
	if err != nil {
		return err
	}
	log = slog.New(slog.NewMultiHandler(log.Handler(), slog.NewTextHandler(file, nil)))
	n, err := node.Open(ctx, node.Options{Profile: profile, OfferDownloads: true, Log: log})
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
	var open []string
	for _, a := range args {
		if !node.IsLink(a) {
			path, err := filepath.Abs(a)
			if err != nil {
				return nil, err
			}
			a = path
		}
		open = append(open, a)
	}
	return open, nil
}

func openLog(profile string) (*logfile.File, error) {
	err := os.MkdirAll(profile, 0o700)
	if err == nil {
		var file *logfile.File
		if file, err = logfile.Open(desktop.LogFile(profile), maxLog); err == nil {
			return file, nil
		}
	}
	return nil, netproto.Errorf(netproto.CodeStore, "%w", err)
}

// handOver asks the window that has the profile. Where a command has it, which
// takes nothing, inUse is the error.
func handOver(ctx context.Context, profile string, open []string, inUse error) error {
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	if err := instance.HandOver(ctx, profile, open); err != nil {
		return inUse
	}
	fmt.Fprintln(os.Stderr, "CentralizedP2P is running already; its window was asked to come to the front.")
	return nil
}

func runDesktop(ctx context.Context, n *node.Node, profile string, open []string) error {
	options := desktop.Options{Version: n.Version, Open: open}
	server, err := instance.Listen(profile, n.Log)
	if err != nil { // a window that no second start finds is better than none
		n.Log.Warn("a second start will not find this window", "error", err)
	} else {
		options.Requests = server.Requests()
		defer server.Close()
	}
	engine, err := localengine.New(n, os.Stderr)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	err = show(ctx, engine, n, profile, options)
	return errors.Join(err, engine.Close())
}

func show(ctx context.Context, engine *localengine.Engine, n *node.Node, profile string, options desktop.Options) error {
	settings, err := n.Library.Settings()
	if err != nil {
		return err
	}
	if options.FirstStart = !settings.Started; options.FirstStart {
		settings.Started = true
		if err := n.Library.SaveSettings(settings); err != nil {
			return err
		}
	}
	program, err := thisProgram(profile)
	if err != nil {
		n.Log.Warn("the system cannot be told about this program", "error", err)
	} else {
		options.System = program
	}
	if cache, err := os.UserCacheDir(); err == nil { // Fyne makes no folder there where there is none
		if err := os.MkdirAll(cache, 0o700); err != nil {
			n.Log.Warn("nothing is kept in the cache", "error", err)
		}
	}
	metadata := desktop.Metadata()
	app.SetMetadata(metadata)
	return desktop.Run(ctx, app.NewWithID(metadata.ID), engine, options)
}

// thisProgram is what the system is to start for the person: this executable,
// with this profile.
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

// hasDisplay tells whether there is a screen: without one Fyne panics. It also
// prefers X11, which under Wayland is XWayland: the lists of Fyne 2.8 begin
// with the wrong text size on Wayland (fyne-io/fyne#6447).
func hasDisplay() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	if os.Getenv("DISPLAY") == "" {
		return os.Getenv("WAYLAND_DISPLAY") != ""
	}
	if os.Getenv("FYNE_PLATFORM") == "" {
		os.Setenv("FYNE_PLATFORM", "x11")
	}
	return true
}
