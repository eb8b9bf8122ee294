package ledger

import (
	"encoding/binary"
	"log/slog"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // of the places below

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
	counted := 0
	l.people.Range(func(any, any) bool { counted++; return true })
	if counted != maxPeople || l.Of(person(0)).Got != 1000 {
		t.Errorf("%d are counted, the best one with %+v", counted, l.Of(person(0)))
	}
	if _, ever := l.Totals(); ever.Got != 1000+3*maxPeople {
		t.Errorf("ever: %+v", ever)
	}
}

func TestWhatManyConnectionsMoveAtOnceIsAllCounted(t *testing.T) {
	t.Parallel()
	const connections, frames = 8, 5000
	dir := t.TempDir()
	l, end := open(t, dir)
	var work sync.WaitGroup
	for i := range connections {
		work.Go(func() {
			for range frames {
				l.Got(person(i%3), 3)
				l.Sent(person(i%3), 2)
			}
		})
	}
	work.Go(func() { // a person looks, and the library remembers, meanwhile
		for range 100 {
			if today, ever := l.Totals(); today.Got > ever.Got || today.Sent > ever.Sent {
				t.Errorf("today %+v, ever %+v", today, ever)
			}
			l.Save()
		}
	})
	work.Wait()
	end()
	l, end = open(t, dir)
	defer end()
	want := library.Amounts{Got: connections * frames * 3, Sent: connections * frames * 2}
	var people library.Amounts
	for i := range 3 {
		people.Got += l.Of(person(i)).Got
		people.Sent += l.Of(person(i)).Sent
	}
	if _, ever := l.Totals(); ever != want || people != want {
		t.Errorf("ever %+v, of all people %+v, expected %+v", ever, people, want)
	}
}

func TestFramesOfAKnownPersonWaitForNoLock(t *testing.T) {
	t.Parallel()
	l, end := open(t, t.TempDir())
	defer end()
	l.Got(person(1), 1)
	done := make(chan struct{})
	l.mu.Lock()
	go func() {
		defer close(done)
		l.Got(person(1), 2)
		l.Sent(person(1), 3)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("they wait for the lock")
	}
	l.mu.Unlock()
	<-done
	if of := l.Of(person(1)); of != (library.Amounts{Got: 3, Sent: 3}) {
		t.Errorf("%+v are counted", of)
	}
}

// In some places clocks go forward at midnight, and in some a day has 25 hours.
func TestADayEndsAtMidnightOfThePlace(t *testing.T) {
	for _, place := range []string{"UTC", "Europe/Berlin", "America/Santiago", "America/Asuncion", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe"} {
		where, err := time.LoadLocation(place)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2022, 1, 1, 0, 0, 0, 0, where); at.Year() < 2024; at = at.Add(30 * time.Minute) {
			d := dayOf(at)
			first, last, next := time.Unix(0, d.begins).In(where), time.Unix(0, d.end-1).In(where), time.Unix(0, d.end).In(where)
			if now := at.UnixNano(); now < d.begins || now >= d.end {
				t.Fatalf("%s: the day of %s lasts from %s to %s", place, at, first, next)
			}
			if of := at.Format(time.DateOnly); first.Format(time.DateOnly) != of || last.Format(time.DateOnly) != of || next.Format(time.DateOnly) == of {
				t.Fatalf("%s: the day of %s lasts from %s to %s", place, at, first, next)
			}
		}
	}
}
