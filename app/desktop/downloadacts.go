//go:build !darwin || cgo

package desktop

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// onIDs hands the engine an action on downloads, if there are any.
func (p *downloadsPage) onIDs(action func(context.Context, []string) error, ids []string) {
	if len(ids) > 0 {
		p.window.act(func(ctx context.Context) error { return action(ctx, ids) }, nil)
	}
}

func (p *downloadsPage) clearFinished() {
	p.window.undo.removeDownloads(slices.DeleteFunc(slices.Clone(p.all), func(d face.Download) bool { return !d.IsFinished() }))
}

// toggle pauses what runs; if nothing does, it resumes what is paused.
func (p *downloadsPage) toggle() {
	chosen := p.list.Selection()
	if running := idsOf(chosen, face.Download.IsRunning); len(running) > 0 {
		p.onIDs(p.engine.Pause, running)
		return
	}
	p.onIDs(p.engine.Resume, idsOf(chosen, face.Download.IsPaused))
	p.onIDs(p.engine.Retry, idsOf(chosen, face.Download.IsFailed))
}

func (p *downloadsPage) remove() { p.window.undo.removeDownloads(p.list.Selection()) }

func (p *downloadsPage) open() {
	if chosen := p.list.Selection(); len(chosen) > 0 {
		p.openFile(chosen[0])
	}
}

func anyDownload(face.Download) bool { return true }

// removeWithFiles asks first: deleted files do not come back.
func (p *downloadsPage) removeWithFiles() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	var size int64
	for _, d := range chosen {
		size += d.Done
	}
	p.window.sheets.decide(words.L("Delete files?"),
		words.N("This removes {{.Count}} downloads from the list and deletes {{.Size}} from the disk.", len(chosen),
			words.Values{"Count": words.Count(len(chosen)), "Size": words.Size(size)}),
		words.L("Delete files"), func() { p.onIDs(p.engine.RemoveWithFiles, idsOf(chosen, anyDownload)) })
}

// moveInQueue changes when the selected downloads have their turn.
func (p *downloadsPage) moveInQueue(way face.QueueMove) func() {
	return func() {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.MoveInQueue(ctx, ids, way) },
			idsOf(p.list.Selection(), face.Download.IsActive))
	}
}

func (p *downloadsPage) setPriority(priority face.Priority) func() {
	return func() {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.SetPriority(ctx, ids, priority) },
			idsOf(p.list.Selection(), face.Download.IsActive))
	}
}

func (p *downloadsPage) verify() {
	p.onIDs(p.engine.Verify, idsOf(p.list.Selection(), anyDownload))
}

// prefer fetches a file from its begin on; of a folder the person chooses one.
func (p *downloadsPage) prefer(d face.Download) {
	first := func(path string) {
		p.window.act(func(ctx context.Context) error { return p.engine.Prefer(ctx, d.ID, path) },
			func() { p.window.tell(words.L("It is now downloaded in order, before everything else.")) })
	}
	if d.Folder {
		p.window.chooseInFolder(d.Hash, d.Name, first)
	} else {
		first("")
	}
}

// moveTo lets the person choose a folder for the selected downloads.
func (p *downloadsPage) moveTo() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	p.window.sheets.pickFolder(words.L("Choose the folder to move to"), filepath.Dir(chosen[0].Path), func(folder string) {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.MoveTo(ctx, ids, folder) },
			idsOf(chosen, anyDownload))
	})
}

// limit bounds the selected downloads, in bytes a second; 0 is no limit.
func (p *downloadsPage) limit(bytesPerSecond int64) {
	p.limitOf(p.list.Selection(), bytesPerSecond)
}

func (p *downloadsPage) limitOf(chosen []face.Download, bytesPerSecond int64) {
	p.onIDs(func(ctx context.Context, ids []string) error {
		return p.engine.SetDownloadLimit(ctx, ids, bytesPerSecond)
	}, idsOf(chosen, face.Download.IsActive))
}

// askLimit asks for another limit than those in the menu.
func (p *downloadsPage) askLimit() {
	w, chosen := p.window, p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	entry, problem := widget.NewEntry(), kit.Hint(words.L("For each download. Leave it empty for no limit."))
	if chosen[0].Limit > 0 {
		entry.SetText(strconv.FormatInt(chosen[0].Limit/1000, 10))
	}
	set := func() {
		text, limit := strings.TrimSpace(entry.Text), int64(0)
		if text != "" {
			kilobytes, err := strconv.ParseInt(text, 10, 64)
			if err != nil || kilobytes < 0 || kilobytes > 1e9 {
				problem.SetText(words.L("Type a number of kB/s, or leave it empty."))
				return
			}
			limit = kilobytes * 1000
		}
		w.sheets.close()
		p.limitOf(chosen, limit)
	}
	entry.OnSubmitted = func(string) { set() }
	w.sheets.open(words.L("Download limit"), labelled(words.L("Download limit, kB/s"), entry, problem),
		fyne.NewSize(360, 220), w.sheets.cancelButton(), kit.PrimaryButton(words.L("Set the limit"), theme.ConfirmIcon(), set))
	w.win.Canvas().Focus(entry)
}

// limitChoices stand in the menu, in bytes a second.
var limitChoices = []int64{0, 100e3, 500e3, 1e6, 5e6, 20e6}

func limitWords(bytesPerSecond int64) string {
	if bytesPerSecond == 0 {
		return words.L("No limit")
	}
	return words.Rate(bytesPerSecond)
}

var priorityNames = []struct {
	priority face.Priority
	name     words.Phrase
}{{face.PriorityHigh, "High"}, {face.PriorityNormal, "Normal"}, {face.PriorityLow, "Low"}}

// rowMenu is what can be done about the selected downloads.
func (p *downloadsPage) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return nil
	}
	menu := fyne.NewMenu("")
	add := func(text string, icon fyne.Resource, do func()) *fyne.MenuItem {
		item := fyne.NewMenuItemWithIcon(text, icon, do)
		menu.Items = append(menu.Items, item)
		return item
	}
	line := func() { menu.Items = append(menu.Items, fyne.NewMenuItemSeparator()) }
	if len(chosen) == 1 {
		if chosen[0].IsFinished() {
			add(words.L("Open"), theme.FileIcon(), p.open)
		}
		add(words.L("Open folder"), theme.FolderOpenIcon(), func() { p.openFolder(chosen[0]) })
	}
	switch {
	case countOf(chosen, face.Download.IsRunning) > 0:
		add(words.L("Pause"), theme.MediaPauseIcon(), p.toggle)
	case countOf(chosen, face.Download.IsPaused) > 0:
		add(words.L("Resume"), theme.MediaPlayIcon(), p.toggle)
	case countOf(chosen, face.Download.IsFailed) > 0:
		add(words.L("Retry"), theme.ViewRefreshIcon(), p.toggle)
	}
	if countOf(chosen, face.Download.IsActive) > 0 {
		line()
		add(words.L("Queue"), theme.ListIcon(), nil).ChildMenu = p.queueMenu()
		add(words.L("Priority"), theme.MoveUpIcon(), nil).ChildMenu = p.priorityMenu(chosen)
		add(words.L("Download limit"), theme.MediaFastForwardIcon(), nil).ChildMenu = p.limitMenu(chosen)
	}
	if len(chosen) == 1 && chosen[0].IsActive() {
		add(words.L("Download in order, to preview it"), kit.Icon("eye"), func() { p.prefer(chosen[0]) })
	}
	line()
	if len(chosen) == 1 {
		add(words.L("Copy link"), kit.Icon("link"), func() { p.window.links.copyTo(chosen[0].Hash, chosen[0].Name, chosen[0].Size) })
	}
	add(words.L("Verify again"), kit.Icon("verify"), p.verify)
	add(words.L("Move to another folder"), theme.MailForwardIcon(), p.moveTo)
	line()
	if countOf(chosen, face.Download.IsFinished) == len(chosen) {
		add(words.L("Remove from list"), theme.CancelIcon(), p.remove)
	} else {
		add(words.L("Stop and delete"), theme.CancelIcon(), p.remove)
	}
	add(words.L("Delete files"), theme.DeleteIcon(), p.removeWithFiles)
	line()
	add(words.L("Details"), theme.InfoIcon(), p.details.open)
	return menu
}

func (p *downloadsPage) queueMenu() *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, c := range p.queueCommands() {
		menu.Items = append(menu.Items, fyne.NewMenuItem(c.name.String(), c.run))
	}
	return menu
}

func (p *downloadsPage) priorityMenu(chosen []face.Download) *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, one := range priorityNames {
		item := fyne.NewMenuItem(one.name.String(), p.setPriority(one.priority))
		item.Checked = chosen[0].Priority == one.priority
		menu.Items = append(menu.Items, item)
	}
	return menu
}

func (p *downloadsPage) limitMenu(chosen []face.Download) *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, limit := range limitChoices {
		item := fyne.NewMenuItem(limitWords(limit), func() { p.limit(limit) })
		item.Checked = chosen[0].Limit == limit
		menu.Items = append(menu.Items, item)
	}
	menu.Items = append(menu.Items, fyne.NewMenuItem(words.L("Another limit…"), p.askLimit))
	return menu
}

// queueCommands are the ways in the queue, with their keys.
func (p *downloadsPage) queueCommands() []command {
	const alt = fyne.KeyModifierAlt
	return []command{
		{name: "Move to top of queue", key: fyne.KeyHome, held: alt, run: p.moveInQueue(face.QueueTop)},
		{name: "Move up in queue", key: fyne.KeyUp, held: alt, run: p.moveInQueue(face.QueueUp)},
		{name: "Move down in queue", key: fyne.KeyDown, held: alt, run: p.moveInQueue(face.QueueDown)},
		{name: "Move to bottom of queue", key: fyne.KeyEnd, held: alt, run: p.moveInQueue(face.QueueBottom)},
	}
}
