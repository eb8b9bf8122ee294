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

// openAPI describes the interface for programs in other languages: it is made of the
// table of methods and of the types of face, so it says what they say.
func openAPI(version string) schema {
	d := &describing{schemas: schema{}}
	paths := schema{
		routePeer: schema{"get": schema{"summary": "who answers", "responses": d.responses(reflect.TypeFor[Peer]())}},
		routeEvents: schema{"get": schema{
			"summary":   "an event stream: \"event: changed\", and comments as heartbeats",
			"responses": schema{"200": schema{"description": "done", "content": schema{"text/event-stream": schema{}}}},
		}},
	}
	failed := schema{"schema": d.of(reflect.TypeFor[problem]())}
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
			"responses": schema{
				"200":     schema{"description": "done", "content": schema{mediaJSON: schema{"schema": result}}},
				"default": schema{"description": "a problem", "content": schema{netproto.MediaTypeProblem: failed}},
			},
		}}
	}
	return schema{"openapi": "3.1.0", "info": schema{"title": "CentralizedP2P: a peer", "version": version}, "paths": paths,
		"components": schema{"schemas": d.schemas}}
}

type describing struct {
	schemas schema // of the types with names
}

func (d *describing) responses(of reflect.Type) schema {
	return schema{"200": schema{"description": "done", "content": schema{mediaJSON: schema{"schema": d.of(of)}}}}
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
