//go:build !darwin || cgo

package search

import (
	"context"
	"slices"
	"time"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// anyKind stands for all kinds.
const anyKind netproto.Kind = ""

var sizeChoices = []struct {
	name     words.Phrase
	min, max int64 // bytes
}{
	{"Any size", 0, 0},
	{"Up to 1 MB", 0, 1e6},
	{"1 MB to 100 MB", 1e6, 100e6},
	{"100 MB to 1 GB", 100e6, 1e9},
	{"Over 1 GB", 1e9, 0},
}

var timeChoices = []struct {
	name words.Phrase
	age  time.Duration // since it was first shared, at most; 0 is any
}{
	{"Any time", 0},
	{"Last 24 hours", 24 * time.Hour},
	{"Last 7 days", 7 * 24 * time.Hour},
	{"Last 30 days", 30 * 24 * time.Hour},
	{"Last year", 365 * 24 * time.Hour},
}

var kindChoices = []netproto.Kind{anyKind, netproto.KindAudio, netproto.KindVideo, netproto.KindImage, netproto.KindDocument,
	netproto.KindArchive, netproto.KindProgram, netproto.KindFolder, netproto.KindOther}

// filters are the choices above the hits.
func (p *Page) filters() []*kit.Select { return []*kit.Select{p.kind, p.size, p.time, p.owner} }

// filtered reports whether something was chosen in a filter.
func (p *Page) filtered() bool {
	return slices.ContainsFunc(p.filters(), func(s *kit.Select) bool { return s.SelectedIndex() > 0 })
}

// offerOwners has the person choose among those who are online.
func (p *Page) offerOwners() {
	pages.Ask(p.window, func(ctx context.Context) (face.PeopleList, error) { return p.engine.People(ctx, "") }, func(list face.PeopleList, err error) {
		if err != nil {
			return // the choice stays as it is
		}
		var chosen netproto.PeerID
		if at := p.owner.SelectedIndex(); at > 0 {
			chosen = p.people[at-1].PeerID
		}
		p.people = slices.DeleteFunc(list.People, func(f face.Person) bool { return f.PeerID != chosen && (!f.Online || f.Blocked || f.Name == "") })
		names, at := []string{words.L("From anyone")}, 0
		for i, person := range p.people {
			name := words.CutName(netproto.Printable(person.Name))
			if slices.Contains(names, name) { // another person of the same name
				name += " " + person.PeerID.String()[:8]
			}
			names = append(names, name)
			if person.PeerID == chosen {
				at = i + 1
			}
		}
		changed := p.owner.OnChanged
		p.owner.OnChanged = nil
		p.owner.SetOptions(names)
		p.owner.SetSelectedIndex(at)
		p.owner.OnChanged = changed
	})
}
