package seedapi

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// The seed checks its requests field by field and answers with the messages of
// the marshmallow library; these are the same.

// field checks one value and returns what is wrong with it, or "".
type field struct {
	name  string
	check func(v any) string
}

// Limits of what a seed client may register, in bytes; the seed has none.
const (
	maxPath = 1024 // with the name it fits into a request datagram
	maxHash = 128
)

var (
	peerIDField = field{"peer_id", checkUUID}
	nameField   = field{"resource_name", checkText(1, netproto.MaxNameBytes)}

	heartbeatFields = []field{peerIDField}
	queryFields     = []field{{"resource_name", checkText(0, netproto.MaxNameBytes)}}
	resourceFields  = []field{
		peerIDField,
		{"peer_ip", checkIPv4},
		{"peer_port", checkPort},
		{"resource_path", checkPath},
		nameField,
		{"resource_hash", checkText(1, maxHash)},
	}
)

// checkFields returns what is wrong with an object: a list of messages for each
// field, known fields first. It is empty if the object is valid.
func checkFields(object pyObject, fields []field, required bool) pyObject {
	var wrong pyObject
	known := map[string]bool{}
	for _, f := range fields {
		known[f.name] = true
		v, ok := object.get(f.name)
		message := ""
		switch {
		case ok:
			if message = f.check(v); isNull(v) {
				message = "Field may not be null."
			}
		case required:
			message = "Missing data for required field."
		}
		if message != "" {
			wrong = append(wrong, pyField{f.name, []string{message}})
		}
	}
	for _, f := range object {
		if !known[f.name] {
			wrong = append(wrong, pyField{f.name, []string{"Unknown field."}})
		}
	}
	return wrong
}

func isNull(v any) bool {
	raw, ok := v.(json.RawMessage)
	return ok && string(raw) == "null"
}

func checkUUID(v any) string {
	if text, ok := v.(string); ok {
		if _, err := uuid.Parse(text); err == nil {
			return ""
		}
	}
	return "Not a valid UUID."
}

func checkIPv4(v any) string {
	if text, ok := v.(string); ok {
		if addr, err := netip.ParseAddr(text); err == nil && addr.Is4() {
			return ""
		}
	}
	return "Not a valid IPv4 address."
}

// checkPort also accepts a number in a string, as the seed does.
func checkPort(v any) string {
	port, ok := portOf(v)
	switch {
	case !ok:
		return "Not a valid integer."
	case port < 1 || port > 65535:
		return "Must be greater than or equal to 1 and less than or equal to 65535."
	}
	return ""
}

func portOf(v any) (int, bool) {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	default:
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

func checkText(least, most int) func(v any) string {
	return func(v any) string {
		text, ok := v.(string)
		switch {
		case !ok:
			return "Not a valid string."
		case len(text) < least:
			return fmt.Sprintf("Shorter than minimum length %d.", least)
		case len(text) > most:
			return fmt.Sprintf("Longer than maximum length %d.", most)
		}
		return ""
	}
}

// checkPath also refuses invisible characters: each of them takes seven bytes in
// the list, and no path that can be fetched has any.
func checkPath(v any) string {
	if message := checkText(0, maxPath)(v); message != "" {
		return message
	}
	if text := v.(string); !utf8.ValidString(text) || netproto.Printable(text) != text {
		return "Not a valid string."
	}
	return ""
}

// rowOf returns the registration in an object whose fields were checked.
func rowOf(object pyObject) store.SeedRow {
	text := func(name string) string {
		v, _ := object.get(name)
		s, _ := v.(string)
		return s
	}
	port, _ := object.get("peer_port")
	n, _ := portOf(port)
	return store.SeedRow{
		PeerID: uuid.MustParse(text("peer_id")),
		SeedResource: netproto.SeedResource{
			PeerIP:       text("peer_ip"),
			PeerPort:     n,
			ResourcePath: text("resource_path"),
			ResourceName: text("resource_name"),
			ResourceHash: text("resource_hash"),
		},
	}
}
