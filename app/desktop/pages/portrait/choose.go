//go:build !darwin || cgo

package portrait

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Name is how a person is called.
func Name(p face.Person) string { return NameOf(p.Name, p.PeerID) }

// Choose lets the person choose somebody.
func Choose(w pages.Window, engine face.People, chosen func(face.Person)) {
	list := lists.New(w.Host(), func(r Row) string { return string(r.ID[:]) }, func(r Row) string { return r.Name },
		func() lists.View[Row] { return NewRowView() })
	hint := kit.Paragraph(words.L("One moment…"))
	var people []face.Person
	choose := func(row Row) {
		for _, person := range people {
			if person.PeerID == row.ID {
				w.Sheets().Close()
				chosen(person)
				return
			}
		}
	}
	list.Opened = choose
	take := kit.PrimaryButton(words.L("Choose"), theme.ConfirmIcon(), func() {
		if rows := list.Selection(); len(rows) > 0 {
			choose(rows[0])
		}
	})
	take.Disable()
	list.Picked = func() {
		if len(list.Selection()) > 0 {
			take.Enable()
		}
	}
	field := kit.NewTextEntry(w.Host().Pressed)
	field.PlaceHolder = words.L("Find in this list")
	turn := 0
	look := func(sought string) {
		turn++
		asked := turn
		pages.Ask(w, func(ctx context.Context) (face.PeopleList, error) { return engine.People(ctx, sought) }, func(found face.PeopleList, err error) {
			if asked != turn {
				return // an older answer
			}
			people = found.People
			list.SetRows(Rows(people, nil))
			switch {
			case err != nil && len(people) == 0:
				hint.SetText(words.Explain(face.FailureOf(err)).String())
			case len(people) == 0:
				hint.SetText(words.L("Nobody with that name is here."))
			default:
				hint.SetText(words.L("Only they can download it, once they accept."))
			}
		})
	}
	field.OnChanged = look
	w.Sheets().Open(words.L("Send to whom?"), container.NewBorder(container.NewVBox(hint, field), nil, nil, nil, list), fyne.NewSize(480, 460),
		w.Sheets().CancelButton(), take)
	look("")
	list.Focus()
}

// Know changes what is remembered of a person, from what it is now. done may be nil.
func Know(w pages.Window, engine face.People, id netproto.PeerID, change func(*face.Known), done func()) {
	w.Act(func(ctx context.Context) error {
		person, err := engine.Person(ctx, id)
		if err != nil {
			return err
		}
		change(&person.Known)
		return engine.Know(ctx, id, person.Known)
	}, done)
}

// Block blocks a person, and offers to take that back.
func Block(w pages.Window, engine face.People, id netproto.PeerID, name string) {
	Know(w, engine, id, func(k *face.Known) { k.Blocked = true }, func() {
		w.TellNext(words.L("{{.Name}} is blocked and can neither send you anything nor download from you.", words.Values{"Name": name}), words.L("Undo"),
			func() { Know(w, engine, id, func(k *face.Known) { k.Blocked = false }, nil) })
	})
}
