//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// sharedPage shows what this computer offers. Below the rows a strip tells more
// of those that are selected, with what can be done about them.
type sharedPage struct {
	*rowsPage
	engine   face.Shares
	table    *kit.Table[face.Share]
	list     *kit.RowList[face.Share] // of the table
	strip    *fyne.Container
	more     *kit.Line
	single   *fyne.Container // what is done with one share
	linkable *fyne.Container // and of those, with a hashed one
}

func newSharedPage(w *window) *sharedPage {
	p := &sharedPage{rowsPage: newRowsPage(w), engine: w.engine, more: kit.NewCaption()}
	p.table = kit.NewTable(w.host(), "shared", func(s face.Share) string { return s.ID }, shareColumns(), shareColumnName)
	p.list = p.table.List
	p.list.Opened = p.openShare
	p.list.Menu = p.rowMenu
	p.list.Picked = p.showStrip
	p.linkable = container.NewHBox(
		widget.NewButtonWithIcon(words.L("Copy link"), kit.Icon("link"), p.onOne(p.copyLink)),
		kit.NewIconButton(w.tips, theme.GridIcon(), words.L("Show QR code"), p.onOne(p.showCode)))
	p.single = container.NewHBox(p.linkable,
		kit.NewIconButton(w.tips, theme.FolderOpenIcon(), words.L("Open folder"), p.open))
	stop := widget.NewButtonWithIcon(words.L("Stop sharing"), theme.CancelIcon(), p.remove)
	p.strip = kit.Inset(0, kit.Gap, container.NewBorder(nil, nil, nil, container.NewHBox(p.single, stop), kit.Inset(kit.GapMedium, 0, p.more)))
	p.strip.Hide()
	p.build(placeShared, p.list.Focus, p.table.Box, p.strip, func() fyne.CanvasObject {
		return kit.EmptyScreen(theme.FolderOpenIcon(), words.L("Drop files or folders anywhere on the window to share them. Nothing is shared yet."),
			widget.NewButtonWithIcon(words.L("Add files"), theme.FileIcon(), w.drops.pickFile))
	})
	return p
}

func (p *sharedPage) pull(ctx context.Context) func() {
	shares, err := p.engine.Shares(ctx)
	if err != nil {
		return func() { p.fail(err) }
	}
	return func() { p.show(shares) }
}

func (p *sharedPage) show(shares []face.Share) {
	p.table.SetRows(shares)
	var size, hashing, hashed, rate int64
	files := 0
	for _, s := range shares {
		size += s.Size
		files += s.Files
		if s.State == face.ShareHashing || s.State == face.ShareRehashing || s.State == face.ShareWaiting {
			hashing += s.Size
			hashed += s.Hashed
			rate += s.Rate
		}
	}
	text := ""
	if len(shares) > 0 {
		text = words.Join(words.Files(files), words.Size(size))
	}
	if hashing > 0 {
		text = words.Join(text, words.L("hashing {{.Progress}}", words.Values{"Progress": words.Progress(hashed, hashing)}), words.Rate(rate))
	}
	p.summary.SetText(text)
	p.showRows(len(shares) > 0)
	p.showStrip()
}

// showStrip tells of what is selected: where it is, or what is wrong and what to
// do about it.
func (p *sharedPage) showStrip() {
	chosen := p.list.Selection()
	if len(chosen) == 1 {
		p.more.SetText(shareMore(chosen[0]))
	} else if len(chosen) > 1 {
		var size int64
		for _, s := range chosen {
			size += s.Size
		}
		p.more.SetText(words.L("{{.Count}} selected, {{.Size}}", words.Values{"Count": words.Count(len(chosen)), "Size": words.Size(size)}))
	}
	changed := kit.Reveal(nil, p.single, len(chosen) == 1)
	changed = kit.Reveal(nil, p.linkable, len(chosen) == 1 && chosen[0].State == face.ShareShared) || changed
	if kit.Reveal(nil, p.strip, len(chosen) > 0) || changed {
		p.content.Refresh()
	}
}

// onOne does something with the share that is selected.
func (p *sharedPage) onOne(do func(face.Share)) func() {
	return func() {
		if chosen := p.list.Selection(); len(chosen) > 0 {
			do(chosen[0])
		}
	}
}

// Nothing on the page can be paused.
func (p *sharedPage) toggle() {}

func (p *sharedPage) remove() { p.window.undo.stopSharing(p.list.Selection()) }

func (p *sharedPage) open() { p.onOne(p.openShare)() }

func (p *sharedPage) openShare(s face.Share) {
	path := s.Path
	if !s.Folder {
		path = filepath.Dir(path)
	}
	if err := openPath(p.window.app, path); err != nil {
		p.window.fail(err)
	}
}

// withLink gets the link of a share.
func (p *sharedPage) withLink(s face.Share, then func(link string)) {
	ask(p.window, func(ctx context.Context) (string, error) { return p.engine.LinkOf(ctx, s.ID) },
		func(link string, err error) {
			if err != nil {
				p.window.fail(err)
				return
			}
			then(link)
		})
}

func (p *sharedPage) copyLink(s face.Share) {
	p.withLink(s, func(link string) { p.window.copyText(link, words.L("Link copied.")) })
}

func (p *sharedPage) showCode(s face.Share) {
	p.withLink(s, func(link string) { p.window.links.showCode(s.Name, link) })
}

func (p *sharedPage) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	menu := fyne.NewMenu("")
	add := func(text string, icon fyne.Resource, do func()) {
		menu.Items = append(menu.Items, fyne.NewMenuItemWithIcon(text, icon, do))
	}
	if len(chosen) == 1 {
		if chosen[0].State == face.ShareShared {
			add(words.L("Copy link"), kit.Icon("link"), func() { p.copyLink(chosen[0]) })
			add(words.L("Show QR code"), theme.GridIcon(), func() { p.showCode(chosen[0]) })
		}
		add(words.L("Open folder"), theme.FolderOpenIcon(), p.open)
		menu.Items = append(menu.Items, fyne.NewMenuItemSeparator())
	}
	add(words.L("Stop sharing"), theme.CancelIcon(), p.remove)
	return menu
}
