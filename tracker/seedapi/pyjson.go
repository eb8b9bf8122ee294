package seedapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"centralizedp2p/tracker/strictjson"
)

// The seed's answers are made by Python's json.dumps: ", " and ": " as
// separators, everything beyond ASCII escaped, keys in the order they were given.
// Programs that compare text must not notice that the tracker is another one.

// pyObject is a Python dict, which keeps its order.
type pyObject []pyField

// pyField is an entry of a pyObject. Its value is a string, a bool, an int, a
// json.Number, a json.RawMessage, a []string, a pyObject or a []pyObject.
type pyField struct {
	name  string
	value any
}

func (o pyObject) get(name string) (any, bool) {
	for _, f := range o {
		if f.name == name {
			return f.value, true
		}
	}
	return nil, false
}

// pyDumps returns json.dumps(v).
func pyDumps(v any) string { return string(appendPy(nil, v)) }

func appendPy(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendPyString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case json.Number:
		return append(dst, v...)
	case []string:
		return appendPyList(dst, v)
	case []pyObject:
		return appendPyList(dst, v)
	case pyObject:
		dst = append(dst, '{')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendPyString(dst, f.name)
			dst = append(dst, ": "...)
			dst = appendPy(dst, f.value)
		}
		return append(dst, '}')
	}
	panic(fmt.Sprintf("no answer to a seed client holds a %T", v))
}

func appendPyList[T any](dst []byte, list []T) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendPy(dst, v)
	}
	return append(dst, ']')
}

func appendPyString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r == '\b':
			dst = append(dst, `\b`...)
		case r >= ' ' && r <= '~':
			dst = append(dst, byte(r))
		case r <= 0xFFFF:
			dst = appendEscape(dst, r)
		default:
			high, low := utf16.EncodeRune(r)
			dst = appendEscape(appendEscape(dst, high), low)
		}
	}
	return append(dst, '"')
}

// appendEscape appends \u and four hexadecimal digits.
func appendEscape(dst []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

// pyRepr returns repr(v) of a dict of lists of strings: what str() of an error
// shows in an answer to the seed's heartbeat.
func pyRepr(v any) string {
	switch v := v.(type) {
	case string:
		return pyReprString(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = pyReprString(s)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case pyObject:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = pyReprString(f.name) + ": " + pyRepr(f.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	panic(fmt.Sprintf("no answer to a heartbeat holds a %T", v))
}

func pyReprString(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

var errNoObject = errors.New("the body is not a single JSON object")

// parsePyObject reads a JSON object of strings and numbers and keeps its order.
// If a name occurs more than once, the last value counts, at the place of the
// first, as in Python. A value of any other type becomes a json.RawMessage.
func parsePyObject(body []byte) (pyObject, error) {
	if !json.Valid(body) { // checks the whole body, so nothing can follow the object
		return nil, errNoObject
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errNoObject
	}
	var object pyObject
	at := map[string]int{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errNoObject
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, errNoObject
		}
		f := pyField{name.(string), pyValue(raw)}
		if i, again := at[f.name]; again {
			object[i] = f
			continue
		}
		at[f.name] = len(object)
		object = append(object, f)
	}
	if _, err := decoder.Token(); err != nil && !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return object, nil
}

// pyValue makes no string of what has half a character or is not UTF-8:
// encoding/json would put another one in its place.
func pyValue(raw json.RawMessage) any {
	switch raw[0] {
	case '"':
		var s string
		if strictjson.Check(raw, nil) == nil && json.Unmarshal(raw, &s) == nil {
			return s
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return json.Number(raw)
	}
	return raw
}
