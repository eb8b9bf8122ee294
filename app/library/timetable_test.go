package library

import (
	"testing"
	"time"
)

func TestATimetableHoldsAtItsTimes(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.Local)
	at := func(day, hour, minute int) time.Time {
		return monday.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	work := Timetable{On: true, Days: [7]bool{1: true, 2: true}, From: 9*60 + 30, To: 17 * 60}
	night := Timetable{On: true, Days: [7]bool{0: true}, From: 22 * 60, To: 6 * 60} // from Sunday to Monday
	whole := Timetable{On: true, Days: [7]bool{3: true}, From: 0, To: 0}            // Wednesday
	off := work
	off.On = false
	for _, c := range []struct {
		table Timetable
		at    time.Time
		want  bool
	}{
		{work, at(0, 9, 29), false}, {work, at(0, 9, 30), true}, {work, at(1, 16, 59), true}, {work, at(1, 17, 0), false}, {work, at(2, 12, 0), false},
		{night, at(-1, 21, 59), false}, {night, at(-1, 22, 0), true}, {night, at(0, 5, 59), true}, {night, at(0, 6, 0), false}, {night, at(0, 23, 0), false},
		{whole, at(1, 23, 59), false}, {whole, at(2, 0, 0), true}, {whole, at(2, 23, 59), true}, {whole, at(3, 0, 0), false},
		{off, at(0, 12, 0), false}, {Timetable{}, at(0, 12, 0), false},
	} {
		if got := c.table.Holds(c.at); got != c.want {
			t.Errorf("%+v at %s: %v", c.table, c.at.Format("Mon 15:04"), got)
		}
	}
}

func TestATimeOfTheDayIsWithinTheDay(t *testing.T) {
	t.Parallel()
	for _, bad := range []Timetable{{From: -1}, {To: -1}, {From: 1440}, {To: 1440}} {
		s := DefaultSettings()
		s.Timetable = bad
		if s.Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
