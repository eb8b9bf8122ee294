//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Elsewhere are the peers on other computers, which the window can drive as well. Pair
// and Forget may wait.
type Elsewhere interface {
	// Peers returns those that this program was paired with.
	Peers() []Peer
	// Pair pairs it with the peer that answers at an address, by the code that is shown
	// there, and remembers it by a name.
	Pair(ctx context.Context, address, code, name string) (Peer, error)
	Forget(ctx context.Context, key netproto.Fingerprint) error
	// Drive returns the engine of a peer; close ends its use.
	Drive(peer Peer) (engine face.Engine, close func() error)
}

// Peer is a peer on another computer.
type Peer struct {
	Key     netproto.Fingerprint
	Name    string
	Address string
}

// uploader is the engine of a peer that has no files of this computer: what is to be
// shared there is uploaded first.
type uploader interface {
	Upload(ctx context.Context, paths []string, sent func(done, total int64)) ([]string, error)
}

// choice is which peer the window drives.
type choice struct {
	window *window
	here   face.Engine  // of this computer
	driven *Peer        // nil for this computer
	close  func() error // ends the use of its engine
}

// title names the peer that is driven.
func (c *choice) title() string {
	if c.driven == nil {
		return words.L("This computer")
	}
	return netproto.Printable(words.CutName(c.driven.Name))
}

// button opens the menu of peers; nil if there can be none.
func (c *choice) button() fyne.CanvasObject {
	if c.window.options.Elsewhere == nil {
		return nil
	}
	var button *kit.Button
	button = kit.NewButtonWithIcon(c.title(), theme.MenuDropDownIcon(), func() {
		widget.ShowPopUpMenuAtRelativePosition(&c.menu().Menu, c.window.win.Canvas(), fyne.NewPos(0, button.Size().Height), button)
	})
	button.IconPlacement = widget.ButtonIconTrailingText
	return button
}

func (c *choice) menu() *kit.Menu {
	menu := &kit.Menu{}
	menu.AddChoice(words.L("This computer"), c.driven == nil, func() { c.drive(nil) })
	for _, peer := range c.window.options.Elsewhere.Peers() {
		menu.AddChoice(netproto.Printable(words.CutName(peer.Name)), c.driven != nil && c.driven.Key == peer.Key, func() { c.drive(&peer) })
	}
	menu.Separate()
	menu.Add(words.L("Add another computer…"), theme.ContentAddIcon(), c.ask)
	if c.driven != nil {
		menu.Add(words.L("Forget this computer…"), theme.DeleteIcon(), c.forget)
	}
	return menu
}

// ask asks for the address and the code of another peer.
func (c *choice) ask() {
	w := c.window
	name, address, code := kit.NewTextEntry(w.Host().Pressed), kit.NewTextEntry(w.Host().Pressed), kit.NewTextEntry(w.Host().Pressed)
	address.PlaceHolder, code.PlaceHolder = "192.168.1.20:5050", "K7QF-2M9X-W3TD"
	problem := kit.Hint("")
	pair := kit.PrimaryButton(words.L("Pair"), theme.ConfirmIcon(), nil)
	pair.OnTapped = func() {
		pair.Disable()
		typed := [3]string{address.Text, code.Text, name.Text}
		w.Start(func(ctx context.Context) func() {
			peer, err := w.options.Elsewhere.Pair(ctx, typed[0], typed[1], typed[2])
			return func() {
				pair.Enable()
				if err != nil {
					problem.SetText(words.Explain(face.FailureOf(pages.InTime(ctx, err))).String())
					return
				}
				w.Sheets().CloseAll()
				c.drive(&peer)
			}
		})
	}
	w.Sheets().Open(words.L("Add another computer"), container.NewVBox(
		kit.Paragraph(words.L(
			"On the other computer, run “centralizedp2p serve --control :5050”, and then “centralizedp2p serve pair”, which shows a code.")),
		kit.Labelled(words.L("Name"), name, nil), kit.Labelled(words.L("Address"), address, nil), kit.Labelled(words.L("Code"), code, problem)),
		fyne.NewSize(520, 420), w.Sheets().CancelButton(), pair)
	w.Host().Canvas.Focus(name)
}

func (c *choice) forget() {
	w, peer := c.window, *c.driven
	w.Sheets().Decide(words.L("Forget this computer?"), words.L("To control it again, you need a new code."), words.L("Forget"), func() {
		c.drive(nil)
		c.window.Act(func(ctx context.Context) error { return w.options.Elsewhere.Forget(ctx, peer.Key) }, nil)
	})
}

// drive shows another peer; nil is that of this computer.
func (c *choice) drive(peer *Peer) {
	w := c.window
	if peer == nil && c.driven == nil || peer != nil && c.driven != nil && peer.Key == c.driven.Key {
		return
	}
	w.undo.finish()
	before, end := w.crossing, c.close
	before.cancel()
	c.driven, c.close, w.engine = peer, nil, c.here
	if peer != nil {
		w.engine, c.close = w.options.Elsewhere.Drive(*peer)
	}
	w.crossing = newCrossing(before.toUI)
	w.crossing.last(func(context.Context) {
		before.close()
		if end != nil {
			_ = end() // its line ends either way
		}
	})
	w.status, w.options.Open = face.Status{}, nil // what it was started with was for this computer
	w.assemble()
	w.build()
	w.showPages()
	w.attend()
	w.win.SetTitle(w.title())
	w.begin()
	w.goTo(pages.PlaceDownloads)
}

// finish ends the use of another peer when the window has closed.
func (c *choice) finish() {
	if c.close != nil {
		_ = c.close() // its line ends either way
		c.close = nil
	}
}

// title is that of the window.
func (w *window) title() string {
	if w.choice.driven == nil {
		return appName
	}
	return w.choice.title() + " – " + appName
}

// bring has then work with paths as the engine knows them: those of another computer
// are uploaded there first, with progress.
func (w *window) bring(paths []string, then func(paths []string)) {
	far, ok := w.engine.(uploader)
	if !ok || w.choice.driven == nil {
		then(paths)
		return
	}
	tell := w.crossing.latest()
	w.crossing.startWithin(reviewTime, func(ctx context.Context) func() {
		there, err := far.Upload(ctx, slices.Clone(paths), func(done, total int64) {
			tell(func() {
				w.notice.tell(words.L("Uploading: {{.Progress}}", words.Values{"Progress": words.Progress(done, total)}))
			})
		})
		return func() {
			if err != nil {
				w.Fail(err)
				return
			}
			w.notice.hide()
			then(there)
		}
	})
}

// far says that a path of another computer cannot be opened here; it is false for one that can.
func (w *window) far(path string) bool {
	if w.choice.driven == nil {
		return false
	}
	w.notice.fail(words.Message{What: words.L("This is on another computer"), Why: netproto.Printable(fmt.Sprintf("%s: %s", w.choice.driven.Name, path)),
		Next: words.L("Open it there.")})
	return true
}
