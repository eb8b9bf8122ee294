//go:build !darwin || cgo

package drawings

import (
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit/kittest"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"speedgraph": func(*kittest.Stand) fyne.CanvasObject {
		g := NewSpeedGraph(2)
		g.Set([]int64{1e6, 4e6, 2e6})
		return g
	},
	"piecemap": func(*kittest.Stand) fyne.CanvasObject {
		m := NewPieceMap()
		m.Set([]PieceState{PieceVerified, PieceVerified, PiecePartly, PieceInFlight, PieceMissing})
		return m
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
