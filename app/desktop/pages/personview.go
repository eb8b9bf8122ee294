//go:build !darwin || cgo

package pages

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
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// personRow is a row of the people, as it is seen.
type personRow struct {
	id      netproto.PeerID
	key     netproto.PublicKey
	name    string
	caption string
	online  bool
	marks   personMarks
}

// personMarks are the icons behind the name of a person.
type personMarks struct{ favourite, verified, blocked bool }

func marksOf(p face.Person) personMarks {
	return personMarks{favourite: p.Favourite, verified: p.Verified, blocked: p.Blocked}
}

// NameOf is how a person is called; those without a name have the start of their ID.
func NameOf(name string, id netproto.PeerID) string {
	if name == "" {
		return id.String()[:8]
	}
	return netproto.Printable(words.CutName(name))
}

// presenceWords says whether somebody is here, or when they were.
func presenceWords(p face.Person) string {
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

// sharesWords says how much somebody shares with everybody.
func sharesWords(p face.Person) string {
	if p.Resources == 0 {
		return words.L("shares nothing")
	}
	return words.Join(words.N("shares {{.Count}} items", p.Resources, words.Values{"Count": words.Count(p.Resources)}), words.Size(p.Bytes))
}

// movedWords says how much went between somebody and this computer, ever; "" if nothing did.
func movedWords(p face.Person) string {
	if p.Moved == (face.Amounts{}) {
		return ""
	}
	return words.L("{{.Got}} received, {{.Sent}} sent", words.Values{"Got": words.Size(p.Moved.Got), "Sent": words.Size(p.Moved.Sent)})
}

// personRows are the rows for people. doing says what is under way with somebody.
// Those who have the same name are told apart by their IDs, too.
func personRows(people []face.Person, doing map[netproto.PeerID]string) []personRow {
	called := map[string]int{}
	for _, p := range people {
		called[strings.ToLower(p.Name)]++
	}
	rows := make([]personRow, len(people))
	for i, p := range people {
		id := ""
		if called[strings.ToLower(p.Name)] > 1 {
			id = p.PeerID.String()[:8]
		}
		rows[i] = personRow{id: p.PeerID, key: p.Key, name: NameOf(p.Name, p.PeerID), online: p.Online, marks: marksOf(p),
			caption: words.Join(presenceWords(p), doing[p.PeerID], id, sharesWords(p))}
	}
	return rows
}

const (
	portraitSide   = 40
	personRowHigh  = 52
	personMarkSide = 16
)

// personView is a row of the people.
type personView struct {
	widget.BaseWidget
	face          *personFace
	name, caption *kit.Line
	marks         *markIcons
	box           *fyne.Container
}

func newPersonView() *personView {
	v := &personView{face: newPersonFace(portraitSide), name: kit.NewNameLine(), caption: kit.NewCaption(), marks: newMarkIcons()}
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(0, personRowHigh))
	v.box = container.NewStack(least, kit.Inset(kit.GapMedium, 0, container.NewBorder(nil, nil, container.NewCenter(v.face.box), nil,
		kit.Inset(kit.GapMedium, 0, container.NewBorder(nil, nil, nil, v.marks.box, container.New(nameOverCaption{}, v.name, v.caption))))))
	v.ExtendBaseWidget(v)
	return v
}

func (v *personView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return widget.NewSimpleRenderer(v.box)
}

// Fill implements kit.RowView.
func (v *personView) Fill(row personRow) {
	v.face.set(row.key, row.online)
	v.name.SetText(row.name)
	v.caption.SetText(row.caption)
	if v.marks.set(row.marks) {
		v.box.Refresh()
	}
}

// personFace is the picture of somebody, with a dot while they are online.
type personFace struct {
	box      *fyne.Container
	portrait *kit.Portrait
	dot      fyne.CanvasObject
}

func newPersonFace(side float32) *personFace {
	f := &personFace{portrait: kit.NewPortrait(side)}
	const ring, dot = 14, 10
	f.dot = kit.NewPlate(theme.ColorNameBackground, ring/2,
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(dot), kit.NewPlate(theme.ColorNameSuccess, dot/2, layout.NewSpacer()))))
	f.dot.Resize(fyne.NewSquareSize(ring))
	f.dot.Move(fyne.NewPos(side-ring+3, side-ring+3))
	f.dot.Hide()
	f.box = container.NewStack(f.portrait, container.NewWithoutLayout(f.dot))
	return f
}

func (f *personFace) set(key netproto.PublicKey, online bool) {
	f.portrait.Set(key)
	kit.Reveal(nil, f.dot, online)
}

// markIcons show the marks of a person.
type markIcons struct {
	box   *fyne.Container
	shown personMarks
}

func newMarkIcons() *markIcons { return &markIcons{box: container.NewHBox()} }

// set reports whether the icons take other room.
func (m *markIcons) set(marks personMarks) bool {
	if m.shown == marks {
		return false
	}
	m.shown = marks
	m.box.Objects = nil
	add := func(shown bool, name string, color fyne.ThemeColorName) {
		if shown {
			m.box.Add(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(personMarkSide), widget.NewIcon(kit.Tinted(kit.Icon(name), color)))))
		}
	}
	add(marks.favourite, "star", theme.ColorNameWarning)
	add(marks.verified, "verify", theme.ColorNameSuccess)
	add(marks.blocked, "block", theme.ColorNameError)
	m.box.Refresh()
	return true
}

// nameOverCaption puts a name above captions, together in the middle of the height.
type nameOverCaption struct{}

func (nameOverCaption) Layout(objects []fyne.CanvasObject, size fyne.Size) {
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

func (nameOverCaption) MinSize(objects []fyne.CanvasObject) fyne.Size {
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
