package peer_test

import (
	"testing"
	"time"

	"centralizedp2p/app/library"
)

func (p *testPeer) untilQuick(t *testing.T, want bool) {
	t.Helper()
	ctx := deadline(t)
	changed := p.Watch(ctx)
	for p.QuickLimit() != want {
		select {
		case <-ctx.Done():
			t.Fatalf("the quick limit stays %v", !want)
		case <-changed:
		}
	}
}

func TestTheQuickLimitFollowsItsTimetable(t *testing.T) {
	t.Parallel()
	a := newAround()
	p := startWith(t, &testPeer{around: a}, nil, nil)
	settings, err := p.library.Settings()
	check(t, err)
	wall, _ := a.clock()
	hour := wall.Hour()
	settings.Timetable = library.Timetable{On: true, Days: [7]bool{true, true, true, true, true, true, true},
		From: (hour + 2) % 24 * 60, To: (hour + 6) % 24 * 60}
	p.Apply(settings)
	if p.QuickLimit() {
		t.Error("it is on before its time")
	}
	a.sleep(3 * time.Hour)
	p.untilQuick(t, true)
	p.Apply(settings) // another setting changes
	if !p.QuickLimit() {
		t.Error("another setting ended it")
	}
	a.sleep(5 * time.Hour)
	p.untilQuick(t, false)
	a.sleep(19 * time.Hour) // the next day
	p.untilQuick(t, true)
	p.SetQuickLimit(false) // the person does not want it this time
	p.SetQuickLimit(true)
	settings.Timetable.On = false
	p.Apply(settings)
	p.untilQuick(t, false)
}

// alarm is a computer that would fall asleep.
type alarm chan bool

func (a alarm) Keep(on bool) {
	select {
	case a <- on:
	default:
	}
}

func (a alarm) until(t *testing.T, want bool) {
	t.Helper()
	for ctx := deadline(t); ; {
		select {
		case <-ctx.Done():
			t.Fatalf("it was not told %v", want)
		case on := <-a:
			if on == want {
				return
			}
		}
	}
}

func TestTheComputerStaysAwakeWhileSomethingRuns(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(1<<20))
	began := time.Now()
	bob := startWith(t, &testPeer{awake: make(alarm, 1)}, tr, func(s *library.Settings) { s.KeepAwake = true })
	path, content := alice.write(t, "film.mkv", 1<<20)
	bob.awake.until(t, false)
	id := bob.add(t, alice.share(t, path))
	bob.awake.until(t, true)
	same(t, bob.wait(t, id, "finished").Path, content)
	bob.awake.until(t, false)
	today, ever := bob.Ledger.Totals()
	if today != ever && time.Now().Day() == began.Day() || ever.Got < int64(len(content)) || bob.Ledger.Of(alice.source().Key) != ever {
		t.Errorf("of %d bytes it counted %+v, of Alice %+v", len(content), ever, bob.Ledger.Of(alice.source().Key))
	}
	if _, ever := alice.Ledger.Totals(); ever.Sent < int64(len(content)) {
		t.Errorf("Alice counted %+v", ever)
	}
}
