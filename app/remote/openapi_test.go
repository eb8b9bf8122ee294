package remote

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/app/face"
)

// fits returns what of a value of JSON a schema of the document does not say.
func fits(document, s map[string]any, value any, where string) (complaints []string) {
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		s, ok = document["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
		if !ok {
			return []string{where + " leads to " + ref + ", which is not there"}
		}
	}
	kind := map[string]bool{}
	switch types := s["type"].(type) {
	case string:
		kind[types] = true
	case []any:
		for _, t := range types {
			kind[fmt.Sprint(t)] = true
		}
	}
	wrong := func(want string) {
		if len(s) > 0 && !kind[want] {
			complaints = append(complaints, fmt.Sprintf("%s is %s, not %v", where, want, s["type"]))
		}
	}
	switch value := value.(type) {
	case nil:
		wrong("null")
	case bool:
		wrong("boolean")
	case string:
		wrong("string")
	case float64:
		if value != float64(int64(value)) || kind["number"] {
			wrong("number")
		} else {
			wrong("integer")
		}
	case []any:
		wrong("array")
		items, _ := s["items"].(map[string]any)
		for _, item := range value {
			complaints = append(complaints, fits(document, items, item, where+"[]")...)
		}
	case map[string]any:
		wrong("object")
		properties, _ := s["properties"].(map[string]any)
		more, open := s["additionalProperties"].(map[string]any)
		for name, field := range value {
			of, ok := properties[name].(map[string]any)
			switch {
			case ok:
				complaints = append(complaints, fits(document, of, field, where+"."+name)...)
			case open:
				complaints = append(complaints, fits(document, more, field, where+"."+name)...)
			case len(s) > 0:
				complaints = append(complaints, fmt.Sprintf("%s.%s is not described", where, name))
			}
		}
	}
	return complaints
}

// asJSON is a value as it travels.
func asJSON(t *testing.T, v any) (value any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTheDescriptionFitsWhatTravels(t *testing.T) {
	c := connected(t, nil)
	document, err := exchanged[map[string]any](t.Context(), c, http.MethodGet, routeOpenAPI, nil)
	if err != nil {
		t.Fatal(err)
	}
	paths := document["paths"].(map[string]any)
	if len(paths) != len(arguments)+2 {
		t.Errorf("%d routes are described", len(paths))
	}
	at := func(v any, keys ...string) map[string]any {
		for _, key := range keys {
			v, _ = v.(map[string]any)[key]
		}
		object, _ := v.(map[string]any)
		return object
	}
	for _, method := range carried() {
		post := at(paths, routeEngine+method.Name, "post")
		sent := object{}
		for i, argument := range arguments[method.Name] {
			sent[argument] = filled(method.Type.In(i+1), 3).Interface()
		}
		complaints := fits(document, at(post, "requestBody", "content", mediaJSON, "schema"), asJSON(t, sent), method.Name)
		if method.Type.NumOut() == 2 {
			got := object{"result": filled(method.Type.Out(0), 3).Interface()}
			complaints = append(complaints, fits(document, at(post, "responses", "200", "content", mediaJSON, "schema"), asJSON(t, got), method.Name)...)
		}
		if len(complaints) > 0 {
			t.Errorf("%s", strings.Join(complaints, "\n"))
		}
	}
	failed := filled(reflect.TypeFor[face.InvalidSettings](), 3).Interface().(face.InvalidSettings)
	problems := at(paths, routeEngine+"Status", "post", "responses", "default", "content", "application/problem+json", "schema")
	if complaints := fits(document, problems, asJSON(t, problem{Fields: failed}), "problem"); len(complaints) > 0 {
		t.Errorf("%s", strings.Join(complaints, "\n"))
	}
	if bad := fits(document, problems, map[string]any{"colour": "red"}, "problem"); !slices.Equal(bad, []string{"problem.colour is not described"}) {
		t.Errorf("what is not described is let pass: %q", bad)
	}
}
