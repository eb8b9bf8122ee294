//go:build !darwin || cgo

package desktop

import (
	"strings"

	"github.com/rivo/uniseg"
)

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
