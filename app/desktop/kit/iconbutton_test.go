//go:build !darwin || cgo

package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestATooltipSaysWhatAnIconMeansAndStaysInTheWindow(t *testing.T) {
	s := kittest.New(t)
	tips, tapped := NewTips(), 0
	b := NewIconButton(tips, theme.CancelIcon(), "Remove from list", func() { tapped++ })
	// In this corner there is no room below or to the right.
	s.Show(container.NewStack(container.NewVBox(layout.NewSpacer(), container.NewHBox(layout.NewSpacer(), b)), tips.Layer))
	for what, pair := range map[string][2]func(){
		"the pointer": {func() { b.MouseIn(&desktop.MouseEvent{}) }, b.MouseOut},
		"the focus":   {b.FocusGained, b.FocusLost},
	} {
		pair[0]()
		if !tips.Layer.Visible() || strings.Join(drawnLines(tips.Layer), " ") != "Remove from list" {
			t.Errorf("%s shows no tooltip", what)
		}
		end, window := tips.back.Position().Add(tips.back.Size()), s.Window.Canvas().Size()
		if end.X > window.Width || end.Y > window.Height || tips.back.Position().X < 0 {
			t.Errorf("the tooltip ends at %v, the window at %v", end, window)
		}
		pair[1]()
		if tips.Layer.Visible() {
			t.Errorf("the tooltip stays when %s is gone", what)
		}
	}
	b.Set(theme.DeleteIcon(), "Stop and delete")
	test.Tap(b)
	if b.AccessibilityLabel() != "Stop and delete" || b.Icon.Name() != theme.DeleteIcon().Name() || tapped != 1 {
		t.Errorf("it is %q now, tapped %d times", b.AccessibilityLabel(), tapped)
	}
	tips.Show(strings.Repeat("A reason that has more to say than a line has room for. ", 4)+strings.Repeat("/folder", 20), b)
	if len(tips.lines) < 4 {
		t.Errorf("a long tooltip has the lines %q", drawnLines(tips.Layer))
	}
	for _, line := range tips.lines {
		if end, window := line.Position().Add(line.MinSize()), s.Window.Canvas().Size(); line.Position().X < 0 || line.Position().Y < 0 || end.X > window.Width || end.Y > window.Height {
			t.Errorf("%q is drawn from %v to %v in a window of %v", line.Text, line.Position(), end, window)
		}
	}
	tips.Show("", b)
	if tips.Layer.Visible() {
		t.Error("a tooltip without a text is shown")
	}
}
