//go:build !darwin || cgo

// Package search is the page that finds what others share, and the sheets of folders and wishes.
package search

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// searchWait is the time from the last key to the search, so that results are
// there within 150 ms.
const searchWait = 120 * time.Millisecond

// trackerOrder maps columns to the orders that the tracker supports, so that
// the first of many pages has the right hits. It does not order by type.
var trackerOrder = map[int]netproto.Sort{
	columnName:    netproto.SortName,
	columnSize:    netproto.SortSize,
	columnType:    netproto.SortSources,
	columnSources: netproto.SortSources,
	columnAdded:   netproto.SortNewest,
	columnOwners:  netproto.SortSources,
	columnMatch:   netproto.SortBest,
}

// Engine is what the page of the search needs of the engine.
type Engine interface {
	face.Search
	face.Downloads
	face.Trackers
	face.Wishes
	People(ctx context.Context, words string) (face.PeopleList, error)
}

// Page shows what the tracker finds for the words in the top bar. Without
// words it shows what was shared last.
type Page struct {
	Entry *Entry // for the top bar of the window

	window   pages.Window
	engine   Engine
	add      func() // lets the person choose files to share
	content  fyne.CanvasObject
	middle   *fyne.Container
	table    *tables.Table[face.Hit]
	list     *lists.List[face.Hit] // of the table
	kind     *kit.Select
	size     *kit.Select
	time     *kit.Select
	owner    *kit.Select
	people   []face.Person   // those to choose from as owners
	choices  *fyne.Container // the filters and the summary
	summary  *kit.Line
	download *kit.Button

	words   string
	forget  func() // cancels the search that waits for more keys
	stop    func() // stops the search that is running
	turn    int    // number of the last search; answers to older ones are dropped
	busy    bool
	life    life       // refreshes what is shown
	found   []face.Hit // all hits so far
	next    string     // cursor of the next page
	meant   []string   // names that may have been meant, if nothing was found
	correct string     // the words as they may have been meant, if little was found
	failure error
	marks   map[netproto.ContentHash]face.Have // what is here of the hits now
}

// New makes the page. addFiles lets the person choose files to share.
func New(w pages.Window, engine Engine, addFiles func()) *Page {
	p := &Page{window: w, engine: engine, add: addFiles, middle: container.NewStack(), forget: func() {}, stop: func() {}}
	p.Entry = newEntry(p)
	p.table = tables.New(w.Host(), "search", func(h face.Hit) string { return string(h.Hash[:]) }, hitColumns(), columnMatch)
	p.table.Resorted = p.reorder
	p.list = p.table.List
	p.list.Opened = func(h face.Hit) { p.get(p.chosenWith(h)) }
	p.list.Menu = p.rowMenu
	p.list.Reached = p.more
	p.list.Picked = p.showSummary
	p.summary = kit.NewCaption()
	p.summary.Whole = true
	p.download = kit.PrimaryButton(words.L("Download"), theme.DownloadIcon(), func() { p.get(p.list.Selection()) })

	var kinds, sizes, times []string
	for _, kind := range kindChoices {
		kinds = append(kinds, words.Kind(kind))
	}
	for _, choice := range sizeChoices {
		sizes = append(sizes, choice.name.String())
	}
	for _, choice := range timeChoices {
		times = append(times, choice.name.String())
	}
	p.kind, p.size, p.time, p.owner = pages.NewFilter(kinds), pages.NewFilter(sizes), pages.NewFilter(times), pages.NewFilter([]string{words.L("From anyone")})
	for _, filter := range p.filters() {
		filter.SetSelectedIndex(0)
		filter.OnChanged = func(string) { p.Begin() }
	}
	p.choices = kit.NewFlow(p.kind, p.size, p.time, p.owner, kit.Inset(look.GapMedium, 0, p.summary))
	wishes := kit.NewIconButton(w.Host().Tips, look.Icon("star"), words.L("Wishes"), p.ShowWishes)
	filters := container.NewBorder(nil, nil, nil, container.NewVBox(container.NewHBox(wishes, p.download)), p.choices)
	p.content = container.NewBorder(kit.Inset(0, look.Gap, filters), nil, nil, nil, p.middle)
	p.ShowAnswer()
	return p
}

// Screen is everything that the page shows.
func (p *Page) Screen() fyne.CanvasObject { return p.content }

// Focus gives the focus to the hits, or to the entry if there are none.
func (p *Page) Focus() {
	if len(p.list.Rows) > 0 {
		p.list.Focus()
	} else {
		p.window.Host().Canvas.Focus(p.Entry)
	}
}

// Pull updates the marks of hits that are queued or already here, and finds out
// whether the tracker has news.
func (p *Page) Pull(ctx context.Context) func() {
	hits := p.life.hits.Load()
	if hits == nil {
		hits = new([]netproto.ContentHash)
	}
	have, err := p.engine.Have(ctx, *hits)
	if err != nil {
		return nil // the status, pulled at the same time, says why
	}
	view, err := p.engine.Tracker(ctx)
	if err != nil {
		return nil
	}
	marks := make(map[netproto.ContentHash]face.Have, len(have))
	for i, hash := range *hits {
		marks[hash] = have[i]
	}
	return func() {
		if !maps.Equal(p.marks, marks) {
			p.marks = marks
			p.showRows()
		}
		p.follow(view)
	}
}

// typed searches for other words, once no key followed for a moment.
func (p *Page) typed(text string) {
	text = strings.TrimSpace(text)
	if text == p.words {
		return
	}
	p.words = text
	p.forget()
	p.forget = p.window.After(searchWait, p.Begin)
}

func (p *Page) request(cursor string) face.SearchRequest {
	size := sizeChoices[max(p.size.SelectedIndex(), 0)]
	request := face.SearchRequest{
		Words: p.words, Kind: kindChoices[max(p.kind.SelectedIndex(), 0)],
		MinSize: size.min, MaxSize: size.max, Sort: trackerOrder[p.table.SortedBy()], Cursor: cursor,
	}
	if age := timeChoices[max(p.time.SelectedIndex(), 0)].age; age > 0 {
		request.Since = time.Now().Add(-age).Truncate(time.Hour) // the same for all pages
	}
	if at := p.owner.SelectedIndex(); at > 0 {
		request.Owner = p.people[at-1].PeerID
	}
	switch {
	case p.table.SortedBy() == columnMatch && p.words == "":
		request.Sort = netproto.SortNewest
	case p.table.SortedBy() == columnMatch || p.table.Descending():
		request.Order = netproto.OrderDescending
	default:
		request.Order = netproto.OrderAscending
	}
	return request
}

// Begin starts the search again and drops the answer to the one before.
func (p *Page) Begin() {
	p.forget()
	p.next = ""
	p.run(p.take)
}

// more fetches the next page of hits, if there is one and none is being
// fetched.
func (p *Page) more() {
	if p.next == "" || p.busy {
		return
	}
	// The list calls this while it draws, so changes to it come later.
	p.run(func(page face.SearchPage) {
		p.take(face.SearchPage{Hits: append(p.found, page.Hits...), Next: page.Next})
	})
}

// take keeps the answer to a search.
func (p *Page) take(page face.SearchPage) {
	p.found, p.next, p.meant, p.correct = page.Hits, page.Next, page.Meant, page.Corrected
	hashes := make([]netproto.ContentHash, len(page.Hits))
	for i, h := range page.Hits {
		hashes[i] = h.Hash
	}
	p.life.hits.Store(&hashes)
	p.marks = nil // the hits say themselves what is here, until the next pull
	p.window.Poke()
}

func (p *Page) run(take func(face.SearchPage)) {
	p.stop()
	p.turn++
	turn, request := p.turn, p.request(p.next)
	p.busy, p.life.quiet = true, false
	search, stop := pages.Stoppable(func(ctx context.Context) (face.SearchPage, error) { return p.engine.Search(ctx, request) })
	p.stop = stop
	p.showSummary()
	pages.Ask(p.window, search, func(page face.SearchPage, err error) {
		if turn != p.turn {
			return
		}
		p.busy, p.failure = false, err
		p.answered()
		if err == nil {
			take(page)
		}
		p.ShowAnswer()
	})
}

// reorder asks for the first page in the new order if the tracker has more hits
// than are here. Otherwise the table sorts them.
func (p *Page) reorder() bool {
	if p.next != "" {
		p.Begin()
		return true
	}
	return false
}

// chosenWith returns the selection if the hit is part of it, else the hit.
func (p *Page) chosenWith(h face.Hit) []face.Hit {
	if chosen := p.list.Selection(); slices.Contains(chosen, h) {
		return chosen
	}
	return []face.Hit{h}
}

// get downloads hits. A single folder is opened first.
func (p *Page) get(hits []face.Hit) { p.getTo(hits, pages.Where) }

// getTo is get into the folder that where returns.
func (p *Page) getTo(hits []face.Hit, where pages.WhereTo) {
	if len(hits) == 1 && hits[0].Folder {
		openFolder(p.window, p.engine, hits[0], where)
		return
	}
	wanted := hits
	hits = slices.DeleteFunc(slices.Clone(hits), func(h face.Hit) bool { return h.Have != face.HaveNothing })
	if len(hits) == 0 {
		p.tellHere(wanted)
		return
	}
	where(p.window, func(folder string) {
		p.window.Act(func(ctx context.Context) error {
			for _, h := range hits {
				request := pages.RequestOf(h)
				request.To = folder
				if err := p.engine.Download(ctx, request); err != nil {
					return err
				}
			}
			return nil
		}, func() { pages.TellAdded(p.window, len(hits)) })
	})
}

// tellHere says that nothing is missing of hits, and opens the only one of them, or
// leads to the downloads.
func (p *Page) tellHere(hits []face.Hit) {
	w, text := p.window, words.L("You already have this, or it is in the list of downloads.")
	pages.Ask(w, p.engine.Downloads, func(downloads []face.Download, err error) {
		for _, d := range downloads {
			if err == nil && !w.Elsewhere() && len(hits) == 1 && d.Hash == hits[0].Hash && d.IsFinished() {
				w.TellNext(text, words.L("Open"), func() { w.OpenPath(d.Path) })
				return
			}
		}
		w.TellNext(text, words.L("Show"), func() { w.GoTo(pages.PlaceDownloads) })
	})
}

func (p *Page) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	menu := &kit.Menu{}
	menu.Add(words.L("Download"), theme.DownloadIcon(), func() { p.get(chosen) })
	menu.Add(words.L("Save to…"), theme.DocumentSaveIcon(), func() { p.getTo(chosen, pages.AskWhere) })
	if len(chosen) == 1 {
		menu.Add(words.L("Copy link"), look.Icon("link"), func() { pages.CopyLink(p.window, p.engine, chosen[0].Hash, chosen[0].Name, chosen[0].Size) })
		for _, owner := range chosen[0].Owners.List() {
			menu.Add(words.L("Go to {{.Name}}", words.Values{"Name": portrait.NameOf(owner.Name, owner.PeerID)}), theme.AccountIcon(),
				func() { p.window.GoToPerson(owner.PeerID) })
		}
	}
	return &menu.Menu
}

// Toggle does nothing: hits cannot be paused.
func (p *Page) Toggle() {}

// Remove does nothing: hits cannot be removed.
func (p *Page) Remove() {}

// Open downloads the selected hits.
func (p *Page) Open() {
	if p.failure == nil { // else no hit is seen
		p.get(p.list.Selection())
	}
}
