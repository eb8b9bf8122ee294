//go:build !darwin || cgo

package transfers

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The columns of the sources of a download.
const (
	sourceColumnName = iota
	sourceColumnAddress
	sourceColumnState
	sourceColumnWay
	sourceColumnRate
	sourceColumnShare
	sourceColumnGot
	sourceColumnOrigin
)

func sourceKey(s face.Source) string { return s.PeerID.String() + " " + s.Address }

func sourceColumns() []tables.Column[face.Source] {
	const trailing = fyne.TextAlignTrailing
	return []tables.Column[face.Source]{
		sourceColumnName: {ColumnShape: tables.ColumnShape{ID: "name", Name: "Source"},
			Text: sourceName,
			Cell: func(s face.Source) tables.Cell {
				return tables.Cell{Text: sourceName(s), Ink: theme.ColorNameForeground, Icon: theme.AccountIcon(), Tint: look.ColorCaption, Mark: sourceMark(s)}
			}},
		sourceColumnAddress: {ColumnShape: tables.ColumnShape{ID: "address", Name: "Address", Width: 136, Spare: 2},
			Text: func(s face.Source) string { return s.Address },
			Cell: func(s face.Source) tables.Cell { return tables.Cell{Text: s.Address} }},
		sourceColumnState: {ColumnShape: tables.ColumnShape{ID: "state", Name: "State", Width: 146},
			Text: func(s face.Source) string { return sourceWords(s).Text },
			Cell: func(s face.Source) tables.Cell {
				state := sourceWords(s)
				return tables.Cell{Text: state.Text, Short: whyFailed(s), Icon: state.Icon, Ink: state.Color}
			},
			Samples: usualSources()},
		sourceColumnWay: {ColumnShape: tables.ColumnShape{ID: "way", Name: "Way", Width: 68},
			Text:    func(s face.Source) string { return words.Way(s.Way) },
			Cell:    func(s face.Source) tables.Cell { return tables.Cell{Text: words.Way(s.Way)} },
			Samples: []face.Source{{Way: face.WayLAN}, {Way: face.WayDirect}, {Way: face.WayRouter}, {Way: face.WayCalled}, {Way: face.WayRelayed}}},
		sourceColumnRate: {ColumnShape: tables.ColumnShape{ID: "rate", Name: "Speed", Width: 72, Align: trailing, Descending: true},
			Order: func(a, b face.Source) int { return cmp.Compare(a.Rate, b.Rate) },
			Cell: func(s face.Source) tables.Cell {
				if s.Rate == 0 {
					return tables.Cell{}
				}
				return tables.Cell{Text: words.Rate(s.Rate)}
			}},
		sourceColumnShare: {ColumnShape: tables.ColumnShape{ID: "share", Name: "Part", Width: 64, Spare: 1, Align: trailing, Descending: true},
			Order: func(a, b face.Source) int { return cmp.Compare(a.Share, b.Share) },
			Cell:  func(s face.Source) tables.Cell { return tables.Cell{Text: words.Percent(int64(1e6*s.Share), 1e6)} }},
		sourceColumnGot: {ColumnShape: tables.ColumnShape{ID: "got", Name: "Received", Width: 96, Align: trailing, Descending: true, Hidden: true},
			Order: func(a, b face.Source) int { return cmp.Compare(a.Got, b.Got) },
			Cell:  func(s face.Source) tables.Cell { return tables.Cell{Text: words.Size(s.Got)} }},
		sourceColumnOrigin: {ColumnShape: tables.ColumnShape{ID: "origin", Name: "Found through", Width: 112, Hidden: true},
			Text:    func(s face.Source) string { return originWords(s.Origin) },
			Cell:    func(s face.Source) tables.Cell { return tables.Cell{Text: originWords(s.Origin)} },
			Samples: []face.Source{{Origin: face.OriginPeers}, {}}},
	}
}

// usualSources are in each state that a source is in, and failed for the usual reasons.
func usualSources() []face.Source {
	sources := []face.Source{{State: face.SourceQueued, Place: 12}}
	for _, state := range []face.SourceState{face.SourceKnown, face.SourceConnecting, face.SourceIdle, face.SourceQueued, face.SourceDownloading,
		face.SourceStalled, face.SourceBanned} {
		sources = append(sources, face.Source{State: state})
	}
	for code := range failedWords {
		sources = append(sources, face.Source{State: face.SourceFailed, Failure: face.Failure{Code: code}})
	}
	return sources
}

func sourceName(s face.Source) string {
	if s.Name == "" {
		return s.Address
	}
	return netproto.Printable(s.Name)
}

// sourceMark says what is special about a source.
func sourceMark(s face.Source) kit.Mark {
	if s.Local {
		return kit.Mark{Text: words.L("nearby"), Icon: theme.HomeIcon(), Color: look.ColorCaption}
	}
	return kit.Mark{}
}

func originWords(origin face.SourceOrigin) string {
	if origin == face.OriginPeers {
		return words.L("Other peers")
	}
	return words.L("The tracker")
}

func sourceWords(s face.Source) kit.Mark {
	switch s.State {
	case face.SourceConnecting:
		return kit.Mark{Text: words.L("Connecting"), Icon: theme.ViewRefreshIcon(), Color: theme.ColorNamePrimary}
	case face.SourceIdle:
		return kit.Mark{Text: words.L("Connected"), Icon: theme.ConfirmIcon(), Color: look.ColorCaption}
	case face.SourceQueued:
		if s.Place == 0 {
			return kit.Mark{Text: words.L("Queued"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
		}
		return kit.Mark{Text: words.L("Queued (place {{.Place}})", words.Values{"Place": words.Count(s.Place)}), Icon: theme.HistoryIcon(),
			Color: look.ColorCaption}
	case face.SourceDownloading:
		return kit.Mark{Text: words.L("Sending to you"), Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}
	case face.SourceStalled:
		return kit.Mark{Text: words.L("Not responding"), Icon: theme.WarningIcon(), Color: theme.ColorNameWarning}
	case face.SourceFailed:
		if text := noRelayWords(s); text != "" {
			return kit.Mark{Text: text, Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
		}
		if s.Shut && s.Failure.Code == netproto.CodePeerUnreachable {
			return kit.Mark{Text: words.L("Behind a router, no answer"), Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
		}
		return kit.Mark{Text: words.L("Failed: {{.Reason}}", words.Values{"Reason": words.Explain(s.Failure).Headline()}),
			Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
	case face.SourceBanned:
		return kit.Mark{Text: words.L("Sent wrong data"), Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
	default:
		return kit.Mark{Text: words.L("Not in use"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	}
}

// failedWords say in short why a source failed.
var failedWords = map[netproto.Code]words.Phrase{
	netproto.CodePeerUnreachable: "Cannot be reached",
	netproto.CodeBusy:            "Busy",
	netproto.CodeNotFound:        "No longer has it",
	netproto.CodeGone:            "No longer has it",
	netproto.CodeFileChanged:     "File has changed",
	netproto.CodeFileUnreadable:  "File unreadable",
	netproto.CodeDenied:          "Does not allow it",
	netproto.CodeProtocol:        "Incompatible",
}

// whyFailed says in short why a source failed, for a column without room for a sentence;
// "" if it did not, or for another reason.
func whyFailed(s face.Source) string {
	switch phrase, known := failedWords[s.Failure.Code]; {
	case s.State != face.SourceFailed:
		return ""
	case s.NoRelay == netproto.RelayFull:
		return words.L("Relay full")
	case noRelayWords(s) != "":
		return words.L("Relay used up")
	case known:
		return phrase.String()
	default:
		return words.N("Failed", 1)
	}
}

// noRelayWords says why the relay did not help with a source; "" if that is not why.
func noRelayWords(s face.Source) string {
	switch s.NoRelay {
	case netproto.RelayFull:
		return words.L("The relay is full")
	case netproto.RelayCallerDay, netproto.RelayCalleeDay:
		if s.RelayAgain.IsZero() {
			return words.L("Relay used up for today")
		}
		return words.L("Relay used up until {{.Time}}", words.Values{"Time": s.RelayAgain.Local().Format("15:04")})
	}
	return ""
}
