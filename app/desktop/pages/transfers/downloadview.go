//go:build !darwin || cgo

package transfers

import (
	"time"

	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// downloadView is a row of the downloads.
type downloadView struct {
	lists.TwoLines
	page                       *Downloads
	download                   face.Download
	toggle, file, open, remove *kit.IconButton
}

func newDownloadView(p *Downloads) *downloadView {
	v := &downloadView{page: p}
	engine := p.engine
	tips := p.Window.Host().Tips
	v.toggle = kit.NewIconButton(tips, theme.MediaPauseIcon(), "", func() {
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
	v.file = kit.NewIconButton(tips, theme.FileIcon(), words.L("Open"), func() { p.openFile(v.download) })
	v.open = kit.NewIconButton(tips, theme.FolderOpenIcon(), words.L("Open folder"), func() { p.openFolder(v.download) })
	v.remove = kit.NewIconButton(tips, theme.CancelIcon(), "", func() { p.removeDownloads([]face.Download{v.download}) })
	v.Init(v.toggle, v.file, v.open, v.remove)
	kit.Reveal(v.Buttons, v.open, !p.Window.Elsewhere())
	v.ExtendBaseWidget(v)
	return v
}

func (v *downloadView) Fill(d face.Download) {
	v.download = d
	switch {
	case d.IsRunning():
		v.toggle.Set(theme.MediaPauseIcon(), words.L("Pause"))
	case d.IsPaused():
		v.toggle.Set(theme.MediaPlayIcon(), words.L("Resume"))
	case d.IsFailed():
		v.toggle.Set(theme.ViewRefreshIcon(), words.L("Retry"))
	}
	if d.IsFinished() {
		v.remove.Set(theme.CancelIcon(), words.L("Remove from list"))
	} else {
		v.remove.Set(theme.DeleteIcon(), words.L("Stop and delete"))
	}
	if d.IsFinished() {
		v.file.Set(theme.FileIcon(), words.L("Open"))
	} else {
		v.file.Set(look.Icon("eye"), words.L("Preview"))
	}
	text := downloadText(d)
	text.Picture = v.page.thumbs.OfDownload(d)
	v.Set(text)
	changed := kit.Reveal(v.Buttons, v.toggle, !d.IsFinished())
	if kit.Reveal(v.Buttons, v.file, v.page.opens(d)) || changed {
		v.Refresh()
	}
}

// opens reports whether the row of a download has a button to look at it.
func (p *Downloads) opens(d face.Download) bool {
	return !p.Window.Elsewhere() && (d.IsFinished() || canPreview(d))
}

// downloadText is what the row of a download says.
func downloadText(d face.Download) lists.RowText {
	state := downloadWords(d)
	text := lists.RowText{Name: d.Name, State: state, Done: words.Fraction(d.Done, d.Size), NoBar: d.IsFinished(), Caption: downloadCaption(d, state.Text)}
	if isStuck(d) {
		text.Advice = adviceWords(d)
	}
	return text
}

// isStuck reports whether a download needs something of the person, or of another try.
func isStuck(d face.Download) bool { return d.IsFailed() || d.State == face.DownloadNoSpace }

// stuckKind is what decides how many lines the row of a stuck download needs.
type stuckKind struct {
	state   face.DownloadState
	failure face.Failure
	done    string // it stands before the failure
	retries bool
	buttons int
}

// moreOf returns how much higher the row of a download is, in a list of a width.
func (p *Downloads) moreOf(d face.Download, width float32) float32 {
	if !isStuck(d) {
		return 0
	}
	if p.width != width {
		p.width = width
		clear(p.more)
	}
	kind := stuckKind{state: d.State, failure: d.Failure, retries: d.RetrySecs > 0, buttons: 2}
	if d.State == face.DownloadNoSpace {
		kind.done = words.Progress(d.Done, d.Size)
	}
	for _, shown := range []bool{p.opens(d), !p.Window.Elsewhere()} {
		if shown {
			kind.buttons++
		}
	}
	more, known := p.more[kind]
	if !known {
		more = downloadText(d).More(kind.buttons, width)
		p.more[kind] = more
	}
	return more
}

func downloadWords(d face.Download) kit.Mark {
	switch d.State {
	case face.DownloadWaiting:
		return kit.Mark{Text: words.L("Waiting for a source"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	case face.DownloadQueued:
		if d.Place > 0 {
			return kit.Mark{Text: words.L("Queued (place {{.Place}})", words.Values{"Place": d.Place}), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
		}
		return kit.Mark{Text: words.L("Queued"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	case face.DownloadConnecting:
		return kit.Mark{Text: words.L("Connecting"), Icon: theme.ViewRefreshIcon(), Color: theme.ColorNamePrimary}
	case face.DownloadDownloading:
		return kit.Mark{Text: words.L("Downloading"), Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}
	case face.DownloadVerifying:
		return kit.Mark{Text: words.L("Verifying"), Icon: look.Icon("verify"), Color: theme.ColorNamePrimary}
	case face.DownloadMoving:
		return kit.Mark{Text: words.L("Moving to another folder"), Icon: theme.MailForwardIcon(), Color: theme.ColorNamePrimary}
	case face.DownloadPaused:
		return kit.Mark{Text: words.L("Paused"), Icon: theme.MediaPauseIcon(), Color: look.ColorCaption}
	case face.DownloadFinished:
		return kit.Mark{Text: words.N("Finished", 1), Icon: look.Icon("done"), Color: theme.ColorNameSuccess}
	case face.DownloadNoSpace:
		text := words.L("Waiting for its folder")
		if d.Failure.Code == netproto.CodeNoSpace {
			text = words.L("Not enough space")
		}
		return kit.Mark{Text: text, Icon: theme.WarningIcon(), Color: theme.ColorNameWarning}
	case face.DownloadFailed:
		return kit.Mark{Text: words.N("Failed", 1), Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
	default: // of a peer on another computer, which is newer
		return kit.Mark{Text: netproto.Printable(string(d.State)), Icon: theme.QuestionIcon(), Color: look.ColorCaption}
	}
}

// downloadCaption is the second line of a row.
func downloadCaption(d face.Download, state string) words.Parts {
	said := words.Part{Text: state, Stays: true}
	progress := words.Part{Text: words.Progress(d.Done, d.Size), Short: words.Percent(d.Done, d.Size), Stays: true}
	switch d.State {
	case face.DownloadDownloading:
		left := words.Part{Stays: true}
		if d.SecsLeft > 0 {
			left.Text = words.Left(d.SecsLeft)
		}
		return words.Side(progress, words.Part{Text: words.Rate(d.Rate), Stays: true}, left,
			words.Part{Text: words.Sources(d.Sources)}, priorityPart(d), limitPart(d))
	case face.DownloadFinished:
		folder, _ := face.SplitPath(d.Path)
		return words.Side(said, words.Part{Text: words.Day(d.Finished, time.Now())}, words.Part{Text: words.Size(d.Size)},
			words.Part{Text: folder, Cut: words.CutMiddles})
	case face.DownloadFailed:
		return words.Side(words.Part{Text: words.L("Failed: {{.Reason}}", words.Values{"Reason": words.Explain(d.Failure).Headline()}), Cut: words.CutEnds})
	}
	if d.State == face.DownloadNoSpace || d.IsPaused() && !d.Failure.IsZero() {
		return words.Side(said, progress, words.Part{Text: words.Explain(d.Failure).Headline(), Cut: words.CutEnds, Stays: true})
	}
	return words.Side(said, progress, priorityPart(d), limitPart(d))
}

// priorityPart and limitPart say what the person set for a download.
func priorityPart(d face.Download) (part words.Part) {
	switch d.Priority {
	case face.PriorityHigh:
		part.Text = words.L("high priority")
	case face.PriorityLow:
		part.Text = words.L("low priority")
	}
	return part
}

func limitPart(d face.Download) (part words.Part) {
	if d.Limit > 0 {
		part.Text = words.L("at most {{.Rate}}", words.Values{"Rate": words.Rate(d.Limit)})
	}
	return part
}

// adviceWords says what to do about a download that is stuck, or when it
// continues by itself.
func adviceWords(d face.Download) string {
	if d.RetrySecs > 0 {
		return words.L("Next attempt in {{.Time}}.", words.Values{"Time": words.Duration(d.RetrySecs)})
	}
	if d.State == face.DownloadNoSpace && d.Failure.Code == netproto.CodeFolderUnwritable {
		return words.L("Make the folder writable, or move the download to another one; it then continues by itself.")
	}
	return words.Explain(d.Failure).Next
}
