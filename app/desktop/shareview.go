//go:build !darwin || cgo

package desktop

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

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
)

func shareColumns() []column[face.Share] {
	const trailing = fyne.TextAlignTrailing
	return []column[face.Share]{
		shareColumnName: {columnShape: columnShape{id: "name", name: "Name"},
			text: func(s face.Share) string { return s.Name },
			cell: func(s face.Share) cell {
				return cell{text: s.Name, ink: theme.ColorNameForeground, tint: colorCaption,
					icon: kindIcon(netproto.KindOf(s.Name, "", s.Folder))}
			}},
		shareColumnSize: {columnShape: columnShape{id: "size", name: "Size", width: 80, align: trailing, falling: true},
			order: func(a, b face.Share) int { return cmp.Compare(a.Size, b.Size) },
			cell:  func(s face.Share) cell { return cell{text: sizeWords(s.Size)} }},
		shareColumnState: {columnShape: columnShape{id: "state", name: "State", width: 216},
			text: func(s face.Share) string { return shareWords(s).text },
			cell: shareStateCell},
		shareColumnFetched: {columnShape: columnShape{id: "fetched", name: "Fetched", width: 88, align: trailing, falling: true, spare: 1},
			order: func(a, b face.Share) int { return cmp.Compare(a.Fetched, b.Fetched) },
			cell:  func(s face.Share) cell { return cell{text: fetchedWords(s.Fetched)} }},
		shareColumnSent: {columnShape: columnShape{id: "sent", name: "Sent", width: 80, align: trailing, falling: true, spare: 2},
			order: func(a, b face.Share) int { return cmp.Compare(a.Sent, b.Sent) },
			cell:  func(s face.Share) cell { return cell{text: sizeWords(s.Sent)} }},
		shareColumnFiles: {columnShape: columnShape{id: "files", name: "Files", width: 72, align: trailing, falling: true, spare: 3},
			order: func(a, b face.Share) int { return cmp.Compare(a.Files, b.Files) },
			cell:  func(s face.Share) cell { return cell{text: countWords(s.Files)} }},
		shareColumnPath: {columnShape: columnShape{id: "path", name: "Place", width: 200, hidden: true},
			text: func(s face.Share) string { return s.Path },
			cell: func(s face.Share) cell { return cell{text: s.Path} }},
	}
}

func fetchedWords(n int) string {
	if n == 0 {
		return L("never")
	}
	return N("{{.Count}} times", n, values{"Count": countWords(n)})
}

func shareStateCell(s face.Share) cell {
	state := shareWords(s)
	c := cell{text: state.text, icon: state.icon, ink: state.color}
	if s.State == face.ShareHashing || s.State == face.ShareRehashing {
		c.bar, c.done = true, percent(s.Hashed, s.Size)
	}
	return c
}

func shareWords(s face.Share) stateWords {
	switch s.State {
	case face.ShareWaiting:
		return stateWords{L("Waiting to be hashed"), theme.HistoryIcon(), colorCaption}
	case face.ShareHashing:
		return stateWords{L("Hashing {{.Percent}}", values{"Percent": percentWords(s.Hashed, s.Size)}), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case face.ShareShared:
		return stateWords{L("Shared"), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case face.ShareRehashing:
		return stateWords{L("Changed, hashing again {{.Percent}}", values{"Percent": percentWords(s.Hashed, s.Size)}), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case face.ShareMissing:
		return stateWords{L("Missing"), theme.WarningIcon(), theme.ColorNameWarning}
	default:
		return stateWords{L("Failed: {{.Reason}}", values{"Reason": explain(s.Failure).Headline()}), theme.ErrorIcon(), theme.ColorNameError}
	}
}

// shareMore is what the strip says about a share: what to do when something is
// wrong, else where it is.
func shareMore(s face.Share) string {
	switch s.State {
	case face.ShareFailed:
		return explain(s.Failure).String()
	case face.ShareMissing:
		return joined(L("Put it back to share it again, or stop sharing it."), s.Path)
	case face.ShareHashing, face.ShareRehashing:
		return joined(progressWords(s.Hashed, s.Size), rateWords(s.Rate), s.Path)
	}
	if !s.Notice.IsZero() {
		return joined(explain(s.Notice).String(), s.Path)
	}
	return s.Path
}
