package awake

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"centralizedp2p/app/bustest"
)

// manager is systemd-logind, as far as this program uses it.
type manager struct {
	asked chan []string
	hold  *os.File // the end that the program gets
}

// Inhibit is the method of org.freedesktop.login1.Manager.
func (m *manager) Inhibit(what, who, why, mode string) (dbus.UnixFD, *dbus.Error) {
	fd := dbus.UnixFD(m.hold.Fd())
	m.asked <- []string{what, who, why, mode}
	return fd, nil
}

func TestSleepIsPutOffUntilTheFileIsClosed(t *testing.T) {
	bus := bustest.Start(t, "DBUS_SYSTEM_BUS_ADDRESS")
	if _, err := stopSleep(); err == nil {
		t.Error("without a manager it says that it did")
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	m := &manager{asked: make(chan []string, 1), hold: write}
	if err := bus.Export(m, "/org/freedesktop/login1", "org.freedesktop.login1.Manager"); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName("org.freedesktop.login1", 0); err != nil {
		t.Fatal(err)
	}
	held, err := stopSleep()
	if err != nil {
		t.Fatal(err)
	}
	if asked := <-m.asked; asked[0] != "sleep:idle" || asked[3] != "block" {
		t.Errorf("it asked for %q", asked)
	}
	write.Close() // the manager's copy; the program has another one
	ended := make(chan struct{})
	go func() {
		_, _ = io.ReadAll(read) // ends when the last copy is closed
		close(ended)
	}()
	select {
	case <-ended:
		t.Fatal("nothing is held")
	case <-time.After(100 * time.Millisecond):
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("sleep is still put off")
	}
}
