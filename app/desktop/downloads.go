//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// downloadsPage shows what is fetched and what was.
type downloadsPage struct {
	window  *window
	content fyne.CanvasObject
	head    fyne.CanvasObject
	middle  *fyne.Container
	list    *rowList[Download]
	summary *line
	clear   *widget.Button
}

func newDownloadsPage(w *window) *downloadsPage {
	p := &downloadsPage{window: w, middle: container.NewStack(), summary: newCaption()}
	p.list = newRowList(func(d Download) string { return d.ID }, func() rowView[Download] { return newDownloadView(p) })
	p.list.opened = p.openFile
	p.list.tips, p.list.pressed = w.tips, w.typedKey
	p.list.menu = p.rowMenu
	p.clear = widget.NewButton(lang.L("Clear finished"), p.clearFinished)
	p.head = pageHead(newHeading(places[placeDownloads].name.String()), p.summary, p.clear)
	p.content = container.NewBorder(p.head, nil, nil, nil, p.middle)
	p.show(nil)
	return p
}

// pageHead is the first line of a page: its name, how things are, a button.
func pageHead(name, summary *line, button fyne.CanvasObject) fyne.CanvasObject {
	name.whole = true
	return inset(gap, gap, container.NewBorder(nil, nil, name, button, inset(gapLarge, 0, summary)))
}

func (p *downloadsPage) screen() fyne.CanvasObject { return p.content }

func (p *downloadsPage) focus() { p.list.focus() }

func (p *downloadsPage) pull(ctx context.Context) func() {
	downloads, err := p.window.engine.Downloads(ctx)
	if err != nil {
		return func() { p.window.fail(err) }
	}
	return func() { p.show(p.window.undo.visible(downloads)) }
}

func (p *downloadsPage) show(downloads []Download) {
	p.list.setRows(downloads)
	running, waiting, finished := 0, 0, 0
	for _, d := range downloads {
		switch d.State {
		case DownloadFinished:
			finished++
		case DownloadDownloading, DownloadVerifying, DownloadConnecting:
			running++
		default:
			waiting++
		}
	}
	p.summary.SetText("")
	if len(downloads) > 0 {
		p.summary.SetText(lang.L("{{.Running}} running, {{.Waiting}} waiting, {{.Finished}} finished", values{
			"Running": countWords(running), "Waiting": countWords(waiting), "Finished": countWords(finished)}))
	}
	reveal(p.head, p.clear, finished > 0)
	var screen fyne.CanvasObject = p.list
	if len(downloads) == 0 {
		screen = emptyScreen(theme.DownloadIcon(), lang.L("What you download appears here. Nothing is moving yet."),
			widget.NewButtonWithIcon(lang.L("Search"), theme.SearchIcon(), p.window.findWords))
	}
	swap(p.middle, screen)
}

// swap shows one object in a container, if it is not that one already. An
// empty screen is made anew each time and replaces only a list.
func swap(in *fyne.Container, object fyne.CanvasObject) {
	if len(in.Objects) == 1 {
		_, wasList := in.Objects[0].(fyne.Focusable)
		_, isList := object.(fyne.Focusable)
		if wasList == isList {
			return
		}
	}
	in.Objects = []fyne.CanvasObject{object}
	in.Refresh()
}

func idsOf(downloads []Download, want func(Download) bool) []string {
	var ids []string
	for _, d := range downloads {
		if want(d) {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func (d Download) finished() bool { return d.State == DownloadFinished }
func (d Download) paused() bool   { return d.State == DownloadPaused }
func (d Download) failed() bool   { return d.State == DownloadFailed }

// running tells whether the download goes on without the person.
func (d Download) running() bool { return !d.finished() && !d.paused() && !d.failed() }

// onIDs hands the engine an action on downloads, if there are any.
func (p *downloadsPage) onIDs(action func(context.Context, []string) error, ids []string) {
	if len(ids) > 0 {
		p.window.act(func(ctx context.Context) error { return action(ctx, ids) }, nil)
	}
}

func (p *downloadsPage) clearFinished() {
	p.window.removeDownloads(slices.DeleteFunc(slices.Clone(p.list.rows), func(d Download) bool { return !d.finished() }))
}

// toggle pauses what runs; if nothing does, it resumes what is paused.
func (p *downloadsPage) toggle() {
	chosen := p.list.selection()
	if running := idsOf(chosen, Download.running); len(running) > 0 {
		p.onIDs(p.window.engine.Pause, running)
		return
	}
	p.onIDs(p.window.engine.Resume, idsOf(chosen, Download.paused))
	p.onIDs(p.window.engine.Retry, idsOf(chosen, Download.failed))
}

func (p *downloadsPage) remove() { p.window.removeDownloads(p.list.selection()) }

func (p *downloadsPage) open() {
	if chosen := p.list.selection(); len(chosen) > 0 {
		p.openFile(chosen[0])
	}
}

// openFile shows a finished download, else the folder where it will be.
func (p *downloadsPage) openFile(d Download) {
	if d.finished() {
		p.openPath(d.Path)
	} else {
		p.openPath(filepath.Dir(d.Path))
	}
}

func (p *downloadsPage) openPath(path string) {
	if err := openPath(p.window.app, path); err != nil {
		p.window.fail(err)
	}
}

func (p *downloadsPage) rowMenu() *fyne.Menu {
	return fyne.NewMenu("",
		fyne.NewMenuItem(lang.L("Open"), p.open),
		fyne.NewMenuItem(lang.L("Pause or resume"), p.toggle),
		fyne.NewMenuItem(lang.L("Remove"), p.remove))
}

// downloadView is a row of the page.
type downloadView struct {
	twoLines
	page                 *downloadsPage
	download             Download
	toggle, open, remove *iconButton
}

func newDownloadView(p *downloadsPage) *downloadView {
	v := &downloadView{page: p}
	engine := p.window.engine
	tips := p.window.tips
	v.toggle = newIconButton(tips, theme.MediaPauseIcon(), "", func() {
		id := []string{v.download.ID}
		switch {
		case v.download.running():
			p.onIDs(engine.Pause, id)
		case v.download.paused():
			p.onIDs(engine.Resume, id)
		default:
			p.onIDs(engine.Retry, id)
		}
	})
	v.open = newIconButton(tips, theme.FolderOpenIcon(), lang.L("Open the folder"), func() {
		p.openPath(filepath.Dir(v.download.Path))
	})
	v.remove = newIconButton(tips, theme.CancelIcon(), "", func() { p.window.removeDownloads([]Download{v.download}) })
	v.init(v.toggle, v.open, v.remove)
	v.ExtendBaseWidget(v)
	return v
}

func (v *downloadView) show(d Download) {
	v.download = d
	switch {
	case d.running():
		v.toggle.set(theme.MediaPauseIcon(), lang.L("Pause"))
	case d.paused():
		v.toggle.set(theme.MediaPlayIcon(), lang.L("Resume"))
	case d.failed():
		v.toggle.set(theme.ViewRefreshIcon(), lang.L("Retry"))
	}
	if d.finished() {
		v.remove.set(theme.CancelIcon(), lang.L("Take off the list"))
	} else {
		v.remove.set(theme.DeleteIcon(), lang.L("Stop and delete"))
	}
	state := downloadWords(d)
	text := rowText{name: d.Name, state: state, done: percent(d.Done, d.Size), noBar: d.finished(),
		caption: downloadCaption(d, state.text)}
	if d.failed() || d.State == DownloadNoSpace {
		text.advice = explain(d.Failure).Next
	}
	v.fill(text)
	if reveal(v.buttons, v.toggle, !d.finished()) {
		v.Refresh()
	}
}

func downloadWords(d Download) stateWords {
	switch d.State {
	case DownloadWaiting:
		return stateWords{lang.L("Waiting for a source"), theme.HistoryIcon(), colorCaption}
	case DownloadQueued:
		if d.Place > 0 {
			return stateWords{lang.L("Queued (place {{.Place}})", values{"Place": d.Place}), theme.HistoryIcon(), colorCaption}
		}
		return stateWords{lang.L("Queued"), theme.HistoryIcon(), colorCaption}
	case DownloadConnecting:
		return stateWords{lang.L("Connecting"), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case DownloadDownloading:
		return stateWords{lang.L("Downloading"), theme.DownloadIcon(), theme.ColorNamePrimary}
	case DownloadVerifying:
		return stateWords{lang.L("Verifying"), theme.SearchIcon(), theme.ColorNamePrimary}
	case DownloadPaused:
		return stateWords{lang.L("Paused"), theme.MediaPauseIcon(), colorCaption}
	case DownloadFinished:
		return stateWords{lang.L("Finished"), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case DownloadNoSpace:
		return stateWords{lang.L("Not enough space"), theme.WarningIcon(), theme.ColorNameWarning}
	default:
		return stateWords{lang.L("Failed"), theme.ErrorIcon(), theme.ColorNameError}
	}
}

// downloadCaption is the second line of a row.
func downloadCaption(d Download, state string) string {
	progress := progressWords(d.Done, d.Size)
	switch d.State {
	case DownloadDownloading:
		left := ""
		if d.SecsLeft > 0 {
			left = leftWords(d.SecsLeft)
		}
		return joined(progress, rateWords(d.Rate), left, sourcesWords(d.Sources))
	case DownloadFinished:
		return joined(state, sizeWords(d.Size), filepath.Dir(d.Path))
	case DownloadFailed:
		return lang.L("Failed: {{.Reason}}", values{"Reason": explain(d.Failure).Headline()})
	case DownloadPaused:
		if !d.Failure.IsZero() {
			return joined(state, progress, explain(d.Failure).Headline())
		}
	}
	return joined(state, progress)
}
