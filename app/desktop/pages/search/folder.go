//go:build !darwin || cgo

package search

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/pages"
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
	window   pages.Window
	engine   folderEngine
	hit      face.Hit
	files    *ticks.Tree
	tree     *kit.Tree
	total    *kit.Text
	download *kit.Button
	body     *fyne.Container
	where    pages.WhereTo
}

// openFolder fetches the list of files in a folder and shows it as a tree.
func openFolder(w pages.Window, engine folderEngine, hit face.Hit, where pages.WhereTo) {
	s := &folderSheet{window: w, engine: engine, hit: hit, where: where, total: kit.Paragraph(words.L("Loading the list of files…"))}
	s.download = kit.PrimaryButton(words.L("Download"), theme.DownloadIcon(), s.get)
	s.download.Disable()
	s.body = container.NewStack(container.NewCenter(widget.NewProgressBarInfinite()))
	opened := w.Sheets().Open(netproto.Printable(words.CutName(hit.Name)), container.NewBorder(nil, s.total, nil, nil, s.body),
		fyne.NewSize(680, 560), w.Sheets().CancelButton(), s.download)
	pages.ListFolder(w, engine, opened, hit.Hash, func(folder face.Folder, err error) {
		if err != nil {
			s.total.SetText(words.Explain(face.FailureOf(err)).String())
			s.body.Objects = []fyne.CanvasObject{pages.FailedScreen(words.L("The list of files could not be loaded."),
				func() { openFolder(w, engine, hit, where) })}
			s.body.Refresh()
			return
		}
		s.show(folder)
	})
}

func (s *folderSheet) show(folder face.Folder) {
	var files []ticks.File
	for _, f := range folder.Files {
		files = append(files, ticks.File{Path: f.Path, Dir: f.Dir, Size: f.Size, Here: f.Here})
	}
	s.files = ticks.NewTree(files)
	s.tree = kit.NewTree(s.files.Children, func(path string) bool { return !s.files.Branch(path).File },
		func(bool) fyne.CanvasObject { return ticks.NewRow() },
		func(path string, _ bool, object fyne.CanvasObject) {
			b := s.files.Branch(path)
			object.(*ticks.Row).Fill(pages.TickLine(b), func(ticked bool) { s.tick(b, ticked) })
		})
	if top := s.files.Children(""); len(top) == 1 && !s.files.Branch(top[0]).File {
		s.tree.OpenBranch(top[0])
	}
	s.body.Objects = []fyne.CanvasObject{s.tree}
	s.body.Refresh()
	s.showTotal()
}

func (s *folderSheet) tick(b *ticks.Branch, ticked bool) {
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
	request := pages.RequestOf(s.hit)
	request.Paths = s.files.TickedPaths()
	w := s.window
	w.Sheets().Close()
	s.where(w, func(folder string) {
		request.To = folder
		w.Act(func(ctx context.Context) error { return s.engine.Download(ctx, request) },
			func() { pages.TellAdded(w, 1) })
	})
}
