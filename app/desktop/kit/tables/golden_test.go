//go:build !darwin || cgo

package tables

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"table": func(s *kittest.Stand) fyne.CanvasObject {
		table := New(hostOf(s), "things", func(o thing) string { return o.name }, thingColumns(), 1)
		table.SetRows(few)
		table.header.cells[2].MouseIn(nil)
		table.header.cells[0].FocusGained()
		table.header.edges[0].MouseIn(nil)
		return table.Box
	},
	"table-cells": func(s *kittest.Stand) fyne.CanvasObject {
		columns := thingColumns()
		columns[0].Cell = func(o thing) Cell {
			return Cell{Text: o.name, Icon: theme.FileIcon(), Tint: theme.ColorNameSuccess, Mark: kit.Mark{Text: "Here", Icon: theme.ConfirmIcon(), Color: theme.ColorNameSuccess}}
		}
		columns[1].Cell = func(o thing) Cell { return Cell{Text: "Hashing", Ink: theme.ColorNamePrimary, Bar: true, Done: 0.4} }
		table := New(hostOf(s), "cells", func(o thing) string { return o.name }, columns, 0)
		table.SetRows(few[:2])
		return table.Box
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
