// Package strictjson refuses JSON that two programs could read differently.
//
// encoding/json accepts more than JSON should be between programs (RFC 8259 §4,
// RFC 7493): it takes the last of two members with one name, matches names in
// any case, and replaces half characters. Whatever two programs read
// differently is a way around checks, so a body is checked before it is decoded.
//
// encoding/json/v2 does all this by itself: it refuses duplicate names and
// invalid UTF-8 and matches names by case. Up to Go 1.26 it exists only with
// GOEXPERIMENT=jsonv2. Once a Go release has it without, this package can go; the
// bounds on depth and members then move to jsontext.Decoder. The module
// github.com/go-json-experiment/json does the same today, but it promises no
// stable interface before the release.
package strictjson

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// Bounds of a body; those of version 1 of the API have three levels and at most
// seven members in an object.
const (
	maxDepth   = 16
	maxMembers = 64
)

// Check returns a netproto.CodeBadRequest unless the body can be read in one way
// only: it is one JSON value in UTF-8 without halves of surrogate pairs, nothing
// follows it, no object names a member twice, and no name differs from a known
// one in its case alone. Unknown names are allowed.
func Check(body []byte, known Names) error {
	if !utf8.Valid(body) {
		return netproto.Errorf(netproto.CodeBadRequest, "the body is not valid UTF-8")
	}
	s := scan{text: body, known: known}
	s.space()
	if s.value(0); s.wrong == "" {
		if s.space(); s.at < len(s.text) {
			s.wrong = "something follows the JSON body"
		}
	}
	if s.wrong != "" {
		return netproto.Errorf(netproto.CodeBadRequest, "%s, at byte %d", s.wrong, s.at)
	}
	return nil
}

// Names holds the names of members in JSON by their folded form.
type Names map[string]string

// NamesIn returns the names in the given structs and in all structs inside them.
func NamesIn(types ...reflect.Type) Names {
	names := Names{}
	for _, t := range types {
		names.add(t)
	}
	return names
}

func (names Names) add(t reflect.Type) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Array:
		names.add(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names[fold(name)] = name
				names.add(f.Type)
			}
		}
	}
}

// fold returns a name as encoding/json compares it if no member has exactly that
// name: two letters beyond ASCII fold into ASCII.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == 'ſ':
			return 's'
		case r == '\u212a': // the sign of the kelvin
			return 'k'
		}
		return r
	}, name)
}

// scan walks over a JSON text and stops at the first thing that is wrong.
type scan struct {
	text  []byte
	at    int
	known Names
	wrong string
	names [][]byte // of the members of all open objects
}

func (s *scan) refuse(why string) { s.wrong = why }

const notJSON = "the body is not JSON"

func (s *scan) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// next consumes one byte if it is c.
func (s *scan) next(c byte) bool {
	if s.wrong == "" && s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scan) value(depth int) {
	if depth > maxDepth {
		s.refuse("the body is nested too deep")
		return
	}
	if s.at == len(s.text) {
		s.refuse(notJSON)
		return
	}
	switch c := s.text[s.at]; c {
	case '{':
		s.object(depth)
	case '[':
		s.array(depth)
	case '"':
		s.str()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

func (s *scan) word(word string) {
	if end := s.at + len(word); end <= len(s.text) && string(s.text[s.at:end]) == word {
		s.at = end
		return
	}
	s.refuse(notJSON)
}

func (s *scan) array(depth int) {
	s.at++
	if s.space(); s.next(']') {
		return
	}
	for {
		s.space()
		s.value(depth + 1)
		if s.space(); !s.next(',') {
			break
		}
	}
	if !s.next(']') && s.wrong == "" {
		s.refuse(notJSON)
	}
}

func (s *scan) object(depth int) {
	s.at++
	if s.space(); s.next('}') {
		return
	}
	first := len(s.names)
	for {
		s.space()
		s.member(s.names[first:])
		if s.space(); !s.next(':') {
			if s.wrong == "" {
				s.refuse(notJSON)
			}
			return
		}
		s.space()
		s.value(depth + 1)
		if s.space(); !s.next(',') {
			break
		}
	}
	s.names = s.names[:first]
	if !s.next('}') && s.wrong == "" {
		s.refuse(notJSON)
	}
}

// member reads a name and compares it with those before it in its object.
func (s *scan) member(before [][]byte) {
	if s.at == len(s.text) || s.text[s.at] != '"' {
		s.refuse(notJSON)
		return
	}
	begin := s.at
	escaped := s.str()
	if s.wrong != "" {
		return
	}
	name := s.text[begin+1 : s.at-1]
	if escaped {
		var text string
		if json.Unmarshal(s.text[begin:s.at], &text) != nil {
			s.refuse(notJSON)
			return
		}
		name = []byte(text)
	}
	switch {
	case len(before) == maxMembers:
		s.refuse("an object has too many members")
	case slices.ContainsFunc(before, func(other []byte) bool { return string(other) == string(name) }):
		s.refuse("an object names a member twice")
	case s.alias(name):
		s.refuse("the name of a member is written in another case")
	}
	s.names = append(s.names, name)
}

// alias reports whether encoding/json would take the name for another, known
// one.
func (s *scan) alias(name []byte) bool {
	lower := true
	for _, c := range name {
		lower = lower && c < utf8.RuneSelf && (c < 'A' || c > 'Z')
	}
	if lower {
		return false // the common case, decided without allocating the folded form
	}
	exact, known := s.known[fold(string(name))]
	return known && exact != string(name)
}

// str skips a string and reports whether it has escapes.
func (s *scan) str() (escaped bool) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return escaped
		case c < ' ':
			s.refuse(notJSON)
			return escaped
		case c == '\\':
			escaped = true
			if s.escape(); s.wrong != "" {
				return escaped
			}
		}
	}
	s.refuse(notJSON)
	return escaped
}

// escape skips all of an escape except its last byte.
func (s *scan) escape() {
	if s.at++; s.at == len(s.text) {
		s.refuse(notJSON)
		return
	}
	switch s.text[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return
	case 'u':
	default:
		s.refuse(notJSON)
		return
	}
	unit, ok := s.unit(s.at + 1)
	if !ok {
		s.refuse(notJSON)
		return
	}
	s.at += 4
	switch {
	case unit < 0xD800 || unit > 0xDFFF:
	case unit < 0xDC00 && s.at+2 < len(s.text) && s.text[s.at+1] == '\\' && s.text[s.at+2] == 'u':
		if low, ok := s.unit(s.at + 3); ok && low >= 0xDC00 && low <= 0xDFFF {
			s.at += 6
			return
		}
		fallthrough
	default:
		s.refuse("a string has half of a character")
	}
}

// unit reads four hexadecimal digits.
func (s *scan) unit(at int) (unit rune, ok bool) {
	if at+4 > len(s.text) {
		return 0, false
	}
	for _, c := range s.text[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			unit = unit<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

func (s *scan) number() {
	s.next('-')
	if !s.next('0') && !s.digits() {
		s.refuse(notJSON)
		return
	}
	if s.next('.') && !s.digits() {
		s.refuse(notJSON)
		return
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			s.refuse(notJSON)
		}
	}
}

func (s *scan) digits() bool {
	begin := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > begin
}
