//go:build !darwin || cgo

package transfers

import (
	"context"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/sheets"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) {
	if _, err := words.Load("en", ""); err != nil {
		panic(err)
	}
	m.Run()
}

// stand is a window for one page. What is started runs at once, on the UI thread,
// and nothing happens later.
type stand struct {
	tb     testing.TB
	app    fyne.App
	win    fyne.Window
	sheets *sheets.Sheets
	status face.Status
}

// The stand shows one page as any window does, and hides nothing.
var (
	_ pages.Window = (*stand)(nil)
	_ pages.Undo   = (*stand)(nil)
)

func newStand(tb testing.TB) *stand {
	tb.Helper()
	s := &stand{tb: tb, app: test.NewTempApp(tb)}
	s.app.Settings().SetTheme(look.NewTheme(look.Light))
	s.win = s.app.NewWindow("")
	s.win.Resize(fyne.NewSize(1100, 700))
	s.sheets = sheets.New(s.win, kit.NewTips(), s.Fail, func() {})
	return s
}

// show pulls a page and shows it.
func (s *stand) show(page interface {
	Screen() fyne.CanvasObject
	Pull(ctx context.Context) func()
}) {
	s.win.SetContent(page.Screen())
	page.Pull(s.tb.Context())()
}

func (s *stand) Host() lists.Host {
	return lists.Host{Tips: kit.NewTips(), Canvas: s.win.Canvas(), Prefs: s.app.Preferences(), Pressed: func(*fyne.KeyEvent) {},
		Beside: func(work func() func()) { work()() }}
}

func (s *stand) Start(work func(context.Context) func()) {
	if show := work(s.tb.Context()); show != nil {
		show()
	}
}

func (s *stand) Follow(work func(context.Context) func()) { s.Start(work) }

func (s *stand) Act(action func(context.Context) error, done func()) {
	if err := action(s.tb.Context()); err != nil {
		s.Fail(err)
	} else if done != nil {
		done()
	}
}

func (s *stand) Fail(err error) {
	s.tb.Helper()
	s.tb.Error(err)
}

func (s *stand) After(time.Duration, func()) (forget func()) { return func() {} }
func (s *stand) Sheets() *sheets.Sheets                      { return s.sheets }
func (s *stand) Status() face.Status                         { return s.status }
func (s *stand) GoTo(pages.Place)                            {}
func (s *stand) GoToPerson(netproto.PeerID)                  {}
func (s *stand) Shows(pages.Place) bool                      { return true }
func (s *stand) Poke()                                       {}
func (s *stand) Tell(string)                                 {}
func (s *stand) TellNext(string, string, func())             {}
func (s *stand) Copy(string, string)                         {}
func (s *stand) Elsewhere() bool                             { return false }
func (s *stand) OpenPath(string)                             {}
func (s *stand) ShowInFolder(string)                         {}
func (s *stand) Play(face.Preview)                           {}
func (s *stand) Offer(pages.Deed)                            {}
func (s *stand) Hides(string) bool                           { return false }

// linesIn returns the texts of the lines in an object.
func linesIn(object fyne.CanvasObject) []string {
	var texts []string
	for _, o := range test.LaidOutObjects(object) {
		if l, ok := o.(*kit.Line); ok && l.Text != "" {
			texts = append(texts, l.Text)
		}
	}
	return texts
}
