package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"centralizedp2p/netproto"
)

// least is how narrow a column of a table may become on a terminal.
const least = 8

// Table prints rows under a head. Each column is as wide as its widest cell; on a
// terminal the widest are shortened until all fit.
func (s *Screen) Table(head []string, rows [][]string) {
	rows = append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range rows {
		for i := range row {
			row[i] = netproto.Printable(row[i])
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, width := range widths {
		total += width
	}
	for ; s.Wide > 0 && total >= s.Wide; total-- { // the last place of a line is left free
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= least {
			break
		}
		widths[widest]--
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if s.Wide > 0 {
				cell = Short(cell, widths[i])
			}
			fmt.Fprintf(&line, "%s%s  ", cell, strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)))
		}
		s.Say("%s", strings.TrimRight(line.String(), " "))
	}
}
