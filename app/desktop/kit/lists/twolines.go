//go:build !darwin || cgo

package lists

import (
	"image"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/netproto"
)

// transferRowHeight is the height of a two-line row; the list adds a gap of 4.
const transferRowHeight = 52

// TwoLines is a row of a name, a thin bar and a caption, with a state icon
// before them and buttons behind. A failure, and what to do about it, take the
// place of bar and caption, on as many lines as they need.
type TwoLines struct {
	widget.BaseWidget
	picture *widget.Icon
	thumb   *canvas.Image // in place of the icon, if there is one
	name    *kit.Line
	bar     *kit.Bar
	caption *kit.Line
	failure *fyne.Container // lines
	text    RowText
	Buttons *fyne.Container // those given to Init
	box     *fyne.Container
	state   kit.Mark
}

// Init makes the parts. A type that embeds TwoLines calls it once, before
// ExtendBaseWidget.
func (v *TwoLines) Init(buttons ...fyne.CanvasObject) {
	v.picture, v.name, v.bar = widget.NewIcon(nil), kit.NewNameLine(), kit.NewBar()
	v.caption, v.failure = kit.NewCaption(), container.NewWithoutLayout()
	v.Buttons = container.NewHBox(buttons...)
	v.thumb = kit.NewPicture(nil)
	v.failure.Hide()
	v.thumb.Hide()
}

// CreateRenderer implements fyne.Widget.
func (v *TwoLines) CreateRenderer() fyne.WidgetRenderer {
	v.box = container.New(&twoLineLayout{v}, v.picture, v.thumb, v.name, v.bar, v.caption, v.failure, v.Buttons)
	return kit.Rendered(v, v.box)
}

// RowText is what a two-line row shows.
type RowText struct {
	Name    string
	State   kit.Mark
	Picture image.Image // in place of the icon of the state; nil keeps that
	Done    float64     // of the bar, 0 to 1
	NoBar   bool        // the bar is not shown
	Caption words.Parts
	Advice  string // what to do about a failure; there is no bar beside it
}

// More returns how much higher than other rows one with this text is that has a number
// of buttons and a width.
func (t RowText) More(buttons int, width float32) float32 {
	if t.Advice == "" {
		return 0
	}
	button := kit.NewIconButton(nil, theme.CancelIcon(), "", nil).MinSize().Width
	taken := float32(buttons)*button + float32(max(buttons-1, 0))*look.Size(theme.SizeNamePadding)
	what, next := t.failureLines(textRoom(width, taken))
	return captionHeight * float32(len(what)+len(next)-2)
}

// mostLines is how many lines a failure takes at most, without the advice.
const mostLines = 2

// failureLines breaks a failure and its advice into lines of a width.
func (t RowText) failureLines(width float32) (what, next []string) {
	size := look.Size(theme.SizeNameCaptionText)
	fits := func(text string) bool { return fyne.MeasureText(text, size, fyne.TextStyle{}).Width <= width }
	failure := t.Caption.String()
	what, next = words.Wrap(failure, fits), words.Wrap(netproto.Printable(t.Advice), fits)
	if len(what) > mostLines { // the last one is cut
		what = what[:mostLines]
		failure = strings.ReplaceAll(failure, "\u00a0", " ") // as in the lines
		for _, line := range what[:mostLines-1] {
			failure = strings.TrimSpace(failure[len(line):])
		}
		what[mostLines-1] = failure
	}
	return what, next
}

// textRoom is the width that texts have in a row, beside buttons.
func textRoom(width, buttons float32) float32 {
	return max(width-textLeft-buttons-look.GapLarge, 0)
}

// Set shows other contents.
func (v *TwoLines) Set(t RowText) {
	v.name.SetText(t.Name)
	v.caption.SetParts(t.Caption, t.captionColor())
	changed := v.text.Caption != t.Caption || v.text.Advice != t.Advice || v.state.Color != t.State.Color
	v.text = t
	if v.state.Icon == nil || v.state.Icon.Name() != t.State.Icon.Name() || v.state.Color != t.State.Color {
		v.picture.SetResource(look.Tinted(t.State.Icon, t.State.Color))
	}
	v.state = t.State
	if v.thumb.Image != t.Picture {
		v.thumb.Image = t.Picture
		v.thumb.Refresh()
	}
	kit.Reveal(nil, v.thumb, t.Picture != nil)
	kit.Reveal(nil, v.picture, t.Picture == nil)
	barColor := t.State.Color
	if barColor == look.ColorCaption {
		barColor = theme.ColorNamePlaceHolder
	}
	v.bar.Set(t.Done, barColor)
	hasBar, hasAdvice := !t.NoBar && t.Advice == "", t.Advice != ""
	changed = kit.Reveal(nil, v.bar, hasBar) || changed && hasAdvice
	changed = kit.Reveal(nil, v.failure, hasAdvice) || changed
	if kit.Reveal(nil, v.caption, !hasAdvice) || changed {
		v.Refresh()
	}
}

// captionColor is that of the second line.
func (t RowText) captionColor() fyne.ThemeColorName {
	if t.State.Color == theme.ColorNameError {
		return theme.ColorNameError
	}
	return look.ColorCaption
}

// Hint implements Hinted: a failure and its advice, or a caption that is cut.
func (v *TwoLines) Hint() string {
	switch {
	case v.text.Advice != "":
		return v.text.Caption.String() + " " + v.text.Advice
	case v.caption.IsCut():
		return v.caption.Text
	default:
		return ""
	}
}

// Refresh lays out the parts again.
func (v *TwoLines) Refresh() {
	if v.box != nil {
		v.box.Refresh()
	}
}

const (
	rowIcon       = 24
	captionHeight = 16
	textLeft      = look.GapMedium + rowIcon + look.GapMedium + look.Gap
)

// twoLineLayout places the parts of a two-line row.
type twoLineLayout struct{ view *TwoLines }

func (l *twoLineLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const nameHeight = 20
	v := l.view
	buttons := v.Buttons.MinSize()
	v.Buttons.Move(fyne.NewPos(size.Width-buttons.Width-look.Gap, (size.Height-buttons.Height)/2))
	v.Buttons.Resize(buttons)
	v.picture.Move(fyne.NewPos(look.GapMedium, (size.Height-rowIcon)/2))
	v.picture.Resize(fyne.NewSquareSize(rowIcon))

	v.thumb.Move(fyne.NewPos(look.GapMedium+(rowIcon-kit.ThumbnailSize)/2, (size.Height-kit.ThumbnailSize)/2))
	v.thumb.Resize(fyne.NewSquareSize(kit.ThumbnailSize))

	width := textRoom(size.Width, buttons.Width)
	top := look.Gap
	switch {
	case v.failure.Visible():
		top = 0
	case !v.bar.Visible():
		top = (size.Height - nameHeight - captionHeight) / 2
	}
	v.name.Move(fyne.NewPos(textLeft, top))
	v.name.Resize(fyne.NewSize(width, nameHeight))
	top += nameHeight
	if v.bar.Visible() {
		v.bar.Move(fyne.NewPos(textLeft, top+2))
		v.bar.Resize(fyne.NewSize(width, kit.BarHeight))
		top += look.GapMedium
	}
	v.caption.Move(fyne.NewPos(textLeft, top))
	v.caption.Resize(fyne.NewSize(width, captionHeight))
	if v.failure.Visible() {
		v.failure.Move(fyne.NewPos(textLeft, top))
		v.failure.Resize(fyne.NewSize(width, size.Height-top))
		v.layFailure(width)
	}
}

// layFailure shows a failure and its advice line by line.
func (v *TwoLines) layFailure(width float32) {
	what, next := v.text.failureLines(width)
	v.failure.Objects = v.failure.Objects[:min(len(v.failure.Objects), len(what)+len(next))]
	for i, text := range slices.Concat(what, next) {
		if i == len(v.failure.Objects) {
			v.failure.Objects = append(v.failure.Objects, kit.NewCaption())
		}
		line, color := v.failure.Objects[i].(*kit.Line), look.ColorCaption
		if i < len(what) {
			color = v.text.captionColor()
		}
		line.Set(text, color)
		line.Move(fyne.NewPos(0, captionHeight*float32(i)))
		line.Resize(fyne.NewSize(width, captionHeight))
	}
}

func (l *twoLineLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.LeastNameWidth+l.view.Buttons.MinSize().Width, transferRowHeight)
}
