//go:build !darwin || cgo

package desktop

import (
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
	"centralizedp2p/netproto"
)

// noticeTime is how long "Link copied" stays. Failures stay until they are
// closed.
const noticeTime = 5 * time.Second

// notice floats above the page and says how an action went. It may offer the next
// step.
type notice struct {
	window pages.Window
	moved  func() // called when it takes other room
	box    *fyne.Container
	words  *kit.Text
	icon   *widget.Icon
	step   *kit.Button // the next step; hidden if there is none
	forget func()      // keeps it from going away by itself
}

func newNotice(w pages.Window, moved func()) *notice {
	n := &notice{window: w, moved: moved, words: kit.Paragraph(""), icon: widget.NewIcon(nil), forget: func() {}}
	dismiss := kit.NewIconButton(w.Host().Tips, theme.CancelIcon(), words.L("Close this message"), n.hide)
	n.step = kit.NewButton("", nil)
	n.step.Hide()
	n.box = toast(n.icon, container.NewHBox(container.NewCenter(n.step), dismiss), n.words)
	n.box.Hide()
	return n
}

// toast is what floats above the page.
func toast(icon, buttons, text fyne.CanvasObject) *fyne.Container {
	return container.NewStack(kit.NewPlate(theme.ColorNameInputBorder, 9, kit.Inset(1, 1, kit.NewPlate(theme.ColorNameButton, 8,
		kit.Inset(look.GapMedium, 0, container.NewBorder(nil, nil, icon, buttons, text))))))
}

func (n *notice) tell(text string) { n.tellNext(text, "", nil) }

// tellNext offers a next step, unless its name is empty.
func (n *notice) tellNext(text, step string, take func()) {
	n.set(text, theme.ConfirmIcon(), theme.ColorNameSuccess)
	if step != "" {
		n.step.SetText(step)
		n.step.OnTapped = func() {
			n.hide()
			take()
		}
		n.step.Show()
		n.moved()
	}
	n.forget = n.window.After(noticeTime, n.hide)
}

func (n *notice) fail(m words.Message) { n.set(m.String(), theme.ErrorIcon(), theme.ColorNameError) }

func (n *notice) set(text string, picture fyne.Resource, color fyne.ThemeColorName) {
	n.forget()
	n.forget = func() {}
	n.words.SetText(text)
	n.icon.SetResource(look.Tinted(picture, color))
	n.step.Hide()
	kit.Reveal(nil, n.box, true)
	n.moved()
}

// floating lays toasts at the lower edge of the window, in the middle: over the status
// line, so that they hide no button of a page. Around them the pointer reaches what lies
// below.
type floating struct{}

const (
	widestToast = 720 // most texts fit on one line
	underToast  = 1
)

func (floating) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(size.Width-2*look.GapLarge, widestToast)
	bottom := size.Height - underToast
	for _, object := range objects {
		if !object.Visible() {
			continue
		}
		object.Resize(fyne.NewSize(width, object.MinSize().Height)) // text wraps at a width, which decides its height
		height := object.MinSize().Height
		object.Resize(fyne.NewSize(width, height))
		object.Move(fyne.NewPos((size.Width-width)/2, bottom-height))
		bottom -= height + look.Gap
	}
}

func (floating) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (n *notice) hide() {
	n.window.Host().Tips.Hide()
	if kit.Reveal(nil, n.box, false) {
		n.moved()
	}
}

// banner is a strip above the page while the tracker is lost, or after a part of
// the peer stopped. It counts down, and disappears when the tracker is back.
type banner struct {
	moved         func() // called when the strip takes other room
	box           *fyne.Container
	words         *kit.Text
	retry, choose *kit.Button
	buttons       *fyne.Container
}

func newBanner(w pages.Window, engine face.Trackers, moved func()) *banner {
	b := &banner{moved: moved, words: kit.Paragraph("")}
	b.retry = kit.NewButtonWithIcon(words.L("Try now"), theme.ViewRefreshIcon(), func() {
		w.Act(engine.Reconnect, nil)
	})
	b.choose = kit.NewButton(words.L("Details"), func() { w.GoTo(pages.PlaceTracker) })
	b.buttons = container.NewHBox(b.retry, b.choose)
	b.box = kit.Inset(look.GapLarge, look.Gap, kit.NewPlate(look.ColorBanner, 8, kit.Inset(look.GapMedium, look.Gap,
		container.NewBorder(nil, nil, widget.NewIcon(look.Tinted(theme.WarningIcon(), theme.ColorNameWarning)),
			container.NewCenter(b.buttons), b.words))))
	b.box.Hide()
	return b
}

func (b *banner) show(status face.Status) {
	text := bannerWords(status)
	if text == "" {
		if kit.Reveal(nil, b.box, false) {
			b.moved()
		}
		return
	}
	if b.words.Text != text {
		b.words.SetText(text)
	}
	stopped := !status.Stopped.IsZero()
	kit.Reveal(b.buttons, b.retry, !stopped && status.Connection != face.ConnectionKeyChanged)
	kit.Reveal(b.buttons, b.choose, !stopped)
	if kit.Reveal(nil, b.box, true) {
		b.moved()
	}
}

// bannerWords is empty if there is nothing to warn about.
func bannerWords(status face.Status) string {
	if !status.Stopped.IsZero() {
		return words.L("A part of this program has stopped working. Quit it and start it again. If that does not help, copy the diagnostics in the settings.")
	}
	failure := status.Failure
	switch status.Connection {
	case face.ConnectionReconnecting:
		return words.L("{{.Tracker}} cannot be reached. Trying again in {{.Time}}. Running transfers continue.",
			words.Values{"Tracker": trackerWords(status), "Time": words.Duration(int64(status.RetrySeconds))})
	case face.ConnectionOffline:
		if failure.IsZero() {
			return words.L("{{.Tracker}} cannot be reached. Running transfers continue.", words.Values{"Tracker": trackerWords(status)})
		}
		return words.Explain(failure).String()
	case face.ConnectionKeyChanged:
		return words.L("{{.Tracker}} has a new identity. The connection is paused until you decide.",
			words.Values{"Tracker": trackerWords(status)})
	}
	return ""
}

func trackerWords(status face.Status) string {
	if status.Tracker == "" {
		return words.L("The tracker")
	}
	return words.L("The tracker {{.Name}}", words.Values{"Name": netproto.Printable(status.Tracker)})
}
