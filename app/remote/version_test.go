package remote

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
)

// versionsOf returns a client of a peer of another version, of which only the answers are
// known.
func versionsOf(t *testing.T, version, api string, answers map[string]string) *Client {
	t.Helper()
	profile := t.TempDir()
	ln, err := localsocket.Listen(Socket(profile))
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(nil, Options{Log: slog.New(slog.DiscardHandler)})
	s.serve(ln, s.newHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerVersion, version)
		w.Header().Set(headerAPI, api)
		body, ok := answers[r.URL.Path]
		if !ok {
			w.Header().Set("Content-Type", netproto.MediaTypeProblem)
			w.WriteHeader(http.StatusMethodNotAllowed)
			body = `{"type":"about:blank","title":"?","status":405,"code":"method-not-allowed","detail":"no such thing"}`
		}
		w.Write([]byte(body))
	})))
	return localTo(t, s, profile)
}

func TestAnOlderPeerIsUnderstood(t *testing.T) {
	c := versionsOf(t, "0.9.1", "1", map[string]string{
		routeEngine + "Downloads": `{"result":[{"id":"7","name":"film.mkv","size":10}]}`, // a row has had few fields
		routeEngine + "Settings":  `{"result":{"name":"attic"}}`,
		routeEngine + "Pause":     ``, // an order has no result
	})
	if list, err := c.Downloads(t.Context()); err != nil || len(list) != 1 || list[0].Name != "film.mkv" || list[0].Rate != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if s, err := c.Settings(t.Context()); err != nil || s.Name != "attic" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := c.Pause(t.Context(), []string{"7"}); err != nil {
		t.Error(err)
	}
	_, err := c.Wishes(t.Context())
	if netproto.CodeOf(err) != netproto.CodeMethod || !strings.Contains(err.Error(), "the other peer is CentralizedP2P 0.9.1, which is older than this one") {
		t.Errorf("what it cannot do fails with %v", err)
	}
}

func TestANewerPeerIsUnderstood(t *testing.T) {
	c := versionsOf(t, "3.0.0", "1", map[string]string{
		routePeer:                 `{"api":1,"version":"3.0.0","methods":["Dance","Downloads"],"colour":"red"}`,
		routeEngine + "Downloads": `{"result":[{"id":"7","name":"film.mkv","state":"dancing","steps":[1,{"left":2}]}],"took":3}`,
		routeEngine + "Status":    `{"result":{"tracker":"attic","weather":{"rain":true},"counts":{"shares":2,"dances":4}}}`,
		routeEngine + "Settings":  `{"result":{"name":"attic","dance_floor":"/srv"}}`,
	})
	if p, err := c.Peer(t.Context()); err != nil || p.Version != "3.0.0" {
		t.Errorf("%+v, %v", p, err)
	}
	if list, err := c.Downloads(t.Context()); err != nil || len(list) != 1 || list[0].State != "dancing" {
		t.Errorf("%+v, %v", list, err)
	}
	if s, err := c.Status(t.Context()); err != nil || s.Tracker != "attic" || s.Counts.Shares != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := c.Settings(t.Context()); err != nil || s.Name != "attic" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAPeerWithANewerInterfaceIsToldApart(t *testing.T) {
	c := versionsOf(t, "4.0.0", "2", map[string]string{routeEngine + "Status": `{"result":[]}`, routePeer: `"4.0.0"`})
	for name, ask := range map[string]func() error{
		"a method":          func() error { _, err := c.Status(t.Context()); return err },
		"a method it lacks": func() error { return c.Pause(t.Context(), nil) },
		"who it is":         func() error { _, err := c.Peer(t.Context()); return err },
	} {
		err := ask()
		if netproto.CodeOf(err) != netproto.CodeProtocol || !strings.Contains(err.Error(), "the other peer is CentralizedP2P 4.0.0, which is newer than this one") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.listen(t.Context(), func() { t.Error("its event stream is read") }) {
		t.Error("its event stream began")
	}
}

// A caller of another version says more, or less, than this one knows.
func TestACallerOfAnotherVersionIsUnderstood(t *testing.T) {
	var paused []string
	var applied face.Settings
	before := face.Settings{Name: "attic", DownLimit: 100, DownloadsAtOnce: 3}
	c := connected(t, func(name string) reflect.Value {
		return map[string]reflect.Value{
			"Pause":         reflect.ValueOf(func(_ context.Context, ids []string) error { paused = ids; return nil }),
			"Settings":      reflect.ValueOf(func(context.Context) (face.Settings, error) { return before, nil }),
			"ApplySettings": reflect.ValueOf(func(_ context.Context, s face.Settings) error { applied = s; return nil }),
		}[name]
	})
	post := func(method, body string) error {
		_, err := c.exchange(t.Context(), http.MethodPost, routeEngine+method, json.RawMessage(body))
		return err
	}
	if err := post("Pause", `{"downloads":["7"],"gently":true,"because":{"of":"the noise"}}`); err != nil || len(paused) != 1 {
		t.Errorf("a newer caller: %v, %q", err, paused)
	}
	if err := post("Pause", `{}`); err != nil || paused != nil {
		t.Errorf("an argument is missing: %v, %q", err, paused)
	}
	if err := post("ApplySettings", `{"settings":{"name":"cellar","dance_floor":"/srv"}}`); err != nil {
		t.Error(err)
	}
	if want := (face.Settings{Name: "cellar", DownLimit: 100, DownloadsAtOnce: 3}); applied != want {
		t.Errorf("settings that the caller does not know became %+v", applied)
	}
	if err := post("Dance", `{}`); netproto.CodeOf(err) != netproto.CodeMethod {
		t.Errorf("a method of tomorrow: %v", err)
	}
}
