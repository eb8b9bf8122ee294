//go:build !darwin || cgo

package desktop

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// place is where in the window one is: the pages in the order of the sidebar.
type place int

const (
	placeSearch place = iota
	placeDownloads
	placeUploads
	placeShared
	placeTracker
	placeSettings
	placeCount
)

var places = [placeCount]struct {
	name    phrase
	icon    func() fyne.Resource
	counted bool // with a number beside the name
}{
	placeSearch:    {"Search", theme.SearchIcon, false},
	placeDownloads: {"Downloads", theme.DownloadIcon, true},
	placeUploads:   {"Uploads", theme.UploadIcon, true},
	placeShared:    {"Shared", theme.FolderOpenIcon, true},
	placeTracker:   {"Tracker", theme.StorageIcon, false},
	placeSettings:  {"Settings", theme.SettingsIcon, false},
}

const (
	leastSidebar = 188
	countRoom    = 40 // for a count beside a name in the sidebar: "1,234 !"
	navIcon      = 20
)

// sidebarWidth is that in which the names of all pages are whole, beside counts.
func sidebarWidth() float32 {
	width := float32(leastSidebar)
	for i := range placeCount {
		name := newLine(theme.ColorNameForeground, theme.SizeNameText)
		name.style.Bold = true // as it is in front
		name.SetText(places[i].name.String())
		needs := name.needs() + 4*gapMedium + navIcon + 3*gap
		if places[i].counted {
			needs += countRoom + gap
		}
		width = max(width, needs)
	}
	return width
}

// frame is what stands around the pages: sidebar, top bar, status line.
type frame struct {
	content fyne.CanvasObject
	entry   *searchEntry
	nav     [placeCount]*navItem
	main    *fyne.Container // right of the sidebar
	middle  *fyne.Container // the page
	line    *statusLine
	window  *window
}

func newFrame(w *window) *frame {
	f := &frame{window: w, middle: container.NewStack(), line: newStatusLine(w)}
	f.main = container.NewBorder(container.NewVBox(f.topBar(), w.banner.box), container.NewVBox(w.undo.box, w.notice.box), nil, nil,
		inset(gapLarge, gapMedium, f.middle))
	f.content = container.NewBorder(nil, f.line, f.sidebar(), nil, f.main)
	return f
}

func (f *frame) sidebar() fyne.CanvasObject {
	mark := widget.NewIcon(appIcon())
	name := widget.NewLabel(appName)
	name.TextStyle.Bold = true
	items := container.NewVBox(
		inset(gapMedium, gap, container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSquareSize(gapHuge), mark), nil, name)))
	for i := range placeCount {
		f.nav[i] = newNavItem(i, func() {
			f.window.goTo(i)
			f.window.pages[i].focus()
		})
		items.Add(f.nav[i])
	}
	width := canvas.NewRectangle(color.Transparent)
	width.SetMinSize(fyne.NewSize(sidebarWidth(), 0))
	return newPlate(colorSidebar, 0, container.NewStack(width, inset(gapMedium, gapMedium, items)))
}

func (f *frame) topBar() fyne.CanvasObject {
	w := f.window
	f.entry = newSearchEntry(w)
	named, bare := container.NewHBox(), container.NewHBox()
	for _, add := range []struct {
		name phrase
		icon fyne.Resource
		run  func()
	}{
		{"Add files", theme.FileIcon(), w.pickFile},
		{"Add folder", theme.FolderIcon(), w.pickFolder},
		{"Paste link", theme.ContentPasteIcon(), w.pasteLink},
	} {
		named.Add(widget.NewButtonWithIcon(add.name.String(), add.icon, add.run))
		bare.Add(newIconButton(w.tips, add.icon, add.name.String(), add.run))
	}
	return inset(gapLarge, gapMedium, container.New(roomFor{}, f.entry, named, bare))
}

// roomFor gives an entry what its buttons leave. Where that is too little, the
// buttons lose their words, which then stand in tips.
type roomFor struct{}

// leastEntry is the width of an entry in which a few words can be read.
const leastEntry = 180

// Layout is part of fyne.Layout.
func (roomFor) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	entry, named, bare := objects[0], objects[1], objects[2]
	buttons, other := named, bare
	if size.Width-named.MinSize().Width < leastEntry {
		buttons, other = bare, named
	}
	other.Hide()
	buttons.Show()
	width := buttons.MinSize().Width
	entry.Move(fyne.NewPos(0, 0))
	entry.Resize(fyne.NewSize(size.Width-width-gap, size.Height))
	buttons.Move(fyne.NewPos(size.Width-width, 0))
	buttons.Resize(fyne.NewSize(width, size.Height))
}

// MinSize is part of fyne.Layout.
func (roomFor) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[2].MinSize()
	return fyne.NewSize(leastEntry+gap+size.Width, max(size.Height, objects[0].MinSize().Height))
}

func (f *frame) showPlace(to place) {
	for i, item := range f.nav {
		item.setCurrent(place(i) == to)
	}
	f.middle.Objects = []fyne.CanvasObject{f.window.pages[to].screen()}
	f.middle.Refresh()
}

func (f *frame) show(status face.Status) {
	counts := status.Counts
	f.nav[placeDownloads].setCount(counts.Downloads, counts.Failed > 0)
	f.nav[placeUploads].setCount(counts.Uploads, false)
	f.nav[placeShared].setCount(counts.Shares, false)
	f.line.show(status)
}

// navItem is a line of the sidebar.
type navItem struct {
	widget.BaseWidget
	pressable
	tapped   func()
	back     *canvas.Rectangle
	picture  *widget.Icon
	name     *line
	count    *line
	content  *fyne.Container // of the three
	resource fyne.Resource
	current  bool
}

func newNavItem(p place, tapped func()) *navItem {
	n := &navItem{
		tapped:   tapped,
		back:     canvas.NewRectangle(color.Transparent),
		resource: places[p].icon(),
		name:     newLine(theme.ColorNameForeground, theme.SizeNameText),
		count:    newLine(colorCaption, theme.SizeNameCaptionText),
	}
	n.picture = widget.NewIcon(n.resource)
	n.name.SetText(places[p].name.String())
	n.count.align, n.count.whole = fyne.TextAlignTrailing, true
	n.content = container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSquareSize(navIcon), n.picture), n.count, inset(gap, 0, n.name))
	n.changed = n.paint
	n.ExtendBaseWidget(n)
	return n
}

// CreateRenderer is how Fyne draws a widget.
func (n *navItem) CreateRenderer() fyne.WidgetRenderer {
	n.ExtendBaseWidget(n)
	n.paint()
	return widget.NewSimpleRenderer(container.NewStack(n.back, inset(gapMedium, 7, n.content)))
}

func (n *navItem) paint() {
	paintGround(n.back, 8, n.current, n.hovered, n.focused)
}

// Refresh draws the item again, for another theme.
func (n *navItem) Refresh() {
	n.paint()
	n.BaseWidget.Refresh()
}

func (n *navItem) setCurrent(current bool) {
	n.current = current
	n.name.style.Bold = current
	tint := colorCaption
	if current {
		tint = theme.ColorNamePrimary
	}
	n.picture.SetResource(tinted(n.resource, tint))
	n.name.Refresh()
	n.paint()
}

func (n *navItem) setCount(count int, alarming bool) {
	text, tint := "", colorCaption
	if count > 0 {
		text = countWords(count)
	}
	if alarming {
		tint = theme.ColorNameError
		text += " !"
	}
	if n.count.text != text {
		n.count.set(text, tint)
		n.content.Refresh()
	}
}

// Tapped goes to the page.
func (n *navItem) Tapped(*fyne.PointEvent) { n.tapped() }

// AccessibilityLabel is what a screen reader says.
func (n *navItem) AccessibilityLabel() string { return n.name.text }

// TypedKey goes to the page for Enter and Space.
func (n *navItem) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		n.tapped()
	}
}

// statusLine is the last line of the window; a click opens the Tracker page.
type statusLine struct {
	widget.BaseWidget
	window                       *window
	state, down, up, peers, open *line
	stateIcon, openIcon          *widget.Icon
	box                          *fyne.Container
}

func newStatusLine(w *window) *statusLine {
	s := &statusLine{window: w, stateIcon: widget.NewIcon(nil), openIcon: widget.NewIcon(nil)}
	for _, part := range []**line{&s.state, &s.down, &s.up, &s.peers, &s.open} {
		*part = newCaption()
	}
	s.peers.whole, s.open.whole = true, true
	s.ExtendBaseWidget(s)
	s.show(face.Status{Connection: face.ConnectionNone, Reachable: netproto.ReachableUnknown})
	return s
}

// CreateRenderer is how Fyne draws a widget.
func (s *statusLine) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	small := fyne.NewSquareSize(16)
	part := func(picture *widget.Icon, text *line, width float32) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedHBoxLayout(gap),
			container.NewGridWrap(small, picture), container.NewGridWrap(fyne.NewSize(width, 16), text))
	}
	whole := func(picture *widget.Icon, text *line) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedHBoxLayout(gap), container.NewGridWrap(small, picture), text)
	}
	right := container.NewHBox(
		part(widget.NewIcon(tinted(theme.DownloadIcon(), colorCaption)), s.down, 68),
		part(widget.NewIcon(tinted(theme.UploadIcon(), colorCaption)), s.up, 68),
		whole(widget.NewIcon(tinted(theme.AccountIcon(), colorCaption)), s.peers),
		whole(s.openIcon, s.open),
	)
	left := container.NewBorder(nil, nil, container.NewGridWrap(small, s.stateIcon), nil, inset(gap, 0, s.state))
	s.box = container.NewBorder(nil, nil, nil, right, left)
	return widget.NewSimpleRenderer(newPlate(colorSidebar, 0, inset(gapLarge, 6, s.box)))
}

func (s *statusLine) show(status face.Status) {
	state := connectionWords(status)
	s.state.SetText(state.text)
	s.stateIcon.SetResource(tinted(state.icon, state.color))
	s.down.SetText(rateWords(status.DownRate))
	s.up.SetText(rateWords(status.UpRate))
	peers, open := s.peers.text, s.open.text
	s.peers.SetText(peersWords(status.PeersOnline))
	switch status.Reachable {
	case netproto.ReachableYes:
		s.open.SetText(L("Reachable"))
		s.openIcon.SetResource(tinted(theme.ConfirmIcon(), theme.ColorNameSuccess))
	case netproto.ReachableNo:
		s.open.SetText(L("Not reachable"))
		s.openIcon.SetResource(tinted(theme.WarningIcon(), theme.ColorNameWarning))
	default:
		s.open.SetText(L("Reachability unknown"))
		s.openIcon.SetResource(tinted(theme.QuestionIcon(), colorCaption))
	}
	if s.box != nil && (s.open.text != open || s.peers.text != peers) {
		s.box.Refresh()
	}
}

// Tapped shows the details on the Tracker page.
func (s *statusLine) Tapped(*fyne.PointEvent) { s.window.goTo(placeTracker) }

// Cursor says that the line can be clicked.
func (s *statusLine) Cursor() desktop.Cursor { return desktop.PointerCursor }

// stateWords is a state in words, with the icon and the colour beside them.
type stateWords struct {
	text  string
	icon  fyne.Resource
	color fyne.ThemeColorName
}

func connectionWords(status face.Status) stateWords {
	at := values{"Tracker": netproto.Printable(status.Tracker), "Time": durationWords(int64(status.RetrySeconds))}
	switch status.Connection {
	case face.ConnectionConnecting:
		return stateWords{L("Connecting to {{.Tracker}}", at), theme.ViewRefreshIcon(), colorCaption}
	case face.ConnectionConnected:
		return stateWords{L("Connected to {{.Tracker}}", at), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case face.ConnectionReconnecting:
		return stateWords{L("Reconnecting in {{.Time}}", at), theme.ViewRefreshIcon(), theme.ColorNameWarning}
	case face.ConnectionOffline:
		return stateWords{L("Offline"), theme.WarningIcon(), theme.ColorNameError}
	case face.ConnectionKeyChanged:
		return stateWords{L("The tracker's key changed"), theme.WarningIcon(), theme.ColorNameError}
	default:
		return stateWords{L("No tracker chosen"), theme.InfoIcon(), colorCaption}
	}
}
