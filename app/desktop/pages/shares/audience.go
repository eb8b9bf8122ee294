//go:build !darwin || cgo

package shares

import (
	"context"
	"image/color"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
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

// audienceChoice is somebody who may see something.
type audienceChoice struct {
	to   face.Visibility
	name words.Phrase
}

var audienceChoices = []audienceChoice{
	{face.VisibleEverybody, "Everybody can see it"},
	{face.VisibleLink, "Only with the link"},
	{face.VisiblePeople, "Only chosen people"},
}

var endChoices = []struct {
	name  words.Phrase
	after time.Duration
	count int // complete downloads
}{
	{name: "Never ends"},
	{name: "Ends in an hour", after: time.Hour},
	{name: "Ends in a day", after: 24 * time.Hour},
	{name: "Ends in a week", after: 7 * 24 * time.Hour},
	{name: "Ends in 30 days", after: 30 * 24 * time.Hour},
	{name: "Ends after 1 download", count: 1},
	{name: "Ends after 10 downloads", count: 10},
}

// Audience asks who may see what is shared, and for how long.
type Audience struct {
	Box    *fyne.Container
	window pages.Window
	who    *kit.Select
	end    *kit.Select
	now    face.Visible
	kept   bool // the first choice of end is the one there is
	people []face.Person
	chosen map[netproto.PublicKey]bool
	list   *kit.List
	room   *fyne.Container // of the list
	hint   *kit.Line
}

// NewAudience asks about what is visible as now says. changed is called after it took
// other room.
func NewAudience(w pages.Window, engine face.People, now face.Visible, changed func()) *Audience {
	a := &Audience{window: w, now: now, kept: !now.Expires.IsZero() || now.Count > 0, chosen: map[netproto.PublicKey]bool{}, hint: kit.NewCaption()}
	for _, key := range now.People {
		a.chosen[key] = true
	}
	var who, ends []string
	for _, choice := range audienceChoices {
		who = append(who, choice.name.String())
	}
	if a.kept {
		ends = append(ends, endWords(now.Expires, now.Count))
	}
	for _, choice := range endChoices {
		ends = append(ends, choice.name.String())
	}
	a.who, a.end = pages.NewFilter(who), pages.NewFilter(ends)
	a.list = kit.NewList(func() int { return len(a.people) }, func() fyne.CanvasObject { return ticks.NewRow() }, a.fill)
	a.list.HideSeparators = true
	const high = 132
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(0, high))
	a.room = container.NewBorder(a.hint, nil, nil, nil, container.NewStack(least, a.list))
	a.Box = container.NewVBox(kit.NewFlow(a.who, a.end), a.room)
	a.who.SetSelectedIndex(slices.IndexFunc(audienceChoices, func(c audienceChoice) bool { return c.to == now.To }))
	a.end.SetSelectedIndex(0)
	show := func() {
		kit.Reveal(a.Box, a.room, a.to() == face.VisiblePeople)
		if a.to() == face.VisiblePeople && a.people == nil {
			a.load(engine)
		}
	}
	show()
	a.who.OnChanged = func(string) {
		show()
		changed()
	}
	return a
}

func (a *Audience) to() face.Visibility { return audienceChoices[max(a.who.SelectedIndex(), 0)].to }

// load asks who there is to choose from.
func (a *Audience) load(engine face.People) {
	a.hint.SetText(words.L("One moment…"))
	pages.Ask(a.window, func(ctx context.Context) (face.PeopleList, error) { return engine.People(ctx, "") }, func(found face.PeopleList, err error) {
		a.people = slices.DeleteFunc(found.People, func(p face.Person) bool { return p.Blocked })
		a.hint.SetText(words.L("Others cannot see that it exists."))
		switch {
		case len(a.people) > 0:
		case err != nil:
			a.hint.SetText(words.Explain(face.FailureOf(err)).Headline())
		default:
			a.hint.SetText(words.L("Nobody else is here yet."))
		}
		a.list.Refresh()
	})
}

func (a *Audience) fill(i widget.ListItemID, object fyne.CanvasObject) {
	person := a.people[i]
	line := ticks.Line{Name: portrait.Name(person), Detail: portrait.Presence(person), Icon: theme.AccountIcon(), Tint: look.ColorCaption, Tick: ticks.Unticked}
	if a.chosen[person.Key] {
		line.Tick = ticks.Ticked
	}
	object.(*ticks.Row).Fill(line, func(ticked bool) { a.chosen[person.Key] = ticked })
}

// Visible returns what was chosen. It says what is missing, and returns false, if
// nobody could see it.
func (a *Audience) Visible() (v face.Visible, ok bool) {
	v.To = a.to()
	if v.To == face.VisiblePeople {
		for key, yes := range a.chosen {
			if yes {
				v.People = append(v.People, key)
			}
		}
		if len(v.People) == 0 {
			a.hint.Set(words.L("Choose at least one person."), theme.ColorNameError)
			return v, false
		}
	}
	at := max(a.end.SelectedIndex(), 0)
	if a.kept {
		if at == 0 {
			v.Expires, v.Count = a.now.Expires, a.now.Count
			return v, true
		}
		at--
	}
	if end := endChoices[at]; end.after > 0 {
		v.Expires = time.Now().Add(end.after)
	} else {
		v.Count = end.count
	}
	return v, true
}

// endWords says when something ends; "" if it does not.
func endWords(expires time.Time, left int) string {
	text := ""
	if !expires.IsZero() {
		text = words.L("until {{.Time}}", words.Values{"Time": words.Day(expires, time.Now())})
	}
	if left > 0 {
		text = words.Join(text, words.N("{{.Count}} more downloads", left, words.Values{"Count": words.Count(left)}))
	}
	return text
}

// visibleWords says who may see a share, and for how long.
func visibleWords(s face.Share) string {
	var who string
	switch s.Visible {
	case face.VisibleEverybody:
		who = words.L("Everybody")
	case face.VisibleLink:
		who = words.L("With the link")
	default:
		who = s.To
	}
	return words.Join(who, endWords(s.Expires, s.Left))
}

// audienceEngine is what the sheet needs of the engine.
type audienceEngine interface {
	face.Audiences
	face.People
}

// openAudience asks who may see shares. It starts from how the first is now.
func openAudience(w pages.Window, engine audienceEngine, shares []face.Share) {
	var ids []string
	for _, s := range shares {
		ids = append(ids, s.ID)
	}
	pages.Ask(w, func(ctx context.Context) (face.Visible, error) { return engine.VisibleTo(ctx, ids[0]) }, func(now face.Visible, err error) {
		if err != nil {
			w.Fail(err)
			return
		}
		audience := NewAudience(w, engine, now, func() {})
		save := kit.PrimaryButton(words.L("Save"), theme.ConfirmIcon(), func() {
			visible, ok := audience.Visible()
			if !ok {
				return
			}
			w.Act(func(ctx context.Context) error { return engine.SetVisible(ctx, ids, visible) }, w.Sheets().CloseAll)
		})
		title := words.N("{{.Count}} shares: who can see them?", len(shares), words.Values{"Count": words.Count(len(shares))})
		if len(shares) == 1 {
			title = words.L("{{.Name}}: who can see it?", words.Values{"Name": netproto.Printable(words.CutName(shares[0].Name))})
		}
		text := kit.Paragraph(words.L(
			"If you restrict it, it disappears from searches and lists, and people who may no longer have it cannot finish their downloads."))
		w.Sheets().Open(title, container.NewVBox(text, audience.Box), fyne.NewSize(560, 360), w.Sheets().CancelButton(), save)
	})
}
