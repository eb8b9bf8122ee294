package ledger

import (
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

func open(t *testing.T, dir string) (*Ledger, func()) {
	t.Helper()
	lib, err := library.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(lib, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return l, func() {
		l.Save()
		if err := lib.Close(); err != nil {
			t.Error(err)
		}
	}
}

func person(n int) (key netproto.PublicKey) {
	binary.BigEndian.PutUint32(key[:], uint32(n+1))
	return key
}

func TestTotalsOfTodayAndEverOutliveTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local)
	l, end := open(t, dir)
	l.now = func() time.Time { return noon }
	l.Got(person(1), 100)
	l.Sent(person(1), 30)
	l.Sent(netproto.PublicKey{}, 5)
	end()
	l, end = open(t, dir)
	l.now = func() time.Time { return noon.Add(time.Hour) }
	if today, ever := l.Totals(); today != (library.Amounts{Got: 100, Sent: 35}) || ever != today || l.Of(person(1)) != (library.Amounts{Got: 100, Sent: 30}) {
		t.Errorf("today %+v, ever %+v, of one %+v", today, ever, l.Of(person(1)))
	}
	l.now = func() time.Time { return noon.AddDate(0, 0, 1) }
	l.Got(person(2), 7)
	if today, ever := l.Totals(); today != (library.Amounts{Got: 7}) || ever != (library.Amounts{Got: 107, Sent: 35}) {
		t.Errorf("the next day: today %+v, ever %+v", today, ever)
	}
	end()
	l, end = open(t, dir)
	defer end()
	l.now = func() time.Time { return noon.AddDate(0, 0, 3) }
	if today, _ := l.Totals(); today != (library.Amounts{}) {
		t.Errorf("a day without transfers: %+v", today)
	}
}

func TestManyStrangersAreNotRemembered(t *testing.T) {
	t.Parallel()
	l, end := open(t, t.TempDir())
	defer end()
	l.Got(person(0), 1000)
	for i := range 3 * maxPeople {
		l.Got(person(i+1), 1)
	}
	if len(l.people) != maxPeople || l.Of(person(0)).Got != 1000 {
		t.Errorf("%d are counted, the best one with %+v", len(l.people), l.Of(person(0)))
	}
	if _, ever := l.Totals(); ever.Got != 1000+3*maxPeople {
		t.Errorf("ever: %+v", ever)
	}
}
