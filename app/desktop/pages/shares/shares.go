//go:build !darwin || cgo

// Package shares is the page of what this peer shares, and says with whom.
package shares

import (
	"context"
	"image"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// Engine is what the page of the shares needs of the engine.
type Engine interface {
	face.Shares
	face.Audiences
	face.People
	face.Web
}

// Page shows what this computer offers. A strip below the rows shows more
// about the selected ones, with actions.
type Page struct {
	*pages.RowsPage
	engine   Engine
	send     func(to face.Person, paths []string)
	undo     pages.Undo
	table    *tables.Table[face.Share]
	list     *lists.List[face.Share] // of the table
	thumbs   *pages.Thumbnails
	strip    *fyne.Container
	more     *kit.Line
	single   *fyne.Container // actions on one share
	linkable *fyne.Container // actions on one hashed share
}

// New makes the page. addFiles lets the person choose files to share; send asks
// about files for somebody.
func New(w pages.Window, engine Engine, undo pages.Undo, addFiles func(), send func(to face.Person, paths []string)) *Page {
	p := &Page{RowsPage: pages.NewRowsPage(w), engine: engine, send: send, undo: undo, more: kit.NewCaption()}
	p.more.CutMiddle = true // of a path
	p.table = tables.New(w.Host(), "shared", func(s face.Share) string { return s.ID },
		shareColumns(func(s face.Share) image.Image { return p.thumbs.OfShare(s) }), shareColumnName)
	p.list = p.table.List
	p.thumbs = pages.NewThumbnails(w, p.list.Refresh)
	p.list.Opened = p.openShare
	p.list.Menu = p.rowMenu
	p.list.Picked = p.showStrip
	p.linkable = container.NewHBox(
		kit.NewButtonWithIcon(words.L("Copy link"), look.Icon("link"), p.onOne(p.copyLink)),
		kit.NewIconButton(w.Host().Tips, theme.GridIcon(), words.L("Show QR code"), p.onOne(p.showCode)))
	p.single = container.NewHBox(p.linkable)
	if !w.Elsewhere() {
		p.single.Add(kit.NewIconButton(w.Host().Tips, theme.FolderOpenIcon(), words.L("Open folder"), p.Open))
	}
	stop := kit.NewButtonWithIcon(words.L("Stop sharing"), theme.CancelIcon(), p.Remove)
	p.strip = kit.Inset(0, look.Gap, container.NewBorder(nil, nil, nil, container.NewHBox(p.single, stop), kit.Inset(look.GapMedium, 0, p.more)))
	p.strip.Hide()
	p.Build(pages.PlaceShared, p.list.Focus, p.table.Box, p.strip, func() fyne.CanvasObject {
		return kit.EmptyScreen(theme.FolderOpenIcon(), words.L("Drop files or folders anywhere on the window to share them. Nothing is shared yet."),
			kit.NewButtonWithIcon(words.L("Add files"), theme.FileIcon(), addFiles))
	})
	return p
}

// Pull asks the engine for the shares.
func (p *Page) Pull(ctx context.Context) func() {
	shares, err := p.engine.Shares(ctx)
	if err != nil {
		return func() { p.Fail(err) }
	}
	return func() { p.show(shares) }
}

func (p *Page) show(shares []face.Share) {
	p.table.SetRows(shares)
	var hashing, hashed, rate int64
	for _, s := range shares {
		if s.State == face.ShareHashing || s.State == face.ShareRehashing || s.State == face.ShareWaiting {
			hashing += s.Size
			hashed += s.Hashed
			rate += s.Rate
		}
	}
	text := ""
	if len(shares) > 0 {
		text = pages.OfferedWords(shares)
	}
	if hashing > 0 {
		text = words.Join(text, words.L("preparing {{.Progress}}", words.Values{"Progress": words.Progress(hashed, hashing)}), words.Rate(rate))
	}
	p.Summary.SetText(text)
	p.ShowRows(len(shares) > 0)
	p.showStrip()
}

// showStrip says where the selected shares are, or what is wrong with them and
// what to do.
func (p *Page) showStrip() {
	chosen := p.list.Selection()
	if len(chosen) == 1 {
		p.more.SetText(shareMore(chosen[0]))
	} else if len(chosen) > 1 {
		_, size := pages.SumOf(chosen)
		p.more.SetText(pages.SelectedWords(len(chosen), size))
	}
	changed := kit.Reveal(nil, p.single, len(chosen) == 1)
	changed = kit.Reveal(nil, p.linkable, len(chosen) == 1 && chosen[0].State == face.ShareShared) || changed
	if kit.Reveal(nil, p.strip, len(chosen) > 0) || changed {
		p.Content.Refresh()
	}
}

// onOne returns an action on the first selected share.
func (p *Page) onOne(do func(face.Share)) func() {
	return func() {
		if chosen := p.list.Selection(); len(chosen) > 0 {
			do(chosen[0])
		}
	}
}

// Toggle does nothing: nothing on the page can be paused.
func (p *Page) Toggle() {}

// Remove stops sharing the selected rows.
func (p *Page) Remove() { p.stopSharing(p.list.Selection()) }

// Open opens the folder of the first selected share.
func (p *Page) Open() { p.onOne(p.openShare)() }

func (p *Page) openShare(s face.Share) {
	path := s.Path
	if !s.Folder {
		path = filepath.Dir(path)
	}
	p.Window.OpenPath(path)
}

// withLink gets the link of a share.
func withLink(w pages.Window, engine face.Shares, share string, then func(link string)) {
	pages.Ask(w, func(ctx context.Context) (string, error) { return engine.LinkOf(ctx, share) },
		func(link string, err error) {
			if err != nil {
				w.Fail(err)
				return
			}
			then(link)
		})
}

// CopyLink copies the link of a share.
func CopyLink(w pages.Window, engine face.Shares, share string) {
	withLink(w, engine, share, func(link string) { w.Copy(link, words.L("Link copied.")) })
}

func (p *Page) copyLink(s face.Share) { CopyLink(p.Window, p.engine, s.ID) }

func (p *Page) showCode(s face.Share) {
	withLink(p.Window, p.engine, s.ID, func(link string) { pages.ShowCode(p.Window, s.Name, "", link, words.L("Copy link")) })
}

func (p *Page) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	menu := &kit.Menu{}
	if len(chosen) == 1 {
		if chosen[0].State == face.ShareShared {
			menu.Add(words.L("Copy link"), look.Icon("link"), func() { p.copyLink(chosen[0]) })
			menu.Add(words.L("Show QR code"), theme.GridIcon(), func() { p.showCode(chosen[0]) })
		}
		if !p.Window.Elsewhere() {
			menu.Add(words.L("Open folder"), theme.FolderOpenIcon(), p.Open)
		}
	}
	menu.Add(words.L("Send to…"), theme.AccountIcon(), func() { p.sendTo(chosen) })
	menu.Add(words.L("Who can see it…"), theme.VisibilityIcon(), func() { openAudience(p.Window, p.engine, chosen) })
	menu.Add(words.L("Send to a phone or a browser…"), theme.ComputerIcon(), func() { p.sendToBrowser(chosen) })
	menu.Separate()
	menu.Add(words.L("Stop sharing"), theme.CancelIcon(), p.Remove)
	return &menu.Menu
}

// sendToBrowser hands out shares on a page for browsers.
func (p *Page) sendToBrowser(shares []face.Share) {
	var offer face.WebOffer
	for _, s := range shares {
		offer.Shares = append(offer.Shares, s.ID)
	}
	browsers.SendToBrowser(p.Window, p.engine, offer)
}

// sendTo lets the person choose somebody who gets what is shared here.
func (p *Page) sendTo(shares []face.Share) {
	var paths []string
	for _, s := range shares {
		paths = append(paths, s.Path)
	}
	portrait.Choose(p.Window, p.engine, func(to face.Person) { p.send(to, paths) })
}

// stopSharing stops sharing at once. Undone, the same is shared again.
func (p *Page) stopSharing(shares []face.Share) {
	w := p.Window
	if len(shares) == 0 {
		return
	}
	var ids []string
	for _, s := range shares {
		ids = append(ids, s.ID)
	}
	w.Act(func(ctx context.Context) error { return p.engine.StopSharing(ctx, ids) }, func() {
		p.undo.Offer(pages.Deed{
			Words: words.N("Stopped sharing {{.Count}} items. The files stay where they are.", len(ids),
				words.Values{"Count": words.Count(len(ids))}),
			Undo: func(ctx context.Context) error { return p.engine.ShareAgain(ctx, ids) },
		})
	})
}
