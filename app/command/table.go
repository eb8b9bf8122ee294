package command

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"

	"centralizedp2p/netproto"
)

// least is how short the last column of a table may become, in columns of the terminal.
const least = 8

// table prints rows under a head. All cells but the last are as wide as the widest; on a
// terminal the last one is shortened to what is left.
func (p *program) table(head []string, rows [][]string) {
	rows = append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range rows {
		for i := range row[:len(row)-1] {
			row[i] = netproto.Printable(row[i])
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		used := 0
		for i, cell := range row[:len(row)-1] {
			used += widths[i] + 2
			fmt.Fprintf(&line, "%s%s  ", cell, strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)))
		}
		last := netproto.Printable(row[len(row)-1])
		if p.Terminal {
			last = short(last, max(p.columns()-used-1, least))
		}
		p.say("%s", strings.TrimRight(line.String()+last, " "))
	}
}
