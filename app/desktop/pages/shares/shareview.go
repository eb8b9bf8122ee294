//go:build !darwin || cgo

package shares

import (
	"cmp"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The columns of the Shared page.
const (
	shareColumnName = iota
	shareColumnSize
	shareColumnState
	shareColumnFetched
	shareColumnSent
	shareColumnFiles
	shareColumnPath
	shareColumnVisible
)

func shareColumns(picture func(face.Share) image.Image) []tables.Column[face.Share] {
	const trailing = fyne.TextAlignTrailing
	return []tables.Column[face.Share]{
		shareColumnName: {ColumnShape: tables.ColumnShape{ID: "name", Name: "Name"},
			Text: func(s face.Share) string { return s.Name },
			Cell: func(s face.Share) tables.Cell {
				return tables.Cell{Text: s.Name, Ink: theme.ColorNameForeground, Tint: look.ColorCaption, Picture: picture(s),
					Icon: pages.KindIcon(netproto.KindOf(s.Name, "", s.Folder))}
			}},
		shareColumnSize: {ColumnShape: tables.ColumnShape{ID: "size", Name: "Size", Width: 80, Align: trailing, Descending: true},
			Order: func(a, b face.Share) int { return cmp.Compare(a.Size, b.Size) },
			Cell:  func(s face.Share) tables.Cell { return tables.Cell{Text: words.Size(s.Size)} }},
		shareColumnState: {ColumnShape: tables.ColumnShape{ID: "state", Name: "State", Width: 216},
			Text: func(s face.Share) string { return shareWords(s).Text },
			Cell: shareStateCell,
			Samples: []face.Share{{State: face.ShareWaiting}, {State: face.ShareHashing, Size: 1, Hashed: 1}, {State: face.ShareShared},
				{State: face.ShareRehashing, Size: 1, Hashed: 1}, {State: face.ShareEnded}, {State: face.ShareMissing}}},
		shareColumnFetched: {ColumnShape: tables.ColumnShape{ID: "fetched", Name: "Downloaded", Width: 88, Align: trailing, Descending: true, Spare: 1},
			Order:   func(a, b face.Share) int { return cmp.Compare(a.Fetched, b.Fetched) },
			Cell:    func(s face.Share) tables.Cell { return tables.Cell{Text: fetchedWords(s)} },
			Samples: []face.Share{{Fetched: 100}, {Sent: 1}, {}}},
		shareColumnSent: {ColumnShape: tables.ColumnShape{ID: "sent", Name: "Sent", Width: 80, Align: trailing, Descending: true, Spare: 2},
			Order: func(a, b face.Share) int { return cmp.Compare(a.Sent, b.Sent) },
			Cell:  func(s face.Share) tables.Cell { return tables.Cell{Text: words.Size(s.Sent)} }},
		shareColumnFiles: {ColumnShape: tables.ColumnShape{ID: "files", Name: "Files", Width: 72, Align: trailing, Descending: true, Hidden: true},
			Order: func(a, b face.Share) int { return cmp.Compare(a.Files, b.Files) },
			Cell:  func(s face.Share) tables.Cell { return tables.Cell{Text: words.Count(s.Files)} }},
		shareColumnPath: {ColumnShape: tables.ColumnShape{ID: "path", Name: "Location", Width: 200, Hidden: true},
			Text: func(s face.Share) string { return s.Path },
			Cell: func(s face.Share) tables.Cell { return tables.Cell{Text: s.Path} }},
		shareColumnVisible: {ColumnShape: tables.ColumnShape{ID: "visible", Name: "Who can see it", Width: 136, Spare: 1},
			Text:    visibleWords,
			Cell:    visibleCell,
			Samples: []face.Share{{Visible: face.VisibleEverybody}, {Visible: face.VisibleLink}}},
	}
}

func visibleCell(s face.Share) tables.Cell {
	cell := tables.Cell{Text: visibleWords(s)}
	switch s.Visible {
	case face.VisibleLink:
		cell.Icon = look.Icon("link")
	case face.VisiblePeople:
		cell.Icon = theme.AccountIcon()
	}
	return cell
}

func fetchedWords(s face.Share) string {
	switch {
	case s.Fetched > 0:
		return words.N("{{.Count}} times", s.Fetched, words.Values{"Count": words.Count(s.Fetched)})
	case s.Sent > 0:
		return words.L("in parts")
	default:
		return words.L("never")
	}
}

func shareStateCell(s face.Share) tables.Cell {
	state := shareWords(s)
	c := tables.Cell{Text: state.Text, Icon: state.Icon, Ink: state.Color}
	if s.State == face.ShareHashing || s.State == face.ShareRehashing {
		c.Bar, c.Done = true, words.Fraction(s.Hashed, s.Size)
	}
	return c
}

func shareWords(s face.Share) kit.Mark {
	switch s.State {
	case face.ShareWaiting:
		return kit.Mark{Text: words.L("Waiting to be prepared"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	case face.ShareHashing:
		return kit.Mark{Text: words.L("Preparing {{.Percent}}", words.Values{"Percent": words.Percent(s.Hashed, s.Size)}),
			Icon: theme.ViewRefreshIcon(), Color: theme.ColorNamePrimary}
	case face.ShareShared:
		return kit.Mark{Text: words.L("Shared"), Icon: theme.ConfirmIcon(), Color: theme.ColorNameSuccess}
	case face.ShareRehashing:
		return kit.Mark{Text: words.L("Changed, preparing {{.Percent}}", words.Values{"Percent": words.Percent(s.Hashed, s.Size)}),
			Icon: theme.ViewRefreshIcon(), Color: theme.ColorNamePrimary}
	case face.ShareEnded:
		return kit.Mark{Text: words.L("Ended"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	case face.ShareMissing:
		return kit.Mark{Text: words.L("Missing"), Icon: theme.WarningIcon(), Color: theme.ColorNameWarning}
	default:
		return kit.Mark{Text: words.Explain(s.Failure).What,
			Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
	}
}

// shareMore is what the strip says about a share: what to do if something is
// wrong, else where it is.
func shareMore(s face.Share) string {
	switch s.State {
	case face.ShareFailed:
		return words.Explain(s.Failure).String()
	case face.ShareMissing:
		return words.Join(words.L("Put it back to share it again, or stop sharing it."), s.Path)
	case face.ShareHashing, face.ShareRehashing:
		return words.Join(words.Progress(s.Hashed, s.Size), words.Rate(s.Rate), s.Path)
	}
	if s.State == face.ShareEnded {
		return words.Join(words.L("The time or the number of downloads that you allowed is used up. Change who can see it to share it again."), s.Path)
	}
	if s.Visible != face.VisibleEverybody || !s.Expires.IsZero() || s.Left > 0 {
		return words.Join(visibleWords(s), s.Path)
	}
	if !s.Notice.IsZero() {
		return words.Join(words.Explain(s.Notice).String(), s.Path)
	}
	return s.Path
}
