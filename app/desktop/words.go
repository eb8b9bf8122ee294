//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"github.com/rivo/uniseg"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// values fill the places of a text.
type values map[string]any

// progressWords says how far something is: "412 MB of 1.2 GB".
func progressWords(done, size int64) string {
	return lang.L("{{.Done}} of {{.Size}}", values{"Done": sizeWords(done), "Size": sizeWords(size)})
}

func sourcesWords(n int) string {
	return lang.N("{{.Count}} sources", n, values{"Count": countWords(n)})
}
func filesWords(n int) string { return lang.N("{{.Count}} files", n, values{"Count": countWords(n)}) }
func peersWords(n int) string { return lang.N("{{.Count}} peers", n, values{"Count": countWords(n)}) }

// joined puts parts side by side, without the empty ones.
func joined(parts ...string) string {
	var present []string
	for _, part := range parts {
		if part != "" {
			present = append(present, part)
		}
	}
	return strings.Join(present, betweenParts)
}

const betweenParts = " · "

// percent is done of size from 0 to 1.
func percent(done, size int64) float64 {
	if size <= 0 {
		return 0
	}
	return min(max(float64(done)/float64(size), 0), 1)
}

// kindWords names a kind of contents; anyKind is all of them.
func kindWords(kind netproto.Kind) string {
	switch kind {
	case anyKind:
		return lang.L("All types")
	case netproto.KindAudio:
		return lang.L("Audio")
	case netproto.KindVideo:
		return lang.L("Video")
	case netproto.KindImage:
		return lang.L("Image")
	case netproto.KindDocument:
		return lang.L("Document")
	case netproto.KindArchive:
		return lang.L("Archive")
	case netproto.KindProgram:
		return lang.L("Program")
	case netproto.KindFolder:
		return lang.L("Folder")
	default:
		return lang.L("Other type")
	}
}

var skipWords = map[face.SkipReason]phrase{
	face.SkipUnreadable: "cannot be read",
	face.SkipSymlink:    "is a link to another place",
	face.SkipSpecial:    "is a device, not a file",
	face.SkipShared:     "is shared already",
	face.SkipName:       "has a name that some computers cannot store",
	face.SkipTooLarge:   "is larger than can be shared",
	face.SkipIgnored:    "is ignored by a pattern in the settings",
}

// cutMiddle shortens text to what fits, so that its beginning and its end,
// where the extension is, stay readable. fits says whether a text does.
func cutMiddle(text string, fits func(string) bool) string { return cutText(text, fits, 3) }

// longPart is how many characters a part has, such as a path, of which the begin
// alone says something.
const longPart = 24

// cutParts shortens joined parts to what fits by leaving out the last ones. The
// first, and one that is long, is cut at its end.
func cutParts(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	for {
		end := strings.LastIndex(text, betweenParts)
		if end < 0 {
			return cutEnd(text, fits)
		}
		last := []rune(text[end+len(betweenParts):])
		if len(last) > longPart && fits(text[:end]+betweenParts+string(last[:longPart/2])+"…") {
			return cutEnd(text, fits)
		}
		text = text[:end]
		if cut := text + betweenParts + "…"; fits(cut) {
			return cut
		}
	}
}

// cutEnd shortens text to what fits by cutting its end.
func cutEnd(text string, fits func(string) bool) string { return cutText(text, fits, 0) }

// cutText keeps as many characters, as people count them, as fit beside "…";
// one in tailShare of them at the end, none when it is 0.
func cutText(text string, fits func(string) bool, tailShare int) string {
	if fits(text) {
		return text
	}
	var clusters []string
	for rest, state := text, -1; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		clusters = append(clusters, cluster)
	}
	cut := func(keep int) string {
		tail := 0
		if tailShare > 0 {
			tail = keep / tailShare
		}
		return strings.Join(clusters[:keep-tail], "") + "…" + strings.Join(clusters[len(clusters)-tail:], "")
	}
	low, high := 0, len(clusters) // the most that fits is in [low, high)
	for low+1 < high {
		if middle := (low + high) / 2; fits(cut(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return cut(low)
}

// fingerprintWords writes a fingerprint in groups that can be read aloud.
func fingerprintWords(f netproto.Fingerprint) string {
	if f.IsZero() {
		return lang.L("not known yet")
	}
	text := f.String()
	var groups []string
	for len(text) > 4 {
		groups = append(groups, text[:4])
		text = text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// trackerName returns the name of a tracker, or its address if it has none.
func trackerName(k face.KnownTracker) string {
	if k.Name == "" {
		return k.Address
	}
	return netproto.Printable(k.Name)
}

// openPath shows a file or folder with the program that the desktop chose
// for it.
func openPath(app fyne.App, path string) error {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	if err := app.OpenURL(&url.URL{Scheme: "file", Path: slashed}); err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err)
	}
	return nil
}

// shortHash is enough of a hash to tell two contents apart by eye.
func shortHash(h netproto.ContentHash) string { return fmt.Sprintf("%.8s", h.String()) }
