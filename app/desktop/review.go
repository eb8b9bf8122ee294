//go:build !darwin || cgo

package desktop

import (
	"context"
	"image/color"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/face"
)

// reviewLine is a line of the review: something to share, ticked or not, or
// something that cannot be shared.
type reviewLine struct {
	name    string
	detail  string
	ticked  bool
	secret  bool
	skipped bool
	folder  bool
	within  int    // depth: 1 for a secret in a folder
	path    string // as in the review
	holder  string // path of the folder that a secret is in
	size    int64
	files   int
}

// key tells lines apart when the same paths are reviewed again.
func (l reviewLine) key() string { return l.holder + "\x00" + l.path }

// reviewSheet lets a person decide what of some paths is shared.
type reviewSheet struct {
	window *window
	paths  []string
	lines  []reviewLine
	ticks  map[string]bool // what was decided before more paths came, by reviewLine.key
	list   *widget.List
	total  *widget.Label
	share  *widget.Button
	body   *fyne.Container
	sheet  *fyne.Container // body and total
	review face.Review
	stop   context.CancelFunc // the look at the files
}

// review looks at paths, off the UI thread, and asks what of them to share.
// Where that question is open already, they are added to it.
func (w *window) review(paths []string) {
	if w.reviewed != nil {
		w.reviewed.add(paths)
		return
	}
	s := &reviewSheet{window: w, paths: paths, ticks: map[string]bool{}, stop: func() {}, total: paragraph("")}
	s.share = primaryButton(lang.L("Share"), theme.UploadIcon(), s.confirm)
	more := widget.NewButtonWithIcon(lang.L("Add another file"), theme.ContentAddIcon(), func() {
		w.pickFileFor(func(path string) { s.add([]string{path}) })
	})
	s.body = container.NewStack()
	s.sheet = container.NewBorder(nil, s.total, nil, nil, s.body)
	opened := w.openSheet(lang.L("Share these?"), s.sheet, fyne.NewSize(640, 520), more, w.cancelButton(), s.share)
	w.reviewed = s
	opened.onGone = func() {
		w.reviewed = nil
		s.stop()
	}
	s.look()
}

// add reviews more paths together with those before.
func (s *reviewSheet) add(paths []string) {
	for _, l := range s.lines {
		s.ticks[l.key()] = l.ticked
	}
	s.paths = append(s.paths, paths...)
	s.look()
}

// look asks the engine about the paths.
func (s *reviewSheet) look() {
	w, paths := s.window, slices.Clone(s.paths)
	s.stop()
	ctx, stop := context.WithCancel(w.crossing.ctx)
	s.stop = stop
	s.share.Disable()
	s.total.SetText(lang.L("Looking at the files…"))
	s.body.Objects = []fyne.CanvasObject{container.NewCenter(widget.NewProgressBarInfinite())}
	s.body.Refresh()
	w.crossing.startWithin(reviewTime, func(within context.Context) func() {
		defer context.AfterFunc(within, stop)()
		review, err := w.engine.Review(ctx, paths)
		err = inTime(within, err)
		return func() {
			switch {
			case ctx.Err() != nil && within.Err() == nil: // closed, or asked again
			case err != nil:
				w.closeSheets()
				w.fail(err)
			default:
				s.show(review)
			}
		}
	})
}

func (s *reviewSheet) show(review face.Review) {
	s.review, s.lines = review, reviewLines(review)
	for i, l := range s.lines {
		if ticked, decided := s.ticks[l.key()]; decided {
			s.lines[i].ticked = ticked
		}
	}
	s.list = widget.NewList(func() int { return len(s.lines) },
		func() fyne.CanvasObject { return newReviewView(s.tick) },
		func(i widget.ListItemID, object fyne.CanvasObject) { object.(*reviewView).show(i, s.lines[i]) })
	s.list.HideSeparators = true
	s.body.Objects = []fyne.CanvasObject{s.list}
	s.body.Refresh()
	s.showTotal()
}

// reviewLines puts what can be shared first, secrets below what holds them.
func reviewLines(review face.Review) []reviewLine {
	var lines []reviewLine
	for _, item := range review.Items {
		detail := sizeWords(item.Size)
		if item.Folder {
			detail = joined(filesWords(item.Files), detail)
		}
		lines = append(lines, reviewLine{name: item.Name, detail: detail, ticked: !item.Secret, secret: item.Secret,
			folder: item.Folder, path: item.Path, size: item.Size, files: item.Files})
		for _, secret := range item.Secrets {
			lines = append(lines, reviewLine{name: secret.Path, detail: sizeWords(secret.Size), secret: true,
				within: 1, path: secret.Path, holder: item.Path, size: secret.Size, files: 1})
		}
	}
	for _, skipped := range review.Skipped {
		name := filepath.Base(skipped.Path)
		detail := skipWords[skipped.Reason].String()
		if skipped.Count > 0 {
			detail = lang.L("{{.Files}} skipped: each {{.Reason}}", values{"Files": filesWords(skipped.Count), "Reason": detail})
		}
		lines = append(lines, reviewLine{name: name, detail: detail, skipped: true})
	}
	return lines
}

func (s *reviewSheet) tick(i int, ticked bool) {
	s.lines[i].ticked = ticked
	s.showTotal()
}

// showTotal counts what is ticked; an unticked secret leaves its folder.
func (s *reviewSheet) showTotal() {
	files, size, skipped, secrets := 0, int64(0), 0, 0
	for i, l := range s.lines {
		switch {
		case l.skipped:
			skipped++
		case l.within > 0 && s.holder(i).ticked && !l.ticked:
			files -= l.files
			size -= l.size
		case l.within == 0 && l.ticked:
			files += l.files
			size += l.size
		}
		if l.secret && !l.ticked {
			secrets++
		}
	}
	words := joined(filesWords(files), sizeWords(size))
	if skipped > 0 {
		words = joined(words, lang.N("{{.Count}} skipped", skipped, values{"Count": countWords(skipped)}))
	}
	if secrets > 0 {
		words += "\n" + lang.N("{{.Count}} look like secrets (keys or passwords) and are left out unless you tick them.", secrets,
			values{"Count": countWords(secrets)})
	}
	s.total.SetText(words)
	s.sheet.Refresh()
	if files > 0 {
		s.share.Enable()
	} else {
		s.share.Disable()
	}
}

// holder is the line of the folder that a secret is in.
func (s *reviewSheet) holder(i int) reviewLine {
	for s.lines[i].within > 0 {
		i--
	}
	return s.lines[i]
}

// request is what was decided.
func (s *reviewSheet) request() face.ShareRequest {
	var request face.ShareRequest
	for i, l := range s.lines {
		switch {
		case l.skipped:
		case l.within == 0 && l.ticked:
			request.Items = append(request.Items, face.ShareItem{Path: l.path})
		case l.within > 0 && s.holder(i).ticked && !l.ticked:
			last := &request.Items[len(request.Items)-1]
			last.Except = append(last.Except, l.path)
		}
	}
	return request
}

func (s *reviewSheet) confirm() {
	w, request := s.window, s.request()
	w.closeSheets()
	w.act(func(ctx context.Context) error { return w.engine.Share(ctx, request) }, func() { w.goTo(placeShared) })
}

// reviewView is a line of the review.
type reviewView struct {
	widget.BaseWidget
	check        *widget.Check
	picture      *widget.Icon
	name, detail *line
	indent       fyne.CanvasObject // shown before what lies in a folder
	words, lead  *fyne.Container
	filling      bool
	index        int
}

func newReviewView(ticked func(int, bool)) *reviewView {
	v := &reviewView{picture: widget.NewIcon(nil), name: newLine(theme.ColorNameForeground, theme.SizeNameText), detail: newCaption()}
	v.name.middle = true
	v.detail.align, v.detail.whole = fyne.TextAlignTrailing, true
	indent := canvas.NewRectangle(color.Transparent)
	indent.SetMinSize(fyne.NewSize(gapLarge, 0))
	v.indent = indent
	v.check = widget.NewCheck("", func(on bool) {
		if !v.filling {
			ticked(v.index, on)
		}
	})
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer is how Fyne draws a widget.
func (v *reviewView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	v.words = container.New(nameAndDetail{}, v.name, v.detail)
	v.lead = container.NewHBox(v.indent, container.NewGridWrap(v.check.MinSize(), v.check), v.picture)
	return widget.NewSimpleRenderer(inset(gap, 0, container.NewBorder(nil, nil, v.lead, nil, v.words)))
}

func (v *reviewView) show(i int, l reviewLine) {
	v.index, v.filling = i, true
	defer func() { v.filling = false }()
	v.check.SetChecked(l.ticked)
	picture, tint := theme.FileIcon(), colorCaption
	switch {
	case l.skipped:
		picture = theme.CancelIcon()
	case l.secret:
		picture, tint = theme.WarningIcon(), theme.ColorNameWarning
	case l.folder:
		picture = theme.FolderIcon()
	}
	v.picture.SetResource(tinted(picture, tint))
	v.name.SetText(l.name)
	v.detail.SetText(l.detail)
	reveal(nil, v.indent, l.within > 0)
	reveal(nil, v.check, !l.skipped)
	if v.words != nil {
		v.words.Refresh()
		v.lead.Refresh()
	}
}

// mostDetail is the part of a line that a detail takes at most.
const mostDetail = 0.6

// nameAndDetail puts a detail behind a name; the detail gets the width it asks
// for up to a half.
type nameAndDetail struct{}

// Layout is part of fyne.Layout.
func (nameAndDetail) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	detail := min(objects[1].MinSize().Width, size.Width*mostDetail)
	name := size.Width - detail - gapMedium
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(fyne.NewSize(name, size.Height))
	objects[1].Move(fyne.NewPos(name+gapMedium, 0))
	objects[1].Resize(fyne.NewSize(detail, size.Height))
}

// MinSize is part of fyne.Layout.
func (nameAndDetail) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(leastNameWidth, objects[0].MinSize().Height)
}
