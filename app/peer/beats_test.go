package peer

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto/pulse"
)

// moments notes when the engine looked at its surroundings.
type moments struct {
	flows atomic.Bool // bytes do

	mu sync.Mutex
	at []time.Time
}

func (m *moments) note() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); len(m.at) == 0 || !m.at[len(m.at)-1].Equal(now) {
		m.at = append(m.at, now)
	}
}

func (m *moments) clock() (time.Time, time.Duration) {
	m.note()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	return now.Round(0), now.Sub(m.at[0])
}

func (m *moments) addresses() ([]netip.Prefix, error) { m.note(); return nil, nil }

func (m *moments) Keep(bool) { m.note() }

// during counts the moments of a minute.
func (m *moments) during() int {
	synctest.Wait()
	before := m.count()
	time.Sleep(time.Minute)
	synctest.Wait()
	return m.count() - before
}

func (m *moments) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.at)
}

// watching runs what of an engine looks at its surroundings, without a network. Nothing
// else of the engine is there.
func watching(t *testing.T, m *moments, settings library.Settings) *Engine {
	l, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	e := &Engine{config: Config{Library: l, Awake: m}, log: slog.New(slog.DiscardHandler), timing: standardTiming, settings: settings,
		around: surroundings{clock: m.clock, addresses: m.addresses, routes: func() (string, error) { return "", nil },
			changes: func(ctx context.Context, _ func()) error { <-ctx.Done(); return nil }}}
	e.ctx, e.cancel = context.WithCancel(t.Context())
	if err := e.assemble(); err != nil {
		t.Fatal(err)
	}
	e.changes.flowing = m.flows.Load
	var work sync.WaitGroup
	for _, look := range []func(context.Context) error{e.watchNetwork(), e.keepTimetable, e.stayAwake, e.Downloads.Run, e.People.Run, e.Ledger.Run, e.Wishes.Run} {
		work.Go(func() { look(e.ctx) })
	}
	t.Cleanup(func() {
		e.cancel()
		work.Wait()
		e.changes.close()
		e.conns.Close()
	})
	return e
}

func TestAnEngineAtRestLooksRarelyAndAtOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moments{}
		watching(t, m, library.DefaultSettings())
		time.Sleep(pulse.Slow * time.Second)
		if n, want := m.during(), 60/pulse.Slow; n != want {
			t.Errorf("at rest it looks at %d moments in a minute, not at %d", n, want)
		}
		m.flows.Store(true)
		time.Sleep(pulse.Slow * time.Second)
		if n := m.during(); n != 60 {
			t.Errorf("while bytes flow it looks at %d moments in a minute, not every second", n)
		}
		m.flows.Store(false)
		time.Sleep(pulse.Slow * time.Second)
		if n, want := m.during(), 60/pulse.Slow; n != want {
			t.Errorf("at rest again it looks at %d moments in a minute, not at %d", n, want)
		}
	})
}

func TestAtRestTheTimetableIsKeptToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moments{}
		now := time.Now()
		settings := library.DefaultSettings()
		settings.Timetable = library.Timetable{On: true, Days: [7]bool{true, true, true, true, true, true, true},
			From: (now.Hour()*60 + now.Minute() + 10) % (24 * 60), To: (now.Hour()*60 + now.Minute() + 20) % (24 * 60)}
		e := watching(t, m, settings)
		for n, want := range []bool{true, false} {
			at := now.Truncate(time.Minute).Add(time.Duration(n+1) * 10 * time.Minute)
			time.Sleep(time.Until(at) - time.Millisecond)
			synctest.Wait()
			before := e.QuickLimit()
			time.Sleep(time.Second + time.Millisecond)
			synctest.Wait()
			if before == want || e.QuickLimit() != want {
				t.Errorf("at %s the quick limit was %v, a second later %v", at.Format(time.TimeOnly), before, e.QuickLimit())
			}
		}
		settings.Timetable.To = settings.Timetable.From // all day
		e.Apply(settings)
		synctest.Wait()
		if !e.QuickLimit() {
			t.Error("a timetable that was changed holds only later")
		}
	})
}
