//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/tracker"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// links makes links, and asks the person about links that are opened.
type links struct {
	window    pages.Window
	engine    linkEngine
	clipboard fyne.Clipboard
	next      func() // asks about what waits, if a link needs no decision
	wishes    func() // shows all wishes
	asking    bool   // the engine is asked about a link
}

// linkEngine is what links need of the engine.
type linkEngine interface {
	face.Trackers
	face.Downloads
	face.Search
	face.Wishes
}

// paste opens the link on the clipboard, or asks for one.
func (l *links) paste() {
	w := l.window
	text := l.clipboard.Content()
	if _, err := netproto.ParseLink(text); err == nil {
		l.open(text)
		return
	}
	entry := kit.NewTextEntry(w.Host().Pressed)
	entry.PlaceHolder = "cp2p://"
	problem := kit.Hint("")
	open := kit.PrimaryButton(words.L("Open"), theme.ConfirmIcon(), func() {
		if _, err := netproto.ParseLink(entry.Text); err != nil {
			problem.SetText(words.Explain(linkFailure(err)).String())
			return
		}
		l.open(entry.Text)
	})
	w.Sheets().Open(words.L("Open a link"), kit.Labelled(words.L("Link to a file, a folder or a tracker"), entry, problem),
		fyne.NewSize(520, 220), w.Sheets().CancelButton(), open)
	w.Host().Canvas.Focus(entry)
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
		w.Fail(linkFailure(err).Error())
	case link.IsTracker():
		l.asking = true
		pages.Ask(w, l.engine.Tracker, func(view face.TrackerView, err error) {
			l.asking = false
			if err == nil && view.Address == link.Tracker && (link.Fingerprint.IsZero() || view.Fingerprint == link.Fingerprint) {
				w.Sheets().CloseAll()
				w.Tell(words.L("You already use this tracker."))
				l.next()
				return
			}
			l.confirmTracker(link, view)
		})
	default:
		l.asking = true
		pages.Ask(w, func(ctx context.Context) ([]face.Have, error) {
			return l.engine.Have(ctx, []netproto.ContentHash{link.Hash})
		},
			func(have []face.Have, err error) {
				l.asking = false
				if err != nil {
					have = []face.Have{face.HaveNothing}
				}
				l.confirmDownload(link, have[0])
			})
	}
}

func (l *links) confirmTracker(link netproto.Link, view face.TrackerView) {
	w := l.window
	facts := kit.NewFacts()
	facts.Set([]kit.Fact{{Name: words.L("Address"), Value: link.Tracker}})
	use := kit.PrimaryButton(words.L("Use this tracker"), theme.ConfirmIcon(), func() {
		w.Sheets().Close()
		tracker.Use(w, l.engine, link.String())
	})
	title := words.L("Use another tracker?")
	if view.Address == "" {
		title = words.L("Use this tracker?")
	}
	w.Sheets().Open(title, facts.Box, fyne.NewSize(520, 240), w.Sheets().CancelButton(), use)
}

func (l *links) confirmDownload(link netproto.Link, have face.Have) {
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
	if mark := pages.HaveWords(have); mark.Text != "" {
		list = append(list, kit.Fact{Name: words.L("On this computer"), Said: true, Value: mark.Text})
	}
	facts.Set(list)
	get := kit.PrimaryButton(words.L("Download"), theme.DownloadIcon(), func() {
		w.Sheets().Close()
		request := face.DownloadRequest{Hash: link.Hash, Name: name, Size: link.Size, Link: link.String()}
		pages.Where(w, func(folder string) {
			request.To = folder
			l.download(request)
		})
	})
	w.Sheets().Open(words.L("Download this?"), facts.Box, fyne.NewSize(520, 260), w.Sheets().CancelButton(), get)
}

// download downloads what a link names. If nobody has it, it can be waited for.
func (l *links) download(request face.DownloadRequest) {
	w := l.window
	w.Start(func(ctx context.Context) func() {
		err := pages.InTime(ctx, l.engine.Download(ctx, request))
		return func() {
			switch code := netproto.CodeOf(err); {
			case err == nil:
				w.GoTo(pages.PlaceDownloads)
			case code == netproto.CodeNotFound || code == netproto.CodeNoSource:
				l.offerWish(request)
			default:
				w.Fail(err)
			}
			w.Poke()
		}
	})
}

// offerWish asks whether a content that nobody has now is waited for.
func (l *links) offerWish(request face.DownloadRequest) {
	w := l.window
	fetch := kit.NewCheck(words.L("Download automatically"), nil)
	fetch.SetChecked(true)
	wait := kit.PrimaryButton(words.L("Tell me when somebody has it"), look.Icon("star"), func() {
		w.Sheets().Close()
		wish := face.WishRequest{Hash: request.Hash, Name: request.Name, Download: fetch.Checked, Folder: request.To}
		w.Act(func(ctx context.Context) error {
			_, err := l.engine.AddWish(ctx, wish)
			return err
		}, func() {
			w.TellNext(words.L("You are told as soon as somebody shares it."), words.L("Show"), l.wishes)
		})
	})
	text := words.L("Nobody who is online has “{{.Name}}”. It may come later.", words.Values{"Name": netproto.Printable(words.CutName(request.Name))})
	w.Sheets().Open(words.L("Nobody has this now"), container.NewVBox(kit.Paragraph(text), fetch), fyne.NewSize(480, 240), w.Sheets().CancelButton(), wait)
}
