//go:build !darwin || cgo

package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// PersonName is how a person is called.
func PersonName(p face.Person) string { return NameOf(p.Name, p.PeerID) }

// ChoosePerson lets the person choose somebody.
func ChoosePerson(w Window, engine face.People, chosen func(face.Person)) {
	list := kit.NewRowList(w.Host(), func(r personRow) string { return string(r.id[:]) }, func(r personRow) string { return r.name },
		func() kit.RowView[personRow] { return newPersonView() })
	hint := kit.Paragraph(words.L("One moment…"))
	var people []face.Person
	choose := func(row personRow) {
		for _, person := range people {
			if person.PeerID == row.id {
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
		Ask(w, func(ctx context.Context) (face.PeopleList, error) { return engine.People(ctx, sought) }, func(found face.PeopleList, err error) {
			if asked != turn {
				return // an older answer
			}
			people = found.People
			list.SetRows(personRows(people, nil))
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
