//go:build !darwin || cgo

package desktop

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// noticeTime is how long "Link copied" stays; failures stay until closed.
const noticeTime = 5 * time.Second

// notice is a strip below the page that says what came of an action.
type notice struct {
	window *window
	box    *fyne.Container
	words  *widget.Label
	icon   *widget.Icon
	forget func() // prevents the strip from going away
}

func newNotice(w *window) *notice {
	n := &notice{window: w, words: paragraph(""), icon: widget.NewIcon(nil), forget: func() {}}
	dismiss := newIconButton(w.tips, theme.CancelIcon(), L("Close this message"), n.hide)
	n.box = inset(gapLarge, gap, newPlate(theme.ColorNameButton, 8,
		inset(gapMedium, 0, container.NewBorder(nil, nil, n.icon, dismiss, n.words))))
	n.box.Hide()
	return n
}

func (n *notice) tell(words string) {
	n.set(words, theme.ConfirmIcon(), theme.ColorNameSuccess)
	n.forget = n.window.crossing.after(noticeTime, n.hide)
}

func (n *notice) fail(m message) { n.set(m.String(), theme.ErrorIcon(), theme.ColorNameError) }

func (n *notice) set(words string, picture fyne.Resource, color fyne.ThemeColorName) {
	n.forget()
	n.forget = func() {}
	n.words.SetText(words)
	n.icon.SetResource(tinted(picture, color))
	reveal(nil, n.box, true)
	n.window.frame.main.Refresh()
}

func (n *notice) hide() {
	n.window.tips.hide()
	reveal(n.window.frame.main, n.box, false)
}

// banner is a strip above the page while the tracker is lost. It counts down
// and goes away by itself when the tracker is back.
type banner struct {
	window        *window
	box           *fyne.Container
	words         *widget.Label
	retry, choose *widget.Button
	buttons       *fyne.Container
}

func newBanner(w *window) *banner {
	b := &banner{window: w, words: paragraph("")}
	b.retry = widget.NewButtonWithIcon(L("Try now"), theme.ViewRefreshIcon(), func() {
		w.act(w.engine.Reconnect, nil)
	})
	b.choose = widget.NewButton(L("Details"), func() { w.goTo(placeTracker) })
	b.buttons = container.NewHBox(b.retry, b.choose)
	b.box = inset(gapLarge, gap, newPlate(colorBanner, 8, inset(gapMedium, gap,
		container.NewBorder(nil, nil, widget.NewIcon(tinted(theme.WarningIcon(), theme.ColorNameWarning)),
			container.NewCenter(b.buttons), b.words))))
	b.box.Hide()
	return b
}

func (b *banner) show(status face.Status) {
	words := bannerWords(status)
	if words == "" {
		reveal(b.window.frame.main, b.box, false)
		return
	}
	if b.words.Text != words {
		b.words.SetText(words)
	}
	reveal(b.buttons, b.retry, status.Connection != face.ConnectionKeyChanged)
	reveal(b.window.frame.main, b.box, true)
}

// bannerWords is empty while there is nothing to warn about.
func bannerWords(status face.Status) string {
	failure := status.Failure
	switch status.Connection {
	case face.ConnectionReconnecting:
		return L("{{.Tracker}} cannot be reached. Trying again in {{.Time}}; running transfers go on meanwhile.",
			values{"Tracker": trackerWords(status), "Time": durationWords(int64(status.RetrySeconds))})
	case face.ConnectionOffline:
		if failure.IsZero() {
			return L("{{.Tracker}} cannot be reached. Running transfers go on meanwhile.", values{"Tracker": trackerWords(status)})
		}
		return explain(failure).String()
	case face.ConnectionKeyChanged:
		return L("{{.Tracker}} shows another key than before. Nothing is sent to it until you decide.",
			values{"Tracker": trackerWords(status)})
	}
	return ""
}

func trackerWords(status face.Status) string {
	if status.Tracker == "" {
		return L("The tracker")
	}
	return L("The tracker {{.Name}}", values{"Name": netproto.Printable(status.Tracker)})
}
