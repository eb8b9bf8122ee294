//go:build !darwin || cgo

package search

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// ShowAnswer shows the rows, or says why there are none.
func (p *Page) ShowAnswer() {
	p.showRows()
	screen := p.table.Box
	switch {
	case p.failure != nil:
		screen = p.failed()
	case len(p.found) == 0:
		screen = p.empty()
	case p.correct != "":
		screen = container.NewBorder(container.NewHBox(p.correction()), nil, nil, nil, screen)
	}
	p.middle.Objects = []fyne.CanvasObject{screen}
	p.middle.Refresh()
}

func (p *Page) empty() fyne.CanvasObject {
	w := p.window
	switch {
	case w.Status().Connection == face.ConnectionNone || w.Status().Connection == "":
		return kit.EmptyScreen(theme.StorageIcon(), words.L("A tracker knows who shares what. To search, choose one or run one yourself."),
			kit.NewButton(words.L("Choose a tracker"), func() { w.GoTo(pages.PlaceTracker) }))
	case p.words != "" || p.filtered():
		return p.noResults()
	default:
		return kit.EmptyScreen(theme.AccountIcon(), words.L("Nothing here yet. Invite people, or be the first to share something."),
			kit.NewButtonWithIcon(words.L("Invite people"), theme.AccountIcon(), func() { pages.Invite(w, p.engine) }),
			kit.NewButtonWithIcon(words.L("Add files"), theme.FileIcon(), p.add))
	}
}

// noResults says that nothing was found, and offers names that may have been
// meant.
func (p *Page) noResults() fyne.CanvasObject {
	text := words.L("No results.")
	var action *kit.Button
	var offers []fyne.CanvasObject
	switch {
	case p.correct != "":
		action = p.correction()
		offers = append(offers, kit.NewButton(words.L("Clear the search"), p.clear))
	case len(p.meant) > 0:
		text += " " + words.L("Did you mean one of these?")
		for _, name := range p.meant {
			offers = append(offers, kit.NewButton(words.CutName(netproto.Printable(name)), func() { p.Entry.SetText(name) }))
		}
	default:
		action = kit.NewButton(words.L("Clear the search"), p.clear)
	}
	if request, ok := p.wish(); ok {
		offers = append(offers, kit.NewButtonWithIcon(words.L("Tell me when something new matches"), look.Icon("star"), func() { p.makeWish(request) }))
	}
	return kit.EmptyScreen(theme.SearchIcon(), text, action, offers...)
}

// correction offers the words as they may have been meant.
func (p *Page) correction() *kit.Button {
	corrected := p.correct
	return kit.NewButtonWithIcon(words.L("Did you mean “{{.Words}}”?", words.Values{"Words": words.CutName(netproto.Printable(corrected))}),
		theme.SearchIcon(), func() { p.Entry.SetText(corrected) })
}

func (p *Page) failed() fyne.CanvasObject {
	return pages.FailedScreen(words.Explain(face.FailureOf(p.failure)).String(), p.Begin)
}

func (p *Page) clear() {
	for _, filter := range p.filters() {
		filter.SetSelectedIndex(0)
	}
	p.Entry.SetText("")
}

// showRows shows the hits, and marks those that are here.
func (p *Page) showRows() {
	p.found = slices.Clone(p.found) // the table has those of before
	for i := range p.found {
		if mark, ok := p.marks[p.found[i].Hash]; ok {
			p.found[i].Have = mark
		}
	}
	p.table.SetRows(p.found)
	p.showSummary()
}

// showSummary says how many hits there are, and what is selected.
func (p *Page) showSummary() {
	chosen := p.list.Selection()
	if text := p.summaryWords(chosen); text != p.summary.Text {
		p.summary.SetText(text)
		p.choices.Refresh() // it may need another line
	}
	if len(chosen) == 0 || p.failure != nil {
		p.download.Disable()
	} else {
		p.download.Enable()
	}
}

func (p *Page) summaryWords(chosen []face.Hit) string {
	if p.busy && !p.life.quiet && len(p.found) == 0 {
		return words.L("Searching…")
	}
	if len(chosen) > 1 {
		var size int64
		for _, h := range chosen {
			size += h.Size
		}
		return pages.SelectedWords(len(chosen), size)
	}
	switch n := len(p.found); {
	case n == 0 || p.failure != nil:
		return ""
	case p.next != "":
		return words.L("The first {{.Count}}, more below", words.Values{"Count": words.Count(n)})
	default:
		return words.N("{{.Count}} results", n, words.Values{"Count": words.Count(n)})
	}
}
