//go:build !darwin || cgo

package desktop

import (
	"context"
	"reflect"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// trackerPage shows the tracker in use, lets a person use another, and be one.
type trackerPage struct {
	window  *window
	content fyne.CanvasObject
	shown   face.TrackerView
	filled  bool

	state   *widget.Label
	facts   *facts
	changed *fyne.Container // the decision about another key
	entry   *textEntry
	connect *widget.Button
	others  *fyne.Container // known trackers and those nearby

	own        *widget.Check
	ownProblem *widget.Label
	ownFacts   *facts
	ownInvite  fyne.CanvasObject
	setting    bool // the check is set by the program, not by the person
}

func newTrackerPage(w *window) *trackerPage {
	p := &trackerPage{window: w, facts: newFacts(), state: paragraph(""), changed: container.NewVBox(),
		others: container.NewVBox(), ownFacts: newFacts(), ownProblem: paragraph("")}
	p.ownProblem.Importance = widget.DangerImportance
	p.ownInvite = leading(
		widget.NewButtonWithIcon(L("Copy invite link"), theme.ContentCopyIcon(), func() {
			w.copyText(p.shown.Own.Invite, L("Link copied. Whoever opens it uses this tracker."))
		}),
		widget.NewButtonWithIcon(L("Show it as a code"), theme.GridIcon(), func() {
			w.showCode(L("Invitation to this tracker"), p.shown.Own.Invite)
		}))
	p.entry = newTextEntry(w.typedKey)
	p.entry.PlaceHolder = L("Address, or a link that somebody gave you")
	p.entry.OnSubmitted = func(string) { p.use() }
	p.connect = primaryButton(L("Connect"), theme.ConfirmIcon(), p.use)
	p.own = widget.NewCheck(L("Be the tracker on this computer"), p.switchOwn)
	p.content = scrolled(
		card(L("Tracker in use"), p.state, p.changed, p.facts.box),
		card(L("Use another tracker"), container.NewBorder(nil, nil, nil, p.connect, p.entry), p.others),
		card(L("Be the tracker"), p.own,
			quiet(L("Others on your network can then use this computer as their tracker. It knows who has what; files never pass through it.")),
			p.ownProblem, p.ownFacts.box, p.ownInvite))
	p.show(face.TrackerView{})
	return p
}

func (p *trackerPage) screen() fyne.CanvasObject { return p.content }

func (p *trackerPage) focus() { p.window.win.Canvas().Focus(p.entry) }

func (p *trackerPage) pull(ctx context.Context) func() {
	view, err := p.window.engine.Tracker(ctx)
	if err != nil {
		return func() { p.window.fail(err) }
	}
	return func() { p.show(view) }
}

func (p *trackerPage) use() {
	if p.entry.Text == "" {
		p.window.win.Canvas().Focus(p.entry)
		return
	}
	address := p.entry.Text
	p.connect.Disable()
	p.window.crossing.start(func(ctx context.Context) func() {
		err := p.window.engine.UseTracker(ctx, address)
		return func() {
			p.connect.Enable()
			p.window.crossing.poke()
			if err != nil {
				p.window.fail(err)
				return
			}
			p.entry.SetText("")
			p.window.tell(L("The tracker answered and is used from now on."))
		}
	})
}

func (p *trackerPage) switchOwn(on bool) {
	if p.setting {
		return
	}
	action := p.window.engine.StopTracker
	if on {
		action = p.window.engine.StartTracker
	}
	p.own.Disable()
	p.window.crossing.start(func(ctx context.Context) func() {
		err := action(ctx)
		return func() {
			p.own.Enable()
			p.filled = false // whatever came of it, the next pull says how it is
			p.window.crossing.poke()
			if err != nil {
				p.window.fail(err)
			}
		}
	})
}

func (p *trackerPage) show(view face.TrackerView) {
	if state := connectionWords(p.window.status).text; state != p.state.Text {
		p.state.SetText(state)
	}
	before, filled := p.shown, p.filled
	p.shown, p.filled = view, true
	changed := p.showInUse(view)
	changed = p.showOwn(view.Own) || changed
	// What has buttons is built again only when it changed, so that the keys
	// stay where they are.
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

func (p *trackerPage) showInUse(view face.TrackerView) bool {
	if view.Address == "" {
		return p.facts.set(nil)
	}
	list := []fact{
		{L("Name"), trackerName(view.KnownTracker)},
		{L("Address"), view.Address},
		{L("Fingerprint"), fingerprintWords(view.Fingerprint)},
		{L("Online"), joined(peersWords(view.PeersOnline),
			N("{{.Count}} contents", view.Resources, values{"Count": countWords(view.Resources)}))},
	}
	if view.LeaseSeconds > 0 {
		list = append(list, fact{L("Lease"), L("{{.N}} s", values{"N": view.LeaseSeconds})})
	}
	if view.RoundTripMilli > 0 {
		list = append(list, fact{L("Round trip"), L("{{.N}} ms", values{"N": view.RoundTripMilli})})
	}
	return p.facts.set(list)
}

func (p *trackerPage) showOthers(view face.TrackerView) {
	p.others.Objects = nil
	section := func(name string, trackers []face.KnownTracker, forget bool) {
		var lines []fyne.CanvasObject
		for _, known := range trackers {
			if known.Address != view.Address {
				lines = append(lines, p.trackerLine(known, forget))
			}
		}
		if len(lines) > 0 {
			p.others.Objects = append(append(p.others.Objects, quiet(name)), lines...)
		}
	}
	section(L("On the local network"), view.Nearby, false)
	section(L("Used before"), view.Known, true)
	p.others.Refresh()
}

func (p *trackerPage) trackerLine(known face.KnownTracker, forget bool) fyne.CanvasObject {
	w := p.window
	name, address := newNameLine(), newCaption()
	name.SetText(trackerName(known))
	address.SetText(known.Address)
	if known.Beside {
		state := connectionWords(face.Status{Tracker: trackerName(known), Connection: known.Connection}).text
		if !known.Failure.IsZero() {
			state = explain(known.Failure).String()
		}
		address.SetText(joined(known.Address, state))
	}
	beside := widget.NewCheck(L("Use too"), nil)
	beside.Checked = known.Beside
	beside.OnChanged = func(on bool) { p.useToo(beside, known.Address, on) }
	buttons := container.NewHBox(beside, widget.NewButton(L("Use"), func() { w.useTracker(known.Address) }))
	if forget {
		buttons.Add(newIconButton(w.tips, theme.DeleteIcon(), L("Forget this tracker and its key"), func() {
			w.act(func(ctx context.Context) error { return w.engine.ForgetTracker(ctx, known.Address) }, nil)
		}))
	}
	return container.NewBorder(nil, nil, nil, buttons, container.NewGridWithColumns(2, name, address))
}

// useToo uses a tracker beside the main one, or not any more.
func (p *trackerPage) useToo(check *widget.Check, address string, on bool) {
	check.Disable()
	p.window.crossing.start(func(ctx context.Context) func() {
		err := p.window.engine.AlsoUseTracker(ctx, address, on)
		return func() {
			p.filled = false // whatever came of it, the next pull says how it is
			p.window.crossing.poke()
			if err != nil {
				p.window.fail(err)
			}
		}
	})
}

// showChangedKey asks for the decision that only a person can take.
func (p *trackerPage) showChangedKey(changed *face.ChangedKey) {
	p.changed.Objects = nil
	if changed != nil {
		w := p.window
		both := newFacts()
		both.set([]fact{
			{L("Key until now"), fingerprintWords(changed.Known)},
			{L("Key shown now"), fingerprintWords(changed.Shown)},
		})
		accept := widget.NewButtonWithIcon(L("Trust the new key"), theme.WarningIcon(), func() {
			w.act(func(ctx context.Context) error {
				return w.engine.AcceptTrackerKey(ctx, changed.Address, changed.Shown)
			}, nil)
		})
		accept.Importance = widget.WarningImportance
		forget := widget.NewButton(L("Forget this tracker"), func() {
			w.act(func(ctx context.Context) error { return w.engine.ForgetTracker(ctx, changed.Address) }, nil)
		})
		p.changed.Objects = []fyne.CanvasObject{
			paragraph(explain(face.Failure{Code: netproto.CodeKeyChanged, Detail: changed.Address}).String()),
			both.box, leading(forget, accept)}
	}
	p.changed.Refresh()
}

// showOwn tells whether anything came or went.
func (p *trackerPage) showOwn(own face.OwnTracker) bool {
	if p.own.Checked != own.Running {
		p.setting = true
		p.own.SetChecked(own.Running)
		p.setting = false
	}
	p.ownProblem.SetText("")
	if !own.Failure.IsZero() {
		p.ownProblem.SetText(explain(own.Failure).String())
	}
	changed := reveal(nil, p.ownProblem, !own.Failure.IsZero())
	changed = reveal(nil, p.ownFacts.box, own.Running) || changed
	changed = reveal(nil, p.ownInvite, own.Running && own.Invite != "") || changed
	if !own.Running {
		return changed
	}
	var list []fact
	for i, address := range own.Addresses {
		list = append(list, fact{L("Address {{.N}}", values{"N": i + 1}), address})
	}
	return p.ownFacts.set(append(list,
		fact{L("Online"), joined(peersWords(own.Peers),
			N("{{.Count}} contents", own.Resources, values{"Count": countWords(own.Resources)}))},
		fact{L("Requests a second"), strconv.FormatFloat(own.Rate, 'f', 1, 64)})) || changed
}
