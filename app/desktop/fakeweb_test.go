//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"

	"centralizedp2p/app/face"
)

// fakeWeb are the pages for browsers of the fake engine.
type fakeWeb struct {
	webPages []face.WebPage
	offered  []face.WebOffer
}

func (f *fakeEngine) OfferWeb(_ context.Context, offer face.WebOffer) (string, error) {
	err := f.act("offer to browsers")
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		return "", err
	}
	for i, before := range f.offered {
		if fmt.Sprint(before) == fmt.Sprint(offer) && slices.ContainsFunc(f.webPages, func(p face.WebPage) bool { return p.ID == fmt.Sprint("link", i) }) {
			return fmt.Sprint("link", i), nil
		}
	}
	f.offered = append(f.offered, offer)
	id := fmt.Sprint("link", len(f.offered)-1)
	f.webPages = append(f.webPages, face.WebPage{ID: id, State: face.WebOpen, URL: "http://192.168.1.4:40123/secret/", Name: "Holidays", Size: 812_000_000, Files: 40})
	return id, nil
}

func (f *fakeEngine) ReceiveWeb(_ context.Context, folder string) (string, error) {
	err := f.act("receive from browsers into %q", folder)
	f.mu.Lock()
	defer f.mu.Unlock()
	if folder == "" {
		folder = f.settings.DownloadFolder
	}
	f.webPages = append(f.webPages, face.WebPage{ID: "inbox", Inbox: true, State: face.WebOpen, URL: "http://192.168.1.4:40124/secret/", PIN: "271828", Folder: folder})
	return "inbox", err
}

func (f *fakeEngine) WebPages(context.Context) ([]face.WebPage, error) {
	return get(f, func() []face.WebPage { return slices.Clone(f.webPages) })
}

func (f *fakeEngine) SetWebTerms(_ context.Context, page string, terms face.WebTerms) error {
	return f.act("terms of %s: %d", page, terms.Count)
}

func (f *fakeEngine) CloseWeb(_ context.Context, ids []string) error {
	err := f.act("close pages %v", ids)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.webPages = slices.DeleteFunc(f.webPages, func(p face.WebPage) bool { return slices.Contains(ids, p.ID) })
	return err
}
