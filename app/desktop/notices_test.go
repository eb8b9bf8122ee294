//go:build !darwin || cgo

package desktop

import (
	"strings"
	"testing"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestAPartOfThePeerThatStoppedIsSaidBeforeAllElse(t *testing.T) {
	lost := face.Status{Connection: face.ConnectionReconnecting, RetrySeconds: 5}
	stopped := lost
	stopped.Stopped = face.Failure{Code: netproto.CodeInternal, Detail: "the shares: it ended"}
	if text := bannerWords(stopped); !strings.Contains(text, "start it again") || strings.Contains(text, "the shares: it ended") {
		t.Errorf("the banner says %q", text)
	}
	if text := bannerWords(lost); !strings.Contains(text, "Trying again") {
		t.Errorf("the banner says %q", text)
	}
}

func TestAToastHidesNoButtonBelowTheRows(t *testing.T) {
	d := onStage(t)
	w := d.window
	w.win.Resize(leastSize)
	w.notice.tell("Link copied.")
	uncovered := func(text string) {
		t.Helper()
		var button *kit.Button
		for _, object := range laidOut(w.win.Content()) {
			if b, is := object.(*kit.Button); is && b.Text == text {
				button = b
			}
		}
		if button == nil {
			t.Fatalf("there is no %q", text)
		}
		low := d.app.Driver().AbsolutePositionForObject(button).Y + button.Size().Height
		if top := d.app.Driver().AbsolutePositionForObject(w.notice.box).Y; low > top {
			t.Errorf("%q ends at %v, below the upper edge of the toast at %v", text, low, top)
		}
	}
	w.goTo(pages.PlaceShared)
	d.reads("photos")
	listOf[face.Share](d).SelectOnly(3)
	uncovered("Stop sharing")
	w.GoToPerson(d.engine.list[0].PeerID)
	d.reads("Holidays")
	uncovered("Download")
}
