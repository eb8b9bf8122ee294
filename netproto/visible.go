package netproto

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// VisibleJSON returns v as one line of JSON, with its line end, in which every
// character can be seen: those that change a terminal or how other text looks are
// escaped. "<", ">" and "&" stay as they are.
func VisibleJSON(v any) ([]byte, error) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	line := bytes.TrimSuffix(plain.Bytes(), []byte("\n"))
	visible := make([]byte, 0, len(line)+1)
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if Invisible(r) {
			for _, unit := range utf16.Encode([]rune{r}) {
				visible = fmt.Appendf(visible, `\u%04x`, unit)
			}
		} else {
			visible = append(visible, line[:n]...)
		}
		line = line[n:]
	}
	return append(visible, '\n'), nil
}
