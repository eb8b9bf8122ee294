//go:build !darwin || cgo

package desktop

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The columns of the sources of a download.
const (
	sourceColumnName = iota
	sourceColumnAddress
	sourceColumnState
	sourceColumnRate
	sourceColumnShare
	sourceColumnGot
	sourceColumnOrigin
)

func sourceKey(s face.Source) string { return s.PeerID.String() + " " + s.Address }

func sourceColumns() []column[face.Source] {
	const trailing = fyne.TextAlignTrailing
	return []column[face.Source]{
		sourceColumnName: {columnShape: columnShape{id: "name", name: "Source"},
			text: sourceName,
			cell: func(s face.Source) cell {
				return cell{text: sourceName(s), ink: theme.ColorNameForeground, icon: theme.AccountIcon(), tint: colorCaption, mark: sourceMark(s)}
			}},
		sourceColumnAddress: {columnShape: columnShape{id: "address", name: "Address", width: 136, spare: 2},
			text: func(s face.Source) string { return s.Address },
			cell: func(s face.Source) cell { return cell{text: s.Address} }},
		sourceColumnState: {columnShape: columnShape{id: "state", name: "State", width: 160},
			text: func(s face.Source) string { return sourceWords(s).text },
			cell: func(s face.Source) cell {
				state := sourceWords(s)
				return cell{text: state.text, icon: state.icon, ink: state.color}
			}},
		sourceColumnRate: {columnShape: columnShape{id: "rate", name: "Speed", width: 88, align: trailing, falling: true},
			order: func(a, b face.Source) int { return cmp.Compare(a.Rate, b.Rate) },
			cell: func(s face.Source) cell {
				if s.Rate == 0 {
					return cell{}
				}
				return cell{text: rateWords(s.Rate)}
			}},
		sourceColumnShare: {columnShape: columnShape{id: "share", name: "Part", width: 64, align: trailing, falling: true},
			order: func(a, b face.Source) int { return cmp.Compare(a.Share, b.Share) },
			cell:  func(s face.Source) cell { return cell{text: percentWords(int64(1e6*s.Share), 1e6)} }},
		sourceColumnGot: {columnShape: columnShape{id: "got", name: "Came from it", width: 96, align: trailing, falling: true, hidden: true},
			order: func(a, b face.Source) int { return cmp.Compare(a.Got, b.Got) },
			cell:  func(s face.Source) cell { return cell{text: sizeWords(s.Got)} }},
		sourceColumnOrigin: {columnShape: columnShape{id: "origin", name: "Known from", width: 112, hidden: true},
			text: func(s face.Source) string { return originWords(s.Origin) },
			cell: func(s face.Source) cell { return cell{text: originWords(s.Origin)} }},
	}
}

func sourceName(s face.Source) string {
	if s.Name == "" {
		return s.Address
	}
	return netproto.Printable(s.Name)
}

// sourceMark says what is special about a source.
func sourceMark(s face.Source) stateWords {
	if s.Local {
		return stateWords{L("near"), theme.HomeIcon(), colorCaption}
	}
	return stateWords{}
}

func originWords(origin face.SourceOrigin) string {
	if origin == face.OriginPeers {
		return L("Other peers")
	}
	return L("The tracker")
}

func sourceWords(s face.Source) stateWords {
	switch s.State {
	case face.SourceConnecting:
		return stateWords{L("Connecting"), theme.ViewRefreshIcon(), theme.ColorNamePrimary}
	case face.SourceIdle:
		return stateWords{L("Connected"), theme.ConfirmIcon(), colorCaption}
	case face.SourceQueued:
		if s.Place == 0 {
			return stateWords{L("Queued"), theme.HistoryIcon(), colorCaption}
		}
		return stateWords{L("Queued (place {{.Place}})", values{"Place": countWords(s.Place)}), theme.HistoryIcon(), colorCaption}
	case face.SourceDownloading:
		return stateWords{L("Sends to you"), theme.DownloadIcon(), theme.ColorNamePrimary}
	case face.SourceStalled:
		return stateWords{L("Does not answer"), theme.WarningIcon(), theme.ColorNameWarning}
	case face.SourceFailed:
		return stateWords{L("Failed: {{.Reason}}", values{"Reason": explain(s.Failure).Headline()}), theme.ErrorIcon(), theme.ColorNameError}
	case face.SourceBanned:
		return stateWords{L("Sent wrong bytes"), theme.ErrorIcon(), theme.ColorNameError}
	default:
		return stateWords{L("Not used now"), theme.HistoryIcon(), colorCaption}
	}
}
