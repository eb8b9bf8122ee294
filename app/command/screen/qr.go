package screen

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the margin of a code, in modules, without which cameras do not find it
// (ISO/IEC 18004 §6.3.8).
const quiet = 4

// QR draws a QR code on the terminal, two modules to a character. It is black on
// white, whatever the colours of the terminal. A text that is too long has none.
func (s *Screen) QR(text string) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString([]string{" ", "▀", "▄", "█"}[bit(code.Black(x, y))+2*bit(code.Black(x, y+1))])
		}
		b.WriteString("\x1b[0m\n")
	}
	fmt.Fprint(s.Err, b.String())
}

func bit(black bool) int {
	if black {
		return 1
	}
	return 0
}
