//go:build !darwin || cgo

package desktop

import (
	"cmp"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// hitColumns are those of the search.
func hitColumns() []column[face.Hit] {
	return []column[face.Hit]{
		columnName: {columnShape: columnShape{id: "name", name: "Name"},
			text: func(h face.Hit) string { return h.Name },
			cell: func(h face.Hit) cell {
				return cell{text: h.Name, ink: theme.ColorNameForeground, icon: kindIcon(h.Kind), tint: colorCaption, mark: haveWords(h.Have)}
			}},
		columnSize: {columnShape: columnShape{id: "size", name: "Size", width: 88, align: fyne.TextAlignTrailing, falling: true},
			order: func(a, b face.Hit) int { return cmp.Compare(a.Size, b.Size) },
			cell:  func(h face.Hit) cell { return cell{text: sizeWords(h.Size)} }},
		columnType: {columnShape: columnShape{id: "type", name: "Type", width: 104, spare: 1},
			text: func(h face.Hit) string { return kindWords(h.Kind) },
			cell: func(h face.Hit) cell { return cell{text: kindWords(h.Kind)} }},
		columnSources: {columnShape: columnShape{id: "sources", name: "Sources", width: 96, align: fyne.TextAlignTrailing, falling: true},
			order: func(a, b face.Hit) int { return cmp.Compare(a.Sources, b.Sources) },
			cell:  func(h face.Hit) cell { return cell{text: countWords(h.Sources)} }},
		columnAdded: {columnShape: columnShape{id: "added", name: "Added", width: 112, spare: 2, falling: true},
			order: func(a, b face.Hit) int { return a.Added.Compare(b.Added) },
			cell:  func(h face.Hit) cell { return cell{text: dayWords(h.Added, time.Now())} }},
	}
}

func haveWords(have face.Have) stateWords {
	switch have {
	case face.HaveHere:
		return stateWords{L("Here"), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case face.HaveRunning:
		return stateWords{L("Downloading"), theme.DownloadIcon(), theme.ColorNamePrimary}
	case face.HaveQueued:
		return stateWords{L("Queued"), theme.HistoryIcon(), colorCaption}
	default:
		return stateWords{color: colorCaption}
	}
}

func kindIcon(kind netproto.Kind) fyne.Resource {
	switch kind {
	case netproto.KindFolder:
		return theme.FolderIcon()
	case netproto.KindAudio:
		return theme.FileAudioIcon()
	case netproto.KindVideo:
		return theme.FileVideoIcon()
	case netproto.KindImage:
		return theme.FileImageIcon()
	case netproto.KindProgram:
		return theme.FileApplicationIcon()
	case netproto.KindDocument:
		return theme.FileTextIcon()
	case netproto.KindArchive:
		return icon("archive")
	default:
		return theme.FileIcon()
	}
}
