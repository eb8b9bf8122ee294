package command

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// The JSON objects that commands print, one per line.
type (
	sharedEvent struct {
		Event     string               `json:"event"` // shared
		Hash      netproto.ContentHash `json:"hash"`
		Size      int64                `json:"size"` // bytes
		Name      string               `json:"name"`
		Path      string               `json:"path"`
		PathBytes string               `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
		Link      string               `json:"link"`
		Files     *int                 `json:"files,omitempty"` // of a folder only
	}
	hitLine struct {
		Hash    netproto.ContentHash `json:"hash"`
		Name    string               `json:"name"`
		Size    int64                `json:"size"` // bytes
		Sources int                  `json:"sources"`
		Folder  bool                 `json:"folder,omitempty"`
	}
	progressEvent struct {
		Event   string      `json:"event"` // progress
		State   queue.State `json:"state"`
		Done    int64       `json:"done"` // bytes verified
		Size    int64       `json:"size"` // bytes; -1 while it is unknown
		Rate    int64       `json:"rate"` // bytes per second
		Sources int         `json:"sources"`
		// Ways are the connections at work, by how they came about.
		Ways session.WayCounts `json:"ways,omitzero"`
	}
	completedEvent struct {
		Event     string               `json:"event"` // completed
		Path      string               `json:"path"`
		PathBytes string               `json:"path_bytes,omitempty"` // base64; only if the path is no UTF-8
		Hash      netproto.ContentHash `json:"hash"`
		Size      int64                `json:"size"` // bytes
		Seconds   float64              `json:"seconds"`
		Sources   int                  `json:"sources"` // that sent something
	}
	failedEvent struct {
		Event   string        `json:"event"` // error
		Code    netproto.Code `json:"code"`
		Message string        `json:"message"`
		Hint    string        `json:"hint"`
	}
)

// event prints a JSON object. If that fails, the command ends in order and fails. A text
// that is no UTF-8, such as the path of a folder, follows once more in base64.
func (p *program) event(v any) {
	line, err := netproto.VisibleJSON(v)
	if more := asBytes(reflect.ValueOf(v)); err == nil && more != "" {
		line = append(bytes.TrimSuffix(line, []byte("}\n")), more+"}\n"...)
	}
	if err != nil {
		line, _ = netproto.VisibleJSON(failedEvent{Event: "error", Code: netproto.CodeInternal, Message: err.Error()})
	}
	_, _ = p.Out.Write(line) // the output remembers its failure
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

// say prints a line for people; with --json it prints nothing.
func (p *program) say(format string, args ...any) {
	if !p.json {
		fmt.Fprintf(p.Out, format+"\n", args...)
	}
}

func size(n int64) string {
	if n < 0 {
		return "unknown size"
	}
	return humanize.Bytes(uint64(n))
}

// rate returns n bytes in that many seconds, in words.
func rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return "at once"
	}
	return humanize.Bytes(uint64(float64(n)/seconds)) + "/s"
}
