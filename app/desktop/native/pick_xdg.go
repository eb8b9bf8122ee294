//go:build unix && !darwin

package native

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The picker of the desktop portal: https://flatpak.github.io/xdg-desktop-portal/docs/,
// interfaces FileChooser and Request.
const (
	portalName    = "org.freedesktop.portal.Desktop"
	portalPath    = "/org/freedesktop/portal/desktop"
	portalChooser = "org.freedesktop.portal.FileChooser.OpenFile"
	portalRequest = "org.freedesktop.portal.Request"
)

func pick(ctx context.Context, title string, folder bool) ([]string, error) {
	address := sessionBus()
	if address == "" {
		return nil, ErrNoPicker
	}
	bus, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return nil, ErrNoPicker
	}
	defer bus.Close()
	answers := make(chan *dbus.Signal, 4)
	bus.Signal(answers)
	token := "cp2p" + strings.ToLower(rand.Text())
	// The portal answers at a path that both sides know beforehand, so no answer is missed.
	sender := strings.ReplaceAll(strings.TrimPrefix(bus.Names()[0], ":"), ".", "_")
	expected := dbus.ObjectPath(portalPath + "/request/" + sender + "/" + token)
	if err := bus.AddMatchSignalContext(ctx, dbus.WithMatchObjectPath(expected), dbus.WithMatchInterface(portalRequest)); err != nil {
		return nil, ErrNoPicker
	}
	options := map[string]dbus.Variant{"handle_token": dbus.MakeVariant(token), "multiple": dbus.MakeVariant(!folder), "directory": dbus.MakeVariant(folder)}
	var handle dbus.ObjectPath
	if err := bus.Object(portalName, portalPath).CallWithContext(ctx, portalChooser, 0, "", title, options).Store(&handle); err != nil {
		return nil, ErrNoPicker
	}
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case answer, open := <-answers:
			if !open {
				return nil, ErrNoPicker
			}
			if answer.Name == portalRequest+".Response" && answer.Path == expected {
				return chosenPaths(answer.Body), nil
			}
		}
	}
}

// chosenPaths returns the local paths in an answer of the portal; none if the person
// cancelled.
func chosenPaths(body []any) []string {
	var response uint32
	var results map[string]dbus.Variant
	if dbus.Store(body, &response, &results) != nil || response != 0 {
		return nil
	}
	var uris, paths []string
	if results["uris"].Store(&uris) != nil {
		return nil
	}
	for _, text := range uris {
		if uri, err := url.Parse(text); err == nil && uri.Scheme == "file" {
			paths = append(paths, uri.Path)
		}
	}
	return paths
}
