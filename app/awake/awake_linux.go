package awake

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

// answerTime bounds the wait for the system.
const answerTime = 5 * time.Second

// stopSleep asks systemd-logind, or elogind, to put sleep off:
// https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html. It is put
// off until the file that comes back is closed, be it by the end of this process.
func stopSleep() (io.Closer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	bus, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	var file dbus.UnixFD
	err = bus.Object("org.freedesktop.login1", "/org/freedesktop/login1").CallWithContext(ctx, "org.freedesktop.login1.Manager.Inhibit", 0,
		"sleep:idle", "CentralizedP2P", "Files are being transferred", "block").Store(&file)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(file), "inhibit"), nil
}
