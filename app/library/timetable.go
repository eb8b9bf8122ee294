package library

import (
	"time"

	"centralizedp2p/netproto"
)

// minutesOfDay is how many minutes a day has.
const minutesOfDay = 24 * 60

// Timetable says when the quick limit is on by itself.
type Timetable struct {
	On   bool    `json:"on"`
	Days [7]bool `json:"days"` // by time.Weekday: those on which it begins
	From int     `json:"from"` // in minutes after midnight
	To   int     `json:"to"`   // as From; on the next day unless it is later than From
}

// Holds reports whether a time of the day is within the timetable.
func (t Timetable) Holds(now time.Time) bool {
	if !t.On {
		return false
	}
	minute, today := now.Hour()*60+now.Minute(), now.Weekday()
	yesterday := (today + 6) % 7
	if t.From < t.To {
		return t.Days[today] && minute >= t.From && minute < t.To
	}
	return t.Days[today] && minute >= t.From || t.Days[yesterday] && minute < t.To
}

func (t Timetable) validate() error {
	if min(t.From, t.To) < 0 || max(t.From, t.To) >= minutesOfDay {
		return netproto.Errorf(netproto.CodeInvalid, "a time of the day is from 00:00 to 23:59")
	}
	return nil
}
