//go:build !darwin || cgo

package transfers

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// chooseInFolder fetches the list of files in a folder and lets the person
// choose one, with a button that says what becomes of it.
func chooseInFolder(w pages.Window, engine face.Search, folder netproto.ContentHash, name, button string, chosen func(path string)) {
	text := kit.Paragraph(words.L("Loading the list of files…"))
	list := lists.New(w.Host(), func(f face.FolderFile) string { return f.Path }, func(f face.FolderFile) string { return f.Path },
		func() lists.View[face.FolderFile] { return newFileView() })
	choose := func(file face.FolderFile) {
		w.Sheets().Close()
		chosen(file.Path)
	}
	list.Opened = choose
	fetch := kit.PrimaryButton(button, theme.ConfirmIcon(), func() {
		if files := list.Selection(); len(files) > 0 {
			choose(files[0])
		}
	})
	fetch.Disable()
	list.Picked = func() {
		if len(list.Selection()) > 0 {
			fetch.Enable()
		}
	}
	opened := w.Sheets().Open(netproto.Printable(words.CutName(name)), container.NewBorder(text, nil, nil, nil, list),
		fyne.NewSize(560, 480), w.Sheets().CancelButton(), fetch)
	pages.ListFolder(w, engine, opened, folder, func(contents face.Folder, err error) {
		if err != nil {
			text.SetText(words.Explain(face.FailureOf(err)).String())
			return
		}
		var files []face.FolderFile
		for _, file := range contents.Files {
			if !file.Dir && !file.Here {
				files = append(files, file)
			}
		}
		text.SetText(words.L("Which file do you want to look at first?"))
		list.SetRows(files)
		list.Focus()
	})
}

// fileView is a row for a file in a folder.
type fileView struct {
	widget.BaseWidget
	name, size *kit.Line
}

func newFileView() *fileView {
	v := &fileView{name: kit.NewLine(theme.ColorNameForeground, theme.SizeNameText), size: kit.NewCaption()}
	v.name.CutMiddle, v.size.Whole = true, true
	v.ExtendBaseWidget(v)
	return v
}

func (v *fileView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return kit.Rendered(v, kit.Inset(look.GapMedium, look.Gap, container.NewBorder(nil, nil, nil, v.size, v.name)))
}

func (v *fileView) Fill(f face.FolderFile) {
	v.name.SetText(f.Path)
	v.size.SetText(words.Size(f.Size))
}
