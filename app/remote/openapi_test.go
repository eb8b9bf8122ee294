package remote

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
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

// at is an object inside of others.
func at(v any, keys ...string) map[string]any {
	for _, key := range keys {
		within, _ := v.(map[string]any)
		v = within[key]
	}
	object, _ := v.(map[string]any)
	return object
}

func TestTheDescriptionFitsWhatTravels(t *testing.T) {
	c := connected(t, nil)
	document, err := exchanged[map[string]any](t.Context(), c, http.MethodGet, routeOpenAPI, nil)
	if err != nil {
		t.Fatal(err)
	}
	paths := document["paths"].(map[string]any)
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

// The table at the top of the package and the description have the same requests.
func TestEveryRequestIsDescribed(t *testing.T) {
	source, err := os.ReadFile("remote.go")
	if err != nil {
		t.Fatal(err)
	}
	var table, described []string
	for _, line := range regexp.MustCompile(`(?m)^//\t([A-Z]+) +(/\S+)`).FindAllStringSubmatch(string(source), -1) {
		if line[2] != routeEngine+"METHOD" && line[2] != routeOpenAPI {
			table = append(table, line[1]+" "+line[2])
		}
	}
	for route, methods := range openAPI("1.2.3")["paths"].(schema) {
		for method := range methods.(schema) {
			if !strings.HasPrefix(route, routeEngine) {
				described = append(described, strings.ToUpper(method)+" "+route)
			}
		}
	}
	slices.Sort(table)
	slices.Sort(described)
	if diff := cmp.Diff(table, described); diff != "" {
		t.Errorf("the table (-) and the description (+) have other requests:\n%s", diff)
	}
}

// pairedByDescription pairs a key as the description says, and returns what travelled.
func pairedByDescription(t *testing.T, c *citadel, id *identity.Identity, shown string) (sent, answer map[string]any) {
	t.Helper()
	raw, err := tls.Dial("tcp", c.far.Address(), id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	state := raw.ConnectionState()
	own, other := id.Fingerprint(), c.key.Fingerprint()
	bound, err := state.ExportKeyingMaterial("EXPORTER-centralizedp2p-pairing", nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pbkdf2.Key(sha256.New, strings.ReplaceAll(shown, "-", ""), slices.Concat(own[:], other[:]), 100_000, 32)
	if err != nil {
		t.Fatal(err)
	}
	proof := func(side string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(side))
		mac.Write(bound)
		return mac.Sum(nil)
	}
	transport := &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return raw, nil }, DisableKeepAlives: true}
	sent = asJSON(t, object{"name": "a script", "proof": proof("controller")}).(map[string]any)
	answer = requested(t, newClient("https://"+c.far.Address(), transport), "post", routePair, mediaJSON, sent).(map[string]any)
	if want := asJSON(t, proof("peer")); answer["proof"] != want {
		t.Errorf("the peer proves %v, not %v", answer["proof"], want)
	}
	return sent, answer
}

// requested sends a body, bytes or a value for JSON, and returns the answer; nil if there is none.
func requested(t *testing.T, c *Client, method, route, mediaType string, body any) (answer any) {
	t.Helper()
	defer c.Close()
	raw, isRaw := body.([]byte)
	if !isRaw {
		raw, _ = json.Marshal(body) // was made of JSON
	}
	request, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), c.base+route, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", mediaType)
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusOK, http.StatusMethodNotAllowed:
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	t.Fatalf("%s %s: %s", method, route, response.Status)
	return nil
}

// misfits returns what the description of an operation does not say of what travelled.
func misfits(document map[string]any, o operation, sent, answer any) (complaints []string) {
	described := at(document, "paths", o.route, o.method)
	if body := at(described, "requestBody", "content", mediaJSON); body != nil {
		complaints = fits(document, at(body, "schema"), sent, o.route)
	}
	success := at(described, "responses", "200", "content", mediaJSON, "schema")
	if nothing := answer == nil; nothing != (success == nil) || nothing != (at(described, "responses", "204") != nil) {
		return append(complaints, fmt.Sprintf("%s %s answers %v", o.method, o.route, answer))
	}
	if answer != nil {
		complaints = append(complaints, fits(document, success, answer, o.route)...)
	}
	return complaints
}

// Each request is answered where the description says, as it says.
func TestTheDescriptionFitsPairingAndUploads(t *testing.T) {
	c := newCitadel(t, &answers{})
	if _, err := c.server.ServePage("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	local := func() *Client { return NewLocal(c.server.options.Profile) }
	far := func() *Client { return c.drive(c.client) }
	document := asJSON(t, openAPI("1.2.3")).(map[string]any)
	scripted := newIdentity(t)
	if err := c.book.Add(Paired{Key: scripted.Fingerprint()}); err != nil { // it is removed, and then paired
		t.Fatal(err)
	}
	for _, o := range operations {
		t.Run(o.method+o.route, func(t *testing.T) {
			side, notThere := local, far
			if strings.HasPrefix(o.more, onTLS) {
				side, notThere = far, local
			}
			var answer any
			var sent any = object{}
			switch o.route {
			case routePair:
				code, err := local().ShowCode(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				sent, answer = pairedByDescription(t, c, scripted, code.Code)
				if !c.book.Has(scripted.Fingerprint()) {
					t.Error("the key is not paired")
				}
			case routeUpload:
				answer = requested(t, side(), o.method, o.route+"?"+queryBytes+"=5", mediaBytes, []byte("{\"path\": \"songs/one.txt\", \"size\": 5}\nhello"))
				if got, err := os.ReadFile(filepath.Join(c.folder, "songs", "one.txt")); string(got) != "hello" {
					t.Errorf("%q arrived, %v", got, err)
				}
			default:
				if o.method == "delete" {
					sent = asJSON(t, object{"key": scripted.Fingerprint()})
				}
				answer = requested(t, side(), o.method, o.route, mediaJSON, sent)
			}
			if complaints := misfits(document, o, sent, answer); len(complaints) > 0 {
				t.Errorf("%s", strings.Join(complaints, "\n"))
			}
			if o.more != "" {
				if refused := at(requested(t, notThere(), o.method, o.route, mediaJSON, object{})); refused["code"] != string(netproto.CodeMethod) {
					t.Errorf("where it should not be answered it is: %v", refused)
				}
			}
		})
	}
}
