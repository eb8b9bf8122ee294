//go:build !darwin || cgo

package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// HaveWords says how much of a content is here; it is empty if nothing is.
func HaveWords(have face.Have) kit.Mark {
	switch have {
	case face.HaveHere:
		return kit.Mark{Text: words.L("Here"), Icon: theme.ConfirmIcon(), Color: theme.ColorNameSuccess}
	case face.HavePaused:
		return kit.Mark{Text: words.L("Paused"), Icon: theme.MediaPauseIcon(), Color: look.ColorCaption}
	case face.HaveStuck:
		return kit.Mark{Text: words.L("Waiting for the disk"), Icon: theme.WarningIcon(), Color: theme.ColorNameWarning}
	case face.HaveRunning:
		return kit.Mark{Text: words.L("Downloading"), Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}
	case face.HaveQueued:
		return kit.Mark{Text: words.L("Queued"), Icon: theme.HistoryIcon(), Color: look.ColorCaption}
	default:
		return kit.Mark{Color: look.ColorCaption}
	}
}

// KindIcon is the icon of a kind of content.
func KindIcon(kind netproto.Kind) fyne.Resource {
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
		return look.Icon("archive")
	default:
		return theme.FileIcon()
	}
}

// RequestOf asks for all of a hit.
func RequestOf(h face.Hit) face.DownloadRequest {
	return face.DownloadRequest{Hash: h.Hash, Name: h.Name, Size: h.Size, Folder: h.Folder}
}

// TickLine returns how a branch of the tree looks.
func TickLine(b *ticks.Branch) ticks.Line {
	line := ticks.Line{Name: b.Name, Detail: words.Size(b.Size), Icon: theme.FileIcon(), Tint: look.ColorCaption, Tick: ticks.Unticked}
	switch {
	case b.Files > 0 && b.Ticked == b.Files:
		line.Tick = ticks.Ticked
	case b.Ticked > 0:
		line.Tick = ticks.PartlyTicked
	}
	if !b.File {
		line.Icon = theme.FolderIcon()
	} else if b.Here {
		line.Detail = words.Join(words.L("Here"), line.Detail)
	}
	return line
}

// TellAdded says that downloads were added, and leads to them.
func TellAdded(w Window, n int) {
	w.TellNext(words.N("{{.Count}} downloads added", n, words.Values{"Count": words.Count(n)}), words.L("Show"),
		func() { w.GoTo(PlaceDownloads) })
}

// OfferedWords says how much shares offer together.
func OfferedWords(shares []face.Share) string {
	files, size := SumOf(shares)
	return words.Join(words.Files(files), words.Size(size))
}

// SumOf adds up the files in shares, and their sizes.
func SumOf(shares []face.Share) (files int, size int64) {
	for _, s := range shares {
		files += s.Files
		size += s.Size
	}
	return files, size
}
