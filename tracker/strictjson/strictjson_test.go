package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

func TestAJSONBodyIsReadInOneWayOnly(t *testing.T) {
	for body, want := range map[string]string{
		`{"port":1}`:                          "",
		" \r\n\t{ \"port\" : 1 , \"x\":[ ] }": "",
		`{"port":1,"later":{"PORTS":[1,2.5e-3,-0,null,true,false,"\u00e9\/\ud83d\ude00"]}}`: "",
		`{"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":1}]}`:                                   "",
		`[]`:                          "",
		`"port"`:                      "",
		`{"port":1,"port":2}`:         "twice",
		`{"port":1,"p\u006frt":2}`:    "twice",
		`{"x":{"y":1,"y":1}}`:         "twice",
		`{"Port":1}`:                  "case",
		`{"\u0050ORT":1}`:             "case",
		`{"candidateſ":[]}`:           "case",
		`{"to\u212aen":[]}`:           "",
		`{"port":1}{}`:                "follows",
		`{"port":1},`:                 "follows",
		`{} x`:                        "follows",
		`{"name":"\ud800"}`:           "half",
		`{"name":"\udc00\ud800"}`:     "half",
		`{"name":"\ud800\u0041"}`:     "half",
		`{"\ud800":1}`:                "half",
		"{\"name\":\"\xff\"}":         "UTF-8",
		"{\"name\":\"\xed\xa0\x80\"}": "UTF-8",
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth):     "",
		strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2): "deep",
		strings.Repeat(`{"a":`, 100_000):                                  "deep",
		"{" + manyMembers(maxMembers) + "}":                               "",
		"{" + manyMembers(maxMembers+1) + "}":                             "many",
		"":                                                                notJSON,
		" ":                                                               notJSON,
		`{`:                                                               notJSON, `[`: notJSON, `"`: notJSON, `"\`: notJSON, `"\u00`: notJSON, `"\x"`: notJSON, "\"\n\"": notJSON,
		`{"a"`: notJSON, `{"a":`: notJSON, `{"a":1`: notJSON, `{"a":1,}`: notJSON, `{,}`: notJSON, `{a:1}`: notJSON, `{1:1}`: notJSON,
		`[1,]`: notJSON, `[1 2]`: notJSON, `nul`: notJSON, `NaN`: notJSON, `-`: notJSON, `01`: "follows", `1.`: notJSON, `.5`: notJSON,
		`1e`: notJSON, `+1`: notJSON, `{"a" 1}`: notJSON, `{"a"}`: notJSON, `[{"a"}]`: notJSON, `{"a":}`: notJSON, "\x00": notJSON, `'a'`: notJSON, "\ufeff{}": notJSON,
	} {
		err := Check([]byte(body), NamesIn(reflect.TypeFor[netproto.JoinRequest]()))
		switch {
		case want == "" && err != nil:
			t.Errorf("%.60q is refused: %v", body, err)
		case want != "" && err == nil:
			t.Errorf("%.60q is taken", body)
		case want != "" && (netproto.CodeOf(err) != netproto.CodeBadRequest || !strings.Contains(err.Error(), want)):
			t.Errorf("%.60q: %v, want a word of %q", body, err, want)
		}
	}
}

func manyMembers(n int) string {
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"%d":1`, i))
	}
	return strings.Join(members, ",")
}

// requestNames are those of the bodies that a tracker takes.
var requestNames = NamesIn(
	reflect.TypeFor[netproto.JoinRequest](), reflect.TypeFor[netproto.HeartbeatRequest](),
	reflect.TypeFor[netproto.AnnounceRequest](), reflect.TypeFor[netproto.WithdrawRequest](),
)

func TestTheNamesOfAStructAreThoseOfAllItsParts(t *testing.T) {
	for _, name := range []string{"reset", "resources", "hash", "md5", "hashes", "count", "digest", "seed_port", "invite"} {
		if requestNames[name] != name {
			t.Errorf("%s is not known", name)
		}
	}
}

// strictByTokens is another way to the same answer, with a reader of the
// standard library. Depth and members are left to the scan.
func strictByTokens(body []byte) bool {
	if !utf8.Valid(body) || !json.Valid(body) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	type open struct {
		object bool
		name   bool // comes next
		names  []string
	}
	var stack []open
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		text, isText := token.(string)
		if isText && strings.Count(text, "\ufffd") > bytes.Count(body, []byte("\ufffd"))+strings.Count(strings.ToLower(string(body)), `\ufffd`) {
			return false
		}
		if n := len(stack); n > 0 && stack[n-1].object && token != json.Delim('}') {
			top := &stack[n-1]
			if top.name = !top.name; top.name {
				exact, known := requestNames[fold(text)]
				if slices.Contains(top.names, text) || known && exact != text {
					return false
				}
				top.names = append(top.names, text)
				continue
			}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			stack = append(stack, open{object: token == json.Delim('{')})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Alice","port":4000,"candidates":["192.168.1.7:4000"]}`, `{"resources":[{"hash":"aa","size":1},{"hash":"aa","Size":2}],"reset":true}`,
		`{"a":1,"a":2}`, `{"\u0061":1,"a":{}}`, `["\ud83d\ude00","\ud83d"]`, `{"ſize":-0.5e+7}`, `[[[[]]]] `, `{"x":"\ufffd"}`, `"\\ud800"`, "{} {}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := Check(body, requestNames)
		if err != nil && (strings.Contains(err.Error(), "deep") || strings.Contains(err.Error(), "many")) {
			return
		}
		if want := strictByTokens(body); want != (err == nil) {
			t.Fatalf("%q: %v, by its tokens %t", body, err, want)
		}
	})
}

func BenchmarkCheckOfAnAnnounce(b *testing.B) {
	var req netproto.AnnounceRequest
	for i := range netproto.MaxAnnounce {
		req.Resources = append(req.Resources, netproto.Resource{
			Hash: netproto.ContentHash{byte(i), byte(i >> 8), 1}, Size: int64(i) << 20,
			Name: fmt.Sprintf("Ein Lied über die Wolken, Teil %d (live).mp3", i), MIME: "audio/mpeg",
		})
	}
	body, err := json.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(body, requestNames); err != nil {
			b.Fatal(err)
		}
	}
}
