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

// onAny runs an action on downloads, if there are any.
func onAny(ctx context.Context, action func(context.Context, []string) error, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return action(ctx, ids)
}

// onIDs hands an action on downloads to the engine, if there are any.
func (p *downloadsPage) onIDs(action func(context.Context, []string) error, ids []string) {
	if len(ids) > 0 {
		p.window.act(func(ctx context.Context) error { return action(ctx, ids) }, nil)
	}
}

func (p *downloadsPage) clearFinished() {
	p.window.undo.removeDownloads(slices.DeleteFunc(slices.Clone(p.all), func(d face.Download) bool { return !d.IsFinished() }))
}

// toggle pauses the selected downloads that run. If none does, it resumes the
// paused ones and retries the failed ones.
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

// removeWithFiles asks first, because deleted files do not come back.
func (p *downloadsPage) removeWithFiles() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	var size int64
	for _, d := range chosen {
		size += d.Done
	}
	p.window.sheets.Decide(words.L("Delete files?"),
		words.N("This removes {{.Count}} downloads from the list and deletes {{.Size}} from the disk.", len(chosen),
			words.Values{"Count": words.Count(len(chosen)), "Size": words.Size(size)}),
		words.L("Delete files"), func() { p.onIDs(p.engine.RemoveWithFiles, idsOf(chosen, anyDownload)) })
}

// moveInQueue moves the selected downloads in the queue.
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

// prefer downloads a file in order from its start. In a folder, the person
// chooses the file.
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

// moveTo lets the person choose a folder to move the selected downloads to.
func (p *downloadsPage) moveTo() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	p.window.sheets.PickFolder(words.L("Choose the folder to move to"), filepath.Dir(chosen[0].Path), func(folder string) {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.MoveTo(ctx, ids, folder) },
			idsOf(chosen, anyDownload))
	})
}

// limit limits each selected download, in bytes per second; 0 is no limit.
func (p *downloadsPage) limit(bytesPerSecond int64) {
	p.limitOf(p.list.Selection(), bytesPerSecond)
}

func (p *downloadsPage) limitOf(chosen []face.Download, bytesPerSecond int64) {
	p.onIDs(func(ctx context.Context, ids []string) error {
		return p.engine.SetDownloadLimit(ctx, ids, bytesPerSecond)
	}, idsOf(chosen, face.Download.IsActive))
}

// askLimit asks for a limit that is not in the menu.
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
		w.sheets.Close()
		p.limitOf(chosen, limit)
	}
	entry.OnSubmitted = func(string) { set() }
	w.sheets.Open(words.L("Download limit"), kit.Labelled(words.L("Download limit, kB/s"), entry, problem),
		fyne.NewSize(360, 220), w.sheets.CancelButton(), kit.PrimaryButton(words.L("Set the limit"), theme.ConfirmIcon(), set))
	w.win.Canvas().Focus(entry)
}

// limitChoices are the limits in the menu, in bytes per second.
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

// rowMenu returns the actions for the selected downloads.
func (p *downloadsPage) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return nil
	}
	menu := &kit.Menu{}
	if len(chosen) == 1 {
		if chosen[0].IsFinished() {
			menu.Add(words.L("Open"), theme.FileIcon(), p.open)
		}
		menu.Add(words.L("Open folder"), theme.FolderOpenIcon(), func() { p.openFolder(chosen[0]) })
	}
	switch {
	case countOf(chosen, face.Download.IsRunning) > 0:
		menu.Add(words.L("Pause"), theme.MediaPauseIcon(), p.toggle)
	case countOf(chosen, face.Download.IsPaused) > 0:
		menu.Add(words.L("Resume"), theme.MediaPlayIcon(), p.toggle)
	case countOf(chosen, face.Download.IsFailed) > 0:
		menu.Add(words.L("Retry"), theme.ViewRefreshIcon(), p.toggle)
	}
	if countOf(chosen, face.Download.IsActive) > 0 {
		menu.Separate()
		menu.Add(words.L("Queue"), theme.ListIcon(), nil).ChildMenu = p.queueMenu()
		menu.Add(words.L("Priority"), theme.MoveUpIcon(), nil).ChildMenu = p.priorityMenu(chosen)
		menu.Add(words.L("Download limit"), theme.MediaFastForwardIcon(), nil).ChildMenu = p.limitMenu(chosen)
	}
	if len(chosen) == 1 && chosen[0].IsActive() {
		menu.Add(words.L("Download in order, to preview it"), kit.Icon("eye"), func() { p.prefer(chosen[0]) })
	}
	menu.Separate()
	if len(chosen) == 1 {
		menu.Add(words.L("Copy link"), kit.Icon("link"), func() { p.window.links.copyTo(chosen[0].Hash, chosen[0].Name, chosen[0].Size) })
	}
	menu.Add(words.L("Verify again"), kit.Icon("verify"), p.verify)
	menu.Add(words.L("Move to another folder"), theme.MailForwardIcon(), p.moveTo)
	menu.Separate()
	if countOf(chosen, face.Download.IsFinished) == len(chosen) {
		menu.Add(words.L("Remove from list"), theme.CancelIcon(), p.remove)
	} else {
		menu.Add(words.L("Stop and delete"), theme.CancelIcon(), p.remove)
	}
	menu.Add(words.L("Delete files"), theme.DeleteIcon(), p.removeWithFiles)
	menu.Separate()
	menu.Add(words.L("Details"), theme.InfoIcon(), p.details.open)
	return &menu.Menu
}

func (p *downloadsPage) queueMenu() *fyne.Menu {
	menu := &kit.Menu{}
	for _, c := range p.queueCommands() {
		menu.Add(c.name.String(), nil, c.run)
	}
	return &menu.Menu
}

func (p *downloadsPage) priorityMenu(chosen []face.Download) *fyne.Menu {
	menu := &kit.Menu{}
	for _, one := range priorityNames {
		menu.AddChoice(one.name.String(), chosen[0].Priority == one.priority, p.setPriority(one.priority))
	}
	return &menu.Menu
}

func (p *downloadsPage) limitMenu(chosen []face.Download) *fyne.Menu {
	menu := &kit.Menu{}
	for _, limit := range limitChoices {
		menu.AddChoice(limitWords(limit), chosen[0].Limit == limit, func() { p.limit(limit) })
	}
	menu.Add(words.L("Another limit…"), nil, p.askLimit)
	return &menu.Menu
}

// queueCommands are the moves in the queue, with their keys.
func (p *downloadsPage) queueCommands() []command {
	const alt = fyne.KeyModifierAlt
	return []command{
		{name: "Move to top of queue", key: fyne.KeyHome, held: alt, run: p.moveInQueue(face.QueueTop)},
		{name: "Move up in queue", key: fyne.KeyUp, held: alt, run: p.moveInQueue(face.QueueUp)},
		{name: "Move down in queue", key: fyne.KeyDown, held: alt, run: p.moveInQueue(face.QueueDown)},
		{name: "Move to bottom of queue", key: fyne.KeyEnd, held: alt, run: p.moveInQueue(face.QueueBottom)},
	}
}
