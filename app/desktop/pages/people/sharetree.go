//go:build !darwin || cgo

package people

import (
	"context"
	"strings"

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

// How much of what a person shares is shown at first, and how many of the folders in
// it are opened beforehand, so that their files do not stand beside them, too.
const (
	browseMost  = 2000
	browseAhead = 20
)

// shareTree shows what a person shares as a tree, in which files and folders can be
// ticked and downloaded. The lists of folders are fetched when they are opened.
type shareTree struct {
	window pages.Window
	engine Engine
	person netproto.PeerID
	chosen func(ticked bool) // called after something was ticked or unticked
	box    *fyne.Container
	body   *fyne.Container
	total  *kit.Line
	get    *kit.Button
	more   *kit.Button
	tree   *kit.Tree

	hits    map[string]face.Hit           // by their place in the tree
	order   []string                      // places at the top: folders, then files
	inside  map[string]*ticks.Tree        // of folders that were opened, by their place
	asked   map[string]bool               // folders whose list is being fetched
	failed  map[string]string             // why a list did not arrive
	ticked  map[string]bool               // files, and folders that were not opened
	folded  map[netproto.ContentHash]bool // contents of folders that were opened
	next    string                        // cursor of what follows
	loading bool
}

func newShareTree(w pages.Window, engine Engine, person netproto.PeerID, chosen func(ticked bool)) *shareTree {
	s := &shareTree{window: w, engine: engine, person: person, chosen: chosen, total: kit.NewCaption()}
	s.get = kit.NewButtonWithIcon(words.L("Download"), theme.DownloadIcon(), s.download)
	s.more = kit.NewButton(words.L("Show more"), func() { s.fetch(s.next) })
	s.tree = kit.NewTree(s.children, s.isBranch, func(bool) fyne.CanvasObject { return ticks.NewRow() }, s.fill)
	s.tree.OnBranchOpened = s.open
	s.body = container.NewStack()
	foot := container.NewBorder(nil, nil, nil, container.NewHBox(s.more, s.get), kit.Inset(look.GapMedium, 0, s.total))
	s.box = container.NewBorder(nil, kit.Inset(0, look.Gap, foot), nil, nil, s.body)
	s.reset()
	return s
}

func (s *shareTree) reset() {
	s.hits, s.order, s.next = map[string]face.Hit{}, nil, ""
	s.inside, s.asked, s.failed = map[string]*ticks.Tree{}, map[string]bool{}, map[string]string{}
	s.ticked, s.folded = map[string]bool{}, map[netproto.ContentHash]bool{}
	s.showTotal()
}

// load fetches everything again.
func (s *shareTree) load() {
	s.reset()
	s.put(container.NewCenter(kit.Hint(words.L("One moment…"))))
	s.fetch("")
}

func (s *shareTree) put(object fyne.CanvasObject) {
	s.body.Objects = []fyne.CanvasObject{object}
	s.body.Refresh()
}

// fetch adds what a person shares, from a cursor on.
func (s *shareTree) fetch(cursor string) {
	if s.loading {
		return
	}
	s.loading = true
	pages.Ask(s.window, func(ctx context.Context) (face.SearchPage, error) { return s.browse(ctx, cursor) }, func(page face.SearchPage, err error) {
		s.loading = false
		if err != nil {
			s.put(pages.FailedScreen(words.Explain(face.FailureOf(err)).String(), s.load))
			return
		}
		s.add(page)
	})
}

// browse fetches some pages. It runs beside the UI thread.
func (s *shareTree) browse(ctx context.Context, cursor string) (all face.SearchPage, err error) {
	for {
		page, err := s.engine.Browse(ctx, s.person, cursor)
		if err != nil {
			return all, err
		}
		all.Hits, all.Next = append(all.Hits, page.Hits...), page.Next
		if cursor = page.Next; cursor == "" || len(all.Hits) >= browseMost {
			return all, nil
		}
	}
}

func (s *shareTree) add(page face.SearchPage) {
	s.next = page.Next
	for _, h := range page.Hits {
		s.hits[h.Hash.String()] = h
	}
	folders, files := []string{}, []string{}
	for _, id := range s.order {
		if s.hits[id].Folder {
			folders = append(folders, id)
		} else {
			files = append(files, id)
		}
	}
	ahead := browseAhead
	for _, h := range page.Hits {
		id := h.Hash.String()
		if !h.Folder {
			files = append(files, id)
			continue
		}
		folders = append(folders, id)
		if ahead > 0 {
			ahead--
			s.list(id)
		}
	}
	s.order = append(folders, files...)
	if len(s.order) == 0 {
		s.put(kit.EmptyScreen(theme.FolderOpenIcon(), words.L("This person shares nothing with everybody."), nil))
	} else {
		s.put(s.tree)
	}
	s.refresh()
}

// list fetches the list of files of a folder, once.
func (s *shareTree) list(id string) {
	if s.asked[id] || s.inside[id] != nil {
		return
	}
	s.asked[id] = true
	hash := s.hits[id].Hash
	pages.Ask(s.window, func(ctx context.Context) (face.Folder, error) { return s.engine.FolderContents(ctx, hash) }, func(folder face.Folder, err error) {
		delete(s.asked, id)
		if err != nil {
			s.failed[id] = words.Explain(face.FailureOf(err)).Headline()
			s.refresh()
			return
		}
		var files []ticks.File
		for _, f := range folder.Files {
			files = append(files, ticks.File{Path: f.Path, Dir: f.Dir, Size: f.Size, Here: f.Here})
			s.folded[f.Hash] = true
		}
		inside := ticks.NewTree(files)
		if !s.ticked[id] {
			inside.Tick(inside.Root, false)
		}
		delete(s.ticked, id)
		delete(s.failed, id)
		s.inside[id] = inside
		s.refresh()
	})
}

func (s *shareTree) open(id string) {
	if s.hits[id].Folder {
		delete(s.failed, id)
		s.list(id)
	}
}

// place parts the place of a node into that of its hit, and the path in a folder.
func place(id string) (hit, path string) {
	hit, path, _ = strings.Cut(id, "/")
	return hit, path
}

// waits stands for the files of a folder whose list is not here.
const waits = "\x00"

func (s *shareTree) children(id string) []string {
	if id == "" {
		var top []string
		for _, hit := range s.order {
			if h := s.hits[hit]; h.Folder || !s.folded[h.Hash] {
				top = append(top, hit)
			}
		}
		return top
	}
	hit, path := place(id)
	inside := s.inside[hit]
	if inside == nil {
		return []string{hit + "/" + waits}
	}
	var below []string
	for _, child := range inside.Children(path) {
		below = append(below, hit+"/"+child)
	}
	return below
}

func (s *shareTree) isBranch(id string) bool {
	hit, path := place(id)
	switch {
	case id == "":
		return true
	case path == waits:
		return false
	case path == "":
		return s.hits[hit].Folder
	}
	inside := s.inside[hit]
	return inside != nil && inside.Branch(path) != nil && !inside.Branch(path).File
}

// fill shows a node.
func (s *shareTree) fill(id string, _ bool, object fyne.CanvasObject) {
	hit, path := place(id)
	row, h, inside := object.(*ticks.Row), s.hits[hit], s.inside[hit]
	switch {
	case path == waits:
		text := s.failed[hit]
		if text == "" {
			text = words.L("Loading the list of files…")
		}
		row.Fill(ticks.Line{Name: text, Icon: theme.HistoryIcon(), Tint: look.ColorCaption}, func(bool) {})
	case path == "" && inside == nil:
		line := ticks.Line{Name: netproto.Printable(h.Name), Detail: words.Join(pages.HaveWords(h.Have).Text, words.Size(h.Size)),
			Icon: pages.KindIcon(h.Kind), Tint: look.ColorCaption, Tick: ticks.Unticked}
		if s.ticked[hit] {
			line.Tick = ticks.Ticked
		}
		row.Fill(line, func(ticked bool) {
			s.ticked[hit] = ticked
			s.refresh()
		})
	default:
		b := inside.Branch(path)
		if b == nil {
			return // of a list that was replaced
		}
		line := pages.TickLine(b)
		if path == "" {
			line.Name, line.Detail = netproto.Printable(h.Name), words.Join(pages.HaveWords(h.Have).Text, words.Files(b.Files), words.Size(b.Size))
		}
		row.Fill(line, func(ticked bool) {
			inside.Tick(b, ticked)
			s.refresh()
		})
	}
}

func (s *shareTree) refresh() {
	s.tree.Refresh()
	s.showTotal()
}

// wanted are the downloads that the ticks stand for.
func (s *shareTree) wanted() (requests []face.DownloadRequest, size int64) {
	for _, id := range s.order {
		h, inside := s.hits[id], s.inside[id]
		request := pages.RequestOf(h)
		switch {
		case inside == nil && s.ticked[id]:
			size += h.Size
		case inside != nil && inside.Root.Ticked > 0:
			request.Paths = inside.TickedPaths()
			size += inside.Root.Chosen
		default:
			continue
		}
		requests = append(requests, request)
	}
	return requests, size
}

func (s *shareTree) showTotal() {
	requests, size := s.wanted()
	text := words.L("Tick what you want to download.")
	if len(requests) > 0 {
		text = pages.SelectedWords(len(requests), size)
	}
	if len(s.order) == 0 {
		text = ""
	}
	s.total.SetText(text)
	s.get.Importance = widget.MediumImportance
	if len(requests) > 0 {
		s.get.Importance = widget.HighImportance
		s.get.Enable()
	} else {
		s.get.Disable()
	}
	s.get.Refresh()
	if kit.Reveal(nil, s.more, s.next != "") && s.box != nil {
		s.box.Refresh()
	}
	s.chosen(len(requests) > 0)
}

// download gets what is ticked.
func (s *shareTree) download() {
	w := s.window
	requests, _ := s.wanted()
	w.Act(func(ctx context.Context) error {
		for _, request := range requests {
			if err := s.engine.Download(ctx, request); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		clear(s.ticked)
		for _, inside := range s.inside {
			inside.Tick(inside.Root, false)
		}
		s.refresh()
		pages.TellAdded(w, len(requests))
	})
}
