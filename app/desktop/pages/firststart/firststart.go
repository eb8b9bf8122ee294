//go:build !darwin || cgo

// Package firststart asks what a new installation has to know, in place of the pages.
package firststart

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The questions, in order.
const (
	askName = iota // and the folder
	askTracker
	// Steps is how many questions there are.
	Steps
)

// Wizard asks a new person three things, each with a good default: a name, a folder
// and a tracker. It shares nothing. Its primary button is always the next step, and
// never a way to leave a question out. Whoever is connected is done.
type Wizard struct {
	Screen fyne.CanvasObject // what covers the window

	window   pages.Window
	engine   Engine
	icon     fyne.Resource
	done     func()        // called after the last question
	settings face.Settings // as the engine has them
	filled   bool          // settings are known
	step     int
	sheet    *fyne.Container // everything
	body     *fyne.Container // the question
	foot     *fyne.Container // the problem, and the buttons
	problem  *kit.Text
	next     *kit.Button
	back     *kit.Button
	progress *kit.Line

	name, tracker, folder *kit.TextEntry
	share                 *kit.Check // finished downloads are shared
	typed                 map[*kit.TextEntry]bool
	nearby                *fyne.Container
	others                []face.KnownTracker // on the network
	used                  string              // name of the tracker in use; "" if there is none
	own                   *kit.Button         // runs a tracker, where that is not the next step
	answer                *kit.Text           // how it stands with the tracker
	busy                  bool                // an answer is given to the engine
}

// Engine is what the wizard needs of the engine.
type Engine interface {
	face.Trackers
	face.Preferences
}

// New makes what covers the window until the questions are answered or skipped, and
// calls done then. icon is that of the program.
func New(w pages.Window, engine Engine, icon fyne.Resource, done func()) *Wizard {
	z := &Wizard{window: w, engine: engine, icon: icon, done: done, body: container.NewStack(), problem: kit.Paragraph(""), progress: kit.NewCaption(),
		typed: map[*kit.TextEntry]bool{}, nearby: container.NewVBox(), answer: kit.Hint("")}
	z.problem.Importance = widget.DangerImportance
	z.name, z.tracker, z.folder = z.entry(), z.entry(), z.entry()
	z.tracker.PlaceHolder = words.L("Address or link")
	z.share = kit.NewCheck(words.L("Share what I download with others"), nil)
	z.share.SetChecked(true)
	z.own = kit.NewButtonWithIcon(words.L("Run a tracker on this computer"), theme.StorageIcon(), z.runTracker)
	z.next = kit.PrimaryButton("", nil, z.forward)
	z.back = kit.NewButton(words.L("Back"), func() { z.show(z.step - 1) })
	skip := kit.NewButton(words.L("Skip"), z.Skip)
	skip.Importance = widget.LowImportance

	buttons := container.NewBorder(nil, nil, container.NewCenter(container.NewHBox(skip)), container.NewHBox(z.back, z.next),
		container.NewCenter(container.NewGridWrap(fyne.NewSize(160, 20), z.progress)))
	z.progress.Align = fyne.TextAlignCenter
	z.foot = container.NewVBox(z.problem, buttons)
	z.sheet = container.NewBorder(nil, z.foot, nil, nil, z.body)
	const width, height = 560, 420
	middle := container.NewGridWrap(fyne.NewSize(width, height),
		kit.NewPlate(theme.ColorNameOverlayBackground, 12, kit.Inset(look.GapHuge, look.GapHuge, z.sheet)))
	z.Screen = container.NewStack(kit.NewPlate(look.ColorSidebar, 0, layout.NewSpacer()), container.NewCenter(middle))
	z.lay(askName)
	return z
}

// entry makes a field that notes that the person typed in it.
func (z *Wizard) entry() *kit.TextEntry {
	e := kit.NewTextEntry(z.window.Host().Pressed)
	e.OnChanged = func(string) {
		z.typed[e] = true
		z.showNext()
	}
	e.OnSubmitted = func(string) { z.Next() }
	return e
}

// Begin asks the first question. What covers the window must be in it.
func (z *Wizard) Begin() {
	z.show(askName)
	pages.Ask(z.window, z.engine.Settings, func(settings face.Settings, err error) {
		if err != nil {
			z.refuse(err)
			return
		}
		z.settings, z.filled = settings, true
		z.suggest(z.name, settings.Name)
		z.suggest(z.folder, settings.DownloadFolder)
		z.share.SetChecked(settings.ShareDownloads)
	})
	z.Look()
}

// suggest puts a text into a field, unless the person typed in it already. The next
// letter replaces it.
func (z *Wizard) suggest(e *kit.TextEntry, text string) {
	if z.typed[e] {
		return
	}
	e.SetText(text)
	z.typed[e] = false
	e.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// Look asks the engine which trackers there are now: they keep arriving.
func (z *Wizard) Look() {
	pages.Ask(z.window, z.engine.Tracker, func(view face.TrackerView, err error) {
		if err == nil {
			z.used = ""
			if view.Address != "" {
				z.used = words.TrackerName(view.KnownTracker)
			}
			z.others = view.Nearby
			z.showTrackers()
		}
	})
}

// show asks a question. Its field gets the focus, so it must be in the window.
func (z *Wizard) show(step int) {
	z.lay(step)
	z.window.Host().Canvas.Focus([]*kit.TextEntry{z.name, z.tracker}[step])
}

// lay lays out a question.
func (z *Wizard) lay(step int) {
	z.step = step
	z.refuse(nil)
	z.progress.SetText(words.L("Step {{.N}} of {{.Of}}", words.Values{"N": step + 1, "Of": int(Steps)}))
	kit.Reveal(z.foot, z.back, step > 0)
	z.body.Objects = []fyne.CanvasObject{[]func() fyne.CanvasObject{z.nameQuestion, z.trackerQuestion}[step]()}
	z.body.Refresh()
	z.showTrackers()
	z.sheet.Refresh()
}

// question is a page of the wizard: what is asked, why, and where the answer goes. The
// mark stands before the title; it may be nil.
func (z *Wizard) question(mark fyne.CanvasObject, title, text string, content ...fyne.CanvasObject) fyne.CanvasObject {
	big := kit.NewLine(theme.ColorNameForeground, theme.SizeNameHeadingText)
	big.Style.Bold = true
	big.SetText(title)
	head := container.NewBorder(nil, nil, mark, nil, big)
	return container.NewVBox(append([]fyne.CanvasObject{kit.Inset(look.GapMedium, 0, head), kit.Paragraph(text)}, content...)...)
}

func (z *Wizard) nameQuestion() fyne.CanvasObject {
	mark := container.NewGridWrap(fyne.NewSquareSize(48), widget.NewIcon(z.icon))
	choose := kit.NewButtonWithIcon(words.L("Choose"), theme.FolderOpenIcon(), func() {
		z.window.Sheets().PickFolder(words.L("Choose the folder for downloads"), z.folder.Text, z.folder.SetText)
	})
	return z.question(mark, words.L("Welcome"),
		words.L("CentralizedP2P shares files directly between computers. Nothing is shared until you say so."),
		kit.Labelled(words.L("Your name, as others see it"), z.name, nil),
		kit.Labelled(words.L("Download folder"), container.NewBorder(nil, nil, nil, choose, z.folder), nil),
		z.share)
}

func (z *Wizard) trackerQuestion() fyne.CanvasObject {
	return z.question(nil, words.L("Choose a tracker"),
		words.L("A tracker is where a group meets: it knows who shares what. Files never pass through it. If somebody sent you a link, paste it here."),
		z.tracker, z.nearby, kit.Leading(z.own), z.answer)
}

// showTrackers shows which trackers there are, and what that makes the next step.
func (z *Wizard) showTrackers() {
	z.nearby.Objects = nil
	for i, known := range z.others {
		if i > 0 || z.used != "" || z.tracker.Text != "" { // else it is the next step
			z.nearby.Add(kit.NewButtonWithIcon(
				words.L("{{.Name}} on your network", words.Values{"Name": words.TrackerName(known)}), theme.ComputerIcon(),
				func() { z.useTracker(known.Address) }))
		}
	}
	z.nearby.Refresh()
	text := ""
	switch {
	case z.used != "":
		text = words.L("Connected to {{.Tracker}}", words.Values{"Tracker": z.used})
	case len(z.others) == 0:
		text = words.L("Looking for trackers on your network…")
	}
	if !z.busy {
		z.answer.SetText(text)
	}
	kit.Reveal(nil, z.own, z.used != "" || len(z.others) > 0 || z.tracker.Text != "")
	z.showNext()
	z.sheet.Refresh()
}

// showNext names the next step on the primary button.
func (z *Wizard) showNext() {
	text := words.L("Next")
	switch {
	case z.step == askName:
	case z.used != "" && z.tracker.Text == "":
		text = words.L("Start")
	case z.tracker.Text != "":
		text = words.L("Connect")
	case len(z.others) > 0:
		text = words.L("Join {{.Name}}", words.Values{"Name": words.CutName(words.TrackerName(z.others[0]))})
	default:
		text = words.L("Run a tracker on this computer")
	}
	if z.next.Text != text {
		z.next.SetText(text)
		z.showTrackers()
	}
}

// Next takes the next step, if it can be taken now.
func (z *Wizard) Next() { z.next.Tapped(nil) }

func (z *Wizard) forward() {
	switch {
	case z.busy:
	case z.step != askTracker:
		z.save(z.leave)
	case z.tracker.Text != "":
		z.useTracker(z.tracker.Text)
	case z.used != "":
		z.leave()
	case len(z.others) > 0:
		z.useTracker(z.others[0].Address)
	default:
		z.runTracker()
	}
}

// Paste connects to the tracker of a link that was pasted, at whatever question.
func (z *Wizard) Paste(link netproto.Link) {
	tracker := netproto.Link{Tracker: link.Tracker, Size: -1, Fingerprint: link.Fingerprint, Invite: link.Invite}
	z.save(func() {
		z.tracker.SetText(tracker.String())
		z.show(askTracker)
		z.useTracker(tracker.String())
	})
}

func (z *Wizard) useTracker(address string) {
	z.connect(func(ctx context.Context) error { return z.engine.UseTracker(ctx, address) })
}

func (z *Wizard) runTracker() { z.connect(z.engine.StartTracker) }

// connect tries a tracker and says how that went. A tracker that answers is the end
// of the questions.
func (z *Wizard) connect(action func(context.Context) error) {
	z.work(words.L("Connecting…"), action, func() {
		z.tracker.SetText("")
		z.Look()
		z.leave()
	})
}

// save gives the engine the name and the folder, if they are other ones.
func (z *Wizard) save(then func()) {
	settings := z.settings
	settings.Name, settings.DownloadFolder, settings.ShareDownloads = z.name.Text, z.folder.Text, z.share.Checked
	switch {
	case !z.filled, settings == z.settings:
		then()
	case settings.Name == "":
		z.refuse(&netproto.Error{Code: netproto.CodeInvalid, Detail: words.L("the name is empty")})
	default:
		z.work("", func(ctx context.Context) error { return z.engine.ApplySettings(ctx, settings) }, func() {
			z.settings = settings
			then()
		})
	}
}

// work gives an answer to the engine, and goes on if it is good.
func (z *Wizard) work(said string, action func(context.Context) error, then func()) {
	z.refuse(nil)
	z.busy = true
	z.answer.SetText(said)
	z.next.Disable()
	z.window.Start(func(ctx context.Context) func() {
		err := pages.InTime(ctx, action(ctx))
		return func() {
			z.busy = false
			z.next.Enable()
			z.showTrackers()
			if z.refuse(err); err == nil {
				then()
			} else if z.step == askTracker {
				z.askAgain()
			}
		}
	})
}

// askAgain selects the tracker that was refused, so that the next key replaces it.
func (z *Wizard) askAgain() {
	z.window.Host().Canvas.Focus(z.tracker)
	z.tracker.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// refuse says what was wrong with the answer; nil clears that.
func (z *Wizard) refuse(err error) {
	var invalid face.InvalidSettings
	text := ""
	switch {
	case errors.As(err, &invalid):
		for _, failure := range invalid {
			text = words.ExplainAtStart(failure).String()
		}
	case errors.Is(err, pages.ErrSlow):
		text = words.SlowAtStart().String()
	case err != nil:
		text = words.ExplainAtStart(face.FailureOf(err)).String()
	}
	z.problem.SetText(text)
	kit.Reveal(nil, z.problem, text != "")
	z.sheet.Refresh()
}

// Skip leaves the question with its default.
func (z *Wizard) Skip() {
	if z.busy {
		return
	}
	if z.step == askName {
		z.typed[z.name], z.typed[z.folder] = false, false
		z.suggest(z.name, z.settings.Name)
		z.suggest(z.folder, z.settings.DownloadFolder)
		z.share.SetChecked(!z.filled || z.settings.ShareDownloads)
	}
	z.leave()
}

// leave goes to the next question, or to the window after the last one.
func (z *Wizard) leave() {
	if z.step < Steps-1 {
		z.show(z.step + 1)
		return
	}
	z.save(z.done) // what was typed before the engine told its settings is not saved yet
}
