//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Bar is a thin progress bar.
type Bar struct {
	widget.BaseWidget
	done  float64 // 0 to 1
	color fyne.ThemeColorName
}

const barHeight = Gap

func NewBar() *Bar {
	b := &Bar{color: theme.ColorNamePrimary}
	b.ExtendBaseWidget(b)
	return b
}

func (b *Bar) set(done float64, color fyne.ThemeColorName) {
	if b.done == done && b.color == color {
		return
	}
	b.done, b.color = done, color
	b.Refresh()
}

// CreateRenderer is how Fyne draws a widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &barRenderer{bar: b, track: canvas.NewRectangle(color.Transparent), fill: canvas.NewRectangle(color.Transparent)}
	r.track.CornerRadius, r.fill.CornerRadius = barHeight/2, barHeight/2
	r.apply()
	return r
}

type barRenderer struct {
	bar         *Bar
	track, fill *canvas.Rectangle
}

func (r *barRenderer) apply() {
	r.track.FillColor = ThemeColor(colorTrack)
	r.fill.FillColor = ThemeColor(r.bar.color)
}

func (r *barRenderer) Layout(size fyne.Size) {
	top := (size.Height - barHeight) / 2
	r.track.Move(fyne.NewPos(0, top))
	r.track.Resize(fyne.NewSize(size.Width, barHeight))
	r.fill.Move(fyne.NewPos(0, top))
	r.fill.Resize(fyne.NewSize(size.Width*float32(r.bar.done), barHeight))
	r.fill.Hidden = r.bar.done == 0
}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(GapHuge, barHeight) }

func (r *barRenderer) Refresh() {
	r.apply()
	r.Layout(r.bar.Size())
	canvas.Refresh(r.bar)
}

func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.fill} }

func (r *barRenderer) Destroy() {}

// IconButton is a button of an icon alone; its words appear under the pointer
// and while it has the focus.
type IconButton struct {
	widget.Button
	tips  *Tips
	words string
}

func NewIconButton(tips *Tips, icon fyne.Resource, text string, tapped func()) *IconButton {
	b := &IconButton{tips: tips, words: text}
	b.Icon, b.OnTapped, b.Importance = icon, tapped, widget.LowImportance
	b.ExtendBaseWidget(b)
	return b
}

func (b *IconButton) Set(icon fyne.Resource, text string) {
	if b.words == text {
		return
	}
	b.words = text
	b.SetIcon(icon)
}

// AccessibilityLabel is what a screen reader says.
func (b *IconButton) AccessibilityLabel() string { return b.words }

// MouseIn is called when the pointer comes.
func (b *IconButton) MouseIn(event *desktop.MouseEvent) {
	b.Button.MouseIn(event)
	b.tips.show(b.words, b)
}

// MouseOut is called when it leaves.
func (b *IconButton) MouseOut() {
	b.Button.MouseOut()
	b.tips.Hide()
}

// FocusGained is called when the keys begin to come here.
func (b *IconButton) FocusGained() {
	b.Button.FocusGained()
	b.tips.show(b.words, b)
}

// FocusLost is called when they go elsewhere.
func (b *IconButton) FocusLost() {
	b.Button.FocusLost()
	b.tips.Hide()
}

// Tips is a layer above the window that says what an icon means. Nothing in it
// answers to the pointer, so that it is never in the way.
type Tips struct {
	Layer *fyne.Container
	back  *canvas.Rectangle
	text  *canvas.Text
}

func NewTips() *Tips {
	t := &Tips{back: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Transparent)}
	t.back.CornerRadius = Gap
	t.Layer = container.NewWithoutLayout(t.back, t.text)
	t.Layer.Hide()
	return t
}

// show puts the words below an object, or above it at the bottom of the window.
func (t *Tips) show(text string, object fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(object)
	if canvas == nil || text == "" {
		t.Hide()
		return
	}
	t.text.Text, t.text.TextSize = text, theme.CaptionTextSize()
	t.text.Color, t.back.FillColor = ThemeColor(colorTipText), ThemeColor(colorTip)
	size := t.text.MinSize().AddWidthHeight(2*GapMedium, 2*Gap)
	at := driver.AbsolutePositionForObject(object).AddXY((object.Size().Width-size.Width)/2, object.Size().Height+Gap)
	window := canvas.Size()
	at.X = max(Gap, min(at.X, window.Width-size.Width-Gap))
	if at.Y+size.Height > window.Height {
		at.Y -= object.Size().Height + size.Height + 2*Gap
	}
	t.back.Move(at)
	t.back.Resize(size)
	t.text.Move(at.AddXY(GapMedium, Gap))
	t.text.Resize(t.text.MinSize())
	t.Layer.Show()
	t.Layer.Refresh()
}

func (t *Tips) Hide() { t.Layer.Hide() }

// EmptyScreen says in a sentence what belongs here, with one main button or
// with others.
func EmptyScreen(icon fyne.Resource, sentence string, action *widget.Button, others ...fyne.CanvasObject) *fyne.Container {
	picture := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(56),
		widget.NewIcon(Tinted(icon, theme.ColorNameDisabled))))
	text := widget.NewLabel(sentence)
	text.Alignment = fyne.TextAlignCenter
	text.Wrapping = fyne.TextWrapWord
	parts := []fyne.CanvasObject{layout.NewSpacer(), picture, text}
	if action != nil {
		action.Importance = widget.HighImportance
		parts = append(parts, container.NewCenter(action))
	}
	for _, other := range others {
		parts = append(parts, container.NewCenter(other))
	}
	return container.NewVBox(append(parts, layout.NewSpacer(), layout.NewSpacer())...)
}

// plate is a ground of one colour of the theme behind content.
type plate struct {
	widget.BaseWidget
	color   fyne.ThemeColorName
	radius  float32
	content fyne.CanvasObject
}

func NewPlate(color fyne.ThemeColorName, radius float32, content fyne.CanvasObject) *plate {
	p := &plate{color: color, radius: radius, content: content}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer is how Fyne draws a widget.
func (p *plate) CreateRenderer() fyne.WidgetRenderer {
	p.ExtendBaseWidget(p)
	back := canvas.NewRectangle(ThemeColor(p.color))
	back.CornerRadius = p.radius
	return &plateRenderer{plate: p, back: back}
}

type plateRenderer struct {
	plate *plate
	back  *canvas.Rectangle
}

func (r *plateRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.plate.content.Resize(size)
}

func (r *plateRenderer) MinSize() fyne.Size { return r.plate.content.MinSize() }

func (r *plateRenderer) Refresh() {
	r.back.FillColor = ThemeColor(r.plate.color)
	r.back.Refresh()
	r.Layout(r.plate.Size())
	r.plate.content.Refresh()
}

func (r *plateRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.plate.content}
}

func (r *plateRenderer) Destroy() {}

// Reveal shows or hides an object and lays out anew what it is in; it tells
// whether that changed anything.
func Reveal(in fyne.CanvasObject, object fyne.CanvasObject, shown bool) bool {
	if object.Visible() == shown {
		return false
	}
	if shown {
		object.Show()
	} else {
		object.Hide()
	}
	if in != nil {
		in.Refresh()
	}
	return true
}

// Inset keeps a distance around content.
func Inset(horizontal, vertical float32, content fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal), content)
}

// Tinted is an icon in a colour of the theme.
func Tinted(resource fyne.Resource, color fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(resource, color)
}

// PrimaryButton is the one action that a screen is about.
func PrimaryButton(text string, icon fyne.Resource, tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}
