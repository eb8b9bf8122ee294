//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// sharedPage shows what this computer offers.
type sharedPage struct {
	window  *window
	content fyne.CanvasObject
	middle  *fyne.Container
	list    *rowList[Share]
	summary *line
}

func newSharedPage(w *window) *sharedPage {
	p := &sharedPage{window: w, middle: container.NewStack(), summary: newCaption()}
	p.list = newRowList(func(s Share) string { return s.ID }, func() rowView[Share] { return newShareView(p) })
	p.list.opened = p.openShare
	p.list.tips, p.list.pressed = w.tips, w.typedKey
	p.list.menu = p.rowMenu
	head := pageHead(newHeading(places[placeShared].name.String()), p.summary, nil)
	p.content = container.NewBorder(head, nil, nil, nil, p.middle)
	p.show(nil)
	return p
}

func (p *sharedPage) screen() fyne.CanvasObject { return p.content }

func (p *sharedPage) focus() { p.list.focus() }

func (p *sharedPage) pull(ctx context.Context) func() {
	shares, err := p.window.engine.Shares(ctx)
	if err != nil {
		return func() { p.window.fail(err) }
	}
	return func() { p.show(shares) }
}

func (p *sharedPage) show(shares []Share) {
	p.list.setRows(shares)
	var size, hashing, hashed, rate int64
	files := 0
	for _, s := range shares {
		size += s.Size
		files += s.Files
		if s.State == ShareHashing || s.State == ShareRehashing || s.State == ShareWaiting {
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
		words = joined(words, lang.L("hashing {{.Progress}}", values{"Progress": progressWords(hashed, hashing)}), rateWords(rate))
	}
	p.summary.SetText(words)
	var screen fyne.CanvasObject = p.list
	if len(shares) == 0 {
		screen = emptyScreen(theme.FolderOpenIcon(), lang.L("Drop files or folders anywhere on the window to share them. Nothing is shared yet."),
			widget.NewButtonWithIcon(lang.L("Add files"), theme.FileIcon(), p.window.pickFile))
	}
	swap(p.middle, screen)
}

// Nothing on the page can be paused.
func (p *sharedPage) toggle() {}

func (p *sharedPage) remove() { p.window.stopSharing(p.list.selection()) }

func (p *sharedPage) open() {
	if chosen := p.list.selection(); len(chosen) > 0 {
		p.openShare(chosen[0])
	}
}

func (p *sharedPage) openShare(s Share) {
	path := s.Path
	if !s.Folder {
		path = filepath.Dir(path)
	}
	if err := openPath(p.window.app, path); err != nil {
		p.window.fail(err)
	}
}

// withLink gets the link of a share.
func (p *sharedPage) withLink(s Share, then func(link string)) {
	ask(p.window, func(ctx context.Context) (string, error) { return p.window.engine.LinkOf(ctx, s.ID) },
		func(link string, err error) {
			if err != nil {
				p.window.fail(err)
				return
			}
			then(link)
		})
}

func (p *sharedPage) copyLink(s Share) {
	p.withLink(s, func(link string) { p.window.copyText(link, lang.L("Link copied.")) })
}

func (p *sharedPage) showCode(s Share) {
	p.withLink(s, func(link string) { p.window.showCode(s.Name, link) })
}

func (p *sharedPage) rowMenu() *fyne.Menu {
	chosen := p.list.selection()
	menu := fyne.NewMenu("")
	if len(chosen) == 1 {
		menu.Items = []*fyne.MenuItem{
			fyne.NewMenuItem(lang.L("Copy link"), func() { p.copyLink(chosen[0]) }),
			fyne.NewMenuItem(lang.L("Show the link as a code"), func() { p.showCode(chosen[0]) }),
			fyne.NewMenuItem(lang.L("Open the folder"), p.open),
		}
	}
	menu.Items = append(menu.Items, fyne.NewMenuItem(lang.L("Stop sharing"), p.remove))
	return menu
}

// shareView is a row of the page.
type shareView struct {
	twoLines
	share      Share
	link, code *iconButton
}

func newShareView(p *sharedPage) *shareView {
	v := &shareView{}
	tips := p.window.tips
	v.link = newIconButton(tips, theme.ContentCopyIcon(), lang.L("Copy link"), func() { p.copyLink(v.share) })
	v.code = newIconButton(tips, theme.GridIcon(), lang.L("Show the link as a code"), func() { p.showCode(v.share) })
	open := newIconButton(tips, theme.FolderOpenIcon(), lang.L("Open the folder"), func() { p.openShare(v.share) })
	stop := newIconButton(tips, theme.CancelIcon(), lang.L("Stop sharing"), func() { p.window.stopSharing([]Share{v.share}) })
	v.init(v.link, v.code, open, stop)
	v.ExtendBaseWidget(v)
	return v
}

func (v *shareView) show(s Share) {
	v.share = s
	state := shareWords(s)
	text := rowText{name: s.Name, state: state, noBar: true, caption: shareCaption(s, state.text)}
	switch s.State {
	case ShareHashing, ShareRehashing, ShareWaiting:
		text.noBar, text.done = false, percent(s.Hashed, s.Size)
	case ShareFailed:
		text.advice = explain(s.Failure).Next
	case ShareMissing:
		text.advice = lang.L("Put it back to share it again, or stop sharing it.")
	}
	v.fill(text)
	reveal(nil, v.code, s.State == ShareShared)
	if reveal(v.buttons, v.link, s.State == ShareShared) {
		v.Refresh()
	}
}

func shareWords(s Share) stateWords {
	switch s.State {
	case ShareWaiting:
		return stateWords{lang.L("Waiting to be hashed"), theme.HistoryIcon(), colorCaption}
	case ShareHashing:
		return stateWords{lang.L("Hashing {{.Percent}}", values{"Percent": percentWords(s.Hashed, s.Size)}), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case ShareShared:
		return stateWords{lang.L("Shared"), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case ShareRehashing:
		return stateWords{lang.L("Changed, hashing again {{.Percent}}", values{"Percent": percentWords(s.Hashed, s.Size)}), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case ShareMissing:
		return stateWords{lang.L("Missing"), theme.WarningIcon(), theme.ColorNameWarning}
	default:
		return stateWords{lang.L("Failed"), theme.ErrorIcon(), theme.ColorNameError}
	}
}

// shareCaption is the second line of a row.
func shareCaption(s Share, state string) string {
	size := sizeWords(s.Size)
	if s.Folder {
		size = joined(filesWords(s.Files), size)
	}
	switch s.State {
	case ShareHashing, ShareRehashing:
		return joined(state, size, rateWords(s.Rate))
	case ShareFailed:
		return lang.L("Failed: {{.Reason}}", values{"Reason": explain(s.Failure).Headline()})
	case ShareMissing:
		return joined(state, s.Path)
	case ShareWaiting:
		return joined(state, size)
	}
	fetched := lang.L("never fetched")
	if s.Fetched > 0 {
		fetched = lang.N("fetched {{.Count}} times", s.Fetched, values{"Count": countWords(s.Fetched)})
	}
	return joined(state, size, fetched, lang.L("{{.Size}} sent", values{"Size": sizeWords(s.Sent)}))
}
