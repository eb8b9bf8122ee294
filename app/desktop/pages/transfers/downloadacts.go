//go:build !darwin || cgo

package transfers

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// onIDs hands an action on downloads to the engine, if there are any.
func (p *Downloads) onIDs(action func(context.Context, []string) error, ids []string) {
	if len(ids) > 0 {
		p.Window.Act(func(ctx context.Context) error { return action(ctx, ids) }, nil)
	}
}

// removeDownloads removes downloads from the list, unless that is undone. Of unfinished
// ones nothing is kept; finished files stay.
func (p *Downloads) removeDownloads(chosen []face.Download) {
	text := words.N("{{.Count}} downloads removed", len(chosen), words.Values{"Count": words.Count(len(chosen))})
	p.takeOff(chosen, text, func(ctx context.Context, finished, unfinished []string) error {
		return errors.Join(pages.OnAny(ctx, p.engine.Remove, finished), pages.OnAny(ctx, p.engine.Cancel, unfinished))
	})
}

// toTrash removes downloads from the list and moves their files to the trash, unless
// that is undone.
func (p *Downloads) toTrash() {
	chosen := p.list.Selection()
	text := words.N("{{.Count}} downloads moved to the trash", len(chosen), words.Values{"Count": words.Count(len(chosen))})
	p.takeOff(chosen, text, func(ctx context.Context, finished, unfinished []string) error {
		return pages.OnAny(ctx, p.engine.RemoveToTrash, slices.Concat(finished, unfinished))
	})
}

// takeOff removes downloads from the list. Running ones stop at once; commit does the
// rest, unless it is undone before.
func (p *Downloads) takeOff(chosen []face.Download, text string, commit func(ctx context.Context, finished, unfinished []string) error) {
	w := p.Window
	if len(chosen) == 0 {
		return
	}
	var all, running, finished, unfinished []string
	for _, d := range chosen {
		all = append(all, d.ID)
		if d.IsFinished() {
			finished = append(finished, d.ID)
		} else {
			unfinished = append(unfinished, d.ID)
		}
		if d.IsRunning() {
			running = append(running, d.ID)
		}
	}
	stopped := make(chan struct{}) // closed after the pause, which nothing must overtake
	w.Act(func(ctx context.Context) error {
		defer close(stopped)
		if len(running) == 0 {
			return nil
		}
		return p.engine.Pause(ctx, running)
	}, nil)
	p.undo.Offer(pages.Deed{
		Words: text,
		Rows:  all, Counts: len(unfinished),
		Commit: func(ctx context.Context) error {
			<-stopped
			return commit(ctx, finished, unfinished)
		},
		Undo: func(ctx context.Context) error {
			<-stopped
			if len(running) == 0 {
				return nil
			}
			return p.engine.Resume(ctx, running)
		},
	})
}

func (p *Downloads) clearFinished() {
	p.removeDownloads(slices.DeleteFunc(slices.Clone(p.all), func(d face.Download) bool { return !d.IsFinished() }))
}

// Toggle pauses the selected downloads that run. If none does, it resumes the
// paused ones and retries the failed ones.
func (p *Downloads) Toggle() {
	chosen := p.list.Selection()
	if running := idsOf(chosen, face.Download.IsRunning); len(running) > 0 {
		p.onIDs(p.engine.Pause, running)
		return
	}
	p.onIDs(p.engine.Resume, idsOf(chosen, face.Download.IsPaused))
	p.onIDs(p.engine.Retry, idsOf(chosen, face.Download.IsFailed))
}

// Remove removes the selected downloads from the list.
func (p *Downloads) Remove() { p.removeDownloads(p.list.Selection()) }

// Open opens the first of the selected downloads.
func (p *Downloads) Open() {
	if chosen := p.list.Selection(); len(chosen) > 0 {
		p.openFile(chosen[0])
	}
}

func anyDownload(face.Download) bool { return true }

// RemoveWithFiles asks first, because deleted files do not come back.
func (p *Downloads) RemoveWithFiles() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	var size int64
	for _, d := range chosen {
		size += d.Done
	}
	p.Window.Sheets().Decide(words.L("Delete files for good?"),
		words.N("This removes {{.Count}} downloads from the list and deletes {{.Size}} for good. Nothing goes into the trash.", len(chosen),
			words.Values{"Count": words.Count(len(chosen)), "Size": words.Size(size)}),
		words.L("Delete files"), func() { p.onIDs(p.engine.RemoveWithFiles, idsOf(chosen, anyDownload)) })
}

// QueueMoves are the moves in the queue, in the order of the menus.
var QueueMoves = []struct {
	Name words.Phrase
	Way  face.QueueMove
}{
	{"Move to top of queue", face.QueueTop},
	{"Move up in queue", face.QueueUp},
	{"Move down in queue", face.QueueDown},
	{"Move to bottom of queue", face.QueueBottom},
}

// MoveInQueue returns an action that moves the selected downloads in the queue.
func (p *Downloads) MoveInQueue(way face.QueueMove) func() {
	return func() {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.MoveInQueue(ctx, ids, way) },
			idsOf(p.list.Selection(), face.Download.IsActive))
	}
}

func (p *Downloads) setPriority(priority face.Priority) func() {
	return func() {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.SetPriority(ctx, ids, priority) },
			idsOf(p.list.Selection(), face.Download.IsActive))
	}
}

func (p *Downloads) verify() {
	p.onIDs(p.engine.Verify, idsOf(p.list.Selection(), anyDownload))
}

// prefer downloads a file in order from its start. In a folder, the person
// chooses the file.
func (p *Downloads) prefer(d face.Download) {
	first := func(path string) {
		p.Window.Act(func(ctx context.Context) error { return p.engine.Prefer(ctx, d.ID, path) },
			func() { p.Window.Tell(words.L("It is now downloaded in order, before everything else.")) })
	}
	if d.Folder {
		chooseInFolder(p.Window, p.engine, d.Hash, d.Name, words.L("Download this first"), first)
	} else {
		first("")
	}
}

// moveTo lets the person choose a folder to move the selected downloads to.
func (p *Downloads) moveTo() {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	here, _ := face.SplitPath(chosen[0].Path)
	p.Window.Sheets().PickFolder(words.L("Choose the folder to move to"), here, func(folder string) {
		p.onIDs(func(ctx context.Context, ids []string) error { return p.engine.MoveTo(ctx, ids, folder) },
			idsOf(chosen, anyDownload))
	})
}

// limit limits each selected download, in bytes per second; 0 is no limit.
func (p *Downloads) limit(bytesPerSecond int64) {
	p.limitOf(p.list.Selection(), bytesPerSecond)
}

func (p *Downloads) limitOf(chosen []face.Download, bytesPerSecond int64) {
	p.onIDs(func(ctx context.Context, ids []string) error {
		return p.engine.SetDownloadLimit(ctx, ids, bytesPerSecond)
	}, idsOf(chosen, face.Download.IsActive))
}

// askLimit asks for a limit that is not in the menu.
func (p *Downloads) askLimit() {
	w, chosen := p.Window, p.list.Selection()
	if len(chosen) == 0 {
		return
	}
	entry, problem := kit.NewTextEntry(w.Host().Pressed), kit.Hint(words.L("Applies to each download. Leave it empty for no limit."))
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
		w.Sheets().Close()
		p.limitOf(chosen, limit)
	}
	w.Sheets().Open(words.L("Download limit"), kit.Labelled(words.L("Download limit, kB/s"), entry, problem),
		fyne.NewSize(360, 220), w.Sheets().CancelButton(), kit.PrimaryButton(words.L("Set the limit"), theme.ConfirmIcon(), set))
	w.Host().Canvas.Focus(entry)
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
func (p *Downloads) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	if len(chosen) == 0 {
		return nil
	}
	menu := &kit.Menu{}
	if len(chosen) == 1 && !p.Window.Elsewhere() {
		if chosen[0].IsFinished() {
			menu.Add(words.L("Open"), theme.FileIcon(), p.Open)
		}
		if canPreview(chosen[0]) {
			menu.Add(words.L("Preview"), look.Icon("eye"), p.Open)
		}
		menu.Add(words.L("Open folder"), theme.FolderOpenIcon(), func() { p.openFolder(chosen[0]) })
	}
	switch {
	case countOf(chosen, face.Download.IsRunning) > 0:
		menu.Add(words.L("Pause"), theme.MediaPauseIcon(), p.Toggle)
	case countOf(chosen, face.Download.IsPaused) > 0:
		menu.Add(words.L("Resume"), theme.MediaPlayIcon(), p.Toggle)
	case countOf(chosen, face.Download.IsFailed) > 0:
		menu.Add(words.L("Retry"), theme.ViewRefreshIcon(), p.Toggle)
	}
	if countOf(chosen, face.Download.IsActive) > 0 {
		menu.Separate()
		menu.Add(words.L("Queue"), theme.ListIcon(), nil).ChildMenu = p.queueMenu()
		menu.Add(words.L("Priority"), theme.MoveUpIcon(), nil).ChildMenu = p.priorityMenu(chosen)
		menu.Add(words.L("Download limit"), theme.MediaFastForwardIcon(), nil).ChildMenu = p.limitMenu(chosen)
	}
	if len(chosen) == 1 && chosen[0].IsActive() {
		menu.Add(words.L("Download in order, to preview it"), theme.MediaFastForwardIcon(), func() { p.prefer(chosen[0]) })
	}
	menu.Separate()
	if len(chosen) == 1 {
		menu.Add(words.L("Copy link"), look.Icon("link"), func() { pages.CopyLink(p.Window, p.engine, chosen[0].Hash, chosen[0].Name, chosen[0].Size) })
	}
	menu.Add(words.L("Verify again"), look.Icon("verify"), p.verify)
	menu.Add(words.L("Move to another folder"), theme.MailForwardIcon(), p.moveTo)
	menu.Separate()
	if countOf(chosen, face.Download.IsFinished) == len(chosen) {
		menu.Add(words.L("Remove from list"), theme.CancelIcon(), p.Remove)
	} else {
		menu.Add(words.L("Stop and delete"), theme.CancelIcon(), p.Remove)
	}
	if countOf(chosen, face.Download.IsFinished) > 0 {
		menu.Add(words.L("Move files to the trash"), theme.DeleteIcon(), p.toTrash)
		menu.Add(words.L("Delete files"), theme.DeleteIcon(), p.RemoveWithFiles)
	}
	menu.Separate()
	menu.Add(words.L("Details"), theme.InfoIcon(), p.details.open)
	return &menu.Menu
}

func (p *Downloads) queueMenu() *fyne.Menu {
	menu := &kit.Menu{}
	for _, move := range QueueMoves {
		menu.Add(move.Name.String(), nil, p.MoveInQueue(move.Way))
	}
	return &menu.Menu
}

func (p *Downloads) priorityMenu(chosen []face.Download) *fyne.Menu {
	menu := &kit.Menu{}
	for _, one := range priorityNames {
		menu.AddChoice(one.name.String(), chosen[0].Priority == one.priority, p.setPriority(one.priority))
	}
	return &menu.Menu
}

func (p *Downloads) limitMenu(chosen []face.Download) *fyne.Menu {
	menu := &kit.Menu{}
	for _, limit := range limitChoices {
		menu.AddChoice(limitWords(limit), chosen[0].Limit == limit, func() { p.limit(limit) })
	}
	menu.Add(words.L("Another limit…"), nil, p.askLimit)
	return &menu.Menu
}
