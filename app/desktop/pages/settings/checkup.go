//go:build !darwin || cgo

package settings

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// CheckUp has the engine look at everything that a person would be asked for who needs
// help, and shows what it found and what helps.
func CheckUp(w pages.Window, engine face.Overview) {
	text := ""
	copying := kit.PrimaryButton(words.L("Copy text"), theme.ContentCopyIcon(), func() { w.Copy(text, words.L("Diagnostics copied.")) })
	copying.Disable()
	body := container.NewStack(container.NewVBox(kit.Paragraph(words.L("This takes a few seconds.")), widget.NewProgressBarInfinite()))
	ctx, stop := context.WithCancel(context.Background())
	opened := w.Sheets().Open(words.L("Check for problems"), body, fyne.NewSize(640, 520), w.Sheets().CloseButton(), copying)
	opened.Gone = stop
	w.Follow(func(within context.Context) func() {
		defer context.AfterFunc(within, stop)()
		found, err := engine.Checkup(ctx)
		err = pages.InTime(within, err)
		return func() {
			switch {
			case ctx.Err() != nil && within.Err() == nil: // the sheet was closed
			case err != nil:
				w.Sheets().CloseAll()
				w.Fail(err)
			default:
				text = found.Text()
				copying.Enable()
				body.Objects = []fyne.CanvasObject{container.NewVScroll(findings(found))}
				body.Refresh()
			}
		}
	})
}

// findings shows each finding with its state and, below it, what helps.
func findings(c netproto.Checkup) fyne.CanvasObject {
	rows := container.NewVBox()
	for _, f := range c.Findings {
		what := widget.NewLabel(words.Join(words.Topic(f.Topic), words.FindingState(f.State)))
		what.TextStyle.Bold = true
		icon, help := theme.ConfirmIcon(), kit.Hint(words.Fact(f))
		switch f.State {
		case netproto.FindingBad:
			icon, what.Importance = theme.ErrorIcon(), widget.DangerImportance
		case netproto.FindingWarning:
			icon, what.Importance = theme.WarningIcon(), widget.WarningImportance
		case netproto.FindingUnknown:
			icon = theme.QuestionIcon()
		}
		rows.Add(container.NewBorder(nil, nil, widget.NewIcon(icon), nil, what))
		if text := words.Remedy(f.Do); text != "" {
			rows.Add(kit.Paragraph(text))
		}
		rows.Add(help)
	}
	return rows
}
