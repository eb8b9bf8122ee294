//go:build !darwin || cgo

package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// folderEngine is what the sheet of a folder needs of the engine.
type folderEngine interface {
	face.Search
	face.Downloads
}

// folderSheet shows what a folder contains before it is downloaded.
type folderSheet struct {
	window   Window
	engine   folderEngine
	hit      face.Hit
	files    *kit.FileTree
	tree     *kit.Tree
	total    *widget.Label
	download *kit.Button
	body     *fyne.Container
	where    whereTo
}

// openFolder fetches the list of files in a folder and shows it as a tree.
func openFolder(w Window, engine folderEngine, hit face.Hit, where whereTo) {
	s := &folderSheet{window: w, engine: engine, hit: hit, where: where, total: kit.Paragraph(words.L("Loading the list of files…"))}
	s.download = kit.PrimaryButton(words.L("Download"), theme.DownloadIcon(), s.get)
	s.download.Disable()
	s.body = container.NewStack(container.NewCenter(widget.NewProgressBarInfinite()))
	opened := w.Sheets().Open(netproto.Printable(words.CutName(hit.Name)), container.NewBorder(nil, s.total, nil, nil, s.body),
		fyne.NewSize(680, 560), w.Sheets().CancelButton(), s.download)
	listFolder(w, engine, opened, hit.Hash, func(folder face.Folder, err error) {
		if err != nil {
			s.total.SetText(words.Explain(face.FailureOf(err)).String())
			s.body.Objects = []fyne.CanvasObject{failedScreen(words.L("The list of files could not be loaded."), func() { openFolder(w, engine, hit, where) })}
			s.body.Refresh()
			return
		}
		s.show(folder)
	})
}

// listFolder fetches the list of files in a folder for a sheet. then gets it on
// the UI thread, unless the sheet was closed meanwhile.
func listFolder(w Window, engine face.Search, opened *kit.Sheet, folder netproto.ContentHash, then func(face.Folder, error)) {
	list, stop := stoppable(func(ctx context.Context) (face.Folder, error) { return engine.FolderContents(ctx, folder) })
	gone := false
	opened.Gone = func() {
		gone = true
		stop()
	}
	Ask(w, list, func(contents face.Folder, err error) {
		if !gone {
			then(contents, err)
		}
	})
}

func (s *folderSheet) show(folder face.Folder) {
	var files []kit.TreeFile
	for _, f := range folder.Files {
		files = append(files, kit.TreeFile{Path: f.Path, Dir: f.Dir, Size: f.Size, Here: f.Here})
	}
	s.files = kit.NewFileTree(files)
	s.tree = kit.NewTree(s.files.Children, func(path string) bool { return !s.files.Branch(path).File },
		func(bool) fyne.CanvasObject { return kit.NewTickRow() },
		func(path string, _ bool, object fyne.CanvasObject) {
			b := s.files.Branch(path)
			object.(*kit.TickRow).Fill(tickLine(b), func(ticked bool) { s.tick(b, ticked) })
		})
	if top := s.files.Children(""); len(top) == 1 && !s.files.Branch(top[0]).File {
		s.tree.OpenBranch(top[0])
	}
	s.body.Objects = []fyne.CanvasObject{s.tree}
	s.body.Refresh()
	s.showTotal()
}

func (s *folderSheet) tick(b *kit.Branch, ticked bool) {
	s.files.Tick(b, ticked)
	s.tree.Refresh()
	s.showTotal()
}

func (s *folderSheet) showTotal() {
	root := s.files.Root
	text := words.L("{{.Chosen}} of {{.Files}} chosen, {{.Size}}", words.Values{
		"Chosen": words.Count(root.Ticked), "Files": words.Files(root.Files), "Size": words.Size(root.Chosen)})
	if here := root.HereBelow(); here > 0 {
		text = words.Join(text, words.L("{{.Count}} already here", words.Values{"Count": words.Count(here)}))
	}
	s.total.SetText(text)
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
	w.Sheets().Close()
	s.where(w, func(folder string) {
		request.To = folder
		w.Act(func(ctx context.Context) error { return s.engine.Download(ctx, request) },
			func() { tellAdded(w, 1) })
	})
}

// requestOf asks for all of a hit.
func requestOf(h face.Hit) face.DownloadRequest {
	return face.DownloadRequest{Hash: h.Hash, Name: h.Name, Size: h.Size, Folder: h.Folder}
}

// tickLine returns how a branch of the tree looks.
func tickLine(b *kit.Branch) kit.TickLine {
	line := kit.TickLine{Name: b.Name, Detail: words.Size(b.Size), Icon: theme.FileIcon(), Tint: kit.ColorCaption, Tick: kit.Unticked}
	switch {
	case b.Files > 0 && b.Ticked == b.Files:
		line.Tick = kit.Ticked
	case b.Ticked > 0:
		line.Tick = kit.PartlyTicked
	}
	if !b.File {
		line.Icon = theme.FolderIcon()
	} else if b.Here {
		line.Detail = words.Join(words.L("Here"), line.Detail)
	}
	return line
}
