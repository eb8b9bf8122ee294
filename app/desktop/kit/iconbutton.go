//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// IconButton is a button with an icon alone. A tooltip shows its words while
// the pointer is on it or it has the focus.
type IconButton struct {
	widget.Button
	tips  *Tips
	words string
}

// NewIconButton makes a button whose tooltip says text.
func NewIconButton(tips *Tips, icon fyne.Resource, text string, tapped func()) *IconButton {
	b := &IconButton{tips: tips, words: text}
	b.Icon, b.OnTapped, b.Importance = icon, tapped, widget.LowImportance
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *IconButton) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	return LaidOut(b, b.Button.CreateRenderer())
}

// Set changes the icon and the words.
func (b *IconButton) Set(icon fyne.Resource, text string) {
	if b.words == text {
		return
	}
	b.words = text
	b.SetIcon(icon)
}

// AccessibilityLabel returns what a screen reader says.
func (b *IconButton) AccessibilityLabel() string { return b.words }

// TypedKey presses the button for Enter and Space, and passes other keys on.
func (b *IconButton) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.Tapped(nil)
	default:
		passOn(b, event)
	}
}

// MouseIn implements desktop.Hoverable.
func (b *IconButton) MouseIn(event *desktop.MouseEvent) {
	b.Button.MouseIn(event)
	b.tips.Show(b.words, b)
}

// MouseOut implements desktop.Hoverable.
func (b *IconButton) MouseOut() {
	b.Button.MouseOut()
	b.tips.Hide()
}

// FocusGained implements fyne.Focusable.
func (b *IconButton) FocusGained() {
	b.Button.FocusGained()
	b.tips.Show(b.words, b)
}

// FocusLost implements fyne.Focusable.
func (b *IconButton) FocusLost() {
	b.Button.FocusLost()
	b.tips.Hide()
}
