//go:build !darwin || cgo

package people

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// requestRow is a row of what was sent or received, as it is seen.
type requestRow struct {
	id     string
	out    bool
	person netproto.PeerID
	name   string // of the other person
	state  face.RequestState
	folder string // where it is saved
	sent   time.Time
	text   lists.RowText
}

func (r requestRow) key() string { return r.id }

// requestRows are the rows for requests; out says that they were sent from here.
func requestRows(requests []face.Request, out bool) []requestRow {
	rows := make([]requestRow, len(requests))
	for i, r := range requests {
		rows[i] = requestRow{id: r.ID, out: out, person: r.PeerID, name: portrait.NameOf(r.Name, r.PeerID), state: r.State, folder: r.Folder, sent: r.Sent}
		mark := requestMark(r, out)
		size := ""
		if r.Size > 0 {
			size = words.Size(r.Size)
		}
		with := words.L("From {{.Name}}", words.Values{"Name": rows[i].name})
		if out {
			with = words.L("To {{.Peer}}", words.Values{"Peer": rows[i].name})
		}
		rows[i].text = lists.RowText{Name: ItemsOf(r), NoBar: true, State: mark,
			Caption: words.Side(words.Part{Text: mark.Text, Stays: true}, words.Part{Text: with, Cut: words.CutMiddles, Stays: true}, words.Part{Text: size},
				words.Part{Text: words.Day(r.Sent, time.Now())}, words.Part{Text: messageWords(r), Cut: words.CutEnds})}
		if r.State == face.RequestFailed {
			rows[i].text.Advice = words.Explain(r.Failure).Next
		}
	}
	return rows
}

// ItemsOf names what is in a request: the one item, or the first and how many more.
func ItemsOf(r face.Request) string {
	if len(r.Items) == 0 {
		return ""
	}
	name := netproto.Printable(words.CutName(r.Items[0].Name))
	if len(r.Items) == 1 {
		return name
	}
	more := len(r.Items) - 1
	return words.N("{{.Name}} and {{.Count}} others", more, words.Values{"Name": name, "Count": words.Count(more)})
}

// messageWords is what the sender wrote, on one line.
func messageWords(r face.Request) string {
	text := strings.TrimSpace(netproto.Printable(r.Message))
	if text == "" {
		return ""
	}
	return words.L("“{{.Text}}”", words.Values{"Text": text})
}

// requestMark says what became of a request.
func requestMark(r face.Request, out bool) kit.Mark {
	busy := func(text string) kit.Mark {
		return kit.Mark{Text: text, Icon: theme.HistoryIcon(), Color: theme.ColorNamePrimary}
	}
	over := func(text string) kit.Mark {
		return kit.Mark{Text: text, Icon: theme.CancelIcon(), Color: look.ColorCaption}
	}
	switch r.State {
	case face.RequestPreparing:
		return busy(words.L("Preparing"))
	case face.RequestSending:
		return busy(words.L("Waiting for the tracker"))
	case face.RequestWaiting:
		if out {
			return busy(words.L("Waiting for their answer"))
		}
		return busy(words.L("Waiting for your answer"))
	case face.RequestAccepted:
		if out {
			return kit.Mark{Text: words.L("Accepted, sending"), Icon: theme.UploadIcon(), Color: theme.ColorNamePrimary}
		}
		return kit.Mark{Text: words.L("Downloading"), Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}
	case face.RequestDone:
		text := words.L("Received")
		if out {
			text = words.L("Delivered")
		}
		return kit.Mark{Text: text, Icon: look.Icon("done"), Color: theme.ColorNameSuccess}
	case face.RequestDeclined:
		return over(words.L("Declined"))
	case face.RequestWithdrawn:
		return over(words.L("Withdrawn"))
	case face.RequestExpired:
		return over(words.L("Expired without an answer"))
	default:
		return kit.Mark{Text: words.L("Failed: {{.Reason}}", words.Values{"Reason": words.Explain(r.Failure).Clause()}),
			Icon: theme.ErrorIcon(), Color: theme.ColorNameError}
	}
}

// requestView is a row of what was sent or received.
type requestView struct {
	lists.TwoLines
	window                        pages.Window
	row                           requestRow
	accept, decline, open, remove *kit.IconButton
}

func newRequestView(w pages.Window, engine face.People) *requestView {
	v := &requestView{window: w}
	tips := w.Host().Tips
	v.accept = kit.NewIconButton(tips, theme.ConfirmIcon(), words.L("Accept"), func() { acceptRequest(w, engine, v.row.id, "") })
	v.decline = kit.NewIconButton(tips, theme.CancelIcon(), words.L("Decline"), func() { declineRequests(w, engine, v.row.id) })
	v.open = kit.NewIconButton(tips, theme.FolderOpenIcon(), words.L("Open folder"), func() { w.OpenPath(v.row.folder) })
	v.remove = kit.NewIconButton(tips, theme.CancelIcon(), "", func() {
		act := engine.Withdraw
		if v.row.state.Over() {
			act = engine.Clear
		}
		id := v.row.id
		w.Act(func(ctx context.Context) error { return act(ctx, []string{id}) }, nil)
	})
	v.Init(v.accept, v.decline, v.open, v.remove)
	v.ExtendBaseWidget(v)
	return v
}

// Fill implements lists.View.
func (v *requestView) Fill(row requestRow) {
	v.row = row
	v.Set(row.text)
	waiting := !row.out && row.state == face.RequestWaiting
	if row.state.Over() {
		v.remove.Set(theme.CancelIcon(), words.L("Remove from list"))
	} else {
		v.remove.Set(theme.CancelIcon(), words.L("Take it back"))
	}
	changed := kit.Reveal(nil, v.accept, waiting)
	changed = kit.Reveal(nil, v.decline, waiting) || changed
	changed = kit.Reveal(nil, v.open, row.folder != "" && !v.window.Elsewhere()) || changed
	if kit.Reveal(nil, v.remove, row.out || row.state.Over()) || changed {
		v.Refresh()
	}
}

// acceptRequest downloads what a request offers; an empty folder is the usual one.
func acceptRequest(w pages.Window, engine face.People, id, folder string) {
	w.Act(func(ctx context.Context) error { return engine.Accept(ctx, id, folder) }, func() {
		w.TellNext(words.L("It is being downloaded."), words.L("Show"), func() { w.GoTo(pages.PlaceDownloads) })
	})
}

func declineRequests(w pages.Window, engine face.People, ids ...string) {
	w.Act(func(ctx context.Context) error { return engine.Decline(ctx, ids) }, nil)
}

// newRequestList makes a list of requests. A request is opened to see what is in it.
func newRequestList(w pages.Window, engine face.People, open func(id string)) *lists.List[requestRow] {
	list := lists.New(w.Host(), requestRow.key, func(r requestRow) string { return r.text.Name },
		func() lists.View[requestRow] { return newRequestView(w, engine) })
	list.More = func(r requestRow, width float32) float32 {
		buttons := 1
		if r.folder != "" && !w.Elsewhere() {
			buttons++
		}
		return r.text.More(buttons, width)
	}
	list.Opened = func(r requestRow) { open(r.id) }
	list.Menu = func() *fyne.Menu { return requestMenu(w, engine, list.Selection(), open) }
	return list
}

// requestMenu has the actions on the selected requests.
func requestMenu(w pages.Window, engine face.People, chosen []requestRow, open func(id string)) *fyne.Menu {
	var over, under []string
	for _, r := range chosen {
		switch {
		case r.state.Over():
			over = append(over, r.id)
		case r.out:
			under = append(under, r.id)
		}
	}
	menu := &kit.Menu{}
	if len(chosen) == 1 {
		r := chosen[0]
		menu.Add(words.L("Details"), theme.InfoIcon(), func() { open(r.id) })
		if r.folder != "" && !w.Elsewhere() {
			menu.Add(words.L("Open folder"), theme.FolderOpenIcon(), func() { w.OpenPath(r.folder) })
		}
		menu.Add(words.L("Go to {{.Name}}", words.Values{"Name": r.name}), theme.AccountIcon(), func() { w.GoToPerson(r.person) })
	}
	if len(under) > 0 {
		menu.Add(words.L("Take it back"), theme.CancelIcon(), func() {
			w.Act(func(ctx context.Context) error { return engine.Withdraw(ctx, under) }, nil)
		})
	}
	if len(over) > 0 {
		menu.Add(words.L("Remove from list"), theme.CancelIcon(), func() {
			w.Act(func(ctx context.Context) error { return engine.Clear(ctx, over) }, nil)
		})
	}
	return &menu.Menu
}
