//go:build !darwin || cgo

package desktop

import (
	"path/filepath"

	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/face"
)

// downloadView is a row of the page.
type downloadView struct {
	twoLines
	page                 *downloadsPage
	download             face.Download
	toggle, open, remove *iconButton
}

func newDownloadView(p *downloadsPage) *downloadView {
	v := &downloadView{page: p}
	engine := p.window.engine
	tips := p.window.tips
	v.toggle = newIconButton(tips, theme.MediaPauseIcon(), "", func() {
		id := []string{v.download.ID}
		switch {
		case v.download.IsRunning():
			p.onIDs(engine.Pause, id)
		case v.download.IsPaused():
			p.onIDs(engine.Resume, id)
		default:
			p.onIDs(engine.Retry, id)
		}
	})
	v.open = newIconButton(tips, theme.FolderOpenIcon(), L("Open the folder"), func() { p.openFolder(v.download) })
	v.remove = newIconButton(tips, theme.CancelIcon(), "", func() { p.window.removeDownloads([]face.Download{v.download}) })
	v.init(v.toggle, v.open, v.remove)
	v.ExtendBaseWidget(v)
	return v
}

func (v *downloadView) show(d face.Download) {
	v.download = d
	switch {
	case d.IsRunning():
		v.toggle.set(theme.MediaPauseIcon(), L("Pause"))
	case d.IsPaused():
		v.toggle.set(theme.MediaPlayIcon(), L("Resume"))
	case d.IsFailed():
		v.toggle.set(theme.ViewRefreshIcon(), L("Retry"))
	}
	if d.IsFinished() {
		v.remove.set(theme.CancelIcon(), L("Take off the list"))
	} else {
		v.remove.set(theme.DeleteIcon(), L("Stop and delete"))
	}
	state := downloadWords(d)
	text := rowText{name: d.Name, state: state, done: percent(d.Done, d.Size), noBar: d.IsFinished(),
		caption: downloadCaption(d, state.text)}
	if d.IsFailed() || d.State == face.DownloadNoSpace {
		text.advice = adviceWords(d)
	}
	v.fill(text)
	if reveal(v.buttons, v.toggle, !d.IsFinished()) {
		v.Refresh()
	}
}

func downloadWords(d face.Download) stateWords {
	switch d.State {
	case face.DownloadWaiting:
		return stateWords{L("Waiting for a source"), theme.HistoryIcon(), colorCaption}
	case face.DownloadQueued:
		if d.Place > 0 {
			return stateWords{L("Queued (place {{.Place}})", values{"Place": d.Place}), theme.HistoryIcon(), colorCaption}
		}
		return stateWords{L("Queued"), theme.HistoryIcon(), colorCaption}
	case face.DownloadConnecting:
		return stateWords{L("Connecting"), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case face.DownloadDownloading:
		return stateWords{L("Downloading"), theme.DownloadIcon(), theme.ColorNamePrimary}
	case face.DownloadVerifying:
		return stateWords{L("Verifying"), icon("verify"), theme.ColorNamePrimary}
	case face.DownloadMoving:
		return stateWords{L("Moving to another folder"), theme.MailForwardIcon(), theme.ColorNamePrimary}
	case face.DownloadPaused:
		return stateWords{L("Paused"), theme.MediaPauseIcon(), colorCaption}
	case face.DownloadFinished:
		return stateWords{L("Finished"), icon("done"), theme.ColorNameSuccess}
	case face.DownloadNoSpace:
		return stateWords{L("Not enough space"), theme.WarningIcon(), theme.ColorNameWarning}
	default:
		return stateWords{L("Failed"), theme.ErrorIcon(), theme.ColorNameError}
	}
}

// downloadCaption is the second line of a row.
func downloadCaption(d face.Download, state string) string {
	progress := progressWords(d.Done, d.Size)
	switch d.State {
	case face.DownloadDownloading:
		left := ""
		if d.SecsLeft > 0 {
			left = leftWords(d.SecsLeft)
		}
		return joined(progress, rateWords(d.Rate), left, sourcesWords(d.Sources), extraWords(d))
	case face.DownloadFinished:
		return joined(state, sizeWords(d.Size), filepath.Dir(d.Path))
	case face.DownloadFailed:
		return L("Failed: {{.Reason}}", values{"Reason": explain(d.Failure).Headline()})
	case face.DownloadPaused:
		if !d.Failure.IsZero() {
			return joined(state, progress, explain(d.Failure).Headline())
		}
	}
	return joined(state, progress, extraWords(d))
}

// extraWords says what the person chose for this download.
func extraWords(d face.Download) string {
	words := ""
	switch d.Priority {
	case face.PriorityHigh:
		words = L("high priority")
	case face.PriorityLow:
		words = L("low priority")
	}
	if d.Limit > 0 {
		words = joined(words, L("at most {{.Rate}}", values{"Rate": rateWords(d.Limit)}))
	}
	return words
}

// adviceWords says what to do about a download that does not go on, or when it
// does so by itself.
func adviceWords(d face.Download) string {
	if d.RetrySecs > 0 {
		return L("It is tried again in {{.Time}}.", values{"Time": durationWords(d.RetrySecs)})
	}
	return explain(d.Failure).Next
}
