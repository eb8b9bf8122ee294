//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// folderSheet shows what is in a folder before it is downloaded.
type folderSheet struct {
	window   *window
	hit      face.Hit
	files    *FileTree
	tree     *widget.Tree
	total    *widget.Label
	download *widget.Button
	body     *fyne.Container
}

// openFolder asks for the contents of a folder and shows them as a tree.
func (w *window) openFolder(hit face.Hit) {
	s := &folderSheet{window: w, hit: hit, total: paragraph(L("Asking for the list of files…"))}
	s.download = primaryButton(L("Download"), theme.DownloadIcon(), s.get)
	s.download.Disable()
	s.body = container.NewStack(container.NewCenter(widget.NewProgressBarInfinite()))
	opened := w.openSheet(netproto.Printable(cutName(hit.Name)), container.NewBorder(nil, s.total, nil, nil, s.body),
		fyne.NewSize(680, 560), w.cancelButton(), s.download)
	ctx, stop := context.WithTimeout(w.crossing.ctx, actionTime)
	opened.onGone = stop
	ask(w, func(context.Context) (face.Folder, error) {
		return w.engine.FolderContents(ctx, hit.Hash)
	}, func(folder face.Folder, err error) {
		if w.sheet != opened {
			return
		}
		if err != nil {
			s.total.SetText(explain(face.FailureOf(err)).String())
			s.body.Objects = []fyne.CanvasObject{emptyScreen(theme.WarningIcon(),
				L("The list of files did not arrive."),
				widget.NewButtonWithIcon(L("Try again"), theme.ViewRefreshIcon(), func() { w.openFolder(hit) }))}
			s.body.Refresh()
			return
		}
		s.show(folder)
	})
}

// cutName keeps a title of a sheet, or a button, on one line, whatever the name.
func cutName(name string) string {
	const titleLength = 60
	return cutMiddle(name, func(text string) bool { return len([]rune(text)) <= titleLength })
}

func (s *folderSheet) show(folder face.Folder) {
	var files []TreeFile
	for _, f := range folder.Files {
		files = append(files, TreeFile{Path: f.Path, Dir: f.Dir, Size: f.Size, Here: f.Here})
	}
	s.files = NewFileTree(files)
	s.tree = widget.NewTree(s.files.Children, func(path string) bool { return !s.files.Branch(path).File },
		func(bool) fyne.CanvasObject { return NewTickRow() },
		func(path string, _ bool, object fyne.CanvasObject) {
			b := s.files.Branch(path)
			object.(*TickRow).Fill(tickLine(b), func(ticked bool) { s.tick(b, ticked) })
		})
	if top := s.files.Children(""); len(top) == 1 && !s.files.Branch(top[0]).File {
		s.tree.OpenBranch(top[0])
	}
	s.body.Objects = []fyne.CanvasObject{s.tree}
	s.body.Refresh()
	s.showTotal()
}

func (s *folderSheet) tick(b *Branch, ticked bool) {
	s.files.Tick(b, ticked)
	s.tree.Refresh()
	s.showTotal()
}

func (s *folderSheet) showTotal() {
	root := s.files.Root
	words := L("{{.Chosen}} of {{.Files}} chosen, {{.Size}}", values{
		"Chosen": countWords(root.Ticked), "Files": filesWords(root.Files), "Size": sizeWords(root.Chosen)})
	if here := root.HereBelow(); here > 0 {
		words = joined(words, L("{{.Count}} here already", values{"Count": countWords(here)}))
	}
	s.total.SetText(words)
	if root.Ticked > 0 || root.Files == 0 {
		s.download.Enable()
	} else {
		s.download.Disable()
	}
}

func (s *folderSheet) get() {
	request := requestOf(s.hit)
	request.Paths = s.files.TickedPaths()
	w := s.window
	w.closeSheet()
	w.act(func(ctx context.Context) error { return w.engine.Download(ctx, request) },
		func() { w.tell(N("{{.Count}} downloads added", 1, values{"Count": 1})) })
}

// tickLine is how a branch of the tree looks.
func tickLine(b *Branch) TickLine {
	line := TickLine{Name: b.Name, Detail: sizeWords(b.Size), Icon: theme.FileIcon(), Tint: colorCaption, Tick: Unticked}
	switch {
	case b.Files > 0 && b.Ticked == b.Files:
		line.Tick = Ticked
	case b.Ticked > 0:
		line.Tick = PartlyTicked
	}
	if !b.File {
		line.Icon = theme.FolderIcon()
	} else if b.Here {
		line.Detail = joined(L("Here"), line.Detail)
	}
	return line
}
