//go:build unix && !darwin

package native

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
)

// watcher is the D-Bus name of what shows icons of the tray, by the
// specification StatusNotifierItem, which Fyne implements.
const watcher = "org.kde.StatusNotifierWatcher"

// trayPossible looks for a session bus, which a tray needs. Without one, the library
// would start one.
func trayPossible() bool { return sessionBus() != "" }

// sessionBus returns the address of the session bus, or "".
func sessionBus() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return address
	}
	socket := filepath.Join("/run/user", fmt.Sprint(os.Getuid()), "bus")
	if _, err := os.Stat(socket); err != nil {
		return ""
	}
	return "unix:path=" + socket
}

func trayShown(ctx context.Context) bool {
	address := sessionBus()
	if address == "" {
		return false
	}
	bus, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return false
	}
	defer bus.Close()
	var there bool
	err = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, watcher).Store(&there)
	return err == nil && there
}
