//go:build !darwin || cgo

package desktop

import (
	"context"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
)

// help shows the sheets about the program.
type help struct {
	window   pages.Window
	version  string
	newest   func(context.Context) (Release, error) // nil: nobody is asked
	openPage func(*url.URL) error
	commands func() []command
}

// showKeys lists the keys, for F1.
func (h *help) showKeys() {
	w := h.window
	grid := container.New(&keyTable{})
	add := func(keys, name string) {
		what := widget.NewLabel(name)
		what.Truncation = fyne.TextTruncateEllipsis
		key := widget.NewLabel(keys)
		key.TextStyle.Bold = true
		grid.Add(key)
		grid.Add(what)
	}
	for _, c := range h.commands() {
		if c.key != "" {
			add(c.keys(), c.name.String())
		}
	}
	add(command{key: fyne.KeyEscape}.keys(), words.L("Close a dialog or a message"))
	add(quitKey.keys(), words.L("Quit"))
	about := kit.Hint(words.L("Drop files anywhere on the window to share them."))
	closing := w.Sheets().CloseButton()
	w.Sheets().Open(words.L("Keys and help"), container.NewBorder(about, nil, nil, nil, container.NewVScroll(grid)),
		fyne.NewSize(460, 560), closing)
}

// keyTable lays out keys and their meanings side by side, in tight rows.
type keyTable struct{}

const keyColumn, keyRow = 140, 28

func (keyTable) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for i, object := range objects {
		at := fyne.NewPos(0, float32(i/2)*keyRow)
		wide := fyne.NewSize(keyColumn, keyRow)
		if i%2 == 1 {
			at.X, wide.Width = keyColumn, max(size.Width-keyColumn, 0)
		}
		object.Move(at)
		object.Resize(wide)
	}
}

func (keyTable) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(2*keyColumn, float32((len(objects)+1)/2)*keyRow)
}
