//go:build !darwin || cgo

package transfers

import (
	"context"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/peek"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// preview shows a download that is still running: pictures and texts in the window,
// everything else in the program that the system has for it. In a folder, the person
// chooses the file.
func (p *Downloads) preview(d face.Download) {
	if !d.Folder {
		p.previewFile(d.ID, d.Name, "")
		return
	}
	chooseInFolder(p.Window, p.engine, d.Hash, d.Name, words.L("Preview"), func(path string) { p.previewFile(d.ID, path, path) })
}

// canPreview reports whether something can be seen of a download before it is complete.
// Of a folder that is decided by the file.
func canPreview(d face.Download) bool {
	return d.IsRunning() && (d.Folder || hasStart(d.Name))
}

// hasStart reports whether a file with that name makes sense before it is complete.
func hasStart(name string) bool {
	switch netproto.KindOf(name, "", false) {
	case netproto.KindVideo, netproto.KindAudio, netproto.KindImage, netproto.KindDocument:
		return true
	}
	return peek.IsText(name)
}

func (p *Downloads) previewFile(download, name, path string) {
	w := p.Window
	if !hasStart(name) {
		w.Tell(words.L("This kind of file can be opened once it is complete."))
		return
	}
	pages.Ask(w, func(ctx context.Context) (face.Preview, error) { return p.engine.Preview(ctx, download, path) },
		func(found face.Preview, err error) {
			switch {
			case err != nil:
				w.Fail(err)
			case peek.IsPicture(name):
				showPicture(w, found)
			case peek.IsText(name):
				showText(w, found)
			default:
				w.Play(found)
			}
		})
}

// widestPreview bounds what is drawn of a picture, in pixels.
const widestPreview = 1600

func showPicture(w pages.Window, of face.Preview) {
	showPreview(w, of, words.L("The picture appears once it is downloaded completely."), func(ctx context.Context) (fyne.CanvasObject, error) {
		picture, err := peek.Picture(ctx, of.URL, image.Pt(widestPreview, widestPreview))
		if err != nil {
			return nil, err
		}
		return kit.Inset(0, look.GapMedium, kit.NewPicture(picture)), nil
	})
}

func showText(w pages.Window, of face.Preview) {
	showPreview(w, of, words.L("The text appears once its beginning is downloaded."), func(ctx context.Context) (fyne.CanvasObject, error) {
		text, cut, err := peek.Text(ctx, of.URL)
		if err != nil {
			return nil, err
		}
		if cut {
			text += "\n" + words.L("Only the start is shown.")
		}
		return kit.NewReading(text), nil
	})
}

// showPreview opens a sheet that waits for what load returns. Closing it stops that.
func showPreview(w pages.Window, of face.Preview, wait string, load func(context.Context) (fyne.CanvasObject, error)) {
	body := container.NewStack(container.NewCenter(kit.Hint(wait)))
	elsewhere := kit.NewButtonWithIcon(words.L("Open in another program"), theme.FileIcon(), func() {
		w.Sheets().Close()
		w.Play(of)
	})
	opened := w.Sheets().Open(netproto.Printable(words.CutName(of.Name)), body, fyne.NewSize(900, 640), elsewhere, w.Sheets().CloseButton())
	loading, stop := pages.Stoppable(load)
	gone := false
	opened.Gone = func() {
		gone = true
		stop()
	}
	w.Follow(func(ctx context.Context) func() {
		shown, err := loading(ctx)
		return func() {
			switch {
			case gone:
				return
			case err != nil:
				body.Objects = []fyne.CanvasObject{pages.FailedScreen(words.L("This cannot be shown here."), func() { showPreview(w, of, wait, load) })}
			default:
				body.Objects = []fyne.CanvasObject{shown}
			}
			body.Refresh()
		}
	})
}
