//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2/theme"
)

func TestAFailureTakesThePlaceOfTheBarAndIsWholeInTheTooltip(t *testing.T) {
	s := newStand(t)
	v := &TwoLines{}
	v.Init()
	v.ExtendBaseWidget(v)
	s.show(v)
	v.Set(RowText{Name: "a", State: Mark{"Downloading", theme.DownloadIcon(), theme.ColorNamePrimary}, Done: 0.5, Caption: "half"})
	if !v.bar.Visible() || v.advice.Visible() || v.hint() != "" {
		t.Error("a running row has no bar, or an advice")
	}
	v.Set(RowText{Name: "a", State: Mark{"Failed", theme.ErrorIcon(), theme.ColorNameError}, Caption: "It failed.", Advice: "Try again."})
	if v.bar.Visible() || !v.advice.Visible() || v.hint() != "It failed. Try again." || v.caption.Color != theme.ColorNameError {
		t.Errorf("a failed row has the tooltip %q", v.hint())
	}
	v.Set(RowText{Name: "a", State: Mark{"Finished", theme.ConfirmIcon(), theme.ColorNameSuccess}, NoBar: true, Caption: "done"})
	if v.bar.Visible() || v.advice.Visible() || v.hint() != "" {
		t.Error("a finished row has a bar, an advice or a tooltip")
	}
}
