package rest

import (
	"bytes"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func FuzzAnAnswerToASearchIsWhatEncodingJSONWrites(f *testing.F) {
	f.Add("a name.mp3", "audio/mpeg", "cursor", "another", int64(1), int64(1_700_000_000_123), true)
	f.Add("<&> \"quoted\" \\ \u2028 北京 ñ\x7f", "", "", "", int64(0), int64(0), false)
	f.Add("\x00\n\t", "x/y", "", "\u2029", int64(1<<50), int64(5000), false)
	f.Add("Tom & <Jerry>", "", "", "", int64(7), int64(0), true)
	f.Fuzz(func(t *testing.T, name, mime, next, suggestion string, size, ms int64, more bool) {
		at := time.UnixMilli(ms & (1<<46 - 1)).UTC() // until the year 4199
		name, mime, next, suggestion = bytesToText(name), bytesToText(mime), bytesToText(next), bytesToText(suggestion)
		page := netproto.SearchResponse{Next: next}
		if more {
			hit := netproto.Hit{Hash: netproto.ContentHash{1, 0xab}, Name: name, MIME: mime, Size: size, Sources: int(size % 7), Added: at}
			offline := hit
			offline.Folder, offline.Sources, offline.LastSeen = true, 0, at.Truncate(time.Second)
			hit.Owners = netproto.Owners{{PeerID: netproto.PeerID{1, 0xab}, Name: name}, {PeerID: netproto.PeerID{2}}}
			hit.Match = netproto.Match(size % 5)
			page.Items = []netproto.Hit{hit, offline}
		} else if suggestion != "" {
			page.Items, page.Suggestions = []netproto.Hit{}, []string{suggestion, name}
		}
		page.Corrected, page.Filtered = suggestion, size%2 == 1
		if got, want := appendSearch(nil, page), encodeJSON(page); !bytes.Equal(got, want) {
			t.Errorf("written by hand:\n%s\nby encoding/json:\n%s", got, want)
		}
	})
}

// bytesToText returns valid UTF-8, as all texts of a tracker are.
func bytesToText(s string) string { return string([]rune(s)) }
