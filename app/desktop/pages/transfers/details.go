//go:build !darwin || cgo

package transfers

import (
	"context"
	"slices"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/drawings"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Preferences of the pane: whether it is open, and its share of the height.
const (
	prefDetails       = "details.open"
	prefDetailsHeight = "details.height"
)

// detailsPane shows more about one download: why it is slow, how fast it was,
// which pieces are here, and where they come from. It lies below the rows and
// follows their selection. F8 opens and closes it.
type detailsPane struct {
	window pages.Window
	engine face.Downloads
	page   *Downloads

	split *container.Split
	rows  *fyne.Container // the list, or a text if no row matches
	above *fyne.Container // what the page shows: the rows, or the rows and the pane
	pane  *fyne.Container
	tall  float32 // height of the reason, which depends on the width

	name    *kit.Line
	reason  *kit.Text // why it is slow, and what to do
	speed   *kit.Line
	graph   *drawings.SpeedGraph
	here    *kit.Line
	pieces  *drawings.PieceMap
	sources *tables.Table[face.Source]
	none    *kit.Text // in place of the sources, if there are none

	shown  string                 // ID of the download that is shown
	wanted atomic.Pointer[string] // the same, for the goroutine that pulls; nil if the pane is closed
}

func newDetailsPane(w pages.Window, p *Downloads) *detailsPane {
	d := &detailsPane{window: w, engine: p.engine, page: p, name: kit.NewNameLine(), reason: kit.Hint(""),
		speed: kit.NewCaption(), graph: drawings.NewSpeedGraph(face.SpeedStepSecs), here: kit.NewCaption(), pieces: drawings.NewPieceMap()}
	d.sources = tables.New(w.Host(), "sources", sourceKey, sourceColumns(), sourceColumnRate)
	d.sources.List.Opened = func(s face.Source) {
		if s.PeerID != (netproto.PeerID{}) {
			w.GoToPerson(s.PeerID)
		}
	}
	d.sources.List.Menu = func() *fyne.Menu {
		menu := &kit.Menu{}
		for _, s := range d.sources.List.Selection() {
			if s.PeerID != (netproto.PeerID{}) {
				menu.Add(words.L("Go to {{.Name}}", words.Values{"Name": portrait.NameOf(s.Name, s.PeerID)}), theme.AccountIcon(),
					func() { w.GoToPerson(s.PeerID) })
			}
		}
		return &menu.Menu
	}
	d.none = kit.Hint("")
	d.none.Alignment = fyne.TextAlignCenter
	closing := kit.NewIconButton(w.Host().Tips, theme.CancelIcon(), words.L("Close the details"), d.toggle)
	head := container.NewBorder(nil, nil, nil, closing, d.name)
	parts := &paneLayout{}
	body := container.New(parts,
		partOf(words.L("Speed"), d.speed, d.graph),
		partOf(words.L("Pieces"), d.here, d.pieces),
		container.NewStack(d.sources.Box, container.NewCenter(d.none)))
	scroll := container.NewVScroll(body)
	parts.changed = scroll.Refresh
	// Labels have a padding, which would indent the reason.
	reason := container.New(layout.NewCustomPaddedLayout(-look.GapMedium, -look.GapMedium, -look.GapMedium, -look.GapMedium), d.reason)
	d.pane = container.NewBorder(container.New(layout.NewCustomPaddedVBoxLayout(look.Gap), head, reason), nil, nil, nil, scroll)
	return d.finish()
}

// finish puts the pane below the rows of the page.
func (d *detailsPane) finish() *detailsPane {
	d.rows = container.NewStack(d.page.list)
	d.split = container.NewVSplit(d.rows, kit.NewPlate(theme.ColorNameHeaderBackground, look.GapMedium, kit.Inset(12, look.Gap, d.pane)))
	d.split.SetOffset(d.window.Host().Prefs.FloatWithFallback(prefDetailsHeight, 0.36))
	d.above = container.NewStack(d.rows)
	if d.window.Host().Prefs.Bool(prefDetails) {
		d.show(true)
	}
	return d
}

// partOf puts a heading and a line of text above a drawing.
func partOf(heading string, text *kit.Line, drawing fyne.CanvasObject) fyne.CanvasObject {
	name := kit.NewCaption()
	name.Style.Bold, name.Whole = true, true
	name.SetText(heading)
	text.Align = fyne.TextAlignTrailing
	return container.NewBorder(container.NewBorder(nil, nil, name, nil, kit.Inset(look.GapMedium, 0, text)), nil, nil, nil, drawing)
}

// isOpen reports whether the pane is shown.
func (d *detailsPane) isOpen() bool { return d.above.Objects[0] == fyne.CanvasObject(d.split) }

func (d *detailsPane) toggle() {
	d.show(!d.isOpen())
	d.window.Host().Prefs.SetBool(prefDetails, d.isOpen())
}

func (d *detailsPane) open() {
	if !d.isOpen() {
		d.toggle()
	}
}

func (d *detailsPane) show(open bool) {
	d.above.Objects = []fyne.CanvasObject{d.rows}
	if open {
		d.above.Objects[0] = d.split
	}
	d.above.Refresh()
	d.shown = ""
	d.follow()
}

// showNoMatch says that no row matches the filter, or shows the rows again.
func (d *detailsPane) showNoMatch(is bool) {
	_, said := d.rows.Objects[0].(*kit.Text)
	if said == is {
		return
	}
	d.rows.Objects[0] = d.page.list
	if is {
		text := kit.Hint(words.L("No matching downloads. Choose All, or type something else."))
		text.Alignment = fyne.TextAlignCenter
		d.rows.Objects[0] = text
	}
	d.rows.Refresh()
}

// follow shows the download that is selected, or keeps the one that was.
func (d *detailsPane) follow() {
	if d.above == nil || !d.isOpen() {
		d.wanted.Store(nil)
		return
	}
	chosen := d.page.list.Selection()
	if len(chosen) == 0 && d.shown == "" {
		chosen = d.page.list.Rows[:min(1, len(d.page.list.Rows))]
	}
	if len(chosen) == 0 {
		return
	}
	if d.shown == chosen[0].ID {
		return
	}
	wanted := chosen[0].ID
	d.shown = wanted
	d.wanted.Store(&wanted)
	d.name.SetText(chosen[0].Name)
	d.fill(face.Details{}, chosen[0])
	d.window.Poke()
}

// pull asks for the details of the download shown, if the pane is open. It runs
// beside the UI thread.
func (d *detailsPane) pull(ctx context.Context) func() {
	wanted := d.wanted.Load()
	if wanted == nil {
		return func() {}
	}
	id := *wanted
	details, err := d.engine.Details(ctx, id)
	return func() {
		if d.shown != id || !d.isOpen() {
			return
		}
		d.rememberHeight()
		for _, row := range d.page.all {
			if row.ID == id && err == nil {
				d.fill(details, row)
				return
			}
		}
		d.name.SetText(words.L("This download is no longer in the list."))
		d.fill(face.Details{}, face.Download{Size: -1})
	}
}

func (d *detailsPane) rememberHeight() {
	prefs := d.window.Host().Prefs
	if prefs.Float(prefDetailsHeight) != d.split.Offset {
		prefs.SetFloat(prefDetailsHeight, d.split.Offset)
	}
}

// fill shows the details of a download.
func (d *detailsPane) fill(details face.Details, row face.Download) {
	if text := reasonWords(details, row); d.reason.Text != text {
		d.reason.SetText(text)
	}
	if tall := d.reason.MinSize().Height; tall != d.tall {
		d.tall = tall
		d.pane.Refresh()
	}
	d.speed.SetText(speedWords(details.Speeds))
	d.graph.Set(details.Speeds)
	d.here.SetText(hereWords(details, row))
	d.pieces.Set(pieceStates(details.Pieces))
	d.sources.SetRows(details.Sources)
	none := ""
	if len(details.Sources) == 0 {
		none = words.L("No source is known yet.")
		if row.IsFinished() {
			none = words.L("It is complete and needs no source.")
		}
	}
	if d.none.Text != none {
		d.none.SetText(none)
	}
}

// reasonWords says why a download is as slow as it is, and what helps.
func reasonWords(details face.Details, row face.Download) string {
	switch {
	case row.IsFinished():
		return words.L("Finished.")
	case row.IsFailed(), row.State == face.DownloadNoSpace:
		return words.Explain(row.Failure).Headline() + " " + adviceWords(row)
	case row.IsPaused():
		return words.L("Paused. Resume it to go on.")
	case row.State == face.DownloadWaiting && allShut(details.Sources):
		return words.L("Its sources are behind routers and do not answer. They are tried again automatically.")
	case row.State == face.DownloadWaiting:
		return words.L("Nobody who has it is online. It starts automatically when somebody is.")
	case row.State == face.DownloadQueued:
		return words.L("It is waiting for its turn. Move it up in the queue, or allow more downloads at once in Settings.")
	}
	switch details.Slow {
	case face.SlowOneSource:
		return words.L("Only one source is connected, and this is its speed. It gets faster when others join.")
	case face.SlowTheirLimit:
		return words.L("The sources are busy with others. It continues automatically when it is your turn.")
	case face.SlowMyLimit:
		return words.L("One of your limits slows it down. Raise it in the download’s menu or in Settings.")
	case face.SlowMyDisk:
		return words.L("The disk is slower than the network. A faster disk, or fewer downloads at once, would help.")
	case face.SlowRelay:
		return words.L("It comes through a relay, which is limited to {{.Rate}}. A direct connection would be faster.",
			words.Values{"Rate": words.Rate(relayLimit(details.Sources))})
	case face.SlowNetwork:
		return words.L("The network is not faster right now. Other programs may be using it.")
	default:
		return words.L("Nothing slows it down.")
	}
}

// allShut reports whether no source can be connected to.
func allShut(sources []face.Source) bool {
	return len(sources) > 0 && !slices.ContainsFunc(sources, func(s face.Source) bool { return s.State != face.SourceFailed || !s.Shut })
}

// relayLimit is what relays pass on together, in bytes per second.
func relayLimit(sources []face.Source) int64 {
	var limit int64
	for _, s := range sources {
		limit += s.Limit
	}
	return limit
}

// speedWords says in numbers what the graph draws.
func speedWords(speeds []int64) string {
	if len(speeds) == 0 {
		return ""
	}
	var sum int64
	for _, speed := range speeds {
		sum += speed
	}
	return words.L("{{.Rate}} on average", words.Values{"Rate": words.Rate(sum / int64(len(speeds)))})
}

// pieceStates returns what the map draws.
func pieceStates(cells []face.Cell) []drawings.PieceState {
	states := make([]drawings.PieceState, len(cells))
	for i, c := range cells {
		switch c.State {
		case face.CellInFlight:
			states[i] = drawings.PieceInFlight
		case face.CellPartly:
			states[i] = drawings.PiecePartly
		case face.CellVerified:
			states[i] = drawings.PieceVerified
		}
	}
	return states
}

// hereWords says in numbers what the map draws.
func hereWords(details face.Details, row face.Download) string {
	text := words.Percent(row.Done, row.Size)
	if details.Copies > 0 {
		text = words.Join(text, words.L("{{.Count}} copies among the sources", words.Values{"Count": words.Decimal(details.Copies, 1)}))
	}
	return text
}

// paneLayout puts speed and pieces to the left of the sources if there is room,
// else above them.
type paneLayout struct {
	wide    bool   // as it was laid out last
	changed func() // called when the minimum height changed
}

const (
	paneColumns  = 720 // least width of a pane with two columns
	paneLeft     = 320 // width of the left column
	graphHeight  = 92
	mapHeight    = 108
	sourceHeight = 160
)

func (l *paneLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place := func(object fyne.CanvasObject, x, y, width, height float32) {
		object.Move(fyne.NewPos(x, y))
		object.Resize(fyne.NewSize(width, height))
	}
	speed, pieces, sources := objects[0], objects[1], objects[2]
	if wide := size.Width >= paneColumns; wide != l.wide {
		l.wide = wide
		defer l.changed()
	}
	if l.wide {
		half := (size.Height - look.GapMedium) * graphHeight / (graphHeight + mapHeight)
		place(speed, 0, 0, paneLeft, half)
		place(pieces, 0, half+look.GapMedium, paneLeft, size.Height-half-look.GapMedium)
		place(sources, paneLeft+look.GapLarge, 0, size.Width-paneLeft-look.GapLarge, size.Height)
		return
	}
	place(speed, 0, 0, size.Width, graphHeight)
	place(pieces, 0, graphHeight+look.GapMedium, size.Width, mapHeight)
	top := float32(graphHeight + mapHeight + 2*look.GapMedium)
	place(sources, 0, top, size.Width, max(size.Height-top, sourceHeight))
}

func (l *paneLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	height := float32(graphHeight + mapHeight + look.GapMedium)
	if !l.wide {
		height += look.GapMedium + sourceHeight
	}
	return fyne.NewSize(kit.LeastNameWidth, height)
}
