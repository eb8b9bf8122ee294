package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// arguments names the arguments of each method of [face.Engine] that is carried, in
// their order and without the context. They are the fields of the object that a call
// sends.
var arguments = map[string][]string{
	"Status":      {},
	"Totals":      {},
	"Leaving":     {},
	"Diagnostics": {},
	"Checkup":     {},

	"Downloads":       {},
	"Details":         {"download"},
	"Download":        {"request"},
	"Pause":           {"downloads"},
	"Resume":          {"downloads"},
	"Retry":           {"downloads"},
	"Cancel":          {"downloads"},
	"Remove":          {"downloads"},
	"RemoveToTrash":   {"downloads"},
	"RemoveWithFiles": {"downloads"},

	"MoveInQueue":      {"downloads", "way"},
	"SetPriority":      {"downloads", "priority"},
	"SetDownloadLimit": {"downloads", "bytes_per_second"},
	"Prefer":           {"download", "path"},
	"Verify":           {"downloads"},
	"MoveTo":           {"downloads", "folder"},

	"Preview": {"download", "path"},

	"Uploads":     {},
	"StopUploads": {"uploads"},

	"Shares":      {},
	"Review":      {"paths"},
	"Share":       {"request"},
	"StopSharing": {"shares"},
	"ShareAgain":  {"shares"},
	"LinkOf":      {"share"},
	"LeftOut":     {"share"},
	"VisibleTo":   {"share"},
	"SetVisible":  {"shares", "visible"},

	"Search":         {"request"},
	"FolderContents": {"folder"},
	"Have":           {"contents"},

	"Tracker":          {},
	"UseTracker":       {"address"},
	"AlsoUseTracker":   {"address", "on"},
	"ForgetTracker":    {"address"},
	"Reconnect":        {},
	"AcceptTrackerKey": {"address", "key"},
	"StartTracker":     {},
	"StopTracker":      {},

	"Settings":      {},
	"ApplySettings": {"settings"},
	"SetQuickLimit": {"on"},
	"TestPort":      {},

	"Wishes":       {},
	"AddWish":      {"request"},
	"RemoveWishes": {"wishes"},
	"SeeWishes":    {},

	"People":     {"words"},
	"Person":     {"person"},
	"Browse":     {"person", "cursor"},
	"Know":       {"person", "known"},
	"ReviewSend": {"paths"},
	"Send":       {"request"},
	"Outbox":     {},
	"Inbox":      {},
	"Accept":     {"request", "folder"},
	"Decline":    {"requests"},
	"Withdraw":   {"requests"},
	"Clear":      {"requests"},

	"OfferWeb":    {"offer"},
	"ReceiveWeb":  {"folder"},
	"WebPages":    {},
	"SetWebTerms": {"page", "terms"},
	"CloseWeb":    {"pages"},

	"ListFolder": {"folder"},
}

func methodNames() []string { return slices.Sorted(maps.Keys(arguments)) }

// methodsOf returns the methods of an engine by their names.
func methodsOf(engine face.Engine) func(name string) reflect.Value {
	return reflect.ValueOf(engine).MethodByName
}

// invoke calls a method with the arguments of a body; "method-not-allowed" if it is not
// carried. result is nil if the method has none.
func (c *caller) invoke(ctx context.Context, name string, body []byte) (result any, err error) {
	names, carried := arguments[name]
	if !carried {
		return nil, netproto.Errorf(netproto.CodeMethod, "this version has no method %s", name)
	}
	f := c.methods(name)
	in := make([]reflect.Value, 0, 1+len(names))
	in = append(in, reflect.ValueOf(ctx))
	given, err := parseArguments(body)
	if err != nil {
		return nil, err
	}
	for i, argument := range names {
		value := reflect.New(f.Type().In(i + 1))
		if name == "ApplySettings" { // a field that an older caller does not know stays as it is
			now := c.methods("Settings").Call(in[:1])
			if err, _ := now[1].Interface().(error); err != nil {
				return nil, err
			}
			value.Elem().Set(now[0])
		}
		if raw := given[argument]; raw != nil {
			if err := json.Unmarshal(raw, value.Interface()); err != nil {
				return nil, netproto.Errorf(netproto.CodeBadRequest, "%s: %w", argument, err)
			}
		}
		in = append(in, value.Elem())
	}
	out := f.Call(in)
	err, _ = out[len(out)-1].Interface().(error)
	if len(out) == 2 {
		result = out[0].Interface()
	}
	return result, err
}

// parseArguments reads the one object of a body; an empty body is one without fields.
func parseArguments(body []byte) (map[string]json.RawMessage, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var given map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&given); err != nil {
		return nil, netproto.Errorf(netproto.CodeBadRequest, "the arguments are one object of JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, netproto.Errorf(netproto.CodeBadRequest, "something follows the arguments")
	}
	return given, nil
}
