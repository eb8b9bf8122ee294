//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// wizard asks a new person three things, each with a good default: a name, a
// tracker and a folder. It shares nothing.
type wizard struct {
	window   pages.Window
	engine   wizardEngine
	done     func()            // called after the last question
	screen   fyne.CanvasObject // what covers the window
	settings face.Settings
	step     int
	sheet    *fyne.Container // everything
	body     *fyne.Container // the question
	foot     *fyne.Container // the problem, and the buttons
	problem  *widget.Label
	next     *kit.Button
	back     *kit.Button
	progress *kit.Line

	name, tracker, folder *kit.TextEntry
	nearby                *fyne.Container
	answer                *widget.Label // the answer of the tracker
}

// wizardEngine is what the wizard needs of the engine.
type wizardEngine interface {
	face.Trackers
	face.Preferences
}

const wizardSteps = 3

// newWizard makes what covers the window until the questions are answered or
// skipped.
func newWizard(w pages.Window, engine wizardEngine, done func()) *wizard {
	z := &wizard{window: w, engine: engine, done: done, body: container.NewStack(), problem: kit.Paragraph(""), progress: kit.NewCaption(),
		name: kit.NewTextEntry(w.Host().Pressed), tracker: kit.NewTextEntry(w.Host().Pressed), folder: kit.NewTextEntry(w.Host().Pressed),
		nearby: container.NewVBox(), answer: kit.Paragraph("")}
	z.problem.Importance = widget.DangerImportance
	z.tracker.PlaceHolder = words.L("Address or link")
	z.tracker.OnSubmitted = z.useTracker
	z.next = kit.PrimaryButton("", nil, z.forward)
	z.back = kit.NewButton(words.L("Back"), func() { z.show(z.step - 1) })
	skip := kit.NewButton(words.L("Skip"), z.skip)
	skip.Importance = widget.LowImportance

	buttons := container.NewBorder(nil, nil, container.NewCenter(container.NewHBox(skip)), container.NewHBox(z.back, z.next),
		container.NewCenter(container.NewGridWrap(fyne.NewSize(160, 20), z.progress)))
	z.progress.Align = fyne.TextAlignCenter
	z.foot = container.NewVBox(z.problem, buttons)
	z.sheet = container.NewBorder(nil, z.foot, nil, nil, z.body)
	const width, height = 560, 400
	middle := container.NewGridWrap(fyne.NewSize(width, height),
		kit.NewPlate(theme.ColorNameOverlayBackground, 12, kit.Inset(kit.GapHuge, kit.GapHuge, z.sheet)))
	z.screen = container.NewStack(kit.NewPlate(kit.ColorSidebar, 0, layout.NewSpacer()), container.NewCenter(middle))
	return z
}

// begin asks the first question. What covers the window must be in it.
func (z *wizard) begin() {
	z.show(0)
	pages.Ask(z.window, z.engine.Settings, func(settings face.Settings, err error) {
		if err != nil {
			z.refuse(err)
			return
		}
		z.settings = settings
		z.name.SetText(settings.Name)
		z.folder.SetText(settings.DownloadFolder)
	})
	pages.Ask(z.window, z.engine.Tracker, func(view face.TrackerView, err error) {
		if err == nil {
			z.showNearby(view.Nearby)
		}
	})
}

func (z *wizard) show(step int) {
	z.step = step
	z.refuse(nil)
	z.progress.SetText(words.L("Step {{.N}} of {{.Of}}", words.Values{"N": step + 1, "Of": wizardSteps}))
	kit.Reveal(z.foot, z.back, step > 0)
	z.next.SetText(words.L("Next"))
	if step == wizardSteps-1 {
		z.next.SetText(words.L("Start"))
	}
	z.body.Objects = []fyne.CanvasObject{[]func() fyne.CanvasObject{z.askName, z.askTracker, z.askFolder}[step]()}
	z.body.Refresh()
	z.sheet.Refresh()
	z.window.Host().Canvas.Focus([]*kit.TextEntry{z.name, z.tracker, z.folder}[step])
}

func (z *wizard) question(title, text string, content ...fyne.CanvasObject) fyne.CanvasObject {
	big := kit.NewLine(theme.ColorNameForeground, theme.SizeNameHeadingText)
	big.Style.Bold = true
	big.SetText(title)
	return container.NewVBox(append([]fyne.CanvasObject{kit.Inset(kit.GapMedium, 0, big), kit.Paragraph(text)}, content...)...)
}

func (z *wizard) askName() fyne.CanvasObject {
	mark := container.NewGridWrap(fyne.NewSquareSize(64), widget.NewIcon(appIcon()))
	z.name.OnSubmitted = func(string) { z.forward() }
	return container.NewVBox(kit.Leading(kit.Inset(kit.GapMedium, 0, mark)), z.question(words.L("Welcome"),
		words.L("CentralizedP2P shares files directly between computers. Nothing is shared until you say so."),
		kit.Labelled(words.L("Your name, as others see it"), z.name, nil)))
}

func (z *wizard) askTracker() fyne.CanvasObject {
	connect := kit.NewButtonWithIcon(words.L("Connect"), theme.ConfirmIcon(), func() { z.useTracker(z.tracker.Text) })
	own := kit.NewButtonWithIcon(words.L("Run a tracker on this computer"), theme.StorageIcon(), func() {
		z.connect(z.engine.StartTracker)
	})
	return z.question(words.L("Choose a tracker"),
		words.L("A tracker knows who shares what and answers searches. Files never pass through it."),
		z.nearby, container.NewBorder(nil, nil, nil, connect, z.tracker), kit.Leading(own), z.answer)
}

func (z *wizard) askFolder() fyne.CanvasObject {
	choose := kit.NewButtonWithIcon(words.L("Choose"), theme.FolderOpenIcon(), func() {
		z.window.Sheets().PickFolder(words.L("Choose the folder for downloads"), z.folder.Text, z.folder.SetText)
	})
	z.folder.OnSubmitted = func(string) { z.forward() }
	return z.question(words.L("Download folder"), words.L("You can change all of this later in Settings."),
		container.NewBorder(nil, nil, nil, choose, z.folder))
}

func (z *wizard) showNearby(trackers []face.KnownTracker) {
	for _, known := range trackers {
		z.nearby.Add(kit.NewButtonWithIcon(
			words.L("{{.Name}} on your network", words.Values{"Name": words.TrackerName(known)}), theme.ComputerIcon(),
			func() { z.useTracker(known.Address) }))
	}
}

func (z *wizard) useTracker(address string) {
	if address != "" {
		z.connect(func(ctx context.Context) error { return z.engine.UseTracker(ctx, address) })
	}
}

// connect tries a tracker and says how that went.
func (z *wizard) connect(action func(context.Context) error) {
	z.refuse(nil)
	z.answer.SetText(words.L("Connecting…"))
	z.window.Start(func(ctx context.Context) func() {
		err := action(ctx)
		return func() {
			z.answer.SetText("")
			z.refuse(err)
			if err == nil {
				z.show(wizardSteps - 1)
			}
		}
	})
}

// refuse says what was wrong with the answer; nil clears that.
func (z *wizard) refuse(err error) {
	var invalid face.InvalidSettings
	text := ""
	switch {
	case errors.As(err, &invalid):
		for _, failure := range invalid {
			text = words.Explain(failure).String()
		}
	case err != nil:
		text = words.Explain(face.FailureOf(err)).String()
	}
	z.problem.SetText(text)
	kit.Reveal(nil, z.problem, text != "")
	z.sheet.Refresh()
}

func (z *wizard) forward() {
	switch {
	case z.step == 1 && z.tracker.Text != "":
		z.useTracker(z.tracker.Text)
		return
	case z.step == 1, !z.changed():
		z.leave()
		return
	}
	settings := z.answered()
	if settings.Name == "" {
		z.refuse(&netproto.Error{Code: netproto.CodeInvalid, Detail: words.L("the name is empty")})
		return
	}
	z.next.Disable()
	z.window.Start(func(ctx context.Context) func() {
		err := z.engine.ApplySettings(ctx, settings)
		return func() {
			z.next.Enable()
			if err != nil {
				z.refuse(err)
				return
			}
			z.settings = settings
			z.leave()
		}
	})
}

func (z *wizard) answered() face.Settings {
	settings := z.settings
	settings.Name, settings.DownloadFolder = z.name.Text, z.folder.Text
	return settings
}

func (z *wizard) changed() bool { return z.answered() != z.settings }

// skip leaves the question with its default.
func (z *wizard) skip() {
	z.name.SetText(z.settings.Name)
	z.folder.SetText(z.settings.DownloadFolder)
	z.leave()
}

// leave goes to the next question, or to the window after the last one.
func (z *wizard) leave() {
	if z.step < wizardSteps-1 {
		z.show(z.step + 1)
		return
	}
	z.done()
}
