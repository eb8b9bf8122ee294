//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestAMenuIsBuiltItemByItem(t *testing.T) {
	kittest.New(t)
	ran := 0
	m := &Menu{}
	m.Add("Open", theme.FileIcon(), func() { ran++ })
	m.Separate()
	m.AddChoice("High", true, func() { ran++ })
	m.AddChoice("Low", false, nil)
	if len(m.Items) != 4 || m.Items[0].Icon == nil || !m.Items[1].IsSeparator || !m.Items[2].Checked || m.Items[3].Checked {
		t.Fatalf("the items are %+v", m.Items)
	}
	m.Items[0].Action()
	m.Items[2].Action()
	if ran != 2 {
		t.Errorf("%d actions ran", ran)
	}
}
