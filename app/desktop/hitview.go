//go:build !darwin || cgo

package desktop

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// hitView is a row of the search.
type hitView struct {
	widget.BaseWidget
	picture                    *widget.Icon
	name, mark                 *line
	size, kind, sources, added *line
	box, nameCell              *fyne.Container
	shown                      netproto.Kind
}

func newHitView() *hitView {
	v := &hitView{picture: widget.NewIcon(nil), shown: "none"}
	v.name = newLine(theme.ColorNameForeground, theme.SizeNameText)
	v.name.middle = true
	v.mark = newLine(theme.ColorNameSuccess, theme.SizeNameCaptionText)
	v.mark.whole = true
	for i, cell := range []**line{columnSize: &v.size, columnType: &v.kind, columnSources: &v.sources, columnAdded: &v.added} {
		if cell != nil {
			*cell = newCaption()
			(*cell).align = searchColumns[i].align
		}
	}
	v.nameCell = container.NewBorder(nil, nil, v.picture, v.mark, v.name)
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer is how Fyne draws a widget.
func (v *hitView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	v.box = inset(0, 5, container.New(rowCells{searchColumns}, v.nameCell, v.size, v.kind, v.sources, v.added))
	return widget.NewSimpleRenderer(v.box)
}

// Refresh draws the cells again.
func (v *hitView) Refresh() {
	if v.box != nil {
		v.box.Refresh()
	}
}

func (v *hitView) show(h Hit) {
	v.name.SetText(h.Name)
	v.size.SetText(sizeWords(h.Size))
	v.kind.SetText(kindWords(h.Kind))
	v.sources.SetText(countWords(h.Sources))
	v.added.SetText(dayWords(h.Added, time.Now()))
	mark := haveWords(h.Have)
	if v.mark.text != mark.text {
		v.mark.set(mark.text, mark.color)
		v.nameCell.Refresh()
	}
	if v.shown != h.Kind {
		v.shown = h.Kind
		v.picture.SetResource(tinted(kindIcon(h.Kind), colorCaption))
	}
}

func haveWords(have Have) stateWords {
	switch have {
	case HaveHere:
		return stateWords{lang.L("Here"), theme.ConfirmIcon(), theme.ColorNameSuccess}
	case HaveRunning:
		return stateWords{lang.L("Downloading"), theme.DownloadIcon(), theme.ColorNamePrimary}
	case HaveQueued:
		return stateWords{lang.L("Queued"), theme.HistoryIcon(), colorCaption}
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
		return theme.StorageIcon()
	default:
		return theme.FileIcon()
	}
}
