//go:build !darwin || cgo

package desktop

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/netproto"
)

// command is something that a key does; it stands in the menus and in the help.
type command struct {
	name     words.Phrase
	key      fyne.KeyName // none for what is in a menu alone
	held     fyne.KeyModifier
	shortcut fyne.Shortcut // where Fyne has one of its own for the keys
	run      func()
}

const ctrl = fyne.KeyModifierShortcutDefault

func (c command) item() *fyne.MenuItem {
	item := fyne.NewMenuItem(c.name.String(), c.run)
	item.Shortcut = c.shortcut
	if c.shortcut == nil && c.key != "" {
		item.Shortcut = &desktop.CustomShortcut{KeyName: c.key, Modifier: c.held}
	}
	return item
}

// keys is how the help writes the keys of a command.
func (c command) keys() string {
	var parts []string
	if c.held&ctrl != 0 {
		parts = append(parts, "Ctrl")
	}
	if c.held&fyne.KeyModifierAlt != 0 {
		parts = append(parts, "Alt")
	}
	if c.held&fyne.KeyModifierShift != 0 {
		parts = append(parts, "Shift")
	}
	name := string(c.key)
	switch c.key {
	case fyne.KeyDelete:
		name = "Del"
	case fyne.KeyReturn:
		name = "Enter"
	}
	return strings.Join(append(parts, name), "+")
}

func (w *window) fileCommands() []command {
	return []command{
		{name: "Add files", key: fyne.KeyO, held: ctrl, run: w.pickFile},
		{name: "Add folder", key: fyne.KeyO, held: ctrl | fyne.KeyModifierShift, run: w.pickFolder},
		{name: "Paste link", key: fyne.KeyV, held: ctrl, shortcut: &fyne.ShortcutPaste{}, run: w.pasted},
	}
}

func (w *window) goCommands() []command {
	// What lies over the pages is decided on first.
	uncovered := func(run func()) func() {
		return func() {
			if w.sheet == nil {
				run()
			}
		}
	}
	commands := []command{{name: "Find", key: fyne.KeyF, held: ctrl, run: uncovered(w.findWords)}}
	for i := range placeCount {
		commands = append(commands, command{
			name: places[i].name, key: fyne.KeyName('1' + rune(i)), held: ctrl,
			run: uncovered(func() {
				w.goTo(i)
				w.pages[i].focus()
			}),
		})
	}
	return append(commands, command{name: "Change settings", key: fyne.KeyComma, held: ctrl,
		run: uncovered(func() {
			w.goTo(placeSettings)
			w.pages[placeSettings].focus()
		})})
}

// editCommands are about the selected rows, and what was done with them.
func (w *window) editCommands() []command {
	commands := []command{
		{name: "Undo", key: fyne.KeyZ, held: ctrl, shortcut: &fyne.ShortcutUndo{}, run: w.undone},
		{name: "Select all rows", key: fyne.KeyA, held: ctrl, shortcut: &fyne.ShortcutSelectAll{}, run: w.selectAll},
	}
	return append(append(commands, w.rowCommands()...), w.queueCommands()...)
}

func (w *window) rowCommands() []command {
	onRows := func(do func(actor)) func() {
		return func() {
			if page, ok := w.pages[w.place].(actor); ok && w.sheet == nil {
				do(page)
			}
		}
	}
	return []command{
		{name: "Pause or resume", key: fyne.KeySpace, run: onRows(actor.toggle)},
		{name: "Remove", key: fyne.KeyDelete, run: onRows(actor.remove)},
		{name: "Open", key: fyne.KeyReturn, run: onRows(actor.open)},
		{name: "Details", key: fyne.KeyF8, run: w.details},
	}
}

// queueCommands are about the selected downloads.
func (w *window) queueCommands() []command {
	page := w.pages[placeDownloads].(*downloadsPage)
	commands := append(page.queueCommands(),
		command{name: "Delete the files", key: fyne.KeyDelete, held: fyne.KeyModifierShift, run: page.removeWithFiles})
	for i, c := range commands {
		commands[i].run = func() {
			if w.place == placeDownloads && w.sheet == nil {
				c.run()
			}
		}
	}
	return commands
}

// transferCommands are about all transfers.
func (w *window) transferCommands() []command {
	return []command{
		{name: "Pause all", run: w.pauseAll},
		{name: "Resume all", run: w.resumeAll},
		{name: "Quick limit", run: w.switchQuickLimit},
	}
}

func (w *window) helpCommands() []command {
	return []command{{name: "Keys and help", key: fyne.KeyF1, run: w.help}, {name: "About", run: w.about}}
}

func (w *window) mainMenu() *fyne.MainMenu {
	menu := func(name string, commands []command) *fyne.Menu {
		m := fyne.NewMenu(name)
		for _, c := range commands {
			m.Items = append(m.Items, c.item())
		}
		return m
	}
	file := menu(words.L("File"), w.fileCommands())
	quit := fyne.NewMenuItem(words.L("Quit"), w.quit)
	quit.IsQuit = true
	quit.Shortcut = &desktop.CustomShortcut{KeyName: fyne.KeyQ, Modifier: ctrl}
	file.Items = append(file.Items, fyne.NewMenuItemSeparator(), quit)
	return fyne.NewMainMenu(file,
		menu(words.L("Edit"), w.editCommands()),
		menu(words.L("Transfers"), w.transferCommands()),
		menu(words.L("Go"), w.goCommands()),
		menu(words.L("Help"), w.helpCommands()))
}

// typedKey answers the keys that have no modifier, which Fyne's menus leave
// alone: those pressed while nothing has the focus, and those that lists and
// the search entry pass on.
func (w *window) typedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyEscape:
		if !w.closeSheet() {
			w.notice.hide()
		}
		return
	case fyne.KeyEnter:
		event = &fyne.KeyEvent{Name: fyne.KeyReturn}
	case fyne.KeyDown:
		w.pages[w.place].focus()
		return
	}
	for _, c := range append(w.rowCommands(), w.helpCommands()...) {
		if c.key == event.Name && c.held == 0 {
			c.run()
		}
	}
}

// typedRune begins a search with what is typed while nothing has the keys: the
// search entry does not hold them from the beginning, because its blinking
// cursor alone would cost several percent of a processor where no graphics card
// draws.
func (w *window) typedRune(r rune) {
	if w.sheet == nil && !w.asking && r != ' ' { // which pauses and resumes
		w.findWords()
		w.frame.entry.TypedRune(r)
	}
}

// findWords is Ctrl+F.
func (w *window) findWords() {
	w.goTo(placeSearch)
	w.win.Canvas().Focus(w.frame.entry)
	w.frame.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// pasted is Ctrl+V. The menus take the keys before any entry sees them, so text
// goes on to the entry that has the focus; a link is opened wherever one is,
// except in a sheet, which may be waiting for one.
func (w *window) pasted() {
	entry := w.writing()
	text := w.app.Clipboard().Content()
	_, err := netproto.ParseLink(text)
	if entry != nil && (err != nil || w.sheet != nil) {
		entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: w.app.Clipboard()})
		return
	}
	if err != nil && text != "" && w.sheet == nil && !w.asking && w.win.Canvas().Focused() == nil {
		w.findWords()
		w.frame.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: w.app.Clipboard()})
		return
	}
	w.pasteLink()
}

// undone is Ctrl+Z, which an entry that has the focus takes for its text.
func (w *window) undone() {
	if entry := w.writing(); entry != nil && w.undo.deed == nil {
		entry.TypedShortcut(&fyne.ShortcutUndo{})
		return
	}
	w.undo.takeBack()
}

// selectAll is Ctrl+A in whatever has the focus, else in the rows of the page.
func (w *window) selectAll() {
	if w.win.Canvas().Focused() == nil {
		w.pages[w.place].focus()
	}
	if focused, ok := w.win.Canvas().Focused().(fyne.Shortcutable); ok {
		focused.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// writing is the entry that has the focus, or nil.
func (w *window) writing() fyne.Shortcutable {
	focused := w.win.Canvas().Focused()
	if _, isText := focused.(interface{ SelectedText() string }); !isText {
		return nil
	}
	entry, _ := focused.(fyne.Shortcutable)
	return entry
}

// detailed is a page with a pane about the selected row.
type detailed interface{ toggleDetails() }

// details is F8.
func (w *window) details() {
	if page, ok := w.pages[w.place].(detailed); ok && w.sheet == nil {
		page.toggleDetails()
	}
}

// help is F1: the keys, and which program this is.
func (w *window) help() {
	grid := container.New(&keyTable{})
	add := func(keys, name string) {
		what := widget.NewLabel(name)
		what.Truncation = fyne.TextTruncateEllipsis
		key := widget.NewLabel(keys)
		key.TextStyle.Bold = true
		grid.Add(key)
		grid.Add(what)
	}
	for _, commands := range [][]command{w.fileCommands(), w.goCommands(), w.editCommands(), w.helpCommands()} {
		for _, c := range commands {
			if c.key != "" {
				add(c.keys(), c.name.String())
			}
		}
	}
	add("Esc", words.L("Close what lies over the page"))
	add("Ctrl+Q", words.L("Quit"))
	about := kit.Hint(words.L("Drop files anywhere on the window to share them."))
	closing := widget.NewButtonWithIcon(words.L("Close"), theme.CancelIcon(), func() { w.closeSheet() })
	w.openSheet(words.L("Keys and help"), container.NewBorder(about, nil, nil, nil, container.NewVScroll(grid)),
		fyne.NewSize(460, 560), closing)
}

// about says which program this is.
func (w *window) about() {
	version := w.options.Version
	if version == "" {
		version = appVersion
	}
	facts := kit.NewFacts()
	facts.Set([]kit.Fact{{Name: words.L("Version"), Value: version}, {Name: words.L("Built with"), Value: runtime.Version() + ", Fyne"},
		{Name: words.L("System"), Value: runtime.GOOS + "/" + runtime.GOARCH}})
	mark := container.NewGridWrap(fyne.NewSquareSize(64), widget.NewIcon(appIcon()))
	text := kit.Paragraph(words.L("Shares files straight between computers. A tracker knows who has what; every piece that arrives is verified."))
	closing := widget.NewButtonWithIcon(words.L("Close"), theme.CancelIcon(), func() { w.closeSheet() })
	w.openSheet(appName, container.NewVBox(container.NewCenter(mark), text, facts.Box), fyne.NewSize(440, 340), closing)
}

// keyTable lays keys and their meaning side by side in tight rows.
type keyTable struct{}

const keyColumn, keyRow = 140, 28

// Layout is part of fyne.Layout.
func (keyTable) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for i, object := range objects {
		at := fyne.NewPos(0, float32(i/2)*keyRow)
		wide := fyne.NewSize(keyColumn, keyRow)
		if i%2 == 1 {
			at.X, wide.Width = keyColumn, max(size.Width-keyColumn, 0)
		}
		object.Move(at)
		object.Resize(wide)
	}
}

// MinSize is part of fyne.Layout.
func (keyTable) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(2*keyColumn, float32((len(objects)+1)/2)*keyRow)
}
