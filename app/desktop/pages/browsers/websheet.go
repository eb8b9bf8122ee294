//go:build !darwin || cgo

// Package browsers has the sheets of pages for browsers: one sends files to a browser, one
// receives from a phone.
package browsers

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
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// webTick is how often an open sheet looks at its page.
const webTick = 500 * time.Millisecond

// webSheet is what the sheets of pages for browsers have in common: the code, the link,
// and whether the page stays when the sheet is closed.
type webSheet struct {
	window pages.Window
	engine face.Web
	id     string // of the page
	show   func(face.WebPage)

	code    *fyne.Container
	link    *kit.TextEntry
	state   *kit.Text
	keep    *kit.Check
	copying *kit.Button
	forget  func()
	over    bool // the page has ended
	gone    bool
}

// newWebSheet makes the parts for a page, which is kept if it was before.
func newWebSheet(w pages.Window, engine face.Web, id string, kept bool) *webSheet {
	s := &webSheet{window: w, engine: engine, id: id, code: container.NewStack(), link: kit.NewTextEntry(w.Host().Pressed),
		state: kit.Paragraph(""), keep: kit.NewCheck(words.L("Keep it working after I close this"), nil), forget: func() {}}
	s.keep.Checked = kept
	s.copying = kit.PrimaryButton(words.L("Copy link"), theme.ContentCopyIcon(), func() { w.Copy(s.link.Text, words.L("Link copied.")) })
	s.copying.Disable()
	return s
}

// webCode is the side of the code. A phone reads it from an arm's length.
const webCode = 192

// open opens the sheet with what is special about the page, and follows the page.
func (s *webSheet) open(title, how string, special fyne.CanvasObject) {
	s.code.Objects = []fyne.CanvasObject{container.NewCenter(widget.NewProgressBarInfinite())}
	side := container.NewGridWrap(fyne.NewSquareSize(webCode), s.code)
	plain := kit.Hint(words.L("This page is not encrypted. Use it only on networks that you trust."))
	content := container.NewBorder(kit.Paragraph(how), container.NewVBox(s.link, plain), kit.Inset(look.GapMedium, 0, container.NewVBox(side)), nil,
		container.NewBorder(nil, container.NewVBox(s.state, s.keep), nil, nil, special))
	opened := s.window.Sheets().Open(title, content, fyne.NewSize(640, 520), s.window.Sheets().CloseButton(), s.copying)
	opened.Gone = func() {
		s.gone = true
		s.forget()
		if s.over || !s.keep.Checked {
			s.end()
		}
	}
	s.look()
}

// end closes the page.
func (s *webSheet) end() {
	id := s.id
	s.window.Act(func(ctx context.Context) error { return s.engine.CloseWeb(ctx, []string{id}) }, nil)
}

// look shows how the page stands, until the sheet is closed.
func (s *webSheet) look() {
	pages.Ask(s.window, s.engine.WebPages, func(pages []face.WebPage, err error) {
		if s.gone {
			return
		}
		i := slices.IndexFunc(pages, func(p face.WebPage) bool { return p.ID == s.id })
		switch {
		case err != nil:
		case i < 0:
			s.ended()
		default:
			s.showLink(pages[i])
			s.show(pages[i])
			if state := pages[i].State; state == face.WebExpired || state == face.WebCounted {
				s.ended()
			}
		}
		s.forget = s.window.After(webTick, s.look)
	})
}

// ended says that the page has ended, and takes away what leads to it.
func (s *webSheet) ended() {
	s.say(words.L("This link has ended."))
	if s.over {
		return
	}
	s.over = true
	s.copying.Disable()
	s.link.Disable()
	s.keep.Disable()
	s.code.Objects = nil
	s.code.Refresh()
}

func (s *webSheet) showLink(page face.WebPage) {
	if page.URL == "" || s.link.Text == page.URL {
		return
	}
	s.link.SetText(page.URL)
	s.copying.Enable()
	if code, err := pages.DrawCode(page.URL); err == nil {
		s.code.Objects = []fyne.CanvasObject{code}
		s.code.Refresh()
	}
}

// say shows a sentence about the page.
func (s *webSheet) say(text string) {
	if s.state.Text != text {
		s.state.SetText(text)
	}
}

// SendToBrowser hands out shares or files as a page for a phone or a browser.
func SendToBrowser(w pages.Window, engine face.Web, offer face.WebOffer) {
	type begun struct {
		id   string
		kept bool
	}
	pages.Ask(w, func(ctx context.Context) (begun, error) {
		before, err := engine.WebPages(ctx)
		if err != nil {
			return begun{}, err
		}
		id, err := engine.OfferWeb(ctx, offer)
		return begun{id, slices.ContainsFunc(before, func(p face.WebPage) bool { return p.ID == id })}, err
	}, func(b begun, err error) {
		if err != nil {
			w.Fail(err)
			return
		}
		openWebLink(newWebSheet(w, engine, b.id, b.kept))
	})
}

// webTimes are the times after which a link may end.
var webTimes = []struct {
	name words.Phrase
	time time.Duration
}{{"No time limit", 0}, {"For 1 hour", time.Hour}, {"For 24 hours", 24 * time.Hour}, {"For 7 days", 7 * 24 * time.Hour}}

// webCounts are the numbers of downloads after which a link may end; 0 is no end.
var webCounts = []int{0, 1, 3, 10}

func openWebLink(s *webSheet) {
	var terms face.WebTerms
	apply := func() {
		given := terms
		s.window.Act(func(ctx context.Context) error { return s.engine.SetWebTerms(ctx, s.id, given) }, nil)
	}
	var times, counts []string
	for _, t := range webTimes {
		times = append(times, t.name.String())
	}
	for _, n := range webCounts {
		name := words.L("Any number of downloads")
		if n > 0 {
			name = words.N("{{.Count}} downloads", n, words.Values{"Count": words.Count(n)})
		}
		counts = append(counts, name)
	}
	expires, count := kit.NewSelect(times, nil), kit.NewSelect(counts, nil)
	expires.OnChanged = func(string) {
		terms.Expires = time.Time{}
		if d := webTimes[expires.SelectedIndex()].time; d > 0 {
			terms.Expires = time.Now().Add(d)
		}
		apply()
	}
	count.OnChanged = func(string) {
		terms.Count = webCounts[count.SelectedIndex()]
		apply()
	}
	expires.Disable()
	count.Disable()
	name := kit.NewNameLine()
	size := kit.NewCaption()
	s.show = func(page face.WebPage) {
		name.SetText(page.Name)
		if page.Files > 1 {
			size.SetText(words.Join(words.Files(page.Files), words.Size(page.Size)))
		} else {
			size.SetText(words.Size(page.Size))
		}
		if page.State == face.WebOpen && expires.Disabled() {
			terms = page.Terms
			if terms.Expires.IsZero() { // else the sentence tells how long
				expires.Selected = times[0]
			}
			if i := slices.Index(webCounts, terms.Count); i >= 0 {
				count.Selected = counts[i]
			}
			expires.Enable()
			count.Enable()
		}
		s.say(webLinkWords(page))
	}
	s.open(words.L("Send to a phone or a browser"),
		words.L("Scan the code with the camera of a phone, or open the link in a browser. Both devices must be on the same network."),
		container.NewVBox(name, size, expires, count))
}

// webLinkWords says how a link stands.
func webLinkWords(page face.WebPage) string {
	switch page.State {
	case face.WebPreparing:
		return words.L("Preparing {{.Percent}}", words.Values{"Percent": words.Percent(page.Hashed, page.Size)})
	case face.WebFailed:
		return words.Explain(page.Failure).String()
	case face.WebOpen:
		text := words.L("No complete downloads yet.")
		if page.Downloads > 0 {
			text = words.N("{{.Count}} complete downloads so far.", page.Downloads, words.Values{"Count": words.Count(page.Downloads)})
		}
		if page.Running > 0 {
			text = words.Join(text, words.L("Sending now."))
		}
		if left := time.Until(page.Terms.Expires); !page.Terms.Expires.IsZero() && left > 0 {
			text = words.Join(text, words.L("Ends in {{.Time}}.", words.Values{"Time": words.Duration(int64(left.Seconds()))}))
		}
		return text
	}
	return words.L("This link has ended.")
}
