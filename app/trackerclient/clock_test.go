package trackerclient

import (
	"net/http"
	"testing"
	"time"
)

func TestTheClockIsAsFarAheadAsAnAnswerProves(t *testing.T) {
	t.Parallel()
	said := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		began, took time.Duration // after what the tracker said
		ahead       time.Duration
	}{
		"both agree":                      {began: 300 * time.Millisecond, took: time.Millisecond},
		"the answer took long":            {began: -9 * time.Second, took: 10 * time.Second},
		"ahead":                           {began: time.Hour, took: time.Millisecond, ahead: time.Hour - time.Second},
		"behind":                          {began: -time.Hour, took: time.Second, ahead: time.Second - time.Hour},
		"ahead, and the answer took long": {began: time.Minute, took: 10 * time.Second, ahead: time.Minute - time.Second},
	} {
		var client Client
		if _, known := client.ClockAhead(); known {
			t.Errorf("%s: it is known before an answer", name)
		}
		began := said.Add(c.began)
		client.compareClocks(said.Format(http.TimeFormat), began, began.Add(c.took))
		if ahead, known := client.ClockAhead(); !known || ahead != c.ahead {
			t.Errorf("%s: it is %s ahead, not %s", name, ahead, c.ahead)
		}
		client.compareClocks("yesterday", began, began)
		if ahead, _ := client.ClockAhead(); ahead != c.ahead {
			t.Errorf("%s: what is no date changes it to %s", name, ahead)
		}
	}
}
