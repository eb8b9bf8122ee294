//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// settingsWait is how long after the last key a setting is applied.
const settingsWait = 500 * time.Millisecond

// settingsPage applies what is typed at once, and says below a field what is
// wrong with it.
type settingsPage struct {
	window  *window
	content fyne.CanvasObject
	saved   Settings // as the engine has them
	filled  bool
	filling bool // fields are set by the program, not by the person
	pending bool // something was typed that the engine does not have yet
	forget  func()

	name, folder, atOnce, slots *settingField
	port, down, up              *settingField
	seeds                       *widget.Select
	fields                      map[Field]*settingField
}

// settingField is an entry with what is wrong with it below.
type settingField struct {
	entry   *widget.Entry
	problem *widget.Label
	row     *fyne.Container              // with the entry and the problem
	read    func(*Settings, string) bool // false when the text is not acceptable
	write   func(Settings) string
	refusal phrase // said when read returns false
}

var seedChoices = []struct {
	policy netproto.SeedPolicy
	name   phrase
}{
	{netproto.SeedOff, "Not at all"},
	{netproto.SeedLAN, "On the local network"},
	{netproto.SeedOpen, "Everywhere"},
}

func newSettingsPage(w *window) *settingsPage {
	p := &settingsPage{window: w, forget: func() {}}
	p.name = p.field("Type a name.", func(s *Settings, text string) bool { s.Name = text; return text != "" },
		func(s Settings) string { return s.Name })
	p.folder = p.field("Type the whole path of a folder.", func(s *Settings, text string) bool { s.DownloadFolder = text; return text != "" },
		func(s Settings) string { return s.DownloadFolder })
	p.atOnce = p.number("Type a number from 1 to 100.", 1, MaxDownloadsAtOnce, func(s *Settings) *int { return &s.DownloadsAtOnce })
	p.slots = p.number("Type a number from 1 to 100.", 1, MaxUploadSlots, func(s *Settings) *int { return &s.UploadSlots })
	p.port = p.number("Type a number from 0 to 65535.", 0, 65535, func(s *Settings) *int { return &s.Port })
	p.down = p.rate(func(s *Settings) *int64 { return &s.DownLimit })
	p.up = p.rate(func(s *Settings) *int64 { return &s.UpLimit })
	p.down.entry.PlaceHolder = lang.L("No limit")
	p.up.entry.PlaceHolder = p.down.entry.PlaceHolder
	p.fields = map[Field]*settingField{FieldName: p.name, FieldDownloadFolder: p.folder, FieldDownloadsAtOnce: p.atOnce,
		FieldUploadSlots: p.slots, FieldPort: p.port, FieldDownLimit: p.down, FieldUpLimit: p.up}
	var seeds []string
	for _, choice := range seedChoices {
		seeds = append(seeds, choice.name.String())
	}
	p.seeds = widget.NewSelect(seeds, func(string) { p.edited() })
	p.content = scrolled(p.cards()...)
	return p
}

func (p *settingsPage) cards() []fyne.CanvasObject {
	w := p.window
	choose := widget.NewButtonWithIcon(lang.L("Choose"), theme.FolderOpenIcon(), func() {
		w.chooseFolder(lang.L("Choose the folder for downloads"), p.folder.entry.Text, p.folder.entry.SetText)
	})
	folder := container.NewBorder(nil, nil, nil, choose, p.folder.entry)
	return []fyne.CanvasObject{
		card(lang.L("General"),
			p.name.named(lang.L("Your name"), p.name.entry),
			newFormRow(lang.L("Look"), p.lookSelect())),
		card(lang.L("Downloads"),
			p.folder.named(lang.L("Folder"), folder),
			p.atOnce.named(lang.L("How many at once"), p.atOnce.entry)),
		card(lang.L("Sharing"),
			p.slots.named(lang.L("How many may fetch at once"), p.slots.entry),
			newFormRow(lang.L("Serve old Python clients"), p.seeds,
				quiet(lang.L("They prove nothing about themselves, and get files of up to 10 KB.")))),
		card(lang.L("Connection"),
			p.port.named(lang.L("Port (0 is any free one)"), p.port.entry),
			p.down.named(lang.L("Download limit, KB/s"), p.down.entry),
			p.up.named(lang.L("Upload limit, KB/s"), p.up.entry)),
		card(lang.L("Advanced"), leading(
			widget.NewButtonWithIcon(lang.L("Copy diagnostics"), theme.ContentCopyIcon(), p.copyDiagnostics),
			widget.NewButtonWithIcon(lang.L("Open the profile folder"), theme.FolderOpenIcon(), p.openProfile)),
			quiet(lang.L("The diagnostics hold no keys and no names of files."))),
	}
}

func (p *settingsPage) lookSelect() *widget.Select {
	looks := []Look{LookSystem, LookLight, LookDark}
	names := []string{lang.L("Like the desktop"), lang.L("Light"), lang.L("Dark")}
	choice := widget.NewSelect(names, nil)
	for i, look := range looks {
		if look == p.window.look() {
			choice.SetSelectedIndex(i)
		}
	}
	choice.OnChanged = func(string) { p.window.setLook(looks[choice.SelectedIndex()]) }
	return choice
}

// field makes an entry that is applied when it was changed.
func (p *settingsPage) field(refusal phrase, read func(*Settings, string) bool, write func(Settings) string) *settingField {
	f := &settingField{entry: widget.NewEntry(), problem: quiet(""), read: read, write: write, refusal: refusal}
	f.problem.Importance = widget.DangerImportance
	f.problem.Hide()
	f.entry.OnChanged = func(string) { p.edited() }
	f.entry.OnSubmitted = func(string) { p.apply() }
	return f
}

func (p *settingsPage) number(refusal phrase, least, most int, of func(*Settings) *int) *settingField {
	return p.field(refusal, func(s *Settings, text string) bool {
		n, err := strconv.Atoi(text)
		*of(s) = n
		return err == nil && n >= least && n <= most
	}, func(s Settings) string { return strconv.Itoa(*of(&s)) })
}

// rate is a limit, in bytes a second for the engine, in KB/s for the person.
func (p *settingsPage) rate(of func(*Settings) *int64) *settingField {
	const kilobyte, most = 1000, 1 << 40
	return p.field("Type a number of KB/s, or nothing.", func(s *Settings, text string) bool {
		if text == "" {
			*of(s) = 0
			return true
		}
		n, err := strconv.ParseInt(text, 10, 64)
		*of(s) = n * kilobyte
		return err == nil && n >= 0 && n <= most/kilobyte
	}, func(s Settings) string {
		if *of(&s) == 0 {
			return ""
		}
		return strconv.FormatInt(*of(&s)/kilobyte, 10)
	})
}

// named is the row of the page with the field in it.
func (f *settingField) named(name string, field fyne.CanvasObject) fyne.CanvasObject {
	f.row = newFormRow(name, field, f.problem)
	return f.row
}

func (f *settingField) refuse(words string) {
	if f.problem.Text != words {
		f.problem.SetText(words)
	}
	reveal(f.row, f.problem, words != "")
}

func (p *settingsPage) screen() fyne.CanvasObject { return p.content }

func (p *settingsPage) focus() { p.window.win.Canvas().Focus(p.name.entry) }

func (p *settingsPage) pull(ctx context.Context) func() {
	settings, err := p.window.engine.Settings(ctx)
	if err != nil {
		return func() { p.window.fail(err) }
	}
	return func() { p.show(settings) }
}

// show fills the fields, unless the person is changing them.
func (p *settingsPage) show(settings Settings) {
	if p.pending || p.filled && settings == p.saved {
		return
	}
	p.saved, p.filled, p.filling = settings, true, true
	defer func() { p.filling = false }()
	for _, f := range p.fields {
		if text := f.write(settings); f.entry.Text != text {
			f.entry.SetText(text)
		}
		f.refuse("")
	}
	for i, choice := range seedChoices {
		if choice.policy == settings.SeedClients {
			p.seeds.SetSelectedIndex(i)
		}
	}
}

// edited applies the settings when no further key came for a moment.
func (p *settingsPage) edited() {
	if p.filling || !p.filled {
		return
	}
	p.pending = true
	p.forget()
	p.forget = p.window.crossing.after(settingsWait, p.apply)
}

// read makes settings of the fields; it marks those that are not acceptable.
func (p *settingsPage) read() (Settings, bool) {
	settings, good := p.saved, true
	for _, f := range p.fields {
		if f.read(&settings, strings.TrimSpace(f.entry.Text)) {
			f.refuse("")
		} else {
			f.refuse(f.refusal.String())
			good = false
		}
	}
	if i := p.seeds.SelectedIndex(); i >= 0 {
		settings.SeedClients = seedChoices[i].policy
	}
	return settings, good
}

func (p *settingsPage) apply() {
	p.forget()
	settings, good := p.read()
	if !good {
		return
	}
	p.window.crossing.start(func(ctx context.Context) func() {
		err := p.window.engine.ApplySettings(ctx, settings)
		return func() { p.applied(settings, err) }
	})
}

func (p *settingsPage) applied(settings Settings, err error) {
	var invalid InvalidSettings
	switch {
	case err == nil:
		p.saved = settings
		if now, good := p.read(); good && now == settings {
			p.pending = false // nothing was typed meanwhile
		}
	case errors.As(err, &invalid):
		for field, failure := range invalid {
			if f := p.fields[field]; f != nil {
				f.refuse(explain(failure).String())
			} else {
				p.window.fail(failure.Error())
			}
		}
	default:
		p.window.fail(err)
	}
}

func (p *settingsPage) diagnostics(then func(Diagnostics)) {
	ask(p.window, p.window.engine.Diagnostics, func(d Diagnostics, err error) {
		if err != nil {
			p.window.fail(err)
			return
		}
		then(d)
	})
}

func (p *settingsPage) copyDiagnostics() {
	p.diagnostics(func(d Diagnostics) { p.window.copyText(d.Text, lang.L("Diagnostics copied.")) })
}

func (p *settingsPage) openProfile() {
	p.diagnostics(func(d Diagnostics) {
		if err := openPath(p.window.app, d.Profile); err != nil {
			p.window.fail(err)
		}
	})
}
