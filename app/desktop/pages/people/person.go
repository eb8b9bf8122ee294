//go:build !darwin || cgo

package people

import (
	"cmp"
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/drawings"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The chips of a person's page, in order.
const (
	showTheirShares = iota
	showBetweenUs
)

// personPage is the page of one person: what they share, and what was sent between
// them and the person at this computer.
type personPage struct {
	window        pages.Window
	engine        Engine
	person        face.Person
	box           *fyne.Container
	face          *portrait.Portrait
	name, caption *kit.Line
	moved         *kit.Line
	marks         *portrait.MarkIcons
	head          *fyne.Container
	star, verify  *kit.IconButton
	sending       *kit.Button
	chips         *kit.Chips
	shares        *shareTree
	requests      *lists.List[requestRow]
	rows          []requestRow
	none          *kit.Text
	body          *fyne.Container
}

func newPersonPage(p *Page, person face.Person) *personPage {
	w := p.Window
	one := &personPage{window: w, engine: p.engine, person: person, face: portrait.New(portrait.Side), name: kit.NewNameLine(), caption: kit.NewCaption(),
		moved: kit.NewCaption(), marks: portrait.NewMarkIcons(), none: kit.Hint(words.L("You have not sent each other anything yet."))}
	one.none.Alignment = fyne.TextAlignCenter
	one.name.TextSize = theme.SizeNameSubHeadingText
	tips := w.Host().Tips
	back := kit.NewIconButton(tips, theme.NavigateBackIcon(), words.L("Back"), func() { p.Back() })
	one.star = kit.NewIconButton(tips, look.Icon("star"), words.L("Favourite"), func() {
		favourite := one.person.Favourite
		portrait.Know(w, p.engine, person.PeerID, func(k *face.Known) { k.Favourite = !favourite }, nil)
	})
	one.verify = kit.NewIconButton(tips, look.Icon("verify"), words.L("Verify…"), func() { openVerify(w, p.engine, one.person) })
	var more *kit.IconButton
	more = kit.NewIconButton(tips, theme.MoreHorizontalIcon(), words.L("More actions"), func() {
		menu := &kit.Menu{}
		addSending(menu, one.person, p.send)
		menu.Separate()
		addKnowing(menu, w, p.engine, one.person)
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(more).AddXY(0, more.Size().Height)
		widget.ShowPopUpMenuAtPosition(&menu.Menu, w.Host().Canvas, at)
	})
	one.sending = kit.PrimaryButton(words.L("Send files"), theme.FileIcon(), func() { p.send(one.person, false) })
	one.shares = newShareTree(w, p.engine, person.PeerID, func(ticked bool) {
		one.sending.Importance = widget.HighImportance // the next step, unless something is chosen to be downloaded
		if ticked {
			one.sending.Importance = widget.MediumImportance
		}
		one.sending.Refresh()
	})
	one.requests = newRequestList(w, p.engine, p.openRequest)
	one.chips = kit.NewChips([]words.Phrase{"Shared files", "Sent and received"}, one.arrange)
	one.head = container.NewBorder(nil, nil, container.NewHBox(container.NewCenter(back), container.NewCenter(one.face.Box)),
		container.NewHBox(container.NewCenter(one.marks.Box), container.NewCenter(one.sending)),
		kit.Inset(look.GapMedium, look.Gap, container.New(portrait.NameOverCaption{}, one.name, one.caption, one.moved)))
	below := container.NewBorder(nil, nil, nil, container.NewHBox(one.star, one.verify, more), one.chips.Box)
	one.body = container.NewStack(one.shares.box)
	one.box = container.NewBorder(container.NewVBox(one.head, below), nil, nil, nil, one.body)
	one.fill(person)
	return one
}

// begin fetches what the person shares. The page must be in the window.
func (one *personPage) begin() {
	one.focus()
	one.shares.load()
}

func (one *personPage) focus() { one.window.Host().Canvas.Unfocus() }

// pull asks the engine about the person.
func (one *personPage) pull(ctx context.Context) func() {
	id := one.shares.person
	person, err := one.engine.Person(ctx, id)
	if err != nil {
		return func() {
			if netproto.CodeOf(err) != netproto.CodeUnreachable { // else the banner says so
				one.caption.SetText(words.Explain(face.FailureOf(err)).Headline())
			}
		}
	}
	in, err := one.engine.Inbox(ctx)
	if err != nil {
		return func() { one.window.Fail(err) }
	}
	out, err := one.engine.Outbox(ctx)
	if err != nil {
		return func() { one.window.Fail(err) }
	}
	with := func(r face.Request) bool { return r.PeerID != id }
	return func() {
		one.fill(person)
		rows := append(requestRows(slices.DeleteFunc(out, with), true), requestRows(slices.DeleteFunc(in, with), false)...)
		slices.SortStableFunc(rows, func(a, b requestRow) int { return b.sent.Compare(a.sent) })
		one.rows = rows
		one.requests.SetRows(rows)
		one.chips.Count(showBetweenUs, len(rows))
		one.arrange()
	}
}

// fill shows what is known of the person.
func (one *personPage) fill(person face.Person) {
	one.person = person
	one.face.Set(person.Key, person.Online)
	one.name.SetText(portrait.NameOf(person.Name, person.PeerID))
	one.caption.SetText(words.Join(portrait.Presence(person), portrait.Shares(person)))
	moved := portrait.Moved(person)
	one.moved.SetText(moved)
	if kit.Reveal(nil, one.moved, moved != "") {
		one.head.Refresh()
	}
	star, text := look.Icon("star"), words.L("Add to favourites")
	if person.Favourite {
		star, text = look.Tinted(star, theme.ColorNameWarning), words.L("Remove from favourites")
	}
	one.star.Set(star, text)
	shield, said := look.Icon("verify"), words.L("Verify…")
	if person.Verified {
		shield, said = look.Tinted(shield, theme.ColorNameSuccess), words.L("Verified")
	}
	one.verify.Set(shield, said)
	if one.marks.Set(portrait.Marks{Blocked: person.Blocked}) { // the buttons show the others
		one.head.Refresh()
	}
}

// arrange shows what the chips say.
func (one *personPage) arrange() {
	var body fyne.CanvasObject = one.shares.box
	if one.chips.Chosen == showBetweenUs {
		body = one.requests
		if len(one.rows) == 0 {
			body = one.none
		}
	}
	if one.body.Objects[0] != body {
		one.body.Objects = []fyne.CanvasObject{body}
		one.body.Refresh()
	}
}

// showPerson shows what is known of somebody: the whole name, too, which rows cut.
func showPerson(w pages.Window, person face.Person) {
	list := []kit.Fact{{Name: words.L("Name"), Value: cmp.Or(person.Name, portrait.NameOf("", person.PeerID))},
		{Name: words.L("State"), Said: true, Value: words.Join(portrait.Presence(person), portrait.Shares(person))}}
	if moved := portrait.Moved(person); moved != "" {
		list = append(list, kit.Fact{Name: words.L("Transfers"), Said: true, Value: moved})
	}
	if person.Always {
		list = append(list, kit.Fact{Name: words.L("Always accept"), Value: cmp.Or(person.Folder, words.L("The folder for downloads"))})
	}
	facts := kit.NewFacts()
	facts.Set(append(list, kit.Fact{Name: words.L("Identity"), Value: person.PeerID.String()}))
	w.Sheets().Open(portrait.NameOf(person.Name, person.PeerID), container.NewVScroll(facts.Box), fyne.NewSize(520, 360), w.Sheets().CloseButton())
}

// openVerify shows the words that two people compare.
func openVerify(w pages.Window, engine face.People, person face.Person) {
	name := portrait.NameOf(person.Name, person.PeerID)
	picture := drawings.NewPortrait(72)
	picture.Set(person.Key)
	said := container.NewGridWithColumns(3)
	for _, word := range person.Words {
		line := kit.NewLine(theme.ColorNameForeground, theme.SizeNameSubHeadingText)
		line.Style.Bold, line.Align, line.Whole = true, fyne.TextAlignCenter, true
		line.SetText(word)
		said.Add(kit.NewPlate(theme.ColorNameHeaderBackground, 8, kit.Inset(look.GapMedium, look.GapMedium, line)))
	}
	text := words.L("Call or meet {{.Name}}. If their page about you shows the same six words in the same order, nobody is between you.",
		words.Values{"Name": name})
	content := container.NewVBox(container.NewBorder(nil, nil, container.NewCenter(picture), nil, kit.Paragraph(text)), said)
	buttons := []fyne.CanvasObject{w.Sheets().CancelButton()}
	if person.Verified {
		buttons = append(buttons, kit.NewButton(words.L("Remove verification"), func() {
			w.Sheets().Close()
			portrait.Know(w, engine, person.PeerID, func(k *face.Known) { k.Verified = false }, nil)
		}))
	}
	buttons = append(buttons, kit.PrimaryButton(words.L("The words are the same"), theme.ConfirmIcon(), func() {
		w.Sheets().Close()
		portrait.Know(w, engine, person.PeerID, func(k *face.Known) { k.Verified = true }, func() {
			w.Tell(words.L("{{.Name}} is verified. A shield now marks their name.", words.Values{"Name": name}))
		})
	}))
	w.Sheets().Open(words.L("Verify {{.Name}}", words.Values{"Name": name}), content, fyne.NewSize(560, 320), buttons...)
}
