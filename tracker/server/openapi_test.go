package server

import (
	"crypto/ed25519"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

type description struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
	}
}

type operation struct {
	Parameters []parameter
	Responses  map[string]any
}

type parameter struct {
	Ref    string `yaml:"$ref"`
	Name   string
	Schema schema
}

type schema struct {
	Type       any
	Required   []string
	Properties map[string]schema
	MaxItems   int `yaml:"maxItems"`
	MaxLength  int `yaml:"maxLength"`
	Maximum    int
	Default    any
	Enum       []string
	Ref        string `yaml:"$ref"`
	Items      *schema
}

func describedAPI(t *testing.T) description {
	t.Helper()
	var d description
	if err := yaml.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheDescriptionHasTheRoutesThatThereAre(t *testing.T) {
	id, err := identity.New(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Identity: id})
	routes := map[string]methods{
		netproto.RouteTracker:       {http.MethodGet: nil},
		netproto.RouteSeedResource:  {http.MethodGet: nil, http.MethodPost: nil}, // these check the method themselves
		netproto.RouteSeedHeartbeat: {http.MethodPost: nil},
	}
	maps.Copy(routes, s.v1Routes())
	maps.Copy(routes, s.openRoutes())
	there, described := map[string][]string{}, map[string][]string{}
	for path, m := range routes {
		there[strings.TrimSuffix(path, "{$}")] = slices.Sorted(maps.Keys(m))
	}
	for path, m := range describedAPI(t).Paths {
		for name, op := range m {
			described[path] = append(described[path], strings.ToUpper(name))
			if len(op.Responses) == 0 {
				t.Errorf("%s %s answers nothing", name, path)
			}
		}
		slices.Sort(described[path])
	}
	if diff := cmp.Diff(there, described); diff != "" {
		t.Error(diff)
	}
}

func TestTheDescriptionHasTheFieldsOfTheTypes(t *testing.T) {
	d := describedAPI(t)
	for _, v := range []any{
		netproto.Problem{}, netproto.TrackerInfo{}, netproto.Limits{}, netproto.JoinRequest{}, netproto.JoinResponse{},
		netproto.HeartbeatRequest{}, netproto.HeartbeatResponse{}, netproto.Resource{}, netproto.AnnounceRequest{},
		netproto.AnnounceResponse{}, netproto.Refusal{}, netproto.WithdrawRequest{}, netproto.WithdrawResponse{}, netproto.Hit{},
		netproto.SearchResponse{}, netproto.ResourceResponse{}, netproto.Source{}, netproto.SourcesResponse{}, netproto.Stats{},
		netproto.CallRequest{}, netproto.CallResponse{}, netproto.Relay{}, netproto.LineFrame{}, netproto.LineSeen{}, netproto.Ring{}, netproto.RingAnswer{},
		netproto.Person{}, netproto.PeopleResponse{}, netproto.Owner{}, netproto.NoteRequest{}, netproto.NoteResponse{}, netproto.SealedNote{},
		netproto.NotesResponse{}, netproto.NotesWaiting{},
		netproto.Wish{}, netproto.WishesRequest{}, netproto.WishesResponse{}, netproto.Find{}, netproto.WishesWaiting{},
		netproto.SeedEnvelope{}, netproto.SeedRegistration{}, netproto.SeedHeartbeat{},
	} {
		of := reflect.TypeOf(v)
		said, ok := d.Components.Schemas[of.Name()]
		if !ok {
			t.Errorf("%s is not described", of.Name())
			continue
		}
		fields, required := jsonFields(of)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(said.Properties))); diff != "" {
			t.Errorf("fields of %s: %s", of.Name(), diff)
		}
		slices.Sort(said.Required)
		if diff := cmp.Diff(required, said.Required); diff != "" {
			t.Errorf("fields that %s always has: %s", of.Name(), diff)
		}
	}
}

// jsonFields returns the names of a type's fields in JSON, and of those that are
// always present, both sorted.
func jsonFields(of reflect.Type) (all, required []string) {
	for _, f := range reflect.VisibleFields(of) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		all = append(all, name)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	slices.Sort(all)
	slices.Sort(required)
	return all, required
}

func TestTheDescriptionHasTheLimitsThatHold(t *testing.T) {
	d := describedAPI(t)
	schemas := d.Components.Schemas
	search := map[string]schema{}
	for _, p := range d.Paths[netproto.RouteResources]["get"].Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
		}
		search[p.Name] = p.Schema
	}
	for name, pair := range map[string][2]int{
		"q":           {search["q"].MaxLength, netproto.MaxQueryBytes},
		"cursor":      {search["cursor"].MaxLength, netproto.MaxCursorBytes},
		"limit":       {search["limit"].Maximum, netproto.MaxPage},
		"no limit":    {search["limit"].Default.(int), netproto.DefaultPage},
		"announce":    {schemas["AnnounceRequest"].Properties["resources"].MaxItems, netproto.MaxAnnounce},
		"withdraw":    {schemas["WithdrawRequest"].Properties["hashes"].MaxItems, netproto.MaxAnnounce},
		"name":        {schemas["JoinRequest"].Properties["name"].MaxLength, netproto.MaxPeerName},
		"candidates":  {schemas["JoinRequest"].Properties["candidates"].MaxItems, netproto.MaxCandidates},
		"mime":        {schemas["Resource"].Properties["mime"].MaxLength, netproto.MaxMIMEBytes},
		"page":        {schemas["SearchResponse"].Properties["items"].MaxItems, netproto.MaxPage},
		"suggestions": {schemas["SearchResponse"].Properties["suggestions"].MaxItems, netproto.MaxSuggestions},
		"addresses":   {schemas["CallResponse"].Properties["addresses"].MaxItems, netproto.MaxCallAddresses},
		"rung":        {schemas["Ring"].Properties["addresses"].MaxItems, netproto.MaxCallAddresses},
		"sources":     {schemas["SourcesResponse"].Properties["sources"].MaxItems, maxSources},
		"peers":       {schemas["ResourceResponse"].Properties["peers"].MaxItems, maxSources},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d is described, %d holds", name, pair[0], pair[1])
		}
	}
	for _, kind := range schemas["Kind"].Enum {
		if _, err := netproto.ParseKind(kind); err != nil {
			t.Error(err)
		}
	}
	for _, code := range schemas["Code"].Enum {
		if c := netproto.Code(code); c.What() == netproto.Code("unknown").What() {
			t.Errorf("there is no code %q", code)
		}
	}
}

func TestEveryReferenceOfTheDescriptionLeadsSomewhere(t *testing.T) {
	var whole map[string]any
	if err := yaml.Unmarshal(openAPI, &whole); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for key, e := range v {
				walk(e)
				ref, ok := e.(string)
				if key != "$ref" || !ok {
					continue
				}
				var at any = whole
				for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := at.(map[string]any)
					at = m[step]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
		}
	}
	walk(whole)
}
