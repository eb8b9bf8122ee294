//go:build !darwin || cgo

package browsers

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// ReceiveFromPhone opens a page to which a phone sends files, or shows the one that was
// kept.
func ReceiveFromPhone(w pages.Window, engine face.Web) {
	pages.Ask(w, engine.WebPages, func(pages []face.WebPage, err error) {
		if err != nil {
			w.Fail(err)
			return
		}
		if i := slices.IndexFunc(pages, func(p face.WebPage) bool { return p.Inbox && p.State == face.WebOpen }); i >= 0 {
			openWebInbox(newWebSheet(w, engine, pages[i].ID, true))
			return
		}
		receiveInto(w, engine, "")
	})
}

// receiveInto opens a new page for a folder; "" is that for downloads.
func receiveInto(w pages.Window, engine face.Web, folder string) {
	pages.Ask(w, func(ctx context.Context) (string, error) { return engine.ReceiveWeb(ctx, folder) }, func(id string, err error) {
		if err != nil {
			w.Fail(err)
			return
		}
		openWebInbox(newWebSheet(w, engine, id, false))
	})
}

func openWebInbox(s *webSheet) {
	pin := kit.NewTitle("")
	folder := kit.NewCaption()
	folder.CutMiddle = true // the last name of its path says most
	page := face.WebPage{}
	change := kit.NewButtonWithIcon(words.L("Save in another folder"), theme.FolderOpenIcon(), func() {
		s.window.Sheets().PickFolder(words.L("Where to save files from the phone"), page.Folder, func(path string) {
			s.keep.Checked = false // the page for the other folder ends
			s.window.Sheets().CloseAll()
			receiveInto(s.window, s.engine, path)
		})
	})
	list := kit.NewList(func() int { return len(page.Arrivals) },
		func() fyne.CanvasObject {
			return container.NewBorder(nil, nil, nil, kit.NewCaption(), kit.NewNameLine())
		},
		func(i int, object fyne.CanvasObject) {
			a, row := page.Arrivals[i], object.(*fyne.Container)
			row.Objects[0].(*kit.Line).SetText(netproto.Printable(words.CutName(a.Name)))
			state := row.Objects[1].(*kit.Line)
			state.Whole = true
			state.SetText(arrivalWords(a))
			row.Refresh()
		})
	list.OnSelected = func(i int) {
		list.UnselectAll()
		if path := page.Arrivals[i].Path; path != "" {
			s.window.OpenPath(path)
		}
	}
	s.show = func(now face.WebPage) {
		page = now
		pin.SetText(words.L("PIN: {{.PIN}}", words.Values{"PIN": page.PIN}))
		folder.SetText(words.L("Saved in {{.Folder}}", words.Values{"Folder": netproto.Printable(page.Folder)}))
		kit.Reveal(nil, list, len(page.Arrivals) > 0) // an empty one would take the focus and show nothing
		list.Refresh()
		s.say(webInboxWords(page))
	}
	s.open(words.L("Receive from a phone"),
		words.L("Scan the code with the camera of a phone on the same network, and type the PIN there. Then choose what to send."),
		container.NewBorder(container.NewVBox(pin, folder, change), nil, nil, nil, list))
}

// webInboxWords says how the page stands.
func webInboxWords(page face.WebPage) string {
	switch {
	case page.State == face.WebShut:
		return words.L("Somebody typed too many wrong PINs, so the page is closed. Close this and open it again.")
	case page.State == face.WebFailed:
		return words.Explain(page.Failure).String()
	case len(page.Arrivals) == 0:
		return words.L("Nothing has arrived yet.")
	}
	return words.N("{{.Count}} files have arrived.", page.Stored, words.Values{"Count": words.Count(page.Stored)})
}

func arrivalWords(a face.WebArrival) string {
	switch a.State {
	case face.ArrivalStored:
		return words.Size(a.Size)
	case face.ArrivalRunning:
		return words.Percent(a.Done, a.Size)
	case face.ArrivalWrong:
		return words.L("Arrived damaged, not saved")
	default:
		return words.L("Cancelled")
	}
}
