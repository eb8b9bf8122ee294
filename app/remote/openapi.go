package remote

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// schema is a part of an OpenAPI document.
type schema = map[string]any

// operation is a request that is no call of the engine.
type operation struct {
	method, route, summary string
	more                   string       // where it is answered, if not everywhere, and what to know
	sent                   reflect.Type // as JSON; nil for an object without fields
	answer                 reflect.Type // as JSON; nil if there is none
}

// Where an operation is answered.
const (
	onSocket = "On the local socket only."
	onTLS    = "Over TLS only."
)

var operations = []operation{
	{method: "get", route: routePeer, summary: "who answers", answer: reflect.TypeFor[Peer]()},
	{method: "post", route: routePairing, summary: "show a code to pair with", more: onSocket, answer: reflect.TypeFor[Code]()},
	{method: "post", route: routePageCode, summary: "show a code to log in to the page for browsers", more: onSocket, answer: reflect.TypeFor[Code]()},
	{method: "get", route: routeControllers, summary: "who may drive this peer over TLS", more: onSocket, answer: reflect.TypeFor[[]Paired]()},
	{method: "delete", route: routeControllers, summary: "take a key's right to drive this peer", more: onSocket, sent: reflect.TypeFor[unpairRequest]()},
	{method: "post", route: routePair, summary: "pair the key of this connection", more: onTLS + howToPair,
		sent: reflect.TypeFor[pairRequest](), answer: reflect.TypeFor[pairAnswer]()},
	{method: "post", route: routeUpload, summary: "upload files into the folder for downloads", more: onTLS + howToUpload, answer: reflect.TypeFor[uploaded]()},
}

const (
	howToPair = " Both sides prove that they know the code that is shown, by HMAC-SHA256(key, side ‖ bound). The side is \"controller\" in the request and " +
		"\"peer\" in the answer. The key is PBKDF2-SHA256 of the code, in capitals and without hyphens: 100,000 rounds, 32 bytes, and the salt " +
		"is the fingerprints of the caller's and of the peer's key. Bound are 32 bytes that the connection exports for the label " + exporter +
		" without a context."
	howToUpload = " The body is a row of entries: a line of JSON, {\"path\": …, \"size\": …}, and then that many bytes. A path has slashes. Its first part " +
		"gets a free name on the peer; the answer says where these are. The query says how many bytes all files have, so that too many are refused " +
		"before they are sent."
)

// openAPI describes the interface for programs in other languages: it is made of the
// tables of methods and operations, and of the types that travel, so it says what they
// say.
func openAPI(version string) schema {
	d := &describing{schemas: schema{}}
	paths := schema{routeEvents: schema{"get": schema{
		"summary":   "an event stream: \"event: changed\", and comments as heartbeats",
		"responses": schema{"200": schema{"description": "done", "content": schema{"text/event-stream": schema{}}}},
	}}}
	failed := schema{"description": "a problem", "content": schema{netproto.MediaTypeProblem: schema{"schema": d.of(reflect.TypeFor[problem]())}}}
	for _, o := range operations {
		at, ok := paths[o.route].(schema)
		if !ok {
			at = schema{}
			paths[o.route] = at
		}
		at[o.method] = d.operation(o, failed)
	}
	engine := reflect.TypeFor[face.Engine]()
	for name, argumentNames := range arguments {
		method, ok := engine.MethodByName(name)
		if !ok {
			continue
		}
		fields := schema{}
		for i, argument := range argumentNames {
			fields[argument] = d.of(method.Type.In(i + 1))
		}
		result := schema{"type": "object"}
		if method.Type.NumOut() == 2 {
			result["properties"] = schema{"result": d.of(method.Type.Out(0))}
		}
		paths[routeEngine+name] = schema{"post": schema{
			"operationId": name,
			"requestBody": schema{"required": true, "content": schema{mediaJSON: schema{"schema": schema{"type": "object", "properties": fields}}}},
			"responses":   schema{"200": schema{"description": "done", "content": schema{mediaJSON: schema{"schema": result}}}, "default": failed},
		}}
	}
	return schema{"openapi": "3.1.0", "info": schema{"title": "CentralizedP2P: a peer", "version": version}, "paths": paths,
		"components": schema{"schemas": d.schemas}}
}

type describing struct {
	schemas schema // of the types with names
}

func (d *describing) operation(o operation, failed schema) schema {
	described := schema{"summary": o.summary, "description": o.more, "responses": schema{"default": failed, "204": schema{"description": "done"}}}
	if o.answer != nil {
		described["responses"] = schema{"default": failed, "200": schema{"description": "done", "content": schema{mediaJSON: schema{"schema": d.of(o.answer)}}}}
	}
	body := schema{mediaJSON: schema{"schema": schema{"type": "object"}}}
	switch {
	case o.method == "get":
		return described
	case o.sent != nil:
		body = schema{mediaJSON: schema{"schema": d.of(o.sent)}}
	case o.route == routeUpload:
		body = schema{mediaBytes: schema{}}
		described["parameters"] = []schema{{"name": queryBytes, "in": "query", "schema": schema{"type": "integer"}}}
	}
	described["requestBody"] = schema{"required": true, "content": body}
	return described
}

var (
	typeText = reflect.TypeFor[encoding.TextMarshaler]()
	typeRaw  = reflect.TypeFor[json.RawMessage]()
)

// of describes the JSON of a type.
func (d *describing) of(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case t == typeRaw:
		return schema{}
	case t == reflect.TypeFor[[]byte]():
		return schema{"type": []string{"string", "null"}, "contentEncoding": "base64"}
	case t.Implements(typeText):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.of(t.Elem())
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		return schema{"type": []string{"array", "null"}, "items": d.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.of(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	}
	return schema{"type": "integer"}
}

// object describes a struct once, under its name.
func (d *describing) object(t reflect.Type) schema {
	name := strings.ReplaceAll(t.String(), ".", "_")
	if d.schemas[name] == nil {
		properties := schema{}
		d.schemas[name] = schema{"type": "object", "properties": properties} // before its fields, which may hold it
		d.fields(t, properties)
	}
	return schema{"$ref": "#/components/schemas/" + name}
}

func (d *describing) fields(t reflect.Type, properties schema) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			d.fields(field.Type, properties)
		case name == "-" || !field.IsExported():
		case name == "":
			properties[field.Name] = d.of(field.Type)
		default:
			properties[name] = d.of(field.Type)
		}
	}
}

func (c *caller) describe(http.ResponseWriter, *http.Request) (any, error) {
	return openAPI(c.server.options.Version), nil
}
