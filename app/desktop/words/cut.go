package words

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Join puts parts side by side, without the empty ones.
func Join(parts ...string) string {
	var present []string
	for _, part := range parts {
		if part != "" {
			present = append(present, part)
		}
	}
	return strings.Join(present, Separator)
}

const Separator = " · "

// CutMiddle shortens text to what fits, so that its beginning and its end,
// where the extension is, stay readable. fits says whether a text does.
func CutMiddle(text string, fits func(string) bool) string { return cutText(text, fits, 3) }

// longPart is how many characters a part has, such as a path, of which the begin
// alone says something.
const longPart = 24

// CutParts shortens joined parts to what fits by leaving out the last ones. The
// first, and one that is long, is cut at its end.
func CutParts(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	for {
		end := strings.LastIndex(text, Separator)
		if end < 0 {
			return CutEnd(text, fits)
		}
		last := []rune(text[end+len(Separator):])
		if len(last) > longPart && fits(text[:end]+Separator+string(last[:longPart/2])+"…") {
			return CutEnd(text, fits)
		}
		text = text[:end]
		if cut := text + Separator + "…"; fits(cut) {
			return cut
		}
	}
}

// CutEnd shortens text to what fits by cutting its end.
func CutEnd(text string, fits func(string) bool) string { return cutText(text, fits, 0) }

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
