//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// folderSheet shows what is in a folder before it is downloaded.
type folderSheet struct {
	window   *window
	hit      face.Hit
	choice   *choice
	tree     *widget.Tree
	total    *widget.Label
	download *widget.Button
	body     *fyne.Container
}

// openFolder asks for the contents of a folder and shows them as a tree.
func (w *window) openFolder(hit face.Hit) {
	s := &folderSheet{window: w, hit: hit, total: paragraph(lang.L("Asking for the list of files…"))}
	s.download = primaryButton(lang.L("Download"), theme.DownloadIcon(), s.get)
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
				lang.L("The list of files did not arrive."),
				widget.NewButtonWithIcon(lang.L("Try again"), theme.ViewRefreshIcon(), func() { w.openFolder(hit) }))}
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
	s.choice = newChoice(folder.Files)
	s.tree = widget.NewTree(s.childIDs, func(id string) bool { return !s.choice.byPath[id].file },
		func(bool) fyne.CanvasObject { return newBranchView(s.toggle) },
		func(id string, _ bool, object fyne.CanvasObject) { object.(*branchView).show(s.choice.byPath[id]) })
	for _, top := range s.choice.root.children {
		if len(s.choice.root.children) == 1 && !top.file {
			s.tree.OpenBranch(top.path)
		}
	}
	s.body.Objects = []fyne.CanvasObject{s.tree}
	s.body.Refresh()
	s.showTotal()
}

func (s *folderSheet) childIDs(id string) []string {
	var ids []string
	for _, child := range s.choice.byPath[id].children {
		ids = append(ids, child.path)
	}
	return ids
}

func (s *folderSheet) toggle(b *branch, chosen bool) {
	s.choice.set(b, chosen)
	s.tree.Refresh()
	s.showTotal()
}

func (s *folderSheet) showTotal() {
	root := s.choice.root
	words := lang.L("{{.Chosen}} of {{.Files}} chosen, {{.Size}}", values{
		"Chosen": countWords(root.chosen), "Files": filesWords(root.files), "Size": sizeWords(root.chosenOf)})
	if here := root.hereBelow(); here > 0 {
		words = joined(words, lang.L("{{.Count}} here already", values{"Count": countWords(here)}))
	}
	s.total.SetText(words)
	if root.chosen > 0 || root.files == 0 {
		s.download.Enable()
	} else {
		s.download.Disable()
	}
}

func (s *folderSheet) get() {
	request := requestOf(s.hit)
	request.Paths = s.choice.paths()
	w := s.window
	w.closeSheet()
	w.act(func(ctx context.Context) error { return w.engine.Download(ctx, request) },
		func() { w.tell(lang.N("{{.Count}} downloads added", 1, values{"Count": 1})) })
}

// branchView is a line of the tree.
type branchView struct {
	widget.BaseWidget
	check   *widget.Check
	picture *widget.Icon
	name    *line
	detail  *line
	filling bool // the check is set by the program, not by the person
	branch  *branch
}

func newBranchView(toggled func(*branch, bool)) *branchView {
	v := &branchView{picture: widget.NewIcon(nil), name: newLine(theme.ColorNameForeground, theme.SizeNameText), detail: newCaption()}
	v.name.middle = true
	v.detail.align = fyne.TextAlignTrailing
	v.check = widget.NewCheck("", func(chosen bool) {
		if !v.filling {
			toggled(v.branch, chosen)
		}
	})
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer is how Fyne draws a widget.
func (v *branchView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	const detailWidth = 120
	detail := container.NewGridWrap(fyne.NewSize(detailWidth, 20), v.detail)
	return widget.NewSimpleRenderer(container.NewBorder(nil, nil, container.NewHBox(v.check, v.picture),
		container.NewCenter(detail), v.name))
}

func (v *branchView) show(b *branch) {
	v.branch, v.filling = b, true
	defer func() { v.filling = false }()
	v.check.Checked = b.files > 0 && b.chosen == b.files
	v.check.Partial = b.chosen > 0 && b.chosen < b.files
	v.check.Refresh()
	v.name.SetText(b.name)
	v.picture.SetResource(tinted(theme.FileIcon(), colorCaption))
	if !b.file {
		v.picture.SetResource(tinted(theme.FolderIcon(), colorCaption))
	}
	detail := sizeWords(b.size)
	if b.file && b.here {
		detail = joined(lang.L("Here"), detail)
	}
	v.detail.SetText(detail)
}
