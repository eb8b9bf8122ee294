//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
)

// uploadsPage shows what others fetch from here.
type uploadsPage struct {
	*rowsPage
	list *rowList[face.Upload]
}

func newUploadsPage(w *window) *uploadsPage {
	p := &uploadsPage{rowsPage: newRowsPage(w)}
	p.list = newRowList(func(u face.Upload) string { return u.ID }, func(u face.Upload) string { return u.Name },
		func() rowView[face.Upload] { return newUploadView() })
	p.list.tips, p.list.canvas, p.list.pressed = w.tips, w.win.Canvas(), w.typedKey
	p.build(placeUploads, p.list.focus, p.list, nil, func() fyne.CanvasObject {
		return emptyScreen(theme.UploadIcon(), L("When others fetch what you share, it appears here."),
			widget.NewButtonWithIcon(L("See what you share"), theme.FolderOpenIcon(), func() { w.goTo(placeShared) }))
	})
	return p
}

func (p *uploadsPage) pull(ctx context.Context) func() {
	uploads, err := p.window.engine.Uploads(ctx)
	if err != nil {
		return func() { p.fail(err) }
	}
	return func() { p.show(uploads) }
}

func (p *uploadsPage) show(uploads []face.Upload) {
	p.list.setRows(uploads)
	running, waiting, rate := 0, 0, int64(0)
	for _, u := range uploads {
		switch u.State {
		case face.UploadSending:
			running++
			rate += u.Rate
		case face.UploadQueued:
			waiting++
		}
	}
	words := ""
	if len(uploads) > 0 {
		words = L("{{.Running}} running, {{.Waiting}} waiting", values{
			"Running": countWords(running), "Waiting": countWords(waiting)})
	}
	if running > 0 {
		words = joined(words, rateWords(rate))
	}
	p.summary.SetText(words)
	p.showRows(len(uploads) > 0)
}

// uploadView is a row of the page.
type uploadView struct{ twoLines }

func newUploadView() *uploadView {
	v := &uploadView{}
	v.init()
	v.ExtendBaseWidget(v)
	return v
}

func (v *uploadView) show(u face.Upload) {
	to := L("To {{.Peer}}", values{"Peer": peerName(u)})
	text := rowText{name: u.Name, done: percent(u.Sent, u.Size)}
	switch u.State {
	case face.UploadSending:
		text.state = stateWords{L("Sending"), theme.UploadIcon(), theme.ColorNamePrimary}
		text.caption = joined(to, progressWords(u.Sent, u.Size), rateWords(u.Rate))
	case face.UploadQueued:
		text.state = stateWords{L("Queued (place {{.Place}})", values{"Place": u.Place}), theme.HistoryIcon(), colorCaption}
		text.caption = joined(to, text.state.text)
	default:
		text.state = stateWords{L("Ended"), theme.ConfirmIcon(), colorCaption}
		text.noBar = true
		text.caption = joined(to, text.state.text, L("{{.Size}} sent", values{"Size": sizeWords(u.Sent)}))
	}
	v.fill(text)
}

func peerName(u face.Upload) string {
	switch {
	case u.Peer == "":
		return u.Address
	case u.Address == "":
		return u.Peer
	default:
		return u.Peer + " (" + u.Address + ")"
	}
}
