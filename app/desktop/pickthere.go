//go:build !darwin || cgo

package desktop

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// thereSheet lets the person choose files, or a folder, on the computer of the peer that
// is driven.
type thereSheet struct {
	window  *window
	folder  bool
	shown   face.FolderList
	ticked  []string // paths of files
	where   *kit.Line
	list    *kit.List
	up      *kit.Button
	choose  *kit.Button
	problem *kit.Text
}

// pickThere opens that sheet, in the places to begin at.
func (w *window) pickThere(title string, folder bool, chosen func(paths []string)) {
	s := &thereSheet{window: w, folder: folder, where: kit.NewCaption(), problem: kit.Hint("")}
	s.where.CutMiddle = true
	s.choose = kit.PrimaryButton(words.L("Choose"), theme.ConfirmIcon(), func() {
		paths := slices.Clone(s.ticked)
		if folder {
			paths = []string{s.shown.Path}
		}
		w.sheets.Close()
		chosen(paths)
	})
	s.up = kit.NewButtonWithIcon(words.L("Back"), theme.NavigateBackIcon(), func() { s.look(s.shown.Parent) })
	s.list = kit.NewList(func() int { return len(s.shown.Entries) },
		func() fyne.CanvasObject { return ticks.NewRow() },
		func(i widget.ListItemID, object fyne.CanvasObject) { s.fill(object.(*ticks.Row), s.shown.Entries[i]) })
	s.list.OnSelected = func(i widget.ListItemID) {
		s.list.UnselectAll()
		if e := s.shown.Entries[i]; e.Folder {
			s.look(e.Path)
		} else if !folder {
			s.tick(e.Path, !slices.Contains(s.ticked, e.Path))
			s.list.RefreshItem(i)
		}
	}
	s.list.HideSeparators = true
	w.sheets.OpenAbove(title, container.NewBorder(s.where, s.problem, nil, nil, s.list), fyne.NewSize(640, 520), s.up, w.sheets.CancelButton(), s.choose)
	s.enable()
	s.look("")
}

// look shows another folder.
func (s *thereSheet) look(folder string) {
	pages.Ask(s.window, func(ctx context.Context) (face.FolderList, error) { return s.window.engine.ListFolder(ctx, folder) },
		func(list face.FolderList, err error) {
			if err != nil {
				s.problem.SetText(words.Explain(face.FailureOf(err)).String())
				return
			}
			s.problem.SetText("")
			s.shown, s.ticked = list, nil
			s.where.SetText(netproto.Printable(list.Path))
			s.list.UnselectAll()
			s.list.Refresh()
			s.list.ScrollToTop()
			s.enable()
		})
}

func (s *thereSheet) fill(row *ticks.Row, e face.DiskEntry) {
	line := ticks.Line{Name: netproto.Printable(e.Name), Icon: theme.FolderIcon(), Tint: look.ColorCaption, Tick: ticks.NoTick}
	if !e.Folder {
		line.Icon, line.Detail = theme.FileIcon(), words.Size(e.Size)
		if !s.folder {
			line.Tick = ticks.Unticked
		}
		if slices.Contains(s.ticked, e.Path) {
			line.Tick = ticks.Ticked
		}
	}
	row.Fill(line, func(on bool) { s.tick(e.Path, on) })
}

func (s *thereSheet) tick(path string, on bool) {
	s.ticked = slices.DeleteFunc(s.ticked, func(p string) bool { return p == path })
	if on {
		s.ticked = append(s.ticked, path)
	}
	s.enable()
}

// enable offers what can be done now.
func (s *thereSheet) enable() {
	s.up.Disable()
	if s.shown.Path != "" {
		s.up.Enable()
	}
	s.choose.Disable()
	if s.folder && s.shown.Path != "" || len(s.ticked) > 0 {
		s.choose.Enable()
	}
}
