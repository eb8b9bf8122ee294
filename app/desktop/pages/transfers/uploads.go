//go:build !darwin || cgo

package transfers

import (
	"cmp"
	"context"

	"fyne.io/fyne/v2"
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

// UploadsEngine is what the page of the uploads needs of the engine.
type UploadsEngine interface {
	face.Uploads
	face.Overview
	face.Stops
	face.People
}

// Uploads shows what others download from here.
type Uploads struct {
	*pages.RowsPage
	engine UploadsEngine
	list   *lists.List[face.Upload]
	totals *kit.Line
}

// NewUploads makes the page.
func NewUploads(w pages.Window, engine UploadsEngine) *Uploads {
	p := &Uploads{RowsPage: pages.NewRowsPage(w), engine: engine, totals: kit.NewCaption()}
	p.list = lists.New(w.Host(), func(u face.Upload) string { return u.ID }, func(u face.Upload) string { return u.Name },
		func() lists.View[face.Upload] { return newUploadView(p) })
	p.list.Opened = p.goToPeer
	p.list.Menu = p.rowMenu
	p.Build(pages.PlaceUploads, p.list.Focus, p.list, p.totals, func() fyne.CanvasObject {
		return kit.EmptyScreen(theme.UploadIcon(), words.L("When others download what you share, it appears here."),
			kit.NewButtonWithIcon(words.L("See what you share"), theme.FolderOpenIcon(), func() { w.GoTo(pages.PlaceShared) }))
	})
	return p
}

// Pull asks the engine for the uploads.
func (p *Uploads) Pull(ctx context.Context) func() {
	uploads, err := p.engine.Uploads(ctx)
	if err != nil {
		return func() { p.Fail(err) }
	}
	totals, err := p.engine.Totals(ctx)
	if err != nil {
		return func() { p.Fail(err) }
	}
	return func() {
		p.show(uploads)
		p.totals.SetText(totalsWords(totals))
	}
}

// totalsWords says what came and went, today and ever.
func totalsWords(t face.Totals) string {
	ever := words.L("In total: {{.Got}} downloaded, {{.Sent}} uploaded", words.Values{"Got": words.Size(t.Ever.Got), "Sent": words.Size(t.Ever.Sent)})
	if t.Ever.Got > 0 {
		ever = words.Join(ever, words.L("ratio {{.Ratio}}", words.Values{"Ratio": words.Decimal(float64(t.Ever.Sent)/float64(t.Ever.Got), 2)}))
	}
	return words.Join(words.L("Today: {{.Got}} downloaded, {{.Sent}} uploaded",
		words.Values{"Got": words.Size(t.Today.Got), "Sent": words.Size(t.Today.Sent)}), ever)
}

func (p *Uploads) show(uploads []face.Upload) {
	p.list.SetRows(uploads)
	running, waiting, rate := 0, 0, int64(0)
	for _, u := range uploads {
		switch u.State {
		case face.UploadSending:
			running++
			rate += u.Rate
		case face.UploadQueued:
			waiting++
		}
	}
	text := words.Join(words.Some("{{.Count}} running", running), words.Some("{{.Count}} waiting", waiting))
	if running > 0 {
		text = words.Join(text, words.Rate(rate))
	}
	p.Summary.SetText(text)
	p.ShowRows(len(uploads) > 0)
}

// uploadView is a row of the uploads.
type uploadView struct {
	lists.TwoLines
	upload       face.Upload
	person, stop *kit.IconButton
}

func newUploadView(p *Uploads) *uploadView {
	v := &uploadView{}
	tips := p.Window.Host().Tips
	v.person = kit.NewIconButton(tips, theme.AccountIcon(), "", func() { p.goToPeer(v.upload) })
	v.stop = kit.NewIconButton(tips, theme.CancelIcon(), words.L("Stop this upload"), func() { p.stop(v.upload) })
	v.Init(v.person, v.stop)
	v.ExtendBaseWidget(v)
	return v
}

func (v *uploadView) Fill(u face.Upload) {
	name, address := cmp.Or(u.Peer, u.Address), u.Address
	if name == address {
		address = "" // it is said already
	}
	to := words.Part{Text: words.L("To {{.Peer}}", words.Values{"Peer": name}), Cut: words.CutMiddles, Stays: true}
	from := words.Part{Text: address}
	text := lists.RowText{Name: u.Name, Done: words.Fraction(u.Sent, u.Size)}
	switch u.State {
	case face.UploadSending:
		text.State = kit.Mark{Text: words.L("Sending"), Icon: theme.UploadIcon(), Color: theme.ColorNamePrimary}
		text.Caption = words.Side(to, words.Part{Text: words.Progress(u.Sent, u.Size), Short: words.Percent(u.Sent, u.Size), Stays: true},
			words.Part{Text: words.Rate(u.Rate), Stays: true}, from)
	case face.UploadQueued:
		text.State = kit.Mark{Text: words.L("Queued (place {{.Place}})", words.Values{"Place": u.Place}), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
		text.Caption = words.Side(to, words.Part{Text: text.State.Text, Stays: true}, from)
	default:
		text.State = kit.Mark{Text: words.L("Ended"), Icon: theme.ConfirmIcon(), Color: look.ColorCaption}
		text.NoBar = true
		text.Caption = words.Side(to, words.Part{Text: text.State.Text, Stays: true},
			words.Part{Text: words.L("{{.Size}} sent", words.Values{"Size": words.Size(u.Sent)})}, from)
	}
	v.Set(text)
	v.upload = u
	v.person.Set(theme.AccountIcon(), words.L("Go to {{.Name}}", words.Values{"Name": portrait.NameOf(u.Peer, u.PeerID)}))
	changed := kit.Reveal(nil, v.person, isPerson(u))
	if kit.Reveal(nil, v.stop, u.State != face.UploadEnded) || changed {
		v.Refresh()
	}
}

// isPerson reports whether the peer of an upload has a key: an old client has none.
func isPerson(u face.Upload) bool { return u.PeerID != netproto.PeerID{} }

// goToPeer shows the page of who gets an upload.
func (p *Uploads) goToPeer(u face.Upload) {
	if isPerson(u) {
		p.Window.GoToPerson(u.PeerID)
	}
}

// stop ends uploads; their peers get nothing more of those contents.
func (p *Uploads) stop(uploads ...face.Upload) {
	var ids []string
	for _, u := range uploads {
		if u.State != face.UploadEnded {
			ids = append(ids, u.ID)
		}
	}
	p.Window.Act(func(ctx context.Context) error { return pages.OnAny(ctx, p.engine.StopUploads, ids) }, nil)
}

func (p *Uploads) rowMenu() *fyne.Menu {
	chosen := p.list.Selection()
	menu := &kit.Menu{}
	menu.Add(words.L("Stop this upload"), theme.CancelIcon(), func() { p.stop(chosen...) })
	if len(chosen) == 1 && isPerson(chosen[0]) {
		u, name := chosen[0], portrait.NameOf(chosen[0].Peer, chosen[0].PeerID)
		menu.Separate()
		menu.Add(words.L("Go to {{.Name}}", words.Values{"Name": name}), theme.AccountIcon(), func() { p.goToPeer(u) })
		menu.Add(words.L("Block {{.Name}}", words.Values{"Name": name}), look.Icon("block"), func() { portrait.Block(p.Window, p.engine, u.PeerID, name) })
	}
	return &menu.Menu
}
