//go:build !darwin || cgo

// Package tracker is the page of the trackers, among them the one on this computer.
package tracker

import (
	"context"
	"reflect"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Page shows the tracker in use, lets the person use another one, and
// runs one.
type Page struct {
	window  pages.Window
	engine  face.Trackers
	content fyne.CanvasObject
	shown   face.TrackerView
	filled  bool

	state   *kit.Text
	facts   *kit.Facts
	reach   *kit.Text       // how others reach this peer, and what would improve it
	changed *fyne.Container // asks about a changed key
	entry   *kit.TextEntry
	connect *kit.Button
	others  *fyne.Container // known trackers, and those nearby

	invite     *pages.InviteCard
	own        *kit.Check
	ownProblem *kit.Text
	more       *kit.Check // shows the technical facts
	technical  *kit.Facts
	ownFacts   *kit.Facts
	setting    bool // the program sets the check, not the person
}

// New makes the page.
func New(w pages.Window, engine face.Trackers) *Page {
	p := &Page{window: w, engine: engine, facts: kit.NewFacts(), reach: kit.Paragraph(""), state: kit.Paragraph(""), changed: container.NewVBox(),
		technical: kit.NewFacts(), others: container.NewVBox(), ownFacts: kit.NewFacts(), ownProblem: kit.Paragraph("")}
	p.ownProblem.Importance = widget.DangerImportance
	p.invite = pages.NewInviteCard(w)
	p.entry = kit.NewTextEntry(w.Host().Pressed)
	p.entry.PlaceHolder = words.L("Address or link")
	p.entry.OnSubmitted = func(string) { p.use() }
	p.connect = kit.PrimaryButton(words.L("Connect"), theme.ConfirmIcon(), p.use)
	p.more = kit.NewCheck(words.L("Details"), func(bool) { p.show(p.shown) })
	p.own = kit.NewCheck(words.L("Run a tracker on this computer"), p.switchOwn)
	p.content = kit.Scrolled(
		p.invite.Card,
		kit.Card(words.L("Tracker in use"), p.state, p.reach, p.changed, p.facts.Box, p.more, p.technical.Box),
		kit.Card(words.L("Use another tracker"), container.NewBorder(nil, nil, nil, p.connect, p.entry), p.others),
		kit.Card(words.L("Run a tracker"), p.own,
			kit.Hint(words.L("Others on your network can then use this computer as their tracker. It knows who has what; files never pass through it.")),
			p.ownProblem, p.ownFacts.Box))
	p.show(face.TrackerView{})
	return p
}

// Screen is everything that the page shows.
func (p *Page) Screen() fyne.CanvasObject { return p.content }

// Focus gives the focus to the entry of an address.
func (p *Page) Focus() { p.window.Host().Canvas.Focus(p.entry) }

// Pull asks the engine about the tracker in use and those it knows.
func (p *Page) Pull(ctx context.Context) func() {
	view, err := p.engine.Tracker(ctx)
	if err != nil {
		return func() { p.window.Fail(err) }
	}
	return func() { p.show(view) }
}

func (p *Page) use() {
	if p.entry.Text == "" {
		p.window.Host().Canvas.Focus(p.entry)
		return
	}
	address := p.entry.Text
	p.connect.Disable()
	p.window.Start(func(ctx context.Context) func() {
		err := p.engine.UseTracker(ctx, address)
		return func() {
			p.connect.Enable()
			p.window.Poke()
			if err != nil {
				p.window.Fail(err)
				return
			}
			p.entry.SetText("")
			tellConnected(p.window, p.engine)
		}
	})
}

func (p *Page) switchOwn(on bool) {
	if p.setting {
		return
	}
	action := p.engine.StopTracker
	if on {
		action = p.engine.StartTracker
	}
	p.own.Disable()
	p.window.Start(func(ctx context.Context) func() {
		err := action(ctx)
		return func() {
			p.own.Enable()
			p.filled = false // the next pull shows the outcome
			p.window.Poke()
			if err != nil {
				p.window.Fail(err)
			}
		}
	})
}

func (p *Page) show(view face.TrackerView) {
	if state := ConnectionWords(p.window.Status()).Text; state != p.state.Text {
		p.state.SetText(state)
	}
	before, filled := p.shown, p.filled
	p.shown, p.filled = view, true
	changed := p.showInUse(view)
	changed = p.invite.Show(view) || changed
	if step := connectImportance(view); p.connect.Importance != step {
		p.connect.Importance = step
		p.connect.Refresh()
	}
	changed = p.showOwn(view.Own) || changed
	// Buttons are built again only after a change, so that the focus stays.
	if !filled || before.Address != view.Address ||
		!slices.Equal(before.Known, view.Known) || !slices.Equal(before.Nearby, view.Nearby) {
		p.showOthers(view)
		changed = true
	}
	if !filled || !reflect.DeepEqual(before.ChangedKey, view.ChangedKey) {
		p.showChangedKey(view.ChangedKey)
		changed = true
	}
	if changed {
		p.content.Refresh()
	}
}

// connectImportance makes connecting the next step only for somebody without a
// tracker: others would leave the one that works.
func connectImportance(view face.TrackerView) widget.Importance {
	if view.Address == "" && !view.Own.Running {
		return widget.HighImportance
	}
	return widget.MediumImportance
}

func (p *Page) showInUse(view face.TrackerView) bool {
	sentence := ""
	if view.Address != "" {
		sentence = words.Reach(view.Reach)
	}
	if p.reach.Text != sentence {
		p.reach.SetText(sentence)
	}
	changed := kit.Reveal(nil, p.reach, sentence != "")
	changed = kit.Reveal(nil, p.more, view.Address != "") || changed
	changed = kit.Reveal(nil, p.technical.Box, view.Address != "" && p.more.Checked) || changed
	if view.Address == "" {
		return p.facts.Set(nil) || changed
	}
	list := []kit.Fact{
		{Name: words.L("Name"), Value: words.TrackerName(view.KnownTracker)},
		{Name: words.L("Address"), Value: view.Address},
		{Name: words.L("Online"), Said: true, Value: words.Join(words.OthersOnline(view.PeersOnline),
			words.N("{{.Count}} files and folders", view.Resources, words.Values{"Count": words.Count(view.Resources)}))},
	}
	if view.Reach.Verdict != netproto.VerdictUnknown && view.Reach.Verdict != "" {
		verdict := words.Verdict(view.Reach.Verdict)
		if view.Reach.Protocol != "" {
			verdict = words.Join(verdict, view.Reach.Protocol)
		}
		list = append(list, kit.Fact{Name: words.L("Reachability"), Said: true, Value: verdict})
	}
	changed = p.facts.Set(list) || changed
	return p.technical.Set(technicalFacts(view)) || changed
}

// technicalFacts are those that somebody needs who looks after the tracker.
func technicalFacts(view face.TrackerView) []kit.Fact {
	list := []kit.Fact{{Name: words.L("Fingerprint"), Value: words.Fingerprint(view.Fingerprint)}}
	if view.LeaseSeconds > 0 {
		list = append(list, kit.Fact{Name: words.L("Lease"), Said: true, Value: words.L("{{.N}} s", words.Values{"N": view.LeaseSeconds})})
	}
	if view.RoundTripMilli > 0 {
		list = append(list, kit.Fact{Name: words.L("Round trip"), Said: true, Value: words.L("{{.N}} ms", words.Values{"N": view.RoundTripMilli})})
	}
	return list
}

func (p *Page) showOthers(view face.TrackerView) {
	p.others.Objects = nil
	section := func(name string, trackers []face.KnownTracker, forget bool) {
		var lines []fyne.CanvasObject
		for _, known := range trackers {
			if known.Address != view.Address {
				lines = append(lines, p.trackerLine(known, forget))
			}
		}
		if len(lines) > 0 {
			p.others.Objects = append(append(p.others.Objects, kit.Hint(name)), lines...)
		}
	}
	section(words.L("On the local network"), view.Nearby, false)
	section(words.L("Used before"), view.Known, true)
	p.others.Refresh()
}

func (p *Page) trackerLine(known face.KnownTracker, forget bool) fyne.CanvasObject {
	w := p.window
	name, address := kit.NewNameLine(), kit.NewCaption()
	name.SetText(words.TrackerName(known))
	address.SetText(known.Address)
	if known.Beside {
		state := ConnectionWords(face.Status{Tracker: words.TrackerName(known), Connection: known.Connection}).Text
		if !known.Failure.IsZero() {
			state = words.Explain(known.Failure).String()
		}
		address.SetText(words.Join(known.Address, state))
	}
	beside := kit.NewCheck(words.L("Also use"), nil)
	beside.Checked = known.Beside
	beside.OnChanged = func(on bool) { p.useToo(beside, known.Address, on) }
	buttons := container.NewHBox(beside, kit.NewButton(words.L("Use"), func() { Use(w, p.engine, known.Address) }))
	if forget {
		buttons.Add(kit.NewIconButton(w.Host().Tips, theme.DeleteIcon(), words.L("Forget this tracker and its key"), func() {
			w.Act(func(ctx context.Context) error { return p.engine.ForgetTracker(ctx, known.Address) }, nil)
		}))
	}
	return container.NewBorder(nil, nil, nil, buttons, container.NewGridWithColumns(2, name, address))
}

// useToo uses a tracker beside the main one, or stops using it.
func (p *Page) useToo(check *kit.Check, address string, on bool) {
	check.Disable()
	p.window.Start(func(ctx context.Context) func() {
		err := p.engine.AlsoUseTracker(ctx, address, on)
		return func() {
			p.filled = false // the next pull shows the outcome
			p.window.Poke()
			if err != nil {
				p.window.Fail(err)
			}
		}
	})
}

// showChangedKey asks for a decision that only a person can make.
func (p *Page) showChangedKey(changed *face.ChangedKey) {
	p.changed.Objects = nil
	if changed != nil {
		w := p.window
		both := kit.NewFacts()
		both.Set([]kit.Fact{
			{Name: words.L("Known key"), Value: words.Fingerprint(changed.Known)},
			{Name: words.L("New key"), Value: words.Fingerprint(changed.Shown)},
		})
		accept := kit.NewButtonWithIcon(words.L("Trust the new key"), theme.WarningIcon(), func() {
			w.Act(func(ctx context.Context) error {
				return p.engine.AcceptTrackerKey(ctx, changed.Address, changed.Shown)
			}, nil)
		})
		accept.Importance = widget.WarningImportance
		forget := kit.NewButton(words.L("Forget this tracker"), func() {
			w.Act(func(ctx context.Context) error { return p.engine.ForgetTracker(ctx, changed.Address) }, nil)
		})
		p.changed.Objects = []fyne.CanvasObject{
			kit.Paragraph(words.Explain(face.Failure{Code: netproto.CodeKeyChanged, Detail: changed.Address}).String()),
			both.Box, kit.Leading(forget, accept)}
	}
	p.changed.Refresh()
}

// showOwn reports whether anything was added or removed.
func (p *Page) showOwn(own face.OwnTracker) bool {
	if p.own.Checked != own.Running {
		p.setting = true
		p.own.SetChecked(own.Running)
		p.setting = false
	}
	problem := ""
	if !own.Failure.IsZero() {
		problem = words.Explain(own.Failure).String()
	}
	p.ownProblem.SetText(problem)
	changed := kit.Reveal(nil, p.ownProblem, problem != "")
	changed = kit.Reveal(nil, p.ownFacts.Box, own.Running) || changed
	if !own.Running {
		return changed
	}
	var list []kit.Fact
	for i, address := range own.Addresses {
		list = append(list, kit.Fact{Name: words.L("Address {{.N}}", words.Values{"N": i + 1}), Value: address})
	}
	return p.ownFacts.Set(append(list,
		kit.Fact{Name: words.L("Online"), Said: true, Value: words.Join(words.OthersOnline(own.Peers),
			words.N("{{.Count}} files and folders", own.Resources, words.Values{"Count": words.Count(own.Resources)}))},
		kit.Fact{Name: words.L("Requests per second"), Value: strconv.FormatFloat(own.Rate, 'f', 1, 64)})) || changed
}

// Use switches to a tracker and says how that went.
func Use(w pages.Window, engine face.Trackers, address string) {
	w.Act(func(ctx context.Context) error { return engine.UseTracker(ctx, address) }, func() { tellConnected(w, engine) })
}

// tellConnected says which tracker is used now, and leads to what is on it.
func tellConnected(w pages.Window, engine face.Trackers) {
	pages.Ask(w, engine.Tracker, func(view face.TrackerView, err error) {
		if err == nil {
			w.TellNext(words.L("Connected to {{.Tracker}}", words.Values{"Tracker": words.TrackerName(view.KnownTracker)})+".", words.L("Search"),
				func() { w.GoTo(pages.PlaceSearch) })
		}
	})
}

// ConnectionWords says how a tracker is reached.
func ConnectionWords(status face.Status) kit.Mark {
	at := words.Values{"Tracker": netproto.Printable(status.Tracker), "Time": words.Duration(int64(status.RetrySeconds))}
	switch status.Connection {
	case face.ConnectionConnecting:
		return kit.Mark{Text: words.L("Connecting to {{.Tracker}}", at), Icon: theme.ViewRefreshIcon(), Color: look.ColorCaption}
	case face.ConnectionConnected:
		return kit.Mark{Text: words.L("Connected to {{.Tracker}}", at), Icon: theme.ConfirmIcon(), Color: theme.ColorNameSuccess}
	case face.ConnectionReconnecting:
		return kit.Mark{Text: words.L("Reconnecting in {{.Time}}", at), Icon: theme.ViewRefreshIcon(), Color: theme.ColorNameWarning}
	case face.ConnectionOffline:
		return kit.Mark{Text: words.L("Offline"), Icon: theme.WarningIcon(), Color: theme.ColorNameError}
	case face.ConnectionKeyChanged:
		return kit.Mark{Text: words.L("The tracker’s identity changed"), Icon: theme.WarningIcon(), Color: theme.ColorNameError}
	default:
		return kit.Mark{Text: words.L("No tracker chosen"), Icon: theme.InfoIcon(), Color: look.ColorCaption}
	}
}
