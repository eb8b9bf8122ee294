//go:build !darwin || cgo

package pages

import (
	"cmp"
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"rsc.io/qr"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// CopyLink copies a link by which others find a content on the tracker in use.
func CopyLink(w Window, engine face.Trackers, hash netproto.ContentHash, name string, size int64) {
	Ask(w, engine.Tracker, func(view face.TrackerView, err error) {
		if err == nil && view.Address == "" {
			err = netproto.Errorf(netproto.CodeUnreachable, "%s", words.L("No tracker chosen"))
		}
		if err != nil {
			w.Fail(err)
			return
		}
		if netproto.CheckName(name) != nil {
			name = "" // such a link would not be valid
		}
		link := netproto.Link{Tracker: cmp.Or(view.LinkAddress, view.Address), Fingerprint: view.Fingerprint, Hash: hash, Name: name, Size: size}
		w.Copy(link.String(), words.L("Link copied."))
	})
}

// ShowCode shows a link as a QR code, which the camera of a phone can read. said is
// what to do with it; it may be empty. copy names the button that copies the link.
func ShowCode(w Window, title, said, link, copy string) {
	code, err := DrawCode(link)
	if err != nil {
		w.Fail(netproto.Errorf(netproto.CodeInvalid, "%s: %w", words.L("the link is too long for a QR code"), err))
		return
	}
	code.SetMinSize(fyne.NewSquareSize(240))
	text := kit.NewTextEntry(w.Host().Pressed)
	text.SetText(link)
	closing := w.Sheets().CloseButton()
	copying := kit.PrimaryButton(copy, theme.ContentCopyIcon(), func() { w.Copy(link, words.L("Link copied.")) })
	var above fyne.CanvasObject
	if said != "" {
		above = kit.Paragraph(said)
	}
	w.Sheets().Open(netproto.Printable(words.CutName(title)), container.NewBorder(above, text, nil, nil, code),
		fyne.NewSize(420, 480), closing, copying)
}

// DrawCode draws a link as a QR code, as large as there is room.
func DrawCode(link string) (*canvas.Image, error) {
	picture, err := codeOf(link)
	if err != nil {
		return nil, err
	}
	code := canvas.NewImageFromImage(picture)
	code.ScaleMode = canvas.ImageScalePixels
	code.FillMode = canvas.ImageFillContain
	return code, nil
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
