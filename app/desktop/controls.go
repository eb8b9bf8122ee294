//go:build !darwin || cgo

package desktop

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

// bar is a thin progress bar.
type bar struct {
	widget.BaseWidget
	done  float64 // 0 to 1
	color fyne.ThemeColorName
}

const barHeight = gap

func newBar() *bar {
	b := &bar{color: theme.ColorNamePrimary}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bar) set(done float64, color fyne.ThemeColorName) {
	if b.done == done && b.color == color {
		return
	}
	b.done, b.color = done, color
	b.Refresh()
}

// CreateRenderer is how Fyne draws a widget.
func (b *bar) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &barRenderer{bar: b, track: canvas.NewRectangle(color.Transparent), fill: canvas.NewRectangle(color.Transparent)}
	r.track.CornerRadius, r.fill.CornerRadius = barHeight/2, barHeight/2
	r.apply()
	return r
}

type barRenderer struct {
	bar         *bar
	track, fill *canvas.Rectangle
}

func (r *barRenderer) apply() {
	r.track.FillColor = themeColor(colorTrack)
	r.fill.FillColor = themeColor(r.bar.color)
}

func (r *barRenderer) Layout(size fyne.Size) {
	top := (size.Height - barHeight) / 2
	r.track.Move(fyne.NewPos(0, top))
	r.track.Resize(fyne.NewSize(size.Width, barHeight))
	r.fill.Move(fyne.NewPos(0, top))
	r.fill.Resize(fyne.NewSize(size.Width*float32(r.bar.done), barHeight))
	r.fill.Hidden = r.bar.done == 0
}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(gapHuge, barHeight) }

func (r *barRenderer) Refresh() {
	r.apply()
	r.Layout(r.bar.Size())
	canvas.Refresh(r.bar)
}

func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.fill} }

func (r *barRenderer) Destroy() {}

// iconButton is a button of an icon alone; its words appear under the pointer
// and while it has the focus.
type iconButton struct {
	widget.Button
	tips  *tips
	words string
}

func newIconButton(tips *tips, icon fyne.Resource, words string, tapped func()) *iconButton {
	b := &iconButton{tips: tips, words: words}
	b.Icon, b.OnTapped, b.Importance = icon, tapped, widget.LowImportance
	b.ExtendBaseWidget(b)
	return b
}

func (b *iconButton) set(icon fyne.Resource, words string) {
	if b.words == words {
		return
	}
	b.words = words
	b.SetIcon(icon)
}

// AccessibilityLabel is what a screen reader says.
func (b *iconButton) AccessibilityLabel() string { return b.words }

// MouseIn is called when the pointer comes.
func (b *iconButton) MouseIn(event *desktop.MouseEvent) {
	b.Button.MouseIn(event)
	b.tips.show(b.words, b)
}

// MouseOut is called when it leaves.
func (b *iconButton) MouseOut() {
	b.Button.MouseOut()
	b.tips.hide()
}

// FocusGained is called when the keys begin to come here.
func (b *iconButton) FocusGained() {
	b.Button.FocusGained()
	b.tips.show(b.words, b)
}

// FocusLost is called when they go elsewhere.
func (b *iconButton) FocusLost() {
	b.Button.FocusLost()
	b.tips.hide()
}

// tips is a layer above the window that says what an icon means. Nothing in it
// answers to the pointer, so that it is never in the way.
type tips struct {
	layer *fyne.Container
	back  *canvas.Rectangle
	text  *canvas.Text
}

func newTips() *tips {
	t := &tips{back: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Transparent)}
	t.back.CornerRadius = gap
	t.layer = container.NewWithoutLayout(t.back, t.text)
	t.layer.Hide()
	return t
}

// show puts the words below an object, or above it at the bottom of the window.
func (t *tips) show(words string, object fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(object)
	if canvas == nil || words == "" {
		t.hide()
		return
	}
	t.text.Text, t.text.TextSize = words, theme.CaptionTextSize()
	t.text.Color, t.back.FillColor = themeColor(colorTipText), themeColor(colorTip)
	size := t.text.MinSize().AddWidthHeight(2*gapMedium, 2*gap)
	at := driver.AbsolutePositionForObject(object).AddXY((object.Size().Width-size.Width)/2, object.Size().Height+gap)
	window := canvas.Size()
	at.X = max(gap, min(at.X, window.Width-size.Width-gap))
	if at.Y+size.Height > window.Height {
		at.Y -= object.Size().Height + size.Height + 2*gap
	}
	t.back.Move(at)
	t.back.Resize(size)
	t.text.Move(at.AddXY(gapMedium, gap))
	t.text.Resize(t.text.MinSize())
	t.layer.Show()
	t.layer.Refresh()
}

func (t *tips) hide() { t.layer.Hide() }

// emptyScreen says in a sentence what belongs here, with one main button or
// with others.
func emptyScreen(icon fyne.Resource, sentence string, action *widget.Button, others ...fyne.CanvasObject) *fyne.Container {
	picture := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(56),
		widget.NewIcon(tinted(icon, theme.ColorNameDisabled))))
	words := widget.NewLabel(sentence)
	words.Alignment = fyne.TextAlignCenter
	words.Wrapping = fyne.TextWrapWord
	parts := []fyne.CanvasObject{layout.NewSpacer(), picture, words}
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

func newPlate(color fyne.ThemeColorName, radius float32, content fyne.CanvasObject) *plate {
	p := &plate{color: color, radius: radius, content: content}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer is how Fyne draws a widget.
func (p *plate) CreateRenderer() fyne.WidgetRenderer {
	p.ExtendBaseWidget(p)
	back := canvas.NewRectangle(themeColor(p.color))
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
	r.back.FillColor = themeColor(r.plate.color)
	r.back.Refresh()
	r.Layout(r.plate.Size())
	r.plate.content.Refresh()
}

func (r *plateRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.plate.content}
}

func (r *plateRenderer) Destroy() {}

// reveal shows or hides an object and lays out anew what it is in; it tells
// whether that changed anything.
func reveal(in fyne.CanvasObject, object fyne.CanvasObject, shown bool) bool {
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

// inset keeps a distance around content.
func inset(horizontal, vertical float32, content fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal), content)
}

// tinted is an icon in a colour of the theme.
func tinted(resource fyne.Resource, color fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(resource, color)
}

// primaryButton is the one action that a screen is about.
func primaryButton(words string, icon fyne.Resource, tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon(words, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}
