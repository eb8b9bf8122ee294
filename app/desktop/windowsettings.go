//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/launch"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// windowSettings are settings of the window itself, and of the operating system
// for this program.
type windowSettings struct {
	window  pages.Window
	prefs   prefs
	chosen  chosen
	filling bool // the program sets checks, not the person
	login   *systemSwitch
	links   *systemSwitch
}

// System starts the program when the person logs in and when a link is opened;
// see package launch. Its methods may wait for the disk.
type System interface {
	AtLogin() (bool, error)
	SetAtLogin(on bool) error
	OpensLinks() (bool, error)
	SetOpensLinks(on bool) error
}

// chosen is called when a person chose something about the window.
type chosen struct {
	language func(tag string)
	look     func(look.Choice)
	moved    func() // the switches take other room
}

// systemSwitch is something that the operating system does or does not do. It
// shows what is, not what was asked for.
type systemSwitch struct {
	box     *kit.Check
	problem *kit.Text
	is      func() (bool, error)
	set     func(bool) error
}

func newWindowSettings(w pages.Window, prefs prefs, system System, chosen chosen) *windowSettings {
	s := &windowSettings{window: w, prefs: prefs, chosen: chosen}
	if system != nil {
		s.login = s.newSwitch(words.L("Start when I log in"), system.AtLogin, system.SetAtLogin)
		if launch.CanOpenLinks {
			s.links = s.newSwitch(words.L("Open cp2p:// links with this program"), system.OpensLinks, system.SetOpensLinks)
		}
	}
	return s
}

func (s *windowSettings) newSwitch(name string, is func() (bool, error), set func(bool) error) *systemSwitch {
	sw := &systemSwitch{problem: kit.Hint(""), is: is, set: set}
	sw.problem.Importance = widget.DangerImportance
	sw.problem.Hide()
	sw.box = kit.NewCheck(name, func(on bool) {
		if !s.filling {
			s.turn(sw, on)
		}
	})
	return sw
}

// turn changes the system, and shows the outcome.
func (s *windowSettings) turn(sw *systemSwitch, on bool) {
	s.window.Start(func(context.Context) func() {
		err := sw.set(on)
		now, asked := sw.is()
		if err == nil {
			err = asked
		}
		return func() { s.showSwitch(sw, now, err) }
	})
}

func (s *windowSettings) showSwitch(sw *systemSwitch, on bool, err error) {
	text := ""
	switch {
	case errors.Is(err, launch.ErrTemporary):
		text = words.L("This program runs from a temporary folder. Build or install it first, then start it from there.")
	case err != nil:
		text = words.Explain(face.FailureOf(err)).String()
	}
	sw.problem.SetText(text)
	kit.Reveal(nil, sw.problem, text != "")
	s.filling = true
	sw.box.SetChecked(on)
	s.filling = false
	s.chosen.moved()
}

// Pull asks the system for the state of the switches. It runs beside the UI
// thread.
func (s *windowSettings) Pull() func() {
	var show []func()
	for _, sw := range []*systemSwitch{s.login, s.links} {
		if sw == nil {
			continue
		}
		on, err := sw.is()
		show = append(show, func() {
			if on != sw.box.Checked || err != nil {
				s.showSwitch(sw, on, err)
			}
		})
	}
	return func() {
		for _, f := range show {
			f()
		}
	}
}

// General returns the rows about the window and the computer.
func (s *windowSettings) General() []fyne.CanvasObject {
	rows := []fyne.CanvasObject{
		kit.FormRow(words.L("Language"), s.languageSelect()),
		kit.FormRow(words.L("Appearance"), s.lookSelect()),
		kit.FormRow(words.L("When I close the window"), s.closeSelect(),
			kit.Hint(words.L("If the desktop has no tray, closing the window quits."))),
	}
	warn := kit.NewCheck(words.L("Warn me before quitting if others still need my files"), nil)
	warn.SetChecked(!s.prefs.Bool(prefQuiet))
	warn.OnChanged = func(on bool) { s.prefs.SetBool(prefQuiet, !on) }
	rows = append(rows, warn)
	for _, sw := range []*systemSwitch{s.login, s.links} {
		if sw != nil {
			rows = append(rows, sw.box, sw.problem)
		}
	}
	return rows
}

// Notifications returns the rows about notifications.
func (s *windowSettings) Notifications() []fyne.CanvasObject {
	return []fyne.CanvasObject{
		s.preference(words.L("When a download finishes"), prefFinished),
		s.preference(words.L("When a download fails"), prefFailed),
		s.preference(words.L("When somebody wants to send me something"), prefAsked),
		s.preference(words.L("When something new matches a wish"), prefWished),
	}
}

// preference is a check of the window itself, which is on at first.
func (s *windowSettings) preference(name, key string) fyne.CanvasObject {
	box := kit.NewCheck(name, nil)
	box.SetChecked(s.prefs.BoolWithFallback(key, true))
	box.OnChanged = func(on bool) { s.prefs.SetBool(key, on) }
	return box
}

func (s *windowSettings) languageSelect() *kit.Select {
	tags := append([]string{""}, words.Languages()...)
	names := []string{words.L("Follow the system")}
	for _, tag := range tags[1:] {
		names = append(names, words.LanguageName(tag))
	}
	return choose(names, tags, s.prefs.language(), s.chosen.language)
}

func (s *windowSettings) lookSelect() *kit.Select {
	return choose([]string{words.L("Follow the desktop"), words.L("Light"), words.L("Dark")},
		[]look.Choice{look.System, look.Light, look.Dark}, s.prefs.look(), s.chosen.look)
}

func (s *windowSettings) closeSelect() *kit.Select {
	return choose([]string{words.L("Ask me"), words.L("Keep it in the tray"), words.L("Quit")},
		[]closing{closeAsks, closeToTray, closeQuits}, s.prefs.closing(), s.prefs.setClosing)
}

// choose makes a choice among values, each with a name.
func choose[T comparable](names []string, of []T, now T, chosen func(T)) *kit.Select {
	selection := kit.NewSelect(names, nil)
	for i, value := range of {
		if value == now {
			selection.SetSelectedIndex(i)
		}
	}
	selection.OnChanged = func(string) { chosen(of[selection.SelectedIndex()]) }
	return selection
}

// LogFile returns the path of the log of a window with that profile.
func (s *windowSettings) LogFile(profile string) string { return LogFile(profile) }
