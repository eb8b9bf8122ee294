//go:build !darwin || cgo

package transfers

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// prefDownloadOrder is the preference for the order of the downloads.
const prefDownloadOrder = "downloads.order"

// downloadOrder is an order of the downloads. The first one is taken until the person
// chooses.
type downloadOrder struct {
	id   string
	name words.Phrase
	less func(a, b face.Download) int // nil keeps the order of the queue
}

var downloadOrders = []downloadOrder{
	{"newest", "Newest first", func(a, b face.Download) int { return b.Added.Compare(a.Added) }},
	{"queue", "Order of the queue", nil},
	{"name", "Name", nil}, // by the dictionary of the language
	{"size", "Largest first", func(a, b face.Download) int { return cmp.Compare(b.Size, a.Size) }},
	{"progress", "Progress", func(a, b face.Download) int {
		return cmp.Compare(words.Fraction(b.Done, b.Size), words.Fraction(a.Done, a.Size))
	}},
	{"state", "State", func(a, b face.Download) int { return cmp.Compare(stateRank(a), stateRank(b)) }},
}

// stateRank puts what needs the person first, and what is over last.
func stateRank(d face.Download) int {
	switch {
	case d.IsFailed(), d.State == face.DownloadNoSpace:
		return 0
	case d.IsFinished():
		return 3
	case d.IsPaused():
		return 2
	}
	return 1
}

// order returns the order that the person chose.
func (p *Downloads) order() downloadOrder {
	chosen := p.Window.Host().Prefs.String(prefDownloadOrder)
	i := slices.IndexFunc(downloadOrders, func(o downloadOrder) bool { return o.id == chosen })
	return downloadOrders[max(i, 0)]
}

// sort puts downloads, which are in the order of the queue, into that which the person
// chose.
func (p *Downloads) sort(downloads []face.Download) {
	order := p.order()
	switch {
	case order.id == "name":
		dictionary, keys := words.NewDictionary(), map[string][]byte{}
		for _, d := range downloads {
			keys[d.ID] = dictionary.Key(d.Name)
		}
		slices.SortStableFunc(downloads, func(a, b face.Download) int { return slices.Compare(keys[a.ID], keys[b.ID]) })
	case order.less != nil:
		slices.SortStableFunc(downloads, order.less)
	}
}

// showOrders lets the person choose an order, below a button.
func (p *Downloads) showOrders(below fyne.CanvasObject) {
	menu := &kit.Menu{}
	for _, order := range downloadOrders {
		menu.AddChoice(order.name.String(), order.id == p.order().id, func() {
			p.Window.Host().Prefs.SetString(prefDownloadOrder, order.id)
			p.Window.Poke() // only the engine knows the order of the queue
		})
	}
	widget.ShowPopUpMenuAtRelativePosition(&menu.Menu, p.Window.Host().Canvas, fyne.NewPos(0, below.Size().Height), below)
}
