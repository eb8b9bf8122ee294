//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
)

// sharedPage shows what this computer offers. Below the rows a strip tells more
// of those that are selected, with what can be done about them.
type sharedPage struct {
	*rowsPage
	table    *table[face.Share]
	list     *rowList[face.Share] // of the table
	strip    *fyne.Container
	more     *line
	single   *fyne.Container // what is done with one share
	linkable *fyne.Container // and of those, with a hashed one
}

func newSharedPage(w *window) *sharedPage {
	p := &sharedPage{rowsPage: newRowsPage(w), more: newCaption()}
	p.table = newTable(w.host(), "shared", func(s face.Share) string { return s.ID }, shareColumns(), shareColumnName)
	p.list = p.table.list
	p.list.opened = p.openShare
	p.list.menu = p.rowMenu
	p.list.picked = p.showStrip
	p.linkable = container.NewHBox(
		widget.NewButtonWithIcon(L("Copy link"), icon("link"), p.onOne(p.copyLink)),
		newIconButton(w.tips, theme.GridIcon(), L("Show the link as a code"), p.onOne(p.showCode)))
	p.single = container.NewHBox(p.linkable,
		newIconButton(w.tips, theme.FolderOpenIcon(), L("Open the folder"), p.open))
	stop := widget.NewButtonWithIcon(L("Stop sharing"), theme.CancelIcon(), p.remove)
	p.strip = inset(0, gap, container.NewBorder(nil, nil, nil, container.NewHBox(p.single, stop), inset(gapMedium, 0, p.more)))
	p.strip.Hide()
	p.build(placeShared, p.list.focus, p.table.box, p.strip, func() fyne.CanvasObject {
		return emptyScreen(theme.FolderOpenIcon(), L("Drop files or folders anywhere on the window to share them. Nothing is shared yet."),
			widget.NewButtonWithIcon(L("Add files"), theme.FileIcon(), w.pickFile))
	})
	return p
}

func (p *sharedPage) pull(ctx context.Context) func() {
	shares, err := p.window.engine.Shares(ctx)
	if err != nil {
		return func() { p.fail(err) }
	}
	return func() { p.show(shares) }
}

func (p *sharedPage) show(shares []face.Share) {
	p.table.setRows(shares)
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
	words := ""
	if len(shares) > 0 {
		words = joined(filesWords(files), sizeWords(size))
	}
	if hashing > 0 {
		words = joined(words, L("hashing {{.Progress}}", values{"Progress": progressWords(hashed, hashing)}), rateWords(rate))
	}
	p.summary.SetText(words)
	p.showRows(len(shares) > 0)
	p.showStrip()
}

// showStrip tells of what is selected: where it is, or what is wrong and what to
// do about it.
func (p *sharedPage) showStrip() {
	chosen := p.list.selection()
	if len(chosen) == 1 {
		p.more.SetText(shareMore(chosen[0]))
	} else if len(chosen) > 1 {
		var size int64
		for _, s := range chosen {
			size += s.Size
		}
		p.more.SetText(L("{{.Count}} selected, {{.Size}}", values{"Count": countWords(len(chosen)), "Size": sizeWords(size)}))
	}
	changed := reveal(nil, p.single, len(chosen) == 1)
	changed = reveal(nil, p.linkable, len(chosen) == 1 && chosen[0].State == face.ShareShared) || changed
	if reveal(nil, p.strip, len(chosen) > 0) || changed {
		p.content.Refresh()
	}
}

// onOne does something with the share that is selected.
func (p *sharedPage) onOne(do func(face.Share)) func() {
	return func() {
		if chosen := p.list.selection(); len(chosen) > 0 {
			do(chosen[0])
		}
	}
}

// Nothing on the page can be paused.
func (p *sharedPage) toggle() {}

func (p *sharedPage) remove() { p.window.stopSharing(p.list.selection()) }

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
	ask(p.window, func(ctx context.Context) (string, error) { return p.window.engine.LinkOf(ctx, s.ID) },
		func(link string, err error) {
			if err != nil {
				p.window.fail(err)
				return
			}
			then(link)
		})
}

func (p *sharedPage) copyLink(s face.Share) {
	p.withLink(s, func(link string) { p.window.copyText(link, L("Link copied.")) })
}

func (p *sharedPage) showCode(s face.Share) {
	p.withLink(s, func(link string) { p.window.showCode(s.Name, link) })
}

func (p *sharedPage) rowMenu() *fyne.Menu {
	chosen := p.list.selection()
	menu := fyne.NewMenu("")
	add := func(words string, icon fyne.Resource, do func()) {
		menu.Items = append(menu.Items, fyne.NewMenuItemWithIcon(words, icon, do))
	}
	if len(chosen) == 1 {
		if chosen[0].State == face.ShareShared {
			add(L("Copy link"), icon("link"), func() { p.copyLink(chosen[0]) })
			add(L("Show the link as a code"), theme.GridIcon(), func() { p.showCode(chosen[0]) })
		}
		add(L("Open the folder"), theme.FolderOpenIcon(), p.open)
		menu.Items = append(menu.Items, fyne.NewMenuItemSeparator())
	}
	add(L("Stop sharing"), theme.CancelIcon(), p.remove)
	return menu
}
