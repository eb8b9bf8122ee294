//go:build unix && !darwin

package desktop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
)

// watcher is the name of whoever shows icons of the tray, by the specification
// StatusNotifierItem, which Fyne speaks.
const watcher = "org.kde.StatusNotifierWatcher"

// trayHost asks the session's bus whether somebody shows icons of the tray. It
// starts no bus where there is none, as the library does by itself.
func trayHost(ctx context.Context) bool {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" || address == "autolaunch:" {
		socket := filepath.Join("/run/user", fmt.Sprint(os.Getuid()), "bus")
		if _, err := os.Stat(socket); err != nil {
			return false
		}
		address = "unix:path=" + socket
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
