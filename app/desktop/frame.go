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

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/tracker"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// sidebarIcons are the icons of the pages in the sidebar.
var sidebarIcons = [pages.PlaceCount]func() fyne.Resource{
	pages.PlacePeople:    func() fyne.Resource { return look.Icon("people") },
	pages.PlaceSearch:    theme.SearchIcon,
	pages.PlaceDownloads: theme.DownloadIcon,
	pages.PlaceUploads:   theme.UploadIcon,
	pages.PlaceShared:    theme.FolderOpenIcon,
	pages.PlaceTracker:   theme.StorageIcon,
	pages.PlaceSettings:  theme.SettingsIcon,
}

// isCounted reports whether the sidebar shows a number beside the name of a page.
func isCounted(place pages.Place) bool {
	return place == pages.PlacePeople || place == pages.PlaceDownloads || place == pages.PlaceUploads || place == pages.PlaceShared
}

// leastSidebar is the least width of the sidebar.
const leastSidebar = 188

// frame is what surrounds the pages: sidebar, top bar and status line.
type frame struct {
	content fyne.CanvasObject
	nav     [pages.PlaceCount]*kit.NavItem
	main    *fyne.Container // to the right of the sidebar
	middle  *fyne.Container // the page
	line    *statusLine
}

// adding is a button in the top bar, which adds something.
type adding struct {
	name words.Phrase
	icon fyne.Resource
	run  func()
}

// surroundings are what the frame puts around the pages.
type surroundings struct {
	visit  func(pages.Place) // shows a page and gives it the focus
	choice fyne.CanvasObject // of a peer, above the pages in the sidebar; nil for none
	entry  fyne.CanvasObject // in the top bar
	adds   []adding          // beside the entry
	banner fyne.CanvasObject // above the page
}

func newFrame(w pages.Window, around surroundings) *frame {
	f := &frame{middle: container.NewStack(), line: newStatusLine(w)}
	f.main = container.NewBorder(container.NewVBox(topBar(w.Host().Tips, around.entry, around.adds), around.banner),
		nil, nil, nil, kit.Inset(look.GapLarge, look.GapMedium, f.middle))
	f.content = container.NewBorder(nil, f.line, f.sidebar(around), nil, f.main)
	return f
}

func (f *frame) sidebar(around surroundings) fyne.CanvasObject {
	logo := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(look.GapHuge), widget.NewIcon(appIcon())))
	name := widget.NewLabel(appName)
	name.TextStyle.Bold = true
	wide := float32(leastSidebar)
	items := container.NewVBox(kit.Inset(look.GapMedium, look.Gap, container.NewBorder(nil, nil, logo, nil, name)))
	if around.choice != nil {
		items.Add(around.choice)
	}
	for i := range pages.PlaceCount {
		f.nav[i] = kit.NewNavItem(sidebarIcons[i](), i.Name().String(), func() { around.visit(i) })
		items.Add(f.nav[i])
		wide = max(wide, f.nav[i].FullWidth(isCounted(i)))
	}
	width := canvas.NewRectangle(color.Transparent)
	width.SetMinSize(fyne.NewSize(wide, 0))
	return kit.NewPlate(look.ColorSidebar, 0, container.NewStack(width, kit.Inset(look.GapMedium, look.GapMedium, items)))
}

func topBar(tips *kit.Tips, entry fyne.CanvasObject, adds []adding) fyne.CanvasObject {
	named, bare := container.NewHBox(), container.NewHBox()
	for _, add := range adds {
		named.Add(kit.NewButtonWithIcon(add.name.String(), add.icon, add.run))
		bare.Add(kit.NewIconButton(tips, add.icon, add.name.String(), add.run))
	}
	return kit.Inset(look.GapLarge, look.GapMedium, container.New(topBarLayout{}, entry, named, bare))
}

// topBarLayout gives the entry what the buttons leave. If that is too little,
// the buttons lose their words, which tooltips then show.
type topBarLayout struct{}

// leastEntry is the width of an entry in which a few words can be read.
const leastEntry = 180

func (topBarLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	entry, named, bare := objects[0], objects[1], objects[2]
	buttons, other := named, bare
	if size.Width-named.MinSize().Width < leastEntry {
		buttons, other = bare, named
	}
	other.Hide()
	buttons.Show()
	width := buttons.MinSize().Width
	entry.Move(fyne.NewPos(0, 0))
	entry.Resize(fyne.NewSize(size.Width-width-look.Gap, size.Height))
	buttons.Move(fyne.NewPos(size.Width-width, 0))
	buttons.Resize(fyne.NewSize(width, size.Height))
}

func (topBarLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[2].MinSize()
	return fyne.NewSize(leastEntry+look.Gap+size.Width, max(size.Height, objects[0].MinSize().Height))
}

func (f *frame) showPlace(to pages.Place, screen fyne.CanvasObject) {
	for i, item := range f.nav {
		item.SetCurrent(pages.Place(i) == to)
	}
	f.middle.Objects = []fyne.CanvasObject{screen}
	f.middle.Refresh()
}

func (f *frame) show(status face.Status) {
	counts := status.Counts
	f.nav[pages.PlacePeople].SetCount(counts.Requests, false)
	f.nav[pages.PlaceDownloads].SetCount(counts.Downloads, counts.Failed > 0)
	f.nav[pages.PlaceUploads].SetCount(counts.Uploads, false)
	f.nav[pages.PlaceShared].SetCount(counts.Shares, false)
	f.line.show(status)
}

// statusLine is the last line of the window. A click opens the Tracker page.
type statusLine struct {
	widget.BaseWidget
	window                       pages.Window
	state, down, up, peers, open *kit.Line
	stateIcon, openIcon          *widget.Icon
	quick                        fyne.CanvasObject // shown while the quick limit is on
	box                          *fyne.Container
}

func newStatusLine(w pages.Window) *statusLine {
	s := &statusLine{window: w, stateIcon: widget.NewIcon(nil), openIcon: widget.NewIcon(nil)}
	for _, part := range []**kit.Line{&s.state, &s.down, &s.up, &s.peers, &s.open} {
		*part = kit.NewCaption()
	}
	s.peers.Whole, s.open.Whole = true, true
	limited := kit.NewCaption()
	limited.Whole = true
	limited.Set(words.L("Quick limit"), theme.ColorNameWarning)
	s.quick = container.New(layout.NewCustomPaddedHBoxLayout(look.Gap),
		container.NewGridWrap(fyne.NewSquareSize(16), widget.NewIcon(look.Tinted(theme.MediaFastForwardIcon(), theme.ColorNameWarning))), limited)
	s.quick.Hide()
	s.ExtendBaseWidget(s)
	s.show(face.Status{Connection: face.ConnectionNone, Reach: face.Reach{Verdict: netproto.VerdictUnknown}})
	return s
}

// CreateRenderer implements fyne.Widget.
func (s *statusLine) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	small := fyne.NewSquareSize(16)
	part := func(picture *widget.Icon, text *kit.Line, width float32) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedHBoxLayout(look.Gap),
			container.NewGridWrap(small, picture), container.NewGridWrap(fyne.NewSize(width, 16), text))
	}
	whole := func(picture *widget.Icon, text *kit.Line) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedHBoxLayout(look.Gap), container.NewGridWrap(small, picture), text)
	}
	right := container.New(layout.NewCustomPaddedHBoxLayout(look.GapMedium),
		s.quick,
		part(widget.NewIcon(look.Tinted(theme.DownloadIcon(), look.ColorCaption)), s.down, 68),
		part(widget.NewIcon(look.Tinted(theme.UploadIcon(), look.ColorCaption)), s.up, 68),
		whole(widget.NewIcon(look.Tinted(theme.AccountIcon(), look.ColorCaption)), s.peers),
		whole(s.openIcon, s.open),
	)
	left := container.NewBorder(nil, nil, container.NewGridWrap(small, s.stateIcon), nil, kit.Inset(look.Gap, 0, s.state))
	s.box = container.NewBorder(nil, nil, nil, right, left)
	return kit.Rendered(s, kit.NewPlate(look.ColorSidebar, 0, kit.Inset(look.GapLarge, 6, s.box)))
}

func (s *statusLine) show(status face.Status) {
	state := tracker.ConnectionWords(status)
	text := state.Text
	if advice := words.Advice(status.Reach); advice != "" && status.Connection == face.ConnectionConnected {
		text = words.Join(text, advice)
	}
	s.state.Short = state.Text // the Tracker page has the rest
	s.state.SetText(text)
	s.stateIcon.SetResource(look.Tinted(state.Icon, state.Color))
	s.down.SetText(words.Rate(status.DownRate))
	s.up.SetText(words.Rate(status.UpRate))
	peers, open := s.peers.Text, s.open.Text
	s.peers.SetText(words.OthersOnline(status.PeersOnline))
	s.open.SetText(words.Verdict(status.Reach.Verdict))
	switch status.Reach.Verdict {
	case netproto.VerdictReachable, netproto.VerdictRouter, netproto.VerdictCalled:
		s.openIcon.SetResource(look.Tinted(theme.ConfirmIcon(), theme.ColorNameSuccess))
	case netproto.VerdictRelay, netproto.VerdictUnreachable:
		s.openIcon.SetResource(look.Tinted(theme.WarningIcon(), theme.ColorNameWarning))
	default:
		s.openIcon.SetResource(look.Tinted(theme.QuestionIcon(), look.ColorCaption))
	}
	if changed := kit.Reveal(nil, s.quick, status.QuickLimit); s.box != nil && (changed || s.open.Text != open || s.peers.Text != peers) {
		s.box.Refresh()
	}
}

// Tapped opens the Tracker page.
func (s *statusLine) Tapped(*fyne.PointEvent) { s.window.GoTo(pages.PlaceTracker) }

// Cursor shows that the line can be clicked.
func (s *statusLine) Cursor() desktop.Cursor { return desktop.PointerCursor }
