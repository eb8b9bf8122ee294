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
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/pages/shares"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
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

// key identifies a line when the same paths are reviewed again.
func (l reviewLine) key() string { return l.holder + "\x00" + l.path }

// tickLine returns how the line looks.
func (l reviewLine) tickLine() ticks.Line {
	line := ticks.Line{Name: l.name, Detail: l.detail, Icon: theme.FileIcon(), Tint: look.ColorCaption, Indented: l.within > 0, Tick: ticks.Unticked}
	if l.ticked {
		line.Tick = ticks.Ticked
	}
	switch {
	case l.skipped:
		line.Icon, line.Tick = theme.CancelIcon(), ticks.NoTick
	case l.secret:
		line.Icon, line.Tint = theme.WarningIcon(), theme.ColorNameWarning
	case l.folder:
		line.Icon = theme.FolderIcon()
	}
	return line
}

// reviewEngine is what the review needs of the engine.
type reviewEngine interface {
	face.Shares
	face.People
	face.Web
}

// reviewSheet lets a person decide which of some paths to share, or to send to somebody.
type reviewSheet struct {
	window   pages.Window
	engine   reviewEngine
	crossing *crossing
	to       *face.Person     // who it is sent to; nil if it is shared
	message  *kit.TextEntry   // for them; nil if it is shared
	audience *shares.Audience // who may see it
	paths    []string
	lines    []reviewLine
	ticks    map[string]bool // by reviewLine.key, decided before more paths were added
	list     *kit.List
	total    *kit.Text
	share    *kit.Button
	body     *fyne.Container
	sheet    *fyne.Container // body and total
	review   face.Review
	stop     context.CancelFunc // stops the look at the files
	// sendInstead reviews paths that somebody is to get.
	sendInstead func(to face.Person, paths []string)
}

// openReview looks at paths, beside the UI thread, and asks which of them to
// share, or to send to somebody unless to is nil. It calls gone when the person decided.
func openReview(w pages.Window, engine reviewEngine, c *crossing, to *face.Person, paths []string, gone func()) *reviewSheet {
	s := &reviewSheet{window: w, engine: engine, crossing: c, to: to, paths: paths, ticks: map[string]bool{}, stop: func() {}, total: kit.Paragraph("")}
	title, other := words.L("Share these?"), kit.NewButtonWithIcon(words.L("Send to…"), theme.AccountIcon(), s.sendTo)
	s.share = kit.PrimaryButton(words.L("Share"), theme.UploadIcon(), s.confirm)
	s.audience = shares.NewAudience(w, engine, face.Visible{}, func() { s.sheet.Refresh() })
	foot := container.NewVBox(s.total, s.audience.Box)
	if to != nil {
		title = words.L("Send to {{.Name}}?", words.Values{"Name": portrait.Name(*to)})
		s.share = kit.PrimaryButton(words.L("Send"), theme.UploadIcon(), s.send)
		s.message = kit.NewTextEntry(w.Host().Pressed)
		s.message.PlaceHolder = words.L("A message, if you like")
		foot = container.NewVBox(s.total, s.message)
		other.Hide()
	}
	more := kit.NewButtonWithIcon(words.L("Add another file"), theme.ContentAddIcon(), func() {
		w.Sheets().PickFiles(s.add)
	})
	s.body = container.NewStack()
	s.sheet = container.NewBorder(nil, foot, nil, nil, s.body)
	phone := kit.NewIconButton(w.Host().Tips, theme.ComputerIcon(), words.L("Send to a phone or a browser…"), s.sendToBrowser)
	if to != nil {
		phone.Hide()
	}
	opened := w.Sheets().Open(title, s.sheet, fyne.NewSize(640, 520), more, other, phone, w.Sheets().CancelButton(), s.share)
	opened.Gone = func() {
		gone()
		s.stop()
	}
	s.look()
	return s
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
	ctx, stop := context.WithCancel(s.crossing.ctx)
	s.stop = stop
	s.share.Disable()
	s.total.SetText(words.L("Checking the files…"))
	s.body.Objects = []fyne.CanvasObject{container.NewCenter(widget.NewProgressBarInfinite())}
	s.body.Refresh()
	s.crossing.startWithin(reviewTime, func(within context.Context) func() {
		defer context.AfterFunc(within, stop)()
		look := s.engine.Review
		if s.to != nil {
			look = s.engine.ReviewSend
		}
		review, err := look(ctx, paths)
		err = pages.InTime(within, err)
		return func() {
			switch {
			case ctx.Err() != nil && within.Err() == nil: // the sheet was closed, or asked again
			case err != nil:
				w.Sheets().CloseAll()
				w.Fail(err)
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
	s.list = kit.NewList(func() int { return len(s.lines) },
		func() fyne.CanvasObject { return ticks.NewRow() },
		func(i widget.ListItemID, object fyne.CanvasObject) {
			object.(*ticks.Row).Fill(s.lines[i].tickLine(), func(ticked bool) { s.tick(i, ticked) })
		})
	s.list.HideSeparators = true
	s.body.Objects = []fyne.CanvasObject{s.list}
	s.body.Refresh()
	s.showTotal()
}

// reviewLines puts what can be shared first, and secrets below the folder that
// contains them.
func reviewLines(review face.Review) []reviewLine {
	var lines []reviewLine
	for _, item := range review.Items {
		detail := words.Size(item.Size)
		if item.Folder {
			detail = words.Join(words.Files(item.Files), detail)
		}
		lines = append(lines, reviewLine{name: item.Name, detail: detail, ticked: !item.Secret, secret: item.Secret,
			folder: item.Folder, path: item.Path, size: item.Size, files: item.Files})
		for _, secret := range item.Secrets {
			lines = append(lines, reviewLine{name: secret.Path, detail: words.Size(secret.Size), secret: true,
				within: 1, path: secret.Path, holder: item.Path, size: secret.Size, files: 1})
		}
	}
	for _, skipped := range review.Skipped {
		_, name := face.SplitPath(skipped.Path)
		if name == "" {
			name = skipped.Path
		}
		detail := words.SkipReason(skipped.Reason)
		if skipped.Count > 0 {
			detail = words.L("{{.Files}} skipped: {{.Reason}}", words.Values{"Files": words.Files(skipped.Count), "Reason": detail})
		}
		lines = append(lines, reviewLine{name: name, detail: detail, skipped: true, files: max(skipped.Count, 1)})
	}
	return lines
}

func (s *reviewSheet) tick(i int, ticked bool) {
	s.lines[i].ticked = ticked
	s.showTotal()
}

// showTotal counts what is ticked. An unticked secret is left out of its
// folder.
func (s *reviewSheet) showTotal() {
	files, size, skipped, secrets := 0, int64(0), 0, 0
	for i, l := range s.lines {
		switch {
		case l.skipped:
			skipped += l.files
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
	text := words.Join(words.Files(files), words.Size(size))
	if skipped > 0 {
		text = words.Join(text, words.N("{{.Count}} skipped", skipped, words.Values{"Count": words.Count(skipped)}))
	}
	if secrets > 0 {
		text += "\n" + words.N("{{.Count}} look like secrets (keys or passwords) and are left out unless you tick them.", secrets,
			words.Values{"Count": words.Count(secrets)})
	}
	s.total.SetText(text)
	s.sheet.Refresh()
	if files > 0 {
		s.share.Enable()
	} else {
		s.share.Disable()
	}
}

// holder returns the line of the folder that a secret is in.
func (s *reviewSheet) holder(i int) reviewLine {
	for s.lines[i].within > 0 {
		i--
	}
	return s.lines[i]
}

// request returns what was decided.
func (s *reviewSheet) request() face.ShareRequest {
	var request face.ShareRequest
	for i, l := range s.lines {
		switch {
		case l.skipped:
		case l.within == 0 && l.ticked:
			item := face.ShareItem{Path: l.path}
			if l.secret {
				item.Allow = []string{"."}
			}
			request.Items = append(request.Items, item)
		case l.within > 0 && s.holder(i).ticked && l.ticked:
			last := &request.Items[len(request.Items)-1]
			last.Allow = append(last.Allow, l.path)
		}
	}
	return request
}

func (s *reviewSheet) confirm() {
	w, request := s.window, s.request()
	var ok bool
	if request.Visible, ok = s.audience.Visible(); !ok {
		return
	}
	w.Sheets().CloseAll()
	w.Act(func(ctx context.Context) error { return s.engine.Share(ctx, request) }, func() {
		w.GoTo(pages.PlaceShared)
		if len(request.Items) == 1 {
			s.offerLink(request.Items[0].Path)
		}
	})
}

// sendToBrowser hands out what was chosen on a page for browsers, and shares it with
// nobody else.
func (s *reviewSheet) sendToBrowser() {
	if items := s.request().Items; len(items) > 0 {
		s.window.Sheets().CloseAll()
		browsers.SendToBrowser(s.window, s.engine, face.WebOffer{Items: items})
	}
}

// offerLink says that something is shared, and offers its link.
func (s *reviewSheet) offerLink(path string) {
	w := s.window
	pages.Ask(w, s.engine.Shares, func(list []face.Share, err error) {
		i := slices.IndexFunc(list, func(share face.Share) bool { return share.Path == path })
		if err != nil || i < 0 {
			return // the page says what became of it
		}
		w.TellNext(words.L("{{.Name}} is shared.", words.Values{"Name": netproto.Printable(words.CutName(list[i].Name))}), words.L("Copy link"),
			func() { shares.CopyLink(w, s.engine, list[i].ID) })
	})
}
