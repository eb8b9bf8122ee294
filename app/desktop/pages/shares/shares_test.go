//go:build !darwin || cgo

package shares

import (
	"testing"

	"centralizedp2p/app/face"
)

func TestAShareOfWhichBytesWentIsNotCalledNeverDownloaded(t *testing.T) {
	for _, c := range []struct {
		share face.Share
		want  string
	}{{face.Share{}, "never"}, {face.Share{Sent: 154_000}, "in parts"}, {face.Share{Sent: 154_000, Fetched: 2}, "2 times"}} {
		if got := fetchedWords(c.share); got != c.want {
			t.Errorf("%+v reads %q, not %q", c.share, got, c.want)
		}
	}
}
