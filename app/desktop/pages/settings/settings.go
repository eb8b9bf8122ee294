//go:build !darwin || cgo

// Package settings is the page of the settings, and the check-up.
package settings

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// settingsWait is the time from the last key until a setting is applied.
const settingsWait = 500 * time.Millisecond

// Engine is what the page of the settings needs of the engine.
type Engine interface {
	face.Preferences
	face.Shares
	face.Overview
}

// WindowSettings are about the window and the computer. The engine does not know
// them; they save themselves.
type WindowSettings interface {
	// General returns rows for the card of that name.
	General() []fyne.CanvasObject
	// Notifications returns rows for the card of that name.
	Notifications() []fyne.CanvasObject
	// Pull asks the system how things are, beside the UI thread, and returns a
	// function that shows it.
	Pull() func()
	// LogFile returns the path of the log of a window with that profile.
	LogFile(profile string) string
}

// Page applies what is typed at once, and says below a field what is
// wrong with it. The engine remembers face.Settings, and the window
// WindowSettings.
type Page struct {
	window  pages.Window
	engine  Engine
	own     WindowSettings
	content fyne.CanvasObject
	saved   face.Settings // as the engine has them
	filled  bool
	filling bool // the program sets fields, not the person
	edits   int  // how often something was typed or ticked
	applied int  // edits that the engine has, or has refused
	busy    bool // edits are being applied
	forget  func()

	name, folder, atOnce, slots, ignore *settingField
	port, down, up, quickDown, quickUp  *settingField
	trackerPort, from, to, onFinished   *settingField
	seeds                               *kit.Select
	fields                              map[face.Field]*settingField
	checks                              []settingCheck
	quick                               *kit.Check // part of the status, not of the settings
	reach                               *portTest
	offered                             *kit.Line
}

var seedChoices = []struct {
	policy netproto.SeedPolicy
	name   words.Phrase
}{
	{netproto.SeedOff, "Not at all"},
	{netproto.SeedLAN, "On the local network"},
	{netproto.SeedOpen, "Everywhere"},
}

// New makes the page.
func New(w pages.Window, engine Engine, own WindowSettings) *Page {
	p := &Page{window: w, engine: engine, own: own, forget: func() {}, offered: kit.NewCaption()}
	p.name = p.field("Type a name.", func(s *face.Settings, text string) bool { s.Name = text; return text != "" },
		func(s face.Settings) string { return s.Name })
	p.folder = p.field("Type the full path of a folder.", func(s *face.Settings, text string) bool { s.DownloadFolder = text; return text != "" },
		func(s face.Settings) string { return s.DownloadFolder })
	p.atOnce = p.number("Type a number from 1 to 100.", 1, face.MaxDownloadsAtOnce, func(s *face.Settings) *int { return &s.DownloadsAtOnce })
	p.slots = p.number("Type a number from 1 to 100.", 1, face.MaxUploadSlots, func(s *face.Settings) *int { return &s.UploadSlots })
	p.port = p.number("Type a number from 0 to 65535.", 0, 65535, func(s *face.Settings) *int { return &s.Port })
	p.trackerPort = p.number("Type a number from 0 to 65535.", 0, 65535, func(s *face.Settings) *int { return &s.TrackerPort })
	p.down = p.rate(func(s *face.Settings) *int64 { return &s.DownLimit })
	p.up = p.rate(func(s *face.Settings) *int64 { return &s.UpLimit })
	p.quickDown = p.rate(func(s *face.Settings) *int64 { return &s.QuickDown })
	p.quickUp = p.rate(func(s *face.Settings) *int64 { return &s.QuickUp })
	p.from = p.timeOfDay(func(s *face.Settings) *int { return &s.Timetable.From })
	p.to = p.timeOfDay(func(s *face.Settings) *int { return &s.Timetable.To })
	p.ignore = p.lines(func(s *face.Settings) *string { return &s.Ignore })
	p.onFinished = p.field("Close the quotes.", func(s *face.Settings, text string) bool { s.OnFinished = text; return true },
		func(s face.Settings) string { return s.OnFinished })
	p.fields = map[face.Field]*settingField{face.FieldName: p.name, face.FieldDownloadFolder: p.folder, face.FieldDownloadsAtOnce: p.atOnce,
		face.FieldUploadSlots: p.slots, face.FieldPort: p.port, face.FieldTrackerPort: p.trackerPort, face.FieldDownLimit: p.down, face.FieldUpLimit: p.up,
		face.FieldQuickDown: p.quickDown, face.FieldQuickUp: p.quickUp, face.FieldIgnore: p.ignore, face.FieldOnFinished: p.onFinished,
		fieldFrom: p.from, fieldTo: p.to}
	var seeds []string
	for _, choice := range seedChoices {
		seeds = append(seeds, choice.name.String())
	}
	p.seeds = kit.NewSelect(seeds, func(string) { p.edited() })
	p.quick = kit.NewCheck(words.L("Quick limit"), p.switchQuick)
	p.reach = newPortTest(w, engine, func() { p.content.Refresh() })
	p.content = kit.Scrolled(p.cards()...)
	return p
}

func (p *Page) cards() []fyne.CanvasObject {
	w := p.window
	choose := kit.NewButtonWithIcon(words.L("Choose"), theme.FolderOpenIcon(), func() {
		w.Sheets().PickFolder(words.L("Choose the folder for downloads"), p.folder.entry.Text, p.folder.entry.SetText)
	})
	folder := container.NewBorder(nil, nil, nil, choose, p.folder.entry)
	shared := kit.NewButtonWithIcon(words.L("Show"), theme.FolderOpenIcon(), func() { w.GoTo(pages.PlaceShared) })
	return []fyne.CanvasObject{
		kit.Card(words.L("General"), slices.Concat([]fyne.CanvasObject{p.name.named(words.L("Your name"), p.name.entry),
			p.check(words.L("Hide me from the list of people"), func(s *face.Settings) *bool { return &s.Unlisted })}, p.own.General(), []fyne.CanvasObject{
			p.check(words.L("Keep the computer awake while files are transferred"), func(s *face.Settings) *bool { return &s.KeepAwake })})...),
		kit.Card(words.L("Downloads"), slices.Concat([]fyne.CanvasObject{
			p.folder.named(words.L("Folder"), folder),
			p.atOnce.named(words.L("Downloads at once"), p.atOnce.entry),
			p.askWhere(),
			p.check(words.L("Reserve disk space when a download starts"), func(s *face.Settings) *bool { return &s.Preallocate }),
			p.check(words.L("Share completed downloads"), func(s *face.Settings) *bool { return &s.ShareDownloads })}, p.runs())...),
		kit.Card(words.L("Sharing"),
			kit.FormRow(words.L("Shared now"), container.NewBorder(nil, nil, nil, shared, p.offered)),
			p.slots.named(words.L("Uploads at once"), p.slots.entry),
			p.check(words.L("Allow more uploads when there is spare bandwidth"), func(s *face.Settings) *bool { return &s.AdaptiveSlots }),
			p.ignore.named(words.L("Ignore in folders"), p.ignore.entry,
				kit.Hint(words.L("One pattern per line, as in .gitignore: *.tmp, .git/, !keep.tmp"))),
			p.check(words.L("Prepare files slowly to keep the computer responsive"), func(s *face.Settings) *bool { return &s.GentleHashing }),
			kit.FormRow(words.L("Serve old Python clients"), p.seeds,
				kit.Hint(words.L("Old clients can’t be verified. They only get files of up to 10 KB.")))),
		kit.Card(words.L("Connection"), slices.Concat([]fyne.CanvasObject{
			p.port.named(words.L("Port (0 for any free one)"), container.NewBorder(nil, nil, nil, p.reach.button, p.port.entry), p.reach.words),
			p.trackerPort.named(words.L("Tracker port"), p.trackerPort.entry,
				kit.Hint(words.L("0 is the usual port. A change takes effect when the tracker on this computer next starts."))),
			p.check(words.L("Open the port on the router"), func(s *face.Settings) *bool { return &s.RouterPort }),
			p.check(words.L("Let the tracker arrange connections"), func(s *face.Settings) *bool { return &s.Calls }),
			p.check(words.L("Use the relay when nothing else works"), func(s *face.Settings) *bool { return &s.Relay }),
			p.down.named(words.L("Download limit, kB/s"), p.down.entry),
			p.up.named(words.L("Upload limit, kB/s"), p.up.entry),
			p.quick,
			p.quickDown.named(words.L("Quick download limit, kB/s"), p.quickDown.entry),
			p.quickUp.named(words.L("Quick upload limit, kB/s"), p.quickUp.entry),
		}, p.timetable(), []fyne.CanvasObject{
			p.check(words.L("No limits on the local network"), func(s *face.Settings) *bool { return &s.LocalExempt }),
			p.check(words.L("Uploads leave room for others on the line"), func(s *face.Settings) *bool { return &s.PoliteUploads }),
		})...),
		kit.Card(words.L("Notifications"), p.own.Notifications()...),
		kit.Card(words.L("Advanced"), p.advanced(),
			kit.Hint(words.L("The diagnostics hold no keys and no names of files. The log may hold names."))),
	}
}

// advanced are the buttons for who looks for a problem. Logs and folders of another
// computer cannot be opened.
func (p *Page) advanced() fyne.CanvasObject {
	buttons := container.New(layout.NewRowWrapLayout(),
		kit.NewButtonWithIcon(words.L("Check for problems"), theme.SearchIcon(), func() { CheckUp(p.window, p.engine) }),
		kit.NewButtonWithIcon(words.L("Copy diagnostics"), theme.ContentCopyIcon(), p.copyDiagnostics))
	if !p.window.Elsewhere() {
		buttons.Add(kit.NewButtonWithIcon(words.L("Open log"), theme.DocumentIcon(), p.openLog))
		buttons.Add(kit.NewButtonWithIcon(words.L("Open profile folder"), theme.FolderOpenIcon(), p.openProfile))
	}
	return buttons
}

// runs is the field of the program to run; none for a peer on another computer, whose
// owner alone decides that.
func (p *Page) runs() []fyne.CanvasObject {
	if p.window.Elsewhere() {
		return nil
	}
	return []fyne.CanvasObject{p.onFinished.named(words.L("Run when finished"), p.onFinished.entry,
		kit.Hint(words.L("A program and its arguments, without a shell. It learns the file from the environment: CP2P_FINISHED_PATH, _NAME, _HASH.")))}
}

// askWhere is a check of the window itself.
func (p *Page) askWhere() fyne.CanvasObject {
	prefs := p.window.Host().Prefs
	box := kit.NewCheck(words.L("Ask me where to save each download"), nil)
	box.SetChecked(prefs.Bool(pages.PrefAskWhere))
	box.OnChanged = func(on bool) { prefs.SetBool(pages.PrefAskWhere, on) }
	return box
}

// Screen is everything that the page shows.
func (p *Page) Screen() fyne.CanvasObject { return p.content }

// Focus gives the focus to the name.
func (p *Page) Focus() { p.window.Host().Canvas.Focus(p.name.entry) }

// Pull asks the engine for the settings and the shares, and the system how things
// are.
func (p *Page) Pull(ctx context.Context) func() {
	settings, err := p.engine.Settings(ctx)
	if err != nil {
		return func() { p.window.Fail(err) }
	}
	shares, err := p.engine.Shares(ctx)
	if err != nil {
		return func() { p.window.Fail(err) }
	}
	showOwn := p.own.Pull()
	return func() {
		p.show(settings)
		p.showOffered(shares)
		showOwn()
	}
}

func (p *Page) showOffered(shares []face.Share) {
	text := words.L("Nothing")
	if len(shares) > 0 {
		text = pages.OfferedWords(shares)
	}
	p.offered.SetText(text)
}

// show fills the fields, unless the person is changing them. What was refused stays
// as it was typed, with the reason.
func (p *Page) show(settings face.Settings) {
	p.filling = true
	defer func() { p.filling = false }()
	p.quick.SetChecked(p.window.Status().QuickLimit)
	if p.edits != p.applied || p.filled && settings == p.saved {
		return
	}
	p.saved, p.filled = settings, true
	for _, f := range p.fields {
		if text := f.write(settings); f.problem.Text == "" && f.entry.Text != text {
			f.entry.SetText(text)
		}
	}
	for _, c := range p.checks {
		c.box.SetChecked(*c.of(&settings))
	}
	for i, choice := range seedChoices {
		if choice.policy == settings.SeedClients {
			p.seeds.SetSelectedIndex(i)
		}
	}
}

// edited applies the settings once no key followed for a moment.
func (p *Page) edited() {
	if p.filling || !p.filled {
		return
	}
	p.edits++
	p.forget()
	p.forget = p.window.After(settingsWait, p.apply)
}

// changes returns what was changed, each setting for itself, and says below its field
// what is not valid.
func (p *Page) changes() []func(*face.Settings) {
	var all []func(*face.Settings)
	add := func(change func(*face.Settings)) {
		changed := p.saved
		if change(&changed); changed != p.saved {
			all = append(all, change)
		}
	}
	for _, f := range p.fields {
		text, ignored := strings.TrimSpace(f.entry.Text), p.saved
		if !f.read(&ignored, text) {
			f.refuse(f.refusal.String())
			continue
		}
		if ignored == p.saved {
			f.refuse("")
		}
		add(func(s *face.Settings) { f.read(s, text) })
	}
	for _, c := range p.checks {
		on := c.box.Checked
		add(func(s *face.Settings) { *c.of(s) = on })
	}
	if i := p.seeds.SelectedIndex(); i >= 0 {
		add(func(s *face.Settings) { s.SeedClients = seedChoices[i].policy })
	}
	return all
}

// apply hands each changed setting to the engine for itself: one that is refused
// must not hold up the others.
func (p *Page) apply() {
	p.forget()
	if p.busy || !p.filled {
		return // done after what is under way
	}
	saved, changes, edits := p.saved, p.changes(), p.edits
	p.busy = true
	p.window.Start(func(ctx context.Context) func() {
		var refused []error
		for _, change := range changes {
			settings := saved
			change(&settings)
			if err := pages.InTime(ctx, p.engine.ApplySettings(ctx, settings)); err != nil {
				refused = append(refused, err)
			} else {
				saved = settings
			}
		}
		return func() { p.took(saved, edits, refused) }
	})
}

// took notes what the engine made of the changes.
func (p *Page) took(saved face.Settings, edits int, refused []error) {
	p.busy, p.saved, p.applied = false, saved, edits
	wrong := map[face.Field]bool{}
	for _, err := range refused {
		var invalid face.InvalidSettings
		if !errors.As(err, &invalid) {
			p.window.Fail(err)
		}
		for field, failure := range invalid {
			if f := p.fields[field]; f != nil {
				wrong[field] = true
				f.refuse(words.Explain(failure).String())
			} else {
				p.window.Fail(failure.Error())
			}
		}
	}
	for field, f := range p.fields {
		if f.write(saved) == strings.TrimSpace(f.entry.Text) && !wrong[field] {
			f.refuse("")
		}
	}
	if p.edits != edits {
		p.apply()
	}
}

// switchQuick answers the check of the quick limit.
func (p *Page) switchQuick(on bool) {
	if !p.filling {
		p.window.Act(func(ctx context.Context) error { return p.engine.SetQuickLimit(ctx, on) }, nil)
	}
}

func (p *Page) diagnostics(then func(face.Diagnostics)) {
	pages.Ask(p.window, p.engine.Diagnostics, func(d face.Diagnostics, err error) {
		if err != nil {
			p.window.Fail(err)
			return
		}
		then(d)
	})
}

func (p *Page) copyDiagnostics() {
	p.diagnostics(func(d face.Diagnostics) { p.window.Copy(d.Text, words.L("Diagnostics copied.")) })
}

func (p *Page) openProfile() { p.openOf(func(d face.Diagnostics) string { return d.Profile }) }

func (p *Page) openLog() {
	p.openOf(func(d face.Diagnostics) string { return p.own.LogFile(d.Profile) })
}

func (p *Page) openOf(path func(face.Diagnostics) string) {
	p.diagnostics(func(d face.Diagnostics) {
		p.window.OpenPath(path(d))
	})
}
