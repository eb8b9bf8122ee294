package seedapi

import (
	"testing"
	"time"
)

func TestAListAnswersWhatWasAskedBeforeItWasBegun(t *testing.T) {
	begun := time.Now()
	l := keptList{begun: begun}
	for _, c := range []struct {
		what       string
		asked, now time.Duration // after it was begun
		want       bool
	}{
		{"a young one", listLasts / 2, listLasts / 2, true},
		{"an old one", 1, listLasts, false},
		{"an old one, for whom waits since before", 0, time.Minute, true},
		{"an old one, for whom waits since later", 1, time.Minute, false},
	} {
		if got := l.answers(begun.Add(c.asked), begun.Add(c.now)); got != c.want {
			t.Errorf("%s: %t", c.what, got)
		}
	}
}
