//go:build !darwin || cgo

// Package portrait shows people: their pictures, names and marks, a row for each, and a sheet to
// choose one.
package portrait

import (
	"image/color"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/drawings"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Row is a row of the people, as it is seen.
type Row struct {
	ID      netproto.PeerID
	key     netproto.PublicKey
	Name    string
	caption words.Parts
	online  bool
	marks   Marks
}

// Marks are the icons behind the name of a person.
type Marks struct{ favourite, verified, Blocked bool }

// MarksOf returns the marks of a person.
func MarksOf(p face.Person) Marks {
	return Marks{favourite: p.Favourite, verified: p.Verified, Blocked: p.Blocked}
}

// NameOf is how a person is called; those without a name have the start of their ID.
func NameOf(name string, id netproto.PeerID) string {
	if name == "" {
		return id.String()[:8]
	}
	return netproto.Printable(words.CutName(name))
}

// Presence says whether somebody is here, or when they were.
func Presence(p face.Person) string {
	switch {
	case p.Blocked:
		return words.L("Blocked")
	case p.Online:
		return words.L("Online")
	case p.LastSeen.IsZero():
		return words.L("Offline")
	default:
		return words.L("Last seen {{.Time}}", words.Values{"Time": words.Day(p.LastSeen, time.Now())})
	}
}

// Shares says how much somebody shares with everybody.
func Shares(p face.Person) string {
	return words.Side(sharesParts(p)...).String()
}

func sharesParts(p face.Person) []words.Part {
	if p.Resources == 0 {
		return []words.Part{{Text: words.L("shares nothing")}}
	}
	return []words.Part{{Text: words.N("shares {{.Count}} items", p.Resources, words.Values{"Count": words.Count(p.Resources)})}, {Text: words.Size(p.Bytes)}}
}

// Moved says how much went between somebody and this computer, ever; "" if nothing did.
func Moved(p face.Person) string {
	if p.Moved == (face.Amounts{}) {
		return ""
	}
	return words.L("{{.Got}} received, {{.Sent}} sent", words.Values{"Got": words.Size(p.Moved.Got), "Sent": words.Size(p.Moved.Sent)})
}

// Rows are the rows for people. doing says what is under way with somebody.
// Those who have the same name are told apart by their IDs, too.
func Rows(people []face.Person, doing map[netproto.PeerID]string) []Row {
	called := map[string]int{}
	for _, p := range people {
		called[strings.ToLower(p.Name)]++
	}
	rows := make([]Row, len(people))
	for i, p := range people {
		id := ""
		if called[strings.ToLower(p.Name)] > 1 {
			id = p.PeerID.String()[:8]
		}
		rows[i] = Row{ID: p.PeerID, key: p.Key, Name: NameOf(p.Name, p.PeerID), online: p.Online, marks: MarksOf(p),
			caption: words.Side(append([]words.Part{{Text: Presence(p), Stays: true},
				{Text: doing[p.PeerID], Cut: words.CutEnds, Stays: true}, {Text: id, Stays: true}},
				sharesParts(p)...)...)}
	}
	return rows
}

const (
	// Side is the side of a portrait in a row.
	Side     = 40
	rowHigh  = 52
	markSide = 16
)

// RowView is a row of the people.
type RowView struct {
	widget.BaseWidget
	face          *Portrait
	name, caption *kit.Line
	marks         *MarkIcons
	box           *fyne.Container
}

// NewRowView returns an empty row.
func NewRowView() *RowView {
	v := &RowView{face: New(Side), name: kit.NewNameLine(), caption: kit.NewCaption(), marks: NewMarkIcons()}
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(0, rowHigh))
	v.box = container.NewStack(least, kit.Inset(look.GapMedium, 0, container.NewBorder(nil, nil, container.NewCenter(v.face.Box), nil,
		kit.Inset(look.GapMedium, 0, container.NewBorder(nil, nil, nil, v.marks.Box, container.New(NameOverCaption{}, v.name, v.caption))))))
	v.ExtendBaseWidget(v)
	return v
}

func (v *RowView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return kit.Rendered(v, v.box)
}

// Fill implements lists.View.
func (v *RowView) Fill(row Row) {
	v.face.Set(row.key, row.online)
	v.name.SetText(row.Name)
	v.caption.SetParts(row.caption, look.ColorCaption)
	if v.marks.Set(row.marks) {
		v.box.Refresh()
	}
}

// Hint implements lists.Hinted: the caption, if it is cut.
func (v *RowView) Hint() string {
	if !v.caption.IsCut() {
		return ""
	}
	return v.caption.Text
}

// Portrait is the picture of somebody, with a dot while they are online.
type Portrait struct {
	Box      *fyne.Container
	portrait *drawings.Portrait
	dot      fyne.CanvasObject
}

// New returns an empty portrait; side is in units of Fyne.
func New(side float32) *Portrait {
	f := &Portrait{portrait: drawings.NewPortrait(side)}
	const ring, dot = 14, 10
	f.dot = kit.NewPlate(theme.ColorNameBackground, ring/2,
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(dot), kit.NewPlate(theme.ColorNameSuccess, dot/2, layout.NewSpacer()))))
	f.dot.Resize(fyne.NewSquareSize(ring))
	f.dot.Move(fyne.NewPos(side-ring+3, side-ring+3))
	f.dot.Hide()
	f.Box = container.NewStack(f.portrait, container.NewWithoutLayout(f.dot))
	return f
}

// Set shows the picture that a key has.
func (f *Portrait) Set(key netproto.PublicKey, online bool) {
	f.portrait.Set(key)
	kit.Reveal(nil, f.dot, online)
}

// MarkIcons show the marks of a person.
type MarkIcons struct {
	Box   *fyne.Container
	shown Marks
}

// NewMarkIcons returns icons that show no mark.
func NewMarkIcons() *MarkIcons { return &MarkIcons{Box: container.NewHBox()} }

// Set reports whether the icons take other room.
func (m *MarkIcons) Set(marks Marks) bool {
	if m.shown == marks {
		return false
	}
	m.shown = marks
	m.Box.Objects = nil
	add := func(shown bool, name string, color fyne.ThemeColorName) {
		if shown {
			m.Box.Add(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(markSide), widget.NewIcon(look.Tinted(look.Icon(name), color)))))
		}
	}
	add(marks.favourite, "star", theme.ColorNameWarning)
	add(marks.verified, "verify", theme.ColorNameSuccess)
	add(marks.Blocked, "block", theme.ColorNameError)
	m.Box.Refresh()
	return true
}

// NameOverCaption puts a name above captions, together in the middle of the height.
type NameOverCaption struct{}

func (NameOverCaption) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := (size.Height - heightOf(objects)) / 2
	for _, line := range objects {
		if !line.Visible() {
			continue
		}
		high := line.MinSize().Height
		line.Move(fyne.NewPos(0, y))
		line.Resize(fyne.NewSize(size.Width, high))
		y += high
	}
}

func (NameOverCaption) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.LeastNameWidth, heightOf(objects))
}

// heightOf adds up the heights of lines that are shown.
func heightOf(lines []fyne.CanvasObject) (height float32) {
	for _, line := range lines {
		if line.Visible() {
			height += line.MinSize().Height
		}
	}
	return height
}
