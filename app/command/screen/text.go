package screen

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"centralizedp2p/netproto"
)

// Count returns a number of things in words, such as "2 files".
func Count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Size returns n bytes in words; a negative size is unknown.
func Size(n int64) string {
	if n < 0 {
		return "unknown size"
	}
	return humanize.Bytes(uint64(n))
}

// Rate returns n bytes in that many seconds, in words.
func Rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return "at once"
	}
	return humanize.Bytes(uint64(float64(n)/seconds)) + "/s"
}

// Short shortens a name to at most that many columns; the end says which kind of file
// it is.
func Short(name string, columns int) string {
	name = netproto.Printable(name)
	if uniseg.StringWidth(name) <= columns {
		return name
	}
	var clusters []string
	for g := uniseg.NewGraphemes(name); g.Next(); {
		clusters = append(clusters, g.Str())
	}
	head, tail := 0, len(clusters)
	for left := columns - 1; head < tail; {
		front := head <= len(clusters)-tail // the shorter end grows
		next := clusters[tail-1]
		if front {
			next = clusters[head]
		}
		if left -= uniseg.StringWidth(next); left < 0 {
			break
		}
		if front {
			head++
		} else {
			tail--
		}
	}
	return strings.Join(clusters[:head], "") + "…" + strings.Join(clusters[tail:], "")
}

// WidthOf returns how many columns a terminal has; 0 for what is none.
func WidthOf(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return max(width, 0)
}
