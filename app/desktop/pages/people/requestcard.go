//go:build !darwin || cgo

package people

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// fewCards is how many requests are shown as cards. The others wait below them in one
// line, so that nobody can fill the window.
const fewCards = 2

// requestCards are what others want to send and what waits for an answer: of people who
// are known first, so that strangers cannot hide them, and then the oldest first.
type requestCards struct {
	window pages.Window
	engine face.People
	box    *fyne.Container
	cards  [fewCards]*requestCard
	more   *kit.Line
	rest   *fyne.Container // the line of the others
	shown  []face.Request  // all that wait
}

func newRequestCards(w pages.Window, engine face.People, showAll func()) *requestCards {
	c := &requestCards{window: w, engine: engine, box: container.NewVBox(), more: kit.NewCaption()}
	for i := range c.cards {
		c.cards[i] = newRequestCard(w, engine, i == 0)
		c.box.Add(c.cards[i].card)
	}
	c.rest = container.NewBorder(nil, nil, nil, container.NewHBox(
		kit.NewButton(words.L("Decline all"), c.declineAll), kit.NewButton(words.L("Show all"), showAll)), kit.Inset(look.GapMedium, 0, c.more))
	c.rest.Hide()
	c.box.Add(c.rest)
	c.box.Hide()
	return c
}

// show shows the requests of an inbox that wait. It reports whether they take other
// room.
func (c *requestCards) show(inbox []face.Request, known func(netproto.PeerID) face.Person) bool {
	c.shown = nil
	for _, r := range slices.Backward(inbox) { // the newest come first
		if r.State == face.RequestWaiting {
			c.shown = append(c.shown, r)
		}
	}
	strange := func(r face.Request) int {
		if k := known(r.PeerID).Known; k.Favourite || k.Verified || k.Always {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(c.shown, func(a, b face.Request) int { return strange(a) - strange(b) })
	changed := false
	for i, card := range c.cards {
		if i < len(c.shown) {
			changed = card.fill(c.shown[i], known(c.shown[i].PeerID)) || changed
		}
		changed = kit.Reveal(nil, card.card, i < len(c.shown)) || changed
	}
	if more := len(c.shown) - fewCards; more > 0 {
		c.more.SetText(words.N("{{.Count}} more requests wait for an answer", more, words.Values{"Count": words.Count(more)}))
	}
	changed = kit.Reveal(nil, c.rest, len(c.shown) > fewCards) || changed
	return kit.Reveal(nil, c.box, len(c.shown) > 0) || changed
}

func (c *requestCards) declineAll() {
	var ids []string
	for _, r := range c.shown {
		ids = append(ids, r.ID)
	}
	declineRequests(c.window, c.engine, ids...)
}

// requestCard shows who wants to send what, and takes the answer.
type requestCard struct {
	window               pages.Window
	engine               face.People
	request              face.Request
	person               face.Person
	face                 *portrait.Portrait
	title, what, message *kit.Line
	marks                *portrait.MarkIcons
	lines                *fyne.Container
	card                 fyne.CanvasObject
}

// newRequestCard makes a card; first says that its answer is the next step on the page.
func newRequestCard(w pages.Window, engine face.People, first bool) *requestCard {
	c := &requestCard{window: w, engine: engine, face: portrait.New(portrait.Side), title: kit.NewNameLine(), what: kit.NewCaption(),
		message: kit.NewCaption(), marks: portrait.NewMarkIcons()}
	accept := kit.NewButtonWithIcon(words.L("Accept"), theme.DownloadIcon(), func() { acceptRequest(w, engine, c.request.ID, "") })
	if first {
		accept.Importance = widget.HighImportance
	}
	decline := kit.NewButton(words.L("Decline"), func() { declineRequests(w, engine, c.request.ID) })
	var other *kit.IconButton
	other = kit.NewIconButton(w.Host().Tips, theme.MoreHorizontalIcon(), words.L("More answers"), func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(other).AddXY(0, other.Size().Height)
		widget.ShowPopUpMenuAtPosition(c.menu(), w.Host().Canvas, at)
	})
	c.message.CutMiddle = true // Details shows all of it
	c.lines = container.New(portrait.NameOverCaption{}, c.what, c.message)
	text := container.NewBorder(container.NewBorder(nil, nil, nil, c.marks.Box, c.title), nil, nil, container.NewHBox(decline, accept, other), c.lines)
	c.card = kit.NewPlate(theme.ColorNameHeaderBackground, 10, kit.Inset(look.GapMedium, look.GapMedium, container.NewBorder(nil, nil,
		container.NewCenter(c.face.Box), nil, kit.Inset(look.GapMedium, 0, text))))
	return c
}

// fill shows another request. It reports whether the card takes other room.
func (c *requestCard) fill(r face.Request, person face.Person) bool {
	c.request, c.person = r, person
	c.face.Set(r.Key, person.Online)
	c.title.SetText(words.L("{{.Name}} wants to send you something", words.Values{"Name": portrait.NameOf(r.Name, r.PeerID)}))
	c.what.SetText(words.Join(words.Files(r.Files), words.Size(r.Size), ItemsOf(r)))
	c.message.SetText(messageWords(r))
	changed := kit.Reveal(c.lines, c.message, r.Message != "")
	return c.marks.Set(portrait.MarksOf(person)) || changed
}

// menu has the other answers.
func (c *requestCard) menu() *fyne.Menu {
	w, id, name := c.window, c.request.ID, portrait.NameOf(c.request.Name, c.request.PeerID)
	menu := &kit.Menu{}
	menu.Add(words.L("Details"), theme.InfoIcon(), func() { showRequest(w, c.engine, c.request, false) })
	menu.Add(words.L("Save to…"), theme.FolderOpenIcon(), func() {
		w.Sheets().PickFolder(words.L("Choose the folder for downloads"), "", func(path string) { acceptRequest(w, c.engine, id, path) })
	})
	menu.Add(words.L("Always accept from {{.Name}}…", words.Values{"Name": name}), theme.ConfirmIcon(), func() {
		askAlways(w, c.engine, c.request.PeerID, name, func() { acceptRequest(w, c.engine, id, "") })
	})
	menu.Separate()
	menu.Add(words.L("Go to {{.Name}}", words.Values{"Name": name}), theme.AccountIcon(), func() { w.GoToPerson(c.request.PeerID) })
	menu.Add(words.L("Block {{.Name}}", words.Values{"Name": name}), look.Icon("block"), func() { portrait.Block(w, c.engine, c.request.PeerID, name) })
	return &menu.Menu
}

// showRequest shows everything that is in a request.
func showRequest(w pages.Window, engine face.People, r face.Request, out bool) {
	mark := requestMark(r, out)
	facts := kit.NewFacts()
	with := words.L("Sender")
	if out {
		with = words.L("Recipient")
	}
	list := []kit.Fact{{Name: with, Value: cmp.Or(r.Name, portrait.NameOf("", r.PeerID))}, {Name: words.L("State"), Said: true, Value: mark.Text},
		{Name: words.L("Size"), Said: true, Value: words.Join(words.Files(r.Files), words.Size(r.Size))}}
	if r.Message != "" {
		list = append(list, kit.Fact{Name: words.L("Message"), Value: r.Message})
	}
	if r.Folder != "" {
		list = append(list, kit.Fact{Name: words.L("Folder"), Value: r.Folder})
	}
	facts.Set(list)
	items := kit.NewList(func() int { return len(r.Items) }, func() fyne.CanvasObject { return ticks.NewRow() },
		func(i widget.ListItemID, object fyne.CanvasObject) {
			item := r.Items[i]
			line := ticks.Line{Name: netproto.Printable(item.Name), Detail: words.Size(item.Size),
				Icon: pages.KindIcon(netproto.KindOf(item.Name, "", item.Folder)), Tint: look.ColorCaption}
			if item.Folder {
				line.Detail = words.Join(words.Files(item.Files), line.Detail)
			}
			object.(*ticks.Row).Fill(line, func(bool) {})
		})
	items.HideSeparators = true
	buttons := []fyne.CanvasObject{w.Sheets().CloseButton()}
	if !out && r.State == face.RequestWaiting {
		answer := func(act func()) func() {
			return func() {
				w.Sheets().Close()
				act()
			}
		}
		buttons = append(buttons, kit.NewButton(words.L("Decline"), answer(func() { declineRequests(w, engine, r.ID) })),
			kit.PrimaryButton(words.L("Accept"), theme.DownloadIcon(), answer(func() { acceptRequest(w, engine, r.ID, "") })))
	}
	w.Sheets().Open(ItemsOf(r), container.NewBorder(facts.Box, nil, nil, nil, items), fyne.NewSize(560, 460), buttons...)
}

// askAlways asks where to save what a person sends from now on, without asking again.
func askAlways(w pages.Window, engine face.People, id netproto.PeerID, name string, then func()) {
	folder := kit.NewTextEntry(w.Host().Pressed)
	folder.PlaceHolder = words.L("The folder for downloads")
	choose := kit.NewButtonWithIcon(words.L("Choose"), theme.FolderOpenIcon(), func() {
		w.Sheets().PickFolder(words.L("Choose the folder for downloads"), folder.Text, folder.SetText)
	})
	agree := kit.PrimaryButton(words.L("Always accept"), theme.ConfirmIcon(), func() {
		w.Sheets().Close()
		portrait.Know(w, engine, id, func(k *face.Known) { k.Always, k.Folder = true, folder.Text }, then)
	})
	text := words.L("Everything {{.Name}} sends from now on is downloaded without asking. You can change this on their page.", words.Values{"Name": name})
	w.Sheets().Open(words.L("Always accept from {{.Name}}?", words.Values{"Name": name}), container.NewVBox(kit.Paragraph(text),
		kit.Labelled(words.L("Save to"), container.NewBorder(nil, nil, nil, choose, folder), nil)), fyne.NewSize(520, 300), w.Sheets().CancelButton(), agree)
}
