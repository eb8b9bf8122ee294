//go:build unix && !darwin

package native

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

// The interface of file managers: https://www.freedesktop.org/wiki/Specifications/file-manager-interface/.
const (
	managerName  = "org.freedesktop.FileManager1"
	managerPath  = "/org/freedesktop/FileManager1"
	managerShows = managerName + ".ShowItems"
)

// revealTime bounds the wait for a file manager, which may have to start.
const revealTime = 10 * time.Second

func reveal(ctx context.Context, path string) error {
	address := sessionBus()
	if address == "" {
		return errors.New("there is no session bus")
	}
	ctx, cancel := context.WithTimeout(ctx, revealTime)
	defer cancel()
	bus, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer bus.Close()
	return bus.Object(managerName, managerPath).CallWithContext(ctx, managerShows, 0, []string{FileURL(path).String()}, "").Err
}
