//go:build !darwin || cgo

// Package transfers has the pages of downloads and uploads.
package transfers

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// DownloadsEngine is what the page of the downloads needs of the engine.
type DownloadsEngine interface {
	face.Downloads
	face.Previews
	face.Queue
	face.Search
	face.Trackers
}

// Downloads lists downloads, finished ones too. Chips and a field above the
// rows filter them. F8 opens a pane with details below them.
type Downloads struct {
	*pages.RowsPage
	engine  DownloadsEngine
	undo    pages.Undo
	list    *lists.List[face.Download]
	clear   *kit.Button
	all     []face.Download // in the order that the person chose
	chips   *kit.Chips
	words   *kit.TextEntry // that a name must contain
	details *detailsPane
	thumbs  *pages.Thumbnails
	width   float32               // of the list, for which more is known
	more    map[stuckKind]float32 // how much higher rows are
}

// The chips, in order.
const (
	showAll = iota
	showActive
	showFinished
	showFailed
)

var downloadChips = []struct {
	name words.Phrase
	want func(face.Download) bool
}{
	showAll:      {"All", func(face.Download) bool { return true }},
	showActive:   {"Active", face.Download.IsActive},
	showFinished: {"Finished", face.Download.IsFinished},
	showFailed:   {"Failed", face.Download.IsFailed},
}

// fewDownloads is the number of downloads up to which no field is needed to
// find one.
const fewDownloads = 10

// NewDownloads makes the page. find leads to the search.
func NewDownloads(w pages.Window, engine DownloadsEngine, undo pages.Undo, find func()) *Downloads {
	p := &Downloads{RowsPage: pages.NewRowsPage(w), engine: engine, undo: undo, more: map[stuckKind]float32{}}
	p.list = lists.New(w.Host(), func(d face.Download) string { return d.ID }, func(d face.Download) string { return d.Name },
		func() lists.View[face.Download] { return newDownloadView(p) })
	p.thumbs = pages.NewThumbnails(w, p.list.Refresh)
	p.list.More = p.moreOf
	p.list.Opened = p.openFile
	p.list.Pressed = p.pressed
	p.list.Menu = p.rowMenu
	p.list.Picked = func() { p.details.follow() }
	p.clear = kit.NewButton(words.L("Clear finished"), p.clearFinished)
	var names []words.Phrase
	for _, one := range downloadChips {
		names = append(names, one.name)
	}
	p.chips = kit.NewChips(names, p.arrange)
	p.words = kit.NewTextEntry(w.Host().Pressed)
	p.words.PlaceHolder = words.L("Find in this list")
	p.words.OnChanged = func(string) { p.arrange() }
	p.words.Hide()
	var order *kit.IconButton
	order = kit.NewIconButton(w.Host().Tips, theme.ListIcon(), words.L("Sort"), func() { p.showOrders(order) })
	filter := container.NewBorder(nil, nil, nil, order, container.New(pages.FilterLayout{}, p.chips.Box, p.words))
	p.details = newDetailsPane(w, p)
	rows := container.NewBorder(filter, nil, nil, nil, p.details.above)
	p.Build(pages.PlaceDownloads, p.list.Focus, rows, nil, func() fyne.CanvasObject {
		return kit.EmptyScreen(theme.DownloadIcon(), words.L("Your downloads appear here. Nothing is downloading yet."),
			kit.NewButtonWithIcon(words.L("Search"), theme.SearchIcon(), find))
	}, p.clear, kit.NewIconButton(w.Host().Tips, theme.InfoIcon(), words.L("Download details (F8)"), p.ToggleDetails))
	p.clear.Hide()
	return p
}

// Pull asks the engine for the downloads, and for the details if they are open.
func (p *Downloads) Pull(ctx context.Context) func() {
	downloads, err := p.engine.Downloads(ctx)
	if err != nil {
		return func() { p.Fail(err) }
	}
	showDetails := p.details.pull(ctx)
	return func() {
		p.show(slices.DeleteFunc(downloads, func(d face.Download) bool { return p.undo.Hides(d.ID) }))
		showDetails()
	}
}

func (p *Downloads) show(downloads []face.Download) {
	p.all = downloads
	p.sort(p.all)
	p.Summary.SetText(downloadsWords(downloads))
	for i, one := range downloadChips {
		p.chips.Count(i, countOf(downloads, one.want))
	}
	changed := kit.Reveal(nil, p.clear, countOf(downloads, face.Download.IsFinished) > 0)
	if kit.Reveal(nil, p.words, len(downloads) > fewDownloads || p.words.Text != "") || changed {
		p.Content.Refresh()
	}
	p.arrange()
}

// downloadsWords summarizes downloads: how many there are, and their speed
// together.
func downloadsWords(downloads []face.Download) string {
	running, waiting, paused, finished, rate := 0, 0, 0, 0, int64(0)
	for _, d := range downloads {
		switch d.State {
		case face.DownloadFinished:
			finished++
		case face.DownloadDownloading, face.DownloadVerifying, face.DownloadConnecting, face.DownloadMoving:
			running++
			rate += d.Rate
		case face.DownloadPaused:
			paused++
		case face.DownloadFailed: // the sidebar and a chip count them
		default:
			waiting++
		}
	}
	said := words.Join(words.Some("{{.Count}} running", running), words.Some("{{.Count}} waiting", waiting),
		words.Some("{{.Count}} paused", paused), words.Some("{{.Count}} finished", finished))
	if rate > 0 {
		said = words.Join(said, words.Rate(rate))
	}
	return said
}

// arrange shows the downloads that pass the chips and the field.
func (p *Downloads) arrange() {
	want, text := downloadChips[p.chips.Chosen].want, strings.ToLower(strings.TrimSpace(p.words.Text))
	rows := p.all // the list has no copy: it may be long
	if p.chips.Chosen != showAll || text != "" {
		rows = nil
		for _, d := range p.all {
			if want(d) && (text == "" || strings.Contains(strings.ToLower(d.Name), text)) {
				rows = append(rows, d)
			}
		}
	}
	p.list.SetRows(rows)
	p.ShowRows(len(p.all) > 0)
	p.details.showNoMatch(len(rows) == 0)
	p.details.follow()
}

func idsOf(downloads []face.Download, want func(face.Download) bool) []string {
	var ids []string
	for _, d := range downloads {
		if want(d) {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func countOf(downloads []face.Download, want func(face.Download) bool) int {
	n := 0
	for _, d := range downloads {
		if want(d) {
			n++
		}
	}
	return n
}

// pressed receives the keys that the list does not use itself. Fyne's menus do
// not react to Shift+Del, as to no key without Ctrl or Alt.
func (p *Downloads) pressed(event *fyne.KeyEvent) {
	if event.Name == fyne.KeyDelete && p.list.Held()&fyne.KeyModifierShift != 0 {
		p.RemoveWithFiles()
		return
	}
	p.Window.Host().Pressed(event)
}

// ToggleDetails opens or closes the pane.
func (p *Downloads) ToggleDetails() { p.details.toggle() }

// openFile opens a finished download, shows what can be seen of a running one, or opens
// the folder where it will be.
func (p *Downloads) openFile(d face.Download) {
	switch {
	case d.IsFinished():
		p.Window.OpenPath(d.Path)
	case canPreview(d):
		p.preview(d)
	default:
		p.openFolder(d)
	}
}

// openFolder opens the folder where a download is or will be, with a finished one
// selected.
func (p *Downloads) openFolder(d face.Download) {
	if d.IsFinished() {
		p.Window.ShowInFolder(d.Path)
	} else {
		p.Window.OpenPath(filepath.Dir(d.Path))
	}
}
