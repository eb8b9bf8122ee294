package remote

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
)

// howTo is what to do if a method of face.Engine is not carried.
const howTo = "give %[1]s a line in `arguments` (app/remote/methods.go) with the names of its arguments, and app/remote/engine.go a method:\n" +
	"\tfunc (c *Client) %[1]s(ctx context.Context, …) (…, error) { return ask[…](ctx, c, %[1]q, object{…}) }\n" +
	"(order instead of ask[…] if it returns an error only)"

// carried are the methods of the engine that are calls.
func carried() []reflect.Method {
	var methods []reflect.Method
	for method := range reflect.TypeFor[face.Engine]().Methods() {
		if method.Name != "Watch" { // an event stream
			methods = append(methods, method)
		}
	}
	return methods
}

func TestEveryMethodOfTheEngineHasItsArguments(t *testing.T) {
	known := map[string]bool{}
	for _, method := range carried() {
		known[method.Name] = true
		names, ok := arguments[method.Name]
		if !ok || method.Type.NumIn() != len(names)+1 {
			t.Errorf("%s is not carried, or not with all its arguments: "+howTo, method.Name)
		}
	}
	for name := range arguments {
		if !known[name] {
			t.Errorf("%s is no method of face.Engine: remove it from `arguments` (app/remote/methods.go)", name)
		}
	}
}

// connected returns both ends of a local socket with an engine that is given by its
// methods.
func connected(t *testing.T, methods func(name string) reflect.Value) *Client {
	t.Helper()
	profile := t.TempDir()
	ln, err := localsocket.Listen(Socket(profile))
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(nil, Options{Version: "1.2.3", Log: slog.New(slog.DiscardHandler)})
	answering := newCaller(s, &watched{})
	answering.methods = methods
	s.serve(ln, s.newHTTP(answering.local()))
	return localTo(t, s, profile)
}

// localTo returns a client of a server that answers for a profile.
func localTo(t *testing.T, s *Server, profile string) *Client {
	c := NewLocal(profile)
	t.Cleanup(func() {
		c.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// filled returns a value of a type in which nothing is zero; other makes it another one.
func filled(of reflect.Type, other int) reflect.Value {
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(1_700_000_000+other), 0).UTC()))
		return v
	case of == reflect.TypeFor[error]():
		return v
	}
	switch of.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("ä <&> %d", other))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(other) + 0.5)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(of, 2, 2))
		v.Index(0).Set(filled(of.Elem(), other))
		v.Index(1).Set(filled(of.Elem(), other+1))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(filled(of.Elem(), other+i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			v.Field(i).Set(filled(of.Field(i).Type, other+i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(filled(of.Elem(), other))
	case reflect.Map:
		v.Set(reflect.MakeMap(of))
		v.SetMapIndex(filled(of.Key(), other), filled(of.Elem(), other))
	default:
		if v.CanInt() {
			v.SetInt(int64(other + 1))
		} else {
			v.SetUint(uint64(other + 1))
		}
	}
	return v
}

// Everything that goes in or out of a method arrives as it left, the error besides a
// result too.
func TestEveryCallArrivesAsItLeft(t *testing.T) {
	failed := &netproto.Error{Code: netproto.CodeStore, Detail: "the disk of Zoë"}
	for _, method := range carried() {
		t.Run(method.Name, func(t *testing.T) {
			var arrived []reflect.Value
			var fails bool
			c := connected(t, func(name string) reflect.Value {
				m, _ := reflect.TypeFor[face.Engine]().MethodByName(name)
				return reflect.MakeFunc(m.Type, func(in []reflect.Value) []reflect.Value {
					if name == method.Name { // ApplySettings asks for the settings first
						arrived = in[1:]
					}
					out := []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
					if fails && name == method.Name {
						out[0] = reflect.ValueOf(failed).Convert(reflect.TypeFor[error]())
					}
					if m.Type.NumOut() == 2 {
						out = append([]reflect.Value{filled(m.Type.Out(0), 3)}, out...)
					}
					return out
				})
			})
			in := []reflect.Value{reflect.ValueOf(t.Context())}
			for i := 1; i < method.Type.NumIn(); i++ {
				in = append(in, filled(method.Type.In(i), 10*i))
			}
			for _, fails = range []bool{false, true} {
				out := reflect.ValueOf(c).MethodByName(method.Name).Call(in)
				err, _ := out[len(out)-1].Interface().(error)
				if fails && (err == nil || face.FailureOf(err) != face.FailureOf(failed)) || !fails && err != nil {
					t.Fatalf("%[2]v; if that says that there is no such method: "+howTo, method.Name, err)
				}
				if len(out) == 2 {
					if diff := cmp.Diff(filled(method.Type.Out(0), 3).Interface(), out[0].Interface()); diff != "" {
						t.Errorf("the result left (-) and arrived (+) as:\n%s", diff)
					}
				}
			}
			if len(arrived) != len(in)-1 {
				t.Fatalf("%d arguments arrived", len(arrived))
			}
			for i, value := range arrived {
				if diff := cmp.Diff(in[i+1].Interface(), value.Interface()); diff != "" {
					t.Errorf("the argument %s left (-) and arrived (+) as:\n%s", arguments[method.Name][i], diff)
				}
			}
		})
	}
}

func TestRefusedSettingsArriveByField(t *testing.T) {
	refused := face.InvalidSettings{face.FieldName: {Code: netproto.CodeInvalid, Detail: "none"}}
	c := connected(t, func(string) reflect.Value {
		return reflect.ValueOf(func(context.Context, bool) error { return refused })
	})
	if diff := cmp.Diff(error(refused), c.SetQuickLimit(t.Context(), true)); diff != "" {
		t.Error(diff)
	}
}

func TestACallerThatLeavesCancelsItsCall(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	c := connected(t, func(string) reflect.Value {
		return reflect.ValueOf(func(ctx context.Context) (face.Status, error) {
			close(began)
			<-ctx.Done()
			ended <- ctx.Err()
			return face.Status{}, ctx.Err()
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := c.Status(ctx); netproto.CodeOf(err) != netproto.CodeCancelled {
		t.Errorf("the caller gets %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("the call was not cancelled")
	}
}

func TestAMethodOfAnotherVersionIsRefused(t *testing.T) {
	c := connected(t, nil)
	for _, method := range []string{"Fly", "Close", "Watch", ""} {
		if err := order(t.Context(), c, method, nil); netproto.CodeOf(err) != netproto.CodeMethod {
			t.Errorf("%q: %v", method, err)
		}
	}
	p, err := c.Peer(t.Context())
	if err != nil || p.Version != "1.2.3" || len(p.Methods) != len(arguments) {
		t.Errorf("it answers %+v, %v", p, err)
	}
}

func TestHugeAndBrokenArgumentsAreRefused(t *testing.T) {
	c := connected(t, nil)
	_, err := c.exchange(t.Context(), "POST", routeEngine+"Pause", []byte(`{"downloads":["`+strings.Repeat("x", maxArguments)+`"]}`))
	if netproto.CodeOf(err) != netproto.CodeTooLarge {
		t.Errorf("huge: %v", err)
	}
	for _, body := range []string{`[]`, `{`, `{} {}`, `"x"`, `{"downloads":7}`} {
		c := connected(t, func(string) reflect.Value {
			return reflect.ValueOf(func(context.Context, []string) error { return nil })
		})
		if _, err := c.exchange(t.Context(), "POST", routeEngine+"Pause", []byte(body)); netproto.CodeOf(err) != netproto.CodeBadRequest {
			t.Errorf("%s: %v", body, err)
		}
	}
}
