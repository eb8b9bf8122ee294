//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"centralizedp2p/app/desktop/kit"
)

func TestAboutSaysWhichProgramThisIs(t *testing.T) {
	d := newDesk(t, newFake(), Options{Version: "9.8.7"})
	d.menu("About")
	d.reads("9.8.7")
	if d.shows("Check for updates") {
		t.Error("it can look for a newer version, although the builder named no address")
	}
	d.tap("Close")
	if d.window.sheets.IsOpen() {
		t.Error("it does not close")
	}
}

func TestAboutLooksForANewerVersionWhenAsked(t *testing.T) {
	var answer Release
	var failure error
	asked := 0
	d := newDesk(t, newFake(), Options{Newest: func(context.Context) (Release, error) {
		asked++
		return answer, failure
	}})
	var opened []string
	d.app.openURL = func(at *url.URL) error {
		opened = append(opened, at.String())
		return errors.New("no browser")
	}
	d.menu("About")
	for _, c := range []struct {
		answer  Release
		failure error
		reads   string
	}{
		{Release{}, errors.New("no route to host"), "Check the internet connection"},
		{Release{Version: "0.0.1"}, nil, "This is the newest version."},
		{Release{Version: "99.0.0", Newer: true, Page: "https://example.org/get"}, nil, "Version 99.0.0 is available."},
	} {
		answer, failure = c.answer, c.failure
		d.tap("Check for updates")
		d.reads(c.reads)
	}
	if asked != 3 {
		t.Errorf("it asked %d times", asked)
	}
	d.tap("Open its page")
	d.reads("The page is https://example.org/get")
	if len(opened) != 1 || opened[0] != "https://example.org/get" {
		t.Errorf("it opened %q", opened)
	}
}

func TestAboutShowsTheLicences(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	d.menu("About")
	d.tap("Licences")
	var list *kit.List
	for _, object := range laidOut(d.window.win.Canvas().Overlays().Top()) {
		if l, ok := object.(*kit.List); ok {
			list = l
		}
	}
	if list == nil || list.Length() < 1000 {
		t.Fatal("there is no long list of lines")
	}
	d.reads("The licences stand below")
	d.tap("Back")
	d.reads("Built with")
}
