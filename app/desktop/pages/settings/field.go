//go:build !darwin || cgo

package settings

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// settingField is an entry, with what is wrong with it below.
type settingField struct {
	entry   *kit.TextEntry
	problem *kit.Text
	row     *fyne.Container                   // holds the entry and the problem
	read    func(*face.Settings, string) bool // returns false if the text is not valid
	write   func(face.Settings) string
	refusal words.Phrase // said when read returns false
}

// settingCheck is a setting that is on or off.
type settingCheck struct {
	box *kit.Check
	of  func(*face.Settings) *bool
}

// field makes an entry that is applied when it changes.
func (p *Page) field(refusal words.Phrase, read func(*face.Settings, string) bool, write func(face.Settings) string) *settingField {
	f := &settingField{entry: kit.NewTextEntry(p.window.Host().Pressed), problem: kit.Hint(""), read: read, write: write, refusal: refusal}
	f.problem.Importance = widget.DangerImportance
	f.problem.Hide()
	f.entry.OnChanged = func(string) { p.edited() }
	f.entry.OnSubmitted = func(string) { p.apply() }
	return f
}

func (p *Page) number(refusal words.Phrase, least, most int, of func(*face.Settings) *int) *settingField {
	return p.field(refusal, func(s *face.Settings, text string) bool {
		n, err := strconv.Atoi(text)
		*of(s) = n
		return err == nil && n >= least && n <= most
	}, func(s face.Settings) string { return strconv.Itoa(*of(&s)) })
}

// rate makes a field for a limit: bytes per second for the engine, kB/s for the
// person.
func (p *Page) rate(of func(*face.Settings) *int64) *settingField {
	const kilobyte, most = 1000, 1 << 40
	f := p.field("Type a number of kB/s, or leave it empty.", func(s *face.Settings, text string) bool {
		if text == "" {
			*of(s) = 0
			return true
		}
		n, err := strconv.ParseInt(text, 10, 64)
		*of(s) = n * kilobyte
		return err == nil && n >= 0 && n <= most/kilobyte
	}, func(s face.Settings) string {
		if *of(&s) == 0 {
			return ""
		}
		return strconv.FormatInt(*of(&s)/kilobyte, 10)
	})
	f.entry.PlaceHolder = words.L("No limit")
	return f
}

// lines makes a field of several lines. Only the engine says what is wrong with
// it.
func (p *Page) lines(of func(*face.Settings) *string) *settingField {
	var never words.Phrase // read never refuses
	f := p.field(never, func(s *face.Settings, text string) bool { *of(s) = text; return true }, func(s face.Settings) string { return *of(&s) })
	f.entry.MultiLine = true
	f.entry.Wrapping = fyne.TextWrapOff
	f.entry.OnSubmitted = nil
	f.entry.SetMinRowsVisible(3)
	return f
}

// check makes a setting that is on or off.
func (p *Page) check(name string, of func(*face.Settings) *bool) fyne.CanvasObject {
	box := kit.NewCheck(name, func(bool) { p.edited() })
	p.checks = append(p.checks, settingCheck{box, of})
	return box
}

// named returns a row of the page with the field in it.
func (f *settingField) named(name string, field fyne.CanvasObject, hints ...fyne.CanvasObject) fyne.CanvasObject {
	f.row = kit.FormRow(name, field, append([]fyne.CanvasObject{f.problem}, hints...)...)
	return f.row
}

func (f *settingField) refuse(text string) {
	if f.problem.Text != text {
		f.problem.SetText(text)
	}
	kit.Reveal(f.row, f.problem, text != "")
}

// portTest finds out whether others can reach this computer.
type portTest struct {
	window  pages.Window
	engine  face.Preferences
	button  *kit.Button
	words   *kit.Text
	changed func() // called when the words come, which may take more room
}

func newPortTest(w pages.Window, engine face.Preferences, changed func()) *portTest {
	t := &portTest{window: w, engine: engine, changed: changed, words: kit.Hint("")}
	t.button = kit.NewButtonWithIcon(words.L("Test"), theme.SearchIcon(), t.run)
	t.words.Hide()
	return t
}

func (t *portTest) run() {
	t.button.Disable()
	t.say(words.L("The tracker is trying to reach this computer…"))
	pages.Ask(t.window, t.engine.TestPort, func(reachable netproto.Reachability, err error) {
		t.button.Enable()
		if err != nil {
			t.say(words.Explain(face.FailureOf(err)).String())
			return
		}
		t.say(whetherReachable(reachable))
	})
}

// whetherReachable tells a person whether others reach this computer.
func whetherReachable(r netproto.Reachability) string {
	switch r {
	case netproto.ReachableYes:
		return words.L("Others can reach this computer.")
	case netproto.ReachableNo:
		return words.L(
			"Others cannot connect to this computer directly. The Tracker page says what helps.")
	}
	return words.L("The tracker could not find out. Try again in a moment.")
}

func (t *portTest) say(text string) {
	t.words.SetText(text)
	t.words.Show()
	t.changed()
}
