//go:build !darwin || cgo

package search

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// wishTick is how often the open sheet looks for news.
const wishTick = 2 * time.Second

// wish returns the search that is shown as a wish; false if no tracker would keep it.
func (p *Page) wish() (face.WishRequest, bool) {
	r := p.request("")
	asked := face.WishRequest{Words: r.Words, Kind: r.Kind, MinSize: r.MinSize, MaxSize: r.MaxSize, Owner: r.Owner}
	ok := netproto.Wish{Words: r.Words, Type: r.Kind, MinSize: r.MinSize, MaxSize: r.MaxSize, Owner: r.Owner}.Check() == nil
	return asked, ok
}

// makeWish keeps a wish, and leads to all of them.
func (p *Page) makeWish(request face.WishRequest) {
	p.window.Act(func(ctx context.Context) error {
		_, err := p.engine.AddWish(ctx, request)
		return err
	}, func() {
		p.window.TellNext(words.L("You are told when somebody shares something new that matches."), words.L("Show"), p.ShowWishes)
	})
}

// ShowWishes shows all wishes and what was found for them, and notes that the person has
// seen it.
func (p *Page) ShowWishes() {
	s := &wishSheet{page: p, top: container.NewStack(), fresh: map[netproto.ContentHash]bool{}, forget: func() {}}
	s.list = kit.NewList(func() int { return len(s.rows) }, func() fyne.CanvasObject { return newWishRow(s) },
		func(i int, row fyne.CanvasObject) { row.(*wishRow).fill(s.rows[i]) })
	s.list.OnSelected = func(i int) {
		s.list.UnselectAll()
		if find := s.rows[i].find; find != nil {
			p.getFind(*find)
		}
	}
	opened := p.window.Sheets().Open(words.L("Wishes"), container.NewBorder(s.top, nil, nil, nil, s.list), fyne.NewSize(640, 480),
		p.window.Sheets().CloseButton())
	opened.Gone = func() {
		s.gone = true
		s.forget()
	}
	s.look()
}

// getFind downloads what was found, or leads to it.
func (p *Page) getFind(f face.Find) {
	hit := face.Hit{Hit: netproto.Hit{Hash: f.Hash, Name: f.Name, Size: f.Size, Folder: f.Folder}, Kind: netproto.KindOf(f.Name, "", f.Folder)}
	pages.Ask(p.window, func(ctx context.Context) ([]face.Have, error) {
		return p.engine.Have(ctx, []netproto.ContentHash{f.Hash})
	},
		func(have []face.Have, err error) {
			if err != nil {
				p.window.Fail(err)
				return
			}
			hit.Have = have[0]
			p.window.Sheets().CloseAll()
			p.get([]face.Hit{hit})
		})
}

// wishSheet lists wishes, each above what was found for it.
type wishSheet struct {
	page   *Page
	top    *fyne.Container
	list   *kit.List
	wishes []face.Wish
	rows   []wishLine
	fresh  map[netproto.ContentHash]bool // found since the person last looked
	asked  bool                          // the engine has answered
	forget func()
	gone   bool
}

// wishLine is a wish, or one of its finds.
type wishLine struct {
	wish face.Wish
	find *face.Find // nil of the wish itself
}

// look shows how the wishes stand, until the sheet is closed.
func (s *wishSheet) look() {
	s.forget()
	engine := s.page.engine
	pages.Ask(s.page.window, func(ctx context.Context) ([]face.Wish, error) {
		wishes, err := engine.Wishes(ctx)
		if err == nil && slices.ContainsFunc(wishes, hasNews) {
			err = engine.SeeWishes(ctx)
		}
		return wishes, err
	}, func(wishes []face.Wish, err error) {
		switch {
		case s.gone:
			return
		case err != nil:
			s.page.window.Fail(err)
		default:
			s.show(wishes)
		}
		s.forget = s.page.window.After(wishTick, s.look)
	})
}

func hasNews(w face.Wish) bool {
	return slices.ContainsFunc(w.Found, func(f face.Find) bool { return f.New })
}

func (s *wishSheet) show(wishes []face.Wish) {
	same := s.asked && slices.EqualFunc(wishes, s.wishes, func(a, b face.Wish) bool {
		return a.ID == b.ID && a.Download == b.Download && a.Name == b.Name && slices.Equal(a.Found, b.Found)
	})
	if same {
		return
	}
	s.wishes, s.asked, s.rows = wishes, true, nil
	for _, w := range wishes {
		s.rows = append(s.rows, wishLine{wish: w})
		for i := range w.Found {
			s.fresh[w.Found[i].Hash] = s.fresh[w.Found[i].Hash] || w.Found[i].New
			s.rows = append(s.rows, wishLine{w, &w.Found[i]})
		}
	}
	s.top.Objects = s.offer()
	s.top.Refresh()
	s.list.Refresh()
}

// offer makes the search that is shown a wish, or says how one is made.
func (s *wishSheet) offer() []fyne.CanvasObject {
	request, ok := s.page.wish()
	known := slices.ContainsFunc(s.wishes, func(w face.Wish) bool {
		r := w.WishRequest
		r.Download, r.Name, r.Folder = false, "", ""
		return r == request
	})
	switch {
	case ok && !known:
		button := kit.NewButtonWithIcon(words.L("Tell me when something new matches “{{.Words}}”",
			words.Values{"Words": words.CutName(netproto.Printable(request.Words))}), look.Icon("star"), nil)
		button.OnTapped = func() {
			s.change(func(ctx context.Context) error { _, err := s.page.engine.AddWish(ctx, request); return err })
		}
		return []fyne.CanvasObject{container.NewHBox(button)}
	case len(s.wishes) == 0:
		return []fyne.CanvasObject{kit.Paragraph(words.L(
			"A wish is a search that keeps running: you are told when somebody shares something new that matches. To make one, search for something first."))}
	}
	return nil
}

// change changes the wishes and looks at them again.
func (s *wishSheet) change(action func(context.Context) error) {
	s.page.window.Act(action, func() {
		if !s.gone {
			s.look()
		}
	})
}

// wishRow shows a wish with what may be changed about it, or a find.
type wishRow struct {
	widget.BaseWidget
	sheet         *wishSheet
	line          wishLine
	icon          *widget.Icon
	name, caption *kit.Line
	fetch         *kit.Check
	remove        *kit.IconButton
	box           *fyne.Container
}

func newWishRow(s *wishSheet) *wishRow {
	r := &wishRow{sheet: s, icon: widget.NewIcon(nil), name: kit.NewNameLine(), caption: kit.NewCaption(),
		fetch: kit.NewCheck(words.L("Download automatically"), nil)}
	r.remove = kit.NewIconButton(s.page.window.Host().Tips, theme.DeleteIcon(), words.L("Remove this wish"), func() {
		id := r.line.wish.ID
		s.change(func(ctx context.Context) error { return s.page.engine.RemoveWishes(ctx, []string{id}) })
	})
	r.box = container.NewBorder(nil, nil, kit.Inset(look.Gap, 0, r.icon), container.NewHBox(r.fetch, container.NewCenter(r.remove)),
		container.New(portrait.NameOverCaption{}, r.name, r.caption))
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer implements fyne.Widget.
func (r *wishRow) CreateRenderer() fyne.WidgetRenderer { return kit.Rendered(r, r.box) }

func (r *wishRow) fill(line wishLine) {
	r.line = line
	r.name.Style.Bold = line.find == nil
	if line.find != nil {
		r.icon.SetResource(pages.KindIcon(netproto.KindOf(line.find.Name, "", line.find.Folder)))
		r.name.SetText(netproto.Printable(words.CutName(line.find.Name)))
		news := ""
		if r.sheet.fresh[line.find.Hash] {
			news = words.L("New")
		}
		r.caption.SetText(words.Join(news, words.Size(line.find.Size), words.Day(line.find.At, time.Now())))
	} else {
		r.icon.SetResource(look.Icon("star"))
		r.name.SetText(wishName(line.wish))
		r.caption.SetText(r.sheet.page.wishWords(line.wish))
		r.fetch.OnChanged = nil
		r.fetch.SetChecked(line.wish.Download)
		r.fetch.OnChanged = func(on bool) {
			request := line.wish.WishRequest
			request.Download = on
			r.sheet.change(func(ctx context.Context) error { _, err := r.sheet.page.engine.AddWish(ctx, request); return err })
		}
	}
	kit.Reveal(nil, r.fetch, line.find == nil)
	kit.Reveal(nil, r.remove, line.find == nil)
	r.box.Refresh()
}

// wishName is what a wish is called.
func wishName(w face.Wish) string {
	switch {
	case w.Words != "":
		return netproto.Printable(words.CutName(w.Words))
	case w.Name != "":
		return netproto.Printable(words.CutName(w.Name))
	default:
		return words.ShortHash(w.Hash)
	}
}

// wishWords says what else a wish asks for, and how much was found.
func (p *Page) wishWords(w face.Wish) string {
	kind, size, owner, found := "", "", "", words.L("Nothing found yet")
	if w.Kind != anyKind {
		kind = words.Kind(w.Kind)
	}
	for _, choice := range sizeChoices[1:] {
		if choice.min == w.MinSize && choice.max == w.MaxSize {
			size = choice.name.String()
		}
	}
	if w.Owner != (netproto.PeerID{}) {
		name := ""
		if i := slices.IndexFunc(p.people, func(f face.Person) bool { return f.PeerID == w.Owner }); i >= 0 {
			name = p.people[i].Name
		}
		owner = words.L("From {{.Name}}", words.Values{"Name": portrait.NameOf(name, w.Owner)})
	}
	if n := len(w.Found); n > 0 {
		found = words.N("{{.Count}} found", n, words.Values{"Count": words.Count(n)})
	}
	return words.Join(kind, size, owner, found)
}
