package words

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
)

// Join puts parts side by side, leaving out empty ones.
func Join(parts ...string) string {
	var present []string
	for _, part := range parts {
		if part != "" {
			present = append(present, part)
		}
	}
	return strings.Join(present, Separator)
}

// Separator stands between the parts of a joined text.
const Separator = " · "

// CutMiddle shortens text until it fits. Its start and its end, where a file
// name has its extension, stay readable.
func CutMiddle(text string, fits func(string) bool) string { return cutText(text, fits, 3) }

// CutName keeps a name on one line, in the title of a sheet or on a button.
func CutName(name string) string {
	const titleLength = 60
	return CutMiddle(name, func(text string) bool { return len([]rune(text)) <= titleLength })
}

// longPart is the number of characters from which a part, such as a path, is
// cut instead of left out.
const longPart = 24

// CutParts shortens text made by Join until it fits, by leaving out its last
// parts. The first part, and a long one, is cut at its end.
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

// measured is a number and the space before its unit.
var measured = regexp.MustCompile(`(\d) (%|[kMGTPE]?[Bo]\b|ms\b|s\b|min\b|h\b)`)

// Wrap breaks text into lines that fit, where its script allows it, and not between a
// number and its unit. A word that is longer than a line is not broken.
func Wrap(text string, fits func(string) bool) []string {
	var lines []string
	line := ""
	for rest, state := measured.ReplaceAllString(text, "$1\u00a0$2"), -1; rest != ""; {
		var part string
		part, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		if line != "" && !fits(strings.TrimSpace(line+part)) {
			lines = append(lines, strings.TrimSpace(line))
			line = ""
		}
		line += part
	}
	if line != "" {
		lines = append(lines, strings.TrimSpace(line))
	}
	for i := range lines { // which break no more
		lines[i] = strings.ReplaceAll(lines[i], "\u00a0", " ")
	}
	return lines
}

// CutEnd shortens text until it fits, by cutting its end.
func CutEnd(text string, fits func(string) bool) string { return cutText(text, fits, 0) }

// cutText keeps as many characters as fit beside "…", counted as people count
// them. One in tailShare of them is kept at the end; none if it is 0.
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
	low, high := 0, len(clusters) // the largest number that fits is in [low, high)
	for low+1 < high {
		if middle := (low + high) / 2; fits(cut(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return cut(low)
}
