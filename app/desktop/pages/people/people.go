//go:build !darwin || cgo

// Package people is the page of the people on the tracker and of their requests, and the page of
// each of them.
package people

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// peopleFresh is how old the list of people gets while it is looked at: who comes and
// goes does not change anything in the engine.
const peopleFresh = 5 * time.Second

// Engine is what the page of the people needs of the engine.
type Engine interface {
	face.People
	face.Search
	face.Downloads
	face.Trackers
}

// The chips of the page, in order.
const (
	showPeople = iota
	showSent
	showReceived
)

// Page shows who is there: on the trackers, and who is known. What is dropped on
// somebody is sent to them. Cards above the rows ask about what others send. One
// person's page takes the place of the list.
type Page struct {
	*pages.RowsPage
	engine   Engine
	send     func(to face.Person, folder bool)
	screen   *fyne.Container // the list, or one person's page
	cards    *requestCards
	chips    *kit.Chips
	field    *kit.TextEntry
	list     *lists.List[portrait.Row]
	requests *lists.List[requestRow]
	body     *fyne.Container // one of the lists, or none
	none     *kit.Text
	strip    *fyne.Container
	more     *kit.Line

	sought  atomic.Pointer[string]     // in the field; for the goroutine that pulls
	opened  atomic.Pointer[personPage] // nil while the list is shown
	news    peopleNews                 // as shown
	forget  func()                     // cancels the next look at who is there
	pending bool                       // there is one
}

// peopleNews is what the engine says.
type peopleNews struct {
	list    face.PeopleList
	problem error // why the trackers do not say who is there
	in, out []face.Request
}

// New makes the page. send lets the person choose files, or a folder, for
// somebody.
func New(w pages.Window, engine Engine, send func(to face.Person, folder bool)) *Page {
	p := &Page{RowsPage: pages.NewRowsPage(w), engine: engine, send: send, more: kit.NewCaption(), none: kit.Hint(""), forget: func() {}}
	p.none.Alignment = fyne.TextAlignCenter
	p.sought.Store(new(string))
	p.cards = newRequestCards(w, engine, func() { p.chips.Choose(showReceived) })
	p.list = lists.New(w.Host(), func(r portrait.Row) string { return string(r.ID[:]) }, func(r portrait.Row) string { return r.Name },
		func() lists.View[portrait.Row] { return portrait.NewRowView() })
	p.list.Opened = func(r portrait.Row) { p.Show(r.ID) }
	p.list.Menu = p.rowMenu
	p.list.Picked = p.showStrip
	p.requests = newRequestList(w, engine, p.openRequest)
	p.chips = kit.NewChips([]words.Phrase{"People", "Sent", "Received"}, p.arrange)
	p.field = kit.NewTextEntry(w.Host().Pressed)
	p.field.PlaceHolder = words.L("Find in this list")
	p.field.OnChanged = p.seek
	p.body = container.NewStack(p.list)
	filter := container.New(pages.FilterLayout{}, p.chips.Box, p.field)
	rows := container.NewBorder(container.NewVBox(p.cards.box, filter), nil, nil, nil, p.body)
	open := kit.NewButtonWithIcon(words.L("Open"), theme.AccountIcon(), p.Open)
	files := kit.NewButtonWithIcon(words.L("Send files"), theme.FileIcon(), p.onChosen(func(to face.Person) { send(to, false) }))
	p.strip = kit.Inset(0, look.Gap, container.NewBorder(nil, nil, nil, container.NewHBox(open, files), kit.Inset(look.GapMedium, 0, p.more)))
	p.strip.Hide()
	p.Build(pages.PlacePeople, func() { p.main().Focus() }, rows, p.strip, p.nobody)
	p.screen = container.NewStack(p.Content)
	return p
}

// main is the list that is shown.
func (p *Page) main() interface{ Focus() } {
	if p.chips.Chosen == showPeople {
		return p.list
	}
	return p.requests
}

// Screen is everything that the page shows.
func (p *Page) Screen() fyne.CanvasObject { return p.screen }

// Focus gives the focus to the rows, or to the page of a person.
func (p *Page) Focus() {
	if one := p.opened.Load(); one != nil {
		one.focus()
		return
	}
	p.RowsPage.Focus()
}

// Pull asks the engine who is there and what was sent.
func (p *Page) Pull(ctx context.Context) func() {
	var news peopleNews
	var err error
	news.list, news.problem = p.engine.People(ctx, *p.sought.Load())
	if news.in, err = p.engine.Inbox(ctx); err == nil {
		news.out, err = p.engine.Outbox(ctx)
	}
	if err != nil {
		return func() { p.Fail(err) }
	}
	showOne := func() {}
	if one := p.opened.Load(); one != nil {
		showOne = one.pull(ctx)
	}
	return func() {
		p.show(news)
		showOne()
		p.lookAgain()
	}
}

// lookAgain has the page pulled again after a while.
func (p *Page) lookAgain() {
	if p.pending {
		return
	}
	p.pending = true
	p.forget = p.Window.After(peopleFresh, func() {
		p.pending = false
		if p.Window.Shows(pages.PlacePeople) { // else it is pulled when it is shown
			p.Window.Poke()
		}
	})
}

func (p *Page) show(news peopleNews) {
	p.news = news
	if p.cards.show(news.in, p.person) {
		p.Content.Refresh()
	}
	p.chips.Count(showPeople, len(news.list.People))
	p.chips.Count(showSent, len(news.out))
	p.chips.Count(showReceived, len(news.in))
	p.Summary.SetText(p.summaryWords())
	p.arrange()
}

// summaryWords says how many are online, or why nobody can be seen.
func (p *Page) summaryWords() string {
	if p.news.problem != nil {
		return words.Explain(face.FailureOf(p.news.problem)).Headline()
	}
	online := 0
	for _, person := range p.news.list.People {
		if person.Online {
			online++
		}
	}
	text := words.Online(online)
	if p.news.list.More {
		text = words.Join(text, words.L("search to find more people"))
	}
	return text
}

// arrange shows what the chips say.
func (p *Page) arrange() {
	var body fyne.CanvasObject = p.requests
	rows := 0
	switch p.chips.Chosen {
	case showPeople:
		body, rows = p.list, len(p.news.list.People)
		p.list.SetRows(portrait.Rows(p.news.list.People, p.underWay()))
	case showSent:
		p.requests.SetRows(requestRows(p.news.out, true))
		rows = len(p.news.out)
	case showReceived:
		p.requests.SetRows(requestRows(p.news.in, false))
		rows = len(p.news.in)
	}
	if rows == 0 {
		p.none.SetText(p.emptyWords())
		body = p.none
	}
	if p.body.Objects[0] != body {
		p.body.Objects = []fyne.CanvasObject{body}
		p.body.Refresh()
	}
	kit.Reveal(nil, p.field, p.chips.Chosen == showPeople)
	p.Reason = ""
	if p.withoutTracker() {
		p.Reason = "untracked"
	}
	p.ShowRows(len(p.news.list.People)+len(p.news.in)+len(p.news.out) > 0 || p.field.Text != "")
	p.showStrip()
}

// emptyWords says why a list is empty.
func (p *Page) emptyWords() string {
	switch {
	case p.chips.Chosen == showSent:
		return words.L("What you send to people appears here.")
	case p.chips.Chosen == showReceived:
		return words.L("What people send you appears here.")
	case p.field.Text != "":
		return words.L("Nobody with that name is here.")
	default:
		return words.L("Nobody else is here yet.")
	}
}

// underWay says what is being sent to whom.
func (p *Page) underWay() map[netproto.PeerID]string {
	doing := map[netproto.PeerID]string{}
	for _, r := range slices.Backward(p.news.out) { // the newest wins
		if !r.State.Over() {
			doing[r.PeerID] = words.L("{{.State}}: {{.Name}}", words.Values{"State": requestMark(r, true).Text, "Name": ItemsOf(r)})
		}
	}
	return doing
}

// withoutTracker reports whether no tracker is chosen, so that nobody can be seen.
func (p *Page) withoutTracker() bool {
	connection := p.Window.Status().Connection
	return connection == face.ConnectionNone || connection == ""
}

// nobody is the page without anybody.
func (p *Page) nobody() fyne.CanvasObject {
	w := p.Window
	if p.withoutTracker() {
		return kit.EmptyScreen(theme.StorageIcon(), words.L("To see people, choose the tracker where your group meets, or run one yourself."),
			kit.NewButton(words.L("Choose a tracker"), func() { w.GoTo(pages.PlaceTracker) }))
	}
	return kit.EmptyScreen(look.Icon("people"), words.L("Nobody else is here yet. Invite people: as soon as they are here, you can drop files on them."),
		kit.NewButtonWithIcon(words.L("Invite people"), theme.AccountIcon(), func() { pages.Invite(w, p.engine) }))
}

// person is what is known of somebody.
func (p *Page) person(id netproto.PeerID) face.Person {
	for _, person := range p.news.list.People {
		if person.PeerID == id {
			return person
		}
	}
	return face.Person{PeerID: id}
}

func (p *Page) seek(text string) {
	text = strings.TrimSpace(text)
	p.sought.Store(&text)
	p.Window.Poke()
}

// chosen are the selected people.
func (p *Page) chosen() []face.Person {
	var people []face.Person
	if p.chips.Chosen == showPeople {
		for _, row := range p.list.Selection() {
			people = append(people, p.person(row.ID))
		}
	}
	return people
}

// onChosen returns an action on the first selected person.
func (p *Page) onChosen(do func(face.Person)) func() {
	return func() {
		if people := p.chosen(); len(people) > 0 {
			do(people[0])
		}
	}
}

func (p *Page) showStrip() {
	people := p.chosen()
	if len(people) > 0 {
		p.more.SetText(words.Join(portrait.NameOf(people[0].Name, people[0].PeerID), portrait.Presence(people[0]),
			portrait.Moved(people[0]), portrait.Shares(people[0])))
	}
	if kit.Reveal(nil, p.strip, len(people) == 1 && p.State == "rows") {
		p.Content.Refresh()
	}
}

func (p *Page) rowMenu() *fyne.Menu {
	people := p.chosen()
	if len(people) != 1 {
		return nil
	}
	menu := &kit.Menu{}
	menu.Add(words.L("Open"), theme.AccountIcon(), func() { p.Show(people[0].PeerID) })
	addSending(menu, people[0], p.send)
	menu.Separate()
	addKnowing(menu, p.Window, p.engine, people[0])
	return &menu.Menu
}

// addSending adds the ways to send something to somebody.
func addSending(menu *kit.Menu, to face.Person, send func(to face.Person, folder bool)) {
	menu.Add(words.L("Send files"), theme.FileIcon(), func() { send(to, false) })
	menu.Add(words.L("Send a folder"), theme.FolderIcon(), func() { send(to, true) })
}

// addKnowing adds what can be remembered of somebody.
func addKnowing(menu *kit.Menu, w pages.Window, engine face.People, person face.Person) {
	name := portrait.NameOf(person.Name, person.PeerID)
	menu.Add(words.L("Details"), theme.InfoIcon(), func() { showPerson(w, person) })
	menu.Add(words.L("Favourite"), look.Icon("star"), func() {
		portrait.Know(w, engine, person.PeerID, func(k *face.Known) { k.Favourite = !person.Favourite }, nil)
	}).Checked = person.Favourite
	menu.Add(words.L("Verify…"), look.Icon("verify"), func() { openVerify(w, engine, person) }).Checked = person.Verified
	menu.Add(words.L("Always accept from {{.Name}}…", words.Values{"Name": name}), theme.ConfirmIcon(), func() {
		if person.Always {
			portrait.Know(w, engine, person.PeerID, func(k *face.Known) { k.Always, k.Folder = false, "" }, nil)
			return
		}
		askAlways(w, engine, person.PeerID, name, nil)
	}).Checked = person.Always
	if person.Blocked {
		menu.Add(words.L("Unblock {{.Name}}", words.Values{"Name": name}), look.Icon("block"), func() {
			portrait.Know(w, engine, person.PeerID, func(k *face.Known) { k.Blocked = false }, nil)
		})
		return
	}
	menu.Add(words.L("Block {{.Name}}", words.Values{"Name": name}), look.Icon("block"), func() { portrait.Block(w, engine, person.PeerID, name) })
}

// openRequest shows what is in a request.
func (p *Page) openRequest(id string) {
	for _, r := range p.news.in {
		if r.ID == id {
			showRequest(p.Window, p.engine, r, false)
			return
		}
	}
	for _, r := range p.news.out {
		if r.ID == id {
			showRequest(p.Window, p.engine, r, true)
			return
		}
	}
}

// Show shows the page of a person.
func (p *Page) Show(id netproto.PeerID) {
	one := newPersonPage(p, p.person(id))
	p.opened.Store(one)
	p.screen.Objects = []fyne.CanvasObject{one.box}
	p.screen.Refresh()
	one.begin()
	p.Window.Poke()
}

// Back leaves the page of a person. It reports whether one was shown.
func (p *Page) Back() bool {
	if p.opened.Swap(nil) == nil {
		return false
	}
	p.screen.Objects = []fyne.CanvasObject{p.Content}
	p.screen.Refresh()
	p.RowsPage.Focus()
	return true
}

// Under returns the person whose row is under the pointer, or whose page is shown.
// sure is false for a page: what is dropped on it may be meant for everybody.
func (p *Page) Under() (person face.Person, sure, ok bool) {
	if one := p.opened.Load(); one != nil {
		return one.person, false, true
	}
	if p.chips.Chosen != showPeople || p.State != "rows" {
		return person, false, false
	}
	row, ok := p.list.Hovered()
	return p.person(row.ID), true, ok
}

// Toggle does nothing: people cannot be paused.
func (p *Page) Toggle() {}

// Remove does nothing: people cannot be removed.
func (p *Page) Remove() {}

// Open shows the page of the selected person.
func (p *Page) Open() { p.onChosen(func(person face.Person) { p.Show(person.PeerID) })() }
