//go:build !darwin || cgo

package settings

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// The fields of the timetable. The engine refuses it as a whole, which they prevent.
const (
	fieldFrom face.Field = "timetable.from"
	fieldTo   face.Field = "timetable.to"
)

// weekdays are the names of the days, from Monday on.
var weekdays = []struct {
	day  time.Weekday
	name words.Phrase
}{
	{time.Monday, "Mon"}, {time.Tuesday, "Tue"}, {time.Wednesday, "Wed"}, {time.Thursday, "Thu"},
	{time.Friday, "Fri"}, {time.Saturday, "Sat"}, {time.Sunday, "Sun"},
}

// timeOfDay makes a field for minutes after midnight.
func (p *Page) timeOfDay(of func(*face.Settings) *int) *settingField {
	return p.field("Type a time, such as 22:00.", func(s *face.Settings, text string) bool {
		at, err := time.Parse("15:04", text)
		*of(s) = at.Hour()*60 + at.Minute()
		return err == nil
	}, func(s face.Settings) string { return fmt.Sprintf("%02d:%02d", *of(&s)/60, *of(&s)%60) })
}

// timetable returns the rows that say when the quick limit turns on by itself.
func (p *Page) timetable() []fyne.CanvasObject {
	days := container.New(layout.NewRowWrapLayout())
	for _, one := range weekdays {
		days.Add(p.check(one.name.String(), func(s *face.Settings) *bool { return &s.Timetable.Days[one.day] }))
	}
	return []fyne.CanvasObject{
		p.check(words.L("Turn the quick limit on at these times"), func(s *face.Settings) *bool { return &s.Timetable.On }),
		kit.FormRow(words.L("Days"), days),
		p.from.named(words.L("From"), p.from.entry),
		p.to.named(words.L("To"), p.to.entry, kit.Hint(words.L("If this is earlier than the start, the limit ends on the next day."))),
	}
}
