//go:build unix && !darwin

package native

import (
	"slices"
	"testing"

	"github.com/godbus/dbus/v5"

	"centralizedp2p/app/bustest"
)

// fakeManager is a file manager.
type fakeManager chan []string

// ShowItems is the method of org.freedesktop.FileManager1.
func (m fakeManager) ShowItems(uris []string, _ string) *dbus.Error {
	m <- uris
	return nil
}

func TestTheFileManagerSelectsTheFile(t *testing.T) {
	bus := bustest.Start(t, "DBUS_SESSION_BUS_ADDRESS")
	if reveal(t.Context(), "/home/ada/a.txt") == nil {
		t.Error("without a file manager it says that it was shown")
	}
	manager := make(fakeManager, 1)
	if err := bus.Export(manager, managerPath, managerName); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(managerName, 0); err != nil {
		t.Fatal(err)
	}
	if err := reveal(t.Context(), "/home/ada/Über 100% #1.txt"); err != nil {
		t.Fatal(err)
	}
	if uris := <-manager; !slices.Equal(uris, []string{"file:///home/ada/%C3%9Cber%20100%25%20%231.txt"}) {
		t.Errorf("it was asked for %q", uris)
	}
}
