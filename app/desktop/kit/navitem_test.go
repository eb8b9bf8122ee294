//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestANavItemIsTappedByPointerAndKeys(t *testing.T) {
	s := kittest.New(t)
	tapped := 0
	n := NewNavItem(theme.DownloadIcon(), "Downloads", func() { tapped++ })
	s.Show(n)
	test.Tap(n)
	for _, key := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyDown} {
		n.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if tapped != 4 || n.AccessibilityLabel() != "Downloads" {
		t.Errorf("it was tapped %d times", tapped)
	}
}

func TestTheNameOfANavItemFitsBesideItsCountEvenWhenItIsCurrent(t *testing.T) {
	s := kittest.New(t)
	n := NewNavItem(theme.DownloadIcon(), "A rather long name of a page", func() {})
	wide := n.FullWidth(true)
	s.Show(n)
	s.Window.Resize(fyne.NewSize(wide, 40))
	n.SetCurrent(true)
	n.SetCount(1234, true)
	if n.name.IsCut() || n.count.IsCut() || n.count.Text != "1,234 !" {
		t.Errorf("in %v pixels the name has %v and needs %v, the count is %q", wide, n.name.Size().Width, n.name.FullWidth(), n.count.Text)
	}
	if n.SetCount(0, false); n.count.Text != "" {
		t.Errorf("no count reads %q", n.count.Text)
	}
}
