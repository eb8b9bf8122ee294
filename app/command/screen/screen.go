// Package screen is where a command says what it does: lines, tables and a bar for people, and
// with --json one object a line for programs.
package screen

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// Screen is where a command says what it does.
type Screen struct {
	Out, Err io.Writer
	// Terminal means that Err is a terminal, on which a progress bar can be drawn.
	Terminal bool
	JSON     bool
	Verbose  bool
	Wide     int  // columns of the terminal that Out is; 0 if it is none
	shown    *Bar // the bar on the terminal; nil if there is none
}

// failedEvent says why a command fails.
type failedEvent struct {
	Event   string        `json:"event"` // error
	Code    netproto.Code `json:"code"`
	Message string        `json:"message"`
	Hint    string        `json:"hint"`
}

// Event prints a JSON object. If that fails, the command ends in order and fails. A text
// that is no UTF-8, such as the path of a folder, follows once more in base64.
func (s *Screen) Event(v any) {
	line, err := netproto.VisibleJSON(v)
	if more := asBytes(reflect.ValueOf(v)); err == nil && more != "" {
		line = append(bytes.TrimSuffix(line, []byte("}\n")), more+"}\n"...)
	}
	if err != nil {
		line, _ = netproto.VisibleJSON(failedEvent{Event: "error", Code: netproto.CodeInternal, Message: err.Error()})
	}
	_, _ = s.Out.Write(line) // the output remembers its failure
}

// asBytes returns the fields for the texts of an object that JSON cannot hold.
func asBytes(v reflect.Value) (more string) {
	if v.Kind() != reflect.Struct {
		return ""
	}
	for field, value := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			more += asBytes(value)
		case name != "" && value.Kind() == reflect.String && !utf8.ValidString(value.String()):
			more += fmt.Sprintf(`,"%s_bytes":"%s"`, name, base64.StdEncoding.EncodeToString([]byte(value.String())))
		}
	}
	return more
}

// Say prints a line for people; with --json it prints nothing.
func (s *Screen) Say(format string, args ...any) {
	if !s.JSON {
		fmt.Fprintf(s.Out, format+"\n", args...)
	}
}

// Fail reports what went wrong on stderr and, with --json, on stdout.
func (s *Screen) Fail(err error) {
	code := netproto.CodeOf(err)
	if errors.Is(err, context.Canceled) { // that of the command, which also ends with a closed terminal
		code = netproto.CodeCancelled
		err = &netproto.Error{Code: code}
	}
	fmt.Fprintln(s.Err, "centralizedp2p: "+cli.Sentence(err))
	if s.JSON {
		s.Event(failedEvent{Event: "error", Code: code, Message: err.Error(), Hint: cli.Hint(code)})
	}
}

// Report prints an object with --json, and otherwise a line for people.
func (s *Screen) Report(v any, format string, args ...any) {
	if s.JSON {
		s.Event(v)
		return
	}
	s.Say(format, args...)
}
