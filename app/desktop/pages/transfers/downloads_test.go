//go:build !darwin || cgo

package transfers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// somebodysDownloads is an engine with downloads and their details.
type somebodysDownloads struct {
	DownloadsEngine
	rows    []face.Download
	details face.Details
	asked   []string // the downloads whose details were asked for
}

func (e *somebodysDownloads) Downloads(context.Context) ([]face.Download, error) {
	return slices.Clone(e.rows), nil
}

func (e *somebodysDownloads) Details(_ context.Context, id string) (face.Details, error) {
	e.asked = append(e.asked, id)
	return e.details, nil
}

// newDownloads opens the page in a window.
func newDownloads(s *stand, engine *somebodysDownloads) *Downloads {
	p := NewDownloads(s, engine, s, func() {})
	s.show(p)
	return p
}

// mixed are downloads in every kind of state.
func mixed() []face.Download {
	return []face.Download{
		{ID: "run", Name: "Running.mkv", State: face.DownloadDownloading, Size: 10, Rate: 5_000_000},
		{ID: "wait", Name: "waiting.iso", State: face.DownloadQueued, Size: 10, Place: 1},
		{ID: "rest", Name: "resting.zip", State: face.DownloadPaused, Size: 10},
		{ID: "bad", Name: "broken.exe", State: face.DownloadFailed, Size: 10, Failure: face.Failure{Code: netproto.CodeNoSource}},
		{ID: "done", Name: "done.pdf", State: face.DownloadFinished, Size: 10, Done: 10},
	}
}

func shownDownloads(p *Downloads) string {
	var ids []string
	for _, d := range p.list.Rows {
		ids = append(ids, d.ID)
	}
	return strings.Join(ids, " ")
}

func TestChipsAndWordsChooseAmongDownloads(t *testing.T) {
	page := newDownloads(newStand(t), &somebodysDownloads{rows: mixed()})
	for at, want := range []string{showAll: "run wait rest bad done", showActive: "run wait rest", showFinished: "done", showFailed: "bad"} {
		test.Tap(chipAt(page, at))
		if got := shownDownloads(page); got != want {
			t.Errorf("%s shows %q, not %q", downloadChips[at].name, got, want)
		}
		if got := linesIn(page.chips.Box.Objects[at])[1]; got != fmt.Sprint(strings.Count(want, " ")+1) {
			t.Errorf("%s counts %s", downloadChips[at].name, got)
		}
	}
	page.words.SetText("nothing like it")
	if text, is := page.details.rows.Objects[0].(*kit.Text); !is || !strings.HasPrefix(text.Text, "No matching downloads.") {
		t.Error("nothing says that no download matches")
	}
	chipAt(page, showFailed).TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	chipAt(page, showFinished).TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	page.words.SetText("ING")
	if got := shownDownloads(page); got != "run wait rest" {
		t.Errorf("active ones with ING in their names: %q", got)
	}
	if got := page.Summary.Text; got != "1 running · 1 waiting · 1 paused · 1 finished · 5.0 MB/s" {
		t.Errorf("the summary is %q", got)
	}
	if page.chips.Chosen != showActive {
		t.Error("the left arrow does not go from chip to chip")
	}
}

func TestAFieldToFindDownloadsComesWhenThereAreMany(t *testing.T) {
	s, engine := newStand(t), &somebodysDownloads{rows: mixed()}
	page := newDownloads(s, engine)
	if page.words.Visible() {
		t.Error("five downloads have a field to find one among them")
	}
	for i := range 20 {
		engine.rows = append(engine.rows, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprint("more ", i), State: face.DownloadQueued})
	}
	if s.show(page); !page.words.Visible() {
		t.Error("25 downloads have no field to find one among them")
	}
}

func TestTheDetailsAreAsTheyWereLeft(t *testing.T) {
	s, engine := newStand(t), &somebodysDownloads{rows: mixed(), details: face.Details{Slow: face.SlowOneSource}}
	page := newDownloads(s, engine)
	page.ToggleDetails()
	page.details.split.SetOffset(0.7)
	s.show(page)
	again := newDownloads(s, engine)
	if !again.details.isOpen() || again.details.split.Offset != 0.7 {
		t.Errorf("the pane is open: %v, at %v", again.details.isOpen(), again.details.split.Offset)
	}
}

func TestWithoutThePaneNobodyAsksForDetails(t *testing.T) {
	s, engine := newStand(t), &somebodysDownloads{rows: mixed()}
	page := newDownloads(s, engine)
	page.list.SelectOnly(0)
	if s.show(page); len(engine.asked) > 0 {
		t.Errorf("a closed pane asks for the details of %v", engine.asked)
	}
	page.ToggleDetails()
	if s.show(page); !slices.Equal(engine.asked, []string{"run"}) {
		t.Errorf("the open pane asks for the details of %v", engine.asked)
	}
}

func TestEveryReasonSaysWhatCanBeDone(t *testing.T) {
	test.NewTempApp(t)
	running := face.Download{State: face.DownloadDownloading}
	seen := map[string]bool{}
	for _, slow := range []face.Slow{face.SlowNot, face.SlowOneSource, face.SlowTheirLimit, face.SlowMyLimit, face.SlowMyDisk, face.SlowNetwork} {
		seen[reasonWords(face.Details{Slow: slow}, running)] = true
	}
	for _, row := range mixed()[1:] {
		seen[reasonWords(face.Details{}, row)] = true
	}
	if len(seen) != 6+4 {
		t.Errorf("some reasons read alike: %v", seen)
	}
}

// thousands are downloads, of which 500 are running.
func thousands(count int) []face.Download {
	var rows []face.Download
	for i := range count {
		state := face.DownloadQueued
		if i < 500 {
			state = face.DownloadDownloading
		}
		rows = append(rows, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprint("file ", i), State: state, Size: 1000, Place: i})
	}
	return rows
}

// ticking gives the page what changes within a second in 500 running downloads.
func ticking(page *Downloads, rows []face.Download, tick int) {
	rows = slices.Clone(rows)
	for i := range 500 {
		rows[i].Done, rows[i].Rate = int64(tick%1000), int64(1000*tick)
	}
	page.show(rows)
}

// A peer on another computer may be newer, and know a state that this window does not.
func TestAStateOfANewerPeerIsNoFailure(t *testing.T) {
	mark, failed := downloadWords(face.Download{State: "dancing"}), downloadWords(face.Download{State: face.DownloadFailed})
	if mark.Text != "dancing" || mark.Color == failed.Color || failed.Text != "Failed" {
		t.Errorf("it reads %+v, and a failed one %+v", mark, failed)
	}
}

func TestTenThousandDownloadsStayQuick(t *testing.T) {
	rows := thousands(10_000)
	page := newDownloads(newStand(t), &somebodysDownloads{rows: rows})
	if got := page.Summary.Text; got != "500 running · 9,500 waiting" {
		t.Errorf("the summary is %q", got)
	}
	begun := time.Now()
	for tick := range 20 {
		ticking(page, rows, tick)
	}
	if took := time.Since(begun); took > 10*time.Second { // 0.1 s on an idle computer
		t.Errorf("20 changes of 10,000 downloads took %v", took)
	}
}

func BenchmarkTickOf10000Downloads(b *testing.B) {
	rows := thousands(10_000)
	page := newDownloads(newStand(b), &somebodysDownloads{rows: rows})
	for tick := range b.N {
		ticking(page, rows, tick)
	}
}

// chipAt returns one of the chips above the downloads.
func chipAt(p *Downloads, at int) interface {
	fyne.Tappable
	fyne.Focusable
} {
	return p.chips.Box.Objects[at].(interface {
		fyne.Tappable
		fyne.Focusable
	})
}
