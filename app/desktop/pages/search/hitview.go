//go:build !darwin || cgo

package search

import (
	"cmp"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/tables"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The columns of the search.
const (
	columnName = iota
	columnSize
	columnType
	columnSources
	columnAdded
	columnMatch
	columnOwners
)

// hitColumns are the columns of the search.
func hitColumns() []tables.Column[face.Hit] {
	return []tables.Column[face.Hit]{
		columnName: {ColumnShape: tables.ColumnShape{ID: "name", Name: "Name"},
			Text: func(h face.Hit) string { return h.Name },
			Cell: func(h face.Hit) tables.Cell {
				return tables.Cell{Text: h.Name, Ink: theme.ColorNameForeground, Icon: pages.KindIcon(h.Kind), Tint: look.ColorCaption,
					Mark: pages.HaveWords(h.Have)}
			}},
		columnSize: {ColumnShape: tables.ColumnShape{ID: "size", Name: "Size", Width: 88, Align: fyne.TextAlignTrailing, Descending: true},
			Order: func(a, b face.Hit) int { return cmp.Compare(a.Size, b.Size) },
			Cell:  func(h face.Hit) tables.Cell { return tables.Cell{Text: words.Size(h.Size)} }},
		columnType: {ColumnShape: tables.ColumnShape{ID: "type", Name: "Type", Width: 104, Spare: 1},
			Text: func(h face.Hit) string { return words.Kind(h.Kind) },
			Cell: func(h face.Hit) tables.Cell { return tables.Cell{Text: words.Kind(h.Kind)} },
			Samples: []face.Hit{{Kind: netproto.KindAudio}, {Kind: netproto.KindVideo}, {Kind: netproto.KindImage}, {Kind: netproto.KindDocument},
				{Kind: netproto.KindArchive}, {Kind: netproto.KindProgram}, {Kind: netproto.KindFolder}, {Kind: netproto.KindOther}}},
		columnSources: {ColumnShape: tables.ColumnShape{ID: "sources", Name: "Sources", Width: 96, Align: fyne.TextAlignTrailing, Descending: true},
			Order: func(a, b face.Hit) int { return cmp.Compare(a.Sources, b.Sources) },
			Cell:  func(h face.Hit) tables.Cell { return tables.Cell{Text: words.Count(h.Sources)} }},
		columnAdded: {ColumnShape: tables.ColumnShape{ID: "added", Name: "Added", Width: 112, Spare: 2, Descending: true},
			Order:   func(a, b face.Hit) int { return a.Added.Compare(b.Added) },
			Cell:    func(h face.Hit) tables.Cell { return tables.Cell{Text: words.Day(h.Added, time.Now())} },
			Samples: everyMonth()},
		columnMatch: {ColumnShape: tables.ColumnShape{ID: "match", Name: "Match", Width: 88, Spare: 3, OneWay: true},
			Order: func(a, b face.Hit) int {
				if a.Match == 0 && b.Match == 0 { // without words, what came last
					return b.Added.Compare(a.Added)
				}
				return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(b.Sources, a.Sources))
			},
			Cell:    func(h face.Hit) tables.Cell { return tables.Cell{Text: matchWords(h.Match)} },
			Samples: everyMatch()},
		columnOwners: {ColumnShape: tables.ColumnShape{ID: "owners", Name: "Shared by", Width: 96, Spare: 1},
			Text: ownersWords,
			Cell: func(h face.Hit) tables.Cell { return tables.Cell{Text: ownersWords(h)} }},
	}
}

// everyMatch returns a hit of each match.
func everyMatch() (hits []face.Hit) {
	for _, match := range []netproto.Match{netproto.MatchWhole, netproto.MatchStart, netproto.MatchOrder, netproto.MatchWords} {
		hits = append(hits, face.Hit{Hit: netproto.Hit{Match: match}})
	}
	return hits
}

// everyMonth returns a hit of each month: their names differ in length.
func everyMonth() (hits []face.Hit) {
	for month := time.January; month <= time.December; month++ {
		hits = append(hits, face.Hit{Hit: netproto.Hit{Added: time.Date(2000, month, 28, 0, 0, 0, 0, time.Local)}})
	}
	return hits
}

// ownersWords names those who share a hit.
func ownersWords(h face.Hit) string {
	var names []string
	for _, owner := range h.Owners.List() {
		names = append(names, portrait.NameOf(owner.Name, owner.PeerID))
	}
	return strings.Join(names, ", ")
}

// matchWords says how well a name fits the words of the search; nothing without words.
func matchWords(match netproto.Match) string {
	switch match {
	case netproto.MatchWhole:
		return words.L("Exact")
	case netproto.MatchStart:
		return words.L("Beginning")
	case netproto.MatchOrder:
		return words.L("In order")
	case netproto.MatchWords:
		return words.L("All words")
	}
	return ""
}
