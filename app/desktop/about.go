//go:build !darwin || cgo

package desktop

import (
	"cmp"
	"context"
	"net/url"
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/assets"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

// about says which program this is, and its version.
func (h *help) about() {
	sheets := h.window.Sheets()
	facts := kit.NewFacts()
	facts.Set([]kit.Fact{
		{Name: words.L("Version"), Value: cmp.Or(h.version, version.Number)},
		{Name: words.L("Built with"), Value: runtime.Version() + ", Fyne"},
		{Name: words.L("System"), Value: runtime.GOOS + "/" + runtime.GOARCH},
	})
	mark := container.NewGridWrap(fyne.NewSquareSize(64), widget.NewIcon(appIcon()))
	text := kit.Paragraph(words.L("Shares files directly between computers. A tracker knows who has what. Every piece that arrives is verified."))
	content := container.NewVBox(container.NewCenter(mark), text, facts.Box)
	if h.newest != nil {
		content.Add(h.lookForNewer())
	}
	sheets.Open(appName, content, fyne.NewSize(440, 340), kit.NewButton(words.L("Licences"), h.licences), sheets.CloseButton())
}

// lookForNewer is the button that asks for the newest release, and what came of it.
func (h *help) lookForNewer() fyne.CanvasObject {
	said := kit.Paragraph("")
	said.Hide()
	say := func(text string) {
		said.SetText(text)
		said.Show()
	}
	var page string
	open := kit.NewButton(words.L("Open its page"), func() {
		if at, err := url.Parse(page); err != nil || h.openPage(at) != nil {
			say(words.L("No web browser could be opened. The page is {{.Page}}", words.Values{"Page": netproto.Printable(page)}))
		}
	})
	open.Hide()
	var look *kit.Button
	look = kit.NewButton(words.L("Check for updates"), func() {
		look.Disable()
		say(words.L("Checking for updates…"))
		h.window.Start(func(ctx context.Context) func() {
			r, err := h.newest(ctx)
			return func() {
				look.Enable()
				switch {
				case err != nil:
					say(words.L("Updates cannot be checked now. Check the internet connection and try again."))
				case !r.Newer:
					say(words.L("This is the newest version."))
				default:
					say(words.L("Version {{.Version}} is available.", words.Values{"Version": netproto.Printable(r.Version)}))
					if page = r.Page; page != "" {
						open.Show()
					}
				}
			}
		})
	})
	return container.NewVBox(container.NewHBox(look, open), said)
}

// licences shows the licences of this program and of what it is made of.
func (h *help) licences() {
	lines := strings.Split(strings.TrimSuffix(assets.Licences, "\n"), "\n")
	list := kit.NewList(func() int { return len(lines) }, func() fyne.CanvasObject {
		line := kit.NewCaption()
		line.Style.Monospace = true
		return line
	}, func(i int, line fyne.CanvasObject) { line.(*kit.Line).SetText(lines[i]) })
	list.HideSeparators = true
	back := kit.NewButtonWithIcon(words.L("Back"), theme.NavigateBackIcon(), h.about)
	h.window.Sheets().Open(words.L("Licences"), list, fyne.NewSize(780, 560), back, h.window.Sheets().CloseButton())
}
