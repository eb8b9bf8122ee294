//go:build cgo && !headless

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"fyne.io/fyne/v2/app"

	"centralizedp2p/app/command"
	"centralizedp2p/app/desktop"
	"centralizedp2p/app/localengine"
	"centralizedp2p/netproto"
)

// openDesktop opens the window, and returns when it was closed.
func openDesktop(ctx context.Context, profile string, args []string, log *slog.Logger) error {
	if !hasDisplay() {
		return command.NoDisplay()
	}
	node, err := command.OpenNode(ctx, command.NodeOptions{Profile: profile, OfferDownloads: true, Log: log})
	if err != nil {
		return err
	}
	engine, err := localengine.New(node, os.Stderr)
	if err != nil {
		return errors.Join(err, node.Close())
	}
	err = show(ctx, engine, node, args)
	return errors.Join(err, engine.Close())
}

func show(ctx context.Context, engine *localengine.Engine, node *command.Node, args []string) error {
	options := desktop.Options{Version: command.Version}
	for _, a := range args {
		if strings.HasPrefix(strings.ToLower(a), netproto.LinkScheme+"://") {
			options.Link = a
		} else {
			options.Files = append(options.Files, a)
		}
	}
	settings, err := node.Library.Settings()
	if err != nil {
		return err
	}
	if options.FirstStart = !settings.Started; options.FirstStart {
		settings.Started = true
		if err := node.Library.SaveSettings(settings); err != nil {
			return err
		}
	}
	app.SetMetadata(desktop.Metadata())
	return desktop.Run(ctx, app.NewWithID(desktop.Metadata().ID), engine, options)
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
