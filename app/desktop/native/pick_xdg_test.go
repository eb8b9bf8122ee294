//go:build unix && !darwin

package native

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"centralizedp2p/app/bustest"
)

// fakePortal answers as the person does.
type fakePortal struct {
	bus *dbus.Conn

	mu       sync.Mutex
	response uint32 // 0: chosen, 1: cancelled
	uris     []string
	asked    map[string]dbus.Variant
}

// OpenFile is the method of org.freedesktop.portal.FileChooser.
func (p *fakePortal) OpenFile(sender dbus.Sender, _, _ string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = options
	token, _ := options["handle_token"].Value().(string)
	at := dbus.ObjectPath(portalPath + "/request/" + strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_") + "/" + token)
	// The answer may come before the call returns.
	err := p.bus.Emit(at, portalRequest+".Response", p.response, map[string]dbus.Variant{"uris": dbus.MakeVariant(p.uris)})
	if err != nil {
		return "", dbus.MakeFailedError(err)
	}
	return at, nil
}

// wants reports whether the portal was asked for something.
func (p *fakePortal) wants(option string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	is, _ := p.asked[option].Value().(bool)
	return is
}

// answer decides how the person answers from now on.
func (p *fakePortal) answer(response uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.response = response
}

func TestFilesAreChosenInThePickerOfTheSystemIfThereIsOne(t *testing.T) {
	bus := bustest.Start(t, "DBUS_SESSION_BUS_ADDRESS")
	if _, err := pick(t.Context(), "Choose", false); !errors.Is(err, ErrNoPicker) {
		t.Errorf("without a portal: %v", err)
	}
	portal := &fakePortal{bus: bus, uris: []string{"file:///home/ada/a%20b.txt", "sftp://host/x", "file:///home/ada/%C3%BC.txt"}}
	if err := bus.Export(portal, portalPath, "org.freedesktop.portal.FileChooser"); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(portalName, 0); err != nil {
		t.Fatal(err)
	}
	paths, err := pick(t.Context(), "Choose", false)
	if want := []string{"/home/ada/a b.txt", "/home/ada/ü.txt"}; err != nil || !slices.Equal(paths, want) {
		t.Errorf("chosen are %q, %v", paths, err)
	}
	if !portal.wants("multiple") || portal.wants("directory") {
		t.Error("the portal was not asked for many files")
	}
	portal.answer(1)
	if paths, err := pick(t.Context(), "Choose", true); err != nil || paths != nil {
		t.Errorf("cancelled: %q, %v", paths, err)
	}
	if !portal.wants("directory") || portal.wants("multiple") {
		t.Error("the portal was not asked for a folder")
	}
}
