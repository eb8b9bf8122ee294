//go:build !darwin || cgo

package desktop

import (
	"context"
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"rsc.io/qr"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// links makes links, and asks the person about links that are opened.
type links struct{ window *window }

// paste opens the link on the clipboard, or asks for one.
func (l *links) paste() {
	w := l.window
	text := w.app.Clipboard().Content()
	if _, err := netproto.ParseLink(text); err == nil {
		l.open(text)
		return
	}
	entry := widget.NewEntry()
	entry.PlaceHolder = "cp2p://"
	problem := kit.Hint("")
	open := kit.PrimaryButton(words.L("Open"), theme.ConfirmIcon(), nil)
	submit := func() {
		if _, err := netproto.ParseLink(entry.Text); err != nil {
			problem.SetText(words.Explain(linkFailure(err)).String())
			return
		}
		l.open(entry.Text)
	}
	open.OnTapped = submit
	entry.OnSubmitted = func(string) { submit() }
	w.sheets.Open(words.L("Open a link"), kit.Labelled(words.L("Link to a file, a folder or a tracker"), entry, problem),
		fyne.NewSize(520, 220), w.sheets.CancelButton(), open)
	w.win.Canvas().Focus(entry)
}

func linkFailure(err error) face.Failure {
	return face.Failure{Code: netproto.CodeInvalid, Detail: err.Error()}
}

// open asks before it downloads what a link names, or uses its tracker.
func (l *links) open(text string) {
	w := l.window
	link, err := netproto.ParseLink(text)
	switch {
	case err != nil:
		w.notice.fail(words.Explain(linkFailure(err)))
	case link.IsTracker():
		l.confirmTracker(link)
	default:
		l.confirmDownload(link)
	}
}

func (l *links) confirmTracker(link netproto.Link) {
	w := l.window
	facts := kit.NewFacts()
	facts.Set([]kit.Fact{
		{Name: words.L("Address"), Value: link.Tracker},
		{Name: words.L("Fingerprint"), Value: words.Fingerprint(link.Fingerprint)},
	})
	use := kit.PrimaryButton(words.L("Use this tracker"), theme.ConfirmIcon(), func() {
		w.sheets.Close()
		l.useTracker(link.String())
	})
	w.sheets.Open(words.L("Use another tracker?"), facts.Box, fyne.NewSize(520, 240), w.sheets.CancelButton(), use)
}

func (l *links) confirmDownload(link netproto.Link) {
	w := l.window
	name := link.Name
	if name == "" {
		name = words.ShortHash(link.Hash)
	}
	facts := kit.NewFacts()
	list := []kit.Fact{{Name: words.L("Name"), Value: name}, {Name: words.L("Size"), Value: words.L("not known yet")},
		{Name: words.L("Tracker"), Value: link.Tracker}}
	if link.Size >= 0 {
		list[1].Value = words.Size(link.Size)
	}
	facts.Set(list)
	get := kit.PrimaryButton(words.L("Download"), theme.DownloadIcon(), func() {
		w.sheets.Close()
		request := face.DownloadRequest{Hash: link.Hash, Name: name, Size: link.Size, Link: link.String()}
		w.act(func(ctx context.Context) error { return w.engine.Download(ctx, request) },
			func() { w.goTo(placeDownloads) })
	})
	w.sheets.Open(words.L("Download this?"), facts.Box, fyne.NewSize(520, 260), w.sheets.CancelButton(), get)
}

// useTracker switches to a tracker and says how that went.
func (l *links) useTracker(address string) {
	w := l.window
	w.act(func(ctx context.Context) error { return w.engine.UseTracker(ctx, address) },
		func() { w.tell(words.L("The tracker answered and is now in use.")) })
}

// showCode shows a link as a QR code, which the camera of a phone can read.
func (l *links) showCode(name, link string) {
	w := l.window
	picture, err := codeOf(link)
	if err != nil {
		w.fail(netproto.Errorf(netproto.CodeInvalid, "%s: %w", words.L("the link is too long for a QR code"), err))
		return
	}
	code := canvas.NewImageFromImage(picture)
	code.ScaleMode = canvas.ImageScalePixels
	code.FillMode = canvas.ImageFillContain
	code.SetMinSize(fyne.NewSquareSize(280))
	text := widget.NewEntry()
	text.SetText(link)
	closing := w.sheets.CloseButton()
	copying := kit.PrimaryButton(words.L("Copy link"), theme.ContentCopyIcon(), func() { w.copyText(link, words.L("Link copied.")) })
	w.sheets.Open(netproto.Printable(words.CutName(name)), container.NewBorder(nil, text, nil, nil, code),
		fyne.NewSize(400, 440), closing, copying)
}

// quietZone is the white margin around a QR code, in modules (ISO/IEC 18004
// §6.3.8).
const quietZone = 4

// codeOf draws a QR code with one pixel per module.
func codeOf(text string) (image.Image, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	side := code.Size + 2*quietZone
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			shade := color.Gray{Y: 0xff}
			if code.Black(x-quietZone, y-quietZone) {
				shade.Y = 0
			}
			picture.SetGray(x, y, shade)
		}
	}
	return picture, nil
}
