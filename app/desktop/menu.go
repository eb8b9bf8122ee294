//go:build !darwin || cgo

package desktop

import (
	"slices"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/desktop/pages/transfers"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// actor is a page whose selected rows answer Space, Del and Enter.
type actor interface {
	Toggle() // pause or resume
	Remove()
	Open()
}

// menus makes the main menu and its commands, and answers their keys.
type menus struct {
	window *window
	items  []*fyne.MenuItem // of the main menu
	of     []command        // that the items stand for
}

func (m *menus) file() []command {
	w := m.window
	return []command{
		{name: "Add files", key: fyne.KeyO, held: ctrl, run: w.drops.pickFile},
		{name: "Add folder", key: fyne.KeyO, held: ctrl | fyne.KeyModifierShift, run: w.drops.pickFolder},
		{name: "Receive from a phone…", run: func() { browsers.ReceiveFromPhone(w, w.engine) }},
		{name: "Paste link", key: fyne.KeyV, held: ctrl, shortcut: &fyne.ShortcutPaste{}, run: w.keys.paste},
	}
}

func (m *menus) places() []command {
	w := m.window
	// A sheet above the pages must be decided on first.
	uncovered := func(run func()) func() {
		return func() {
			if !w.sheets.IsOpen() && !w.asking {
				run()
			}
		}
	}
	commands := []command{{name: "Find", key: fyne.KeyF, held: ctrl, run: uncovered(w.keys.find)}, m.refresh()}
	for i := range pages.PlaceCount {
		commands = append(commands, command{
			name: i.Name(), key: fyne.KeyName('1' + rune(i)), held: ctrl,
			run: uncovered(func() { w.visit(i) }),
		})
	}
	return append(commands, command{name: "Change settings", key: fyne.KeyComma, held: ctrl,
		run: uncovered(func() { w.visit(pages.PlaceSettings) })})
}

// refresh is the command that asks the tracker and the engine again.
func (m *menus) refresh() command {
	w := m.window
	return command{name: "Refresh", key: fyne.KeyF5, run: func() {
		if w.place == pages.PlaceSearch {
			w.search().Refresh()
		}
		w.Poke()
	}}
}

// edit returns the commands about the selected rows, and undo.
func (m *menus) edit() []command {
	w := m.window
	commands := []command{
		{name: "Undo", key: fyne.KeyZ, held: ctrl, shortcut: &fyne.ShortcutUndo{}, run: w.keys.undo},
		{name: "Select all rows", key: fyne.KeyA, held: ctrl, shortcut: &fyne.ShortcutSelectAll{}, run: w.keys.selectAll},
	}
	return append(append(commands, m.rows()...), m.queue()...)
}

func (m *menus) rows() []command {
	w := m.window
	onRows := func(do func(actor)) func() {
		return func() {
			if page, ok := w.pages[w.place].(actor); ok && !w.sheets.IsOpen() {
				do(page)
			}
		}
	}
	on := func(places ...pages.Place) func() bool {
		return func() bool { return slices.Contains(places, w.place) }
	}
	return []command{
		{name: "Pause or resume", key: fyne.KeySpace, run: onRows(actor.Toggle), on: on(pages.PlaceDownloads)},
		{name: "Remove", key: fyne.KeyDelete, run: onRows(actor.Remove), on: on(pages.PlaceDownloads, pages.PlaceShared)},
		{name: "Open", key: fyne.KeyReturn, run: onRows(actor.Open), on: on(pages.PlacePeople, pages.PlaceSearch, pages.PlaceDownloads, pages.PlaceShared)},
		{name: "Details", key: fyne.KeyF8, run: w.keys.details, on: on(pages.PlaceDownloads)},
	}
}

// queueKeys move the selected downloads in the queue, with Alt held.
var queueKeys = map[face.QueueMove]fyne.KeyName{
	face.QueueTop: fyne.KeyHome, face.QueueUp: fyne.KeyUp, face.QueueDown: fyne.KeyDown, face.QueueBottom: fyne.KeyEnd,
}

// queue returns the commands about the selected downloads.
func (m *menus) queue() []command {
	w := m.window
	page := w.pages[pages.PlaceDownloads].(*transfers.Downloads)
	var commands []command
	for _, move := range transfers.QueueMoves {
		commands = append(commands, command{name: move.Name, key: queueKeys[move.Way], held: fyne.KeyModifierAlt, run: page.MoveInQueue(move.Way)})
	}
	for i, c := range commands {
		commands[i].run, commands[i].on = m.onDownloads(c.run), m.showsDownloads
	}
	return append(commands, m.deleteFiles())
}

// deleteFiles is the command that Shift+Del stands for.
func (m *menus) deleteFiles() command {
	page := m.window.pages[pages.PlaceDownloads].(*transfers.Downloads)
	return command{name: "Delete files", key: fyne.KeyDelete, held: fyne.KeyModifierShift, run: m.onDownloads(page.RemoveWithFiles), on: m.showsDownloads}
}

func (m *menus) showsDownloads() bool { return m.window.place == pages.PlaceDownloads }

// onDownloads returns an action that runs while the downloads are shown and nothing
// lies above them.
func (m *menus) onDownloads(run func()) func() {
	return func() {
		if m.showsDownloads() && !m.window.sheets.IsOpen() {
			run()
		}
	}
}

// transfers returns the commands about all transfers.
func (m *menus) transfers() []command {
	w := m.window
	return []command{
		{name: "Pause all", run: w.transfers.pauseAll},
		{name: "Resume all", run: w.transfers.resumeAll},
		{name: "Quick limit", run: w.transfers.switchQuickLimit, checked: func() bool { return w.status.QuickLimit }},
	}
}

// listed returns the commands that the help lists.
func (m *menus) listed() []command { return slices.Concat(m.file(), m.places(), m.edit(), m.help()) }

func (m *menus) help() []command {
	w := m.window
	return []command{{name: "Keys and help", key: fyne.KeyF1, run: w.help.showKeys}, {name: "About", run: w.help.about}}
}

// typedKey answers the keys without Ctrl and Alt, which Fyne's menus leave
// alone: those pressed while nothing has the focus, and those that lists and
// entries pass on.
func (m *menus) typedKey(event *fyne.KeyEvent) {
	w := m.window
	switch event.Name {
	case fyne.KeyEscape:
		switch {
		case w.sheets.Close():
		case w.asking:
			w.wizard.Skip()
		case w.place == pages.PlacePeople && w.people().Back():
		default:
			w.notice.hide()
		}
		return
	case fyne.KeyEnter, fyne.KeyReturn:
		if w.sheets.Submit() {
			return
		}
		if w.asking {
			w.wizard.Next()
			return
		}
		if w.win.Canvas().Focused() != nil {
			return // a widget without rows has the focus
		}
		event = &fyne.KeyEvent{Name: fyne.KeyReturn}
	case fyne.KeyDown:
		if !w.sheets.IsOpen() {
			w.pages[w.place].Focus()
		}
		return
	}
	for _, c := range slices.Concat(m.rows(), []command{m.refresh()}, m.help()) {
		if c.key == event.Name && c.held == 0 {
			c.run()
		}
	}
}

// typedCut answers Shift+Del while nothing has the focus: Fyne makes it a shortcut
// before the menus see the keys.
func (m *menus) typedCut(shortcut fyne.Shortcut) {
	if cut, ok := shortcut.(*fyne.ShortcutCut); ok && cut.Secondary {
		m.deleteFiles().run()
	}
}

// show brings the main menu up to date, after the status or the page changed.
func (m *menus) show() {
	changed := false
	for i, c := range m.of {
		changed = c.update(m.items[i]) || changed
	}
	if menu := m.window.win.MainMenu(); changed && menu != nil {
		menu.Refresh()
	}
}

// quitKey quits the program.
var quitKey = command{key: fyne.KeyQ, held: ctrl}

func (m *menus) main() *fyne.MainMenu {
	w := m.window
	m.of, m.items = nil, nil
	menu := func(name string, commands []command) *fyne.Menu {
		menu := fyne.NewMenu(name)
		for _, c := range commands {
			item := c.item()
			menu.Items = append(menu.Items, item)
			m.of, m.items = append(m.of, c), append(m.items, item)
		}
		return menu
	}
	file := menu(words.L("File"), m.file())
	quit := fyne.NewMenuItem(words.L("Quit"), w.exit.quit)
	quit.IsQuit = true
	quit.Shortcut = quitKey.written()
	file.Items = append(file.Items, fyne.NewMenuItemSeparator(), quit)
	return fyne.NewMainMenu(file,
		menu(words.L("Edit"), m.edit()),
		menu(words.L("Transfers"), m.transfers()),
		menu(words.L("Go"), m.places()),
		menu(words.L("Help"), m.help()))
}
