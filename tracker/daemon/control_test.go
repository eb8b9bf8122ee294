package daemon_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

// owner speaks to a tracker that runs on a data folder.
type owner struct {
	*testing.T
	data string
	http *http.Client
}

func startOwned(t *testing.T, access server.Access) *owner {
	t.Helper()
	data, err := os.MkdirTemp("", "cp2p") // a short path: that of a socket has 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	o := daemon.DefaultOptions()
	o.Listen, o.Data, o.Access = "127.0.0.1:0", data, string(access)
	tracker, err := daemon.Open(o, boltstore.Open, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tracker.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(daemon.ControlSocket(data)); !os.IsNotExist(err) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
	return &owner{t, data, &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return localsocket.Dial(ctx, daemon.ControlSocket(data))
		},
	}}}
}

func (o *owner) send(method, route, body string) (status int, media, answer string) {
	o.Helper()
	req, err := http.NewRequestWithContext(o.Context(), method, "http://tracker"+route, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	resp, err := o.http.Do(req)
	if err != nil {
		o.Fatalf("%s %s: %v", method, route, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(text)
}

func TestCommandsOfTheOwnerAreReadStrictly(t *testing.T) {
	o := startOwned(t, server.AccessInvite)
	for _, c := range []struct {
		method, route, body string
		want                netproto.Code
	}{
		{"POST", daemon.ControlBans, ``, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"192.0.2.7"} {}`, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"192.0.2.7","until":"never"}`, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"everybody"}`, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"192.0.2.7","why":"` + strings.Repeat("w", store.MaxWhy+1) + `"}`, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"192.0.2.7","why":"bad\u001b[2Jwords"}`, netproto.CodeInvalid},
		{"POST", daemon.ControlBans, `{"target":"` + strings.Repeat("x", 5000) + `"}`, netproto.CodeTooLarge},
		{"DELETE", daemon.ControlBans, `{"target":"192.0.2.7"}`, netproto.CodeNotFound},
		{"DELETE", daemon.ControlMembers, `{"key":"abc"}`, netproto.CodeInvalid},
		{"POST", daemon.ControlInvites, `{"seconds":59}`, netproto.CodeInvalid},
		{"POST", daemon.ControlInvites, `{"seconds":9223372036854775807}`, netproto.CodeInvalid},
		{"POST", daemon.ControlInvites, `{"seconds":600,"for":"` + strings.Repeat("x", store.MaxInviteFor+1) + `"}`, netproto.CodeInvalid},
		{"PUT", daemon.ControlBans, ``, netproto.CodeNotFound},
		{"GET", "/elsewhere", ``, netproto.CodeNotFound},
	} {
		status, media, answer := o.send(c.method, c.route, c.body)
		var p netproto.Problem
		if err := json.Unmarshal([]byte(answer), &p); err != nil || p.Code != c.want || status != c.want.Status() || media != netproto.MediaTypeProblem {
			t.Errorf("%s %s %.60s: status %d, %s; want the code %q", c.method, c.route, c.body, status, answer, c.want)
		}
	}
	if status, _, answer := o.send("GET", daemon.ControlBans, ""); status != 200 || strings.TrimSpace(answer) != `{"bans":[]}` {
		t.Errorf("status %d, %s", status, answer)
	}
}

func TestATokenStandsInItsLinkOnly(t *testing.T) {
	o := startOwned(t, server.AccessInvite)
	_, _, answer := o.send("POST", daemon.ControlInvites, `{"seconds":600,"for":"Zoe"}`)
	var made daemon.InviteAnswer
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		t.Fatal(err)
	}
	link, err := netproto.ParseLink(made.Link)
	if err != nil || link.Invite.IsZero() || link.Fingerprint.IsZero() {
		t.Fatalf("%s, %v", answer, err)
	}
	stored, err := os.ReadFile(daemon.StoreFile(o.data))
	if err != nil {
		t.Fatal(err)
	}
	if hash := store.InviteHash(link.Invite); !strings.Contains(string(stored), string(hash[:])) {
		t.Error("the hash of the token is not in the database")
	}
	if strings.Contains(string(stored), string(link.Invite[:])) || strings.Contains(string(stored), link.Invite.String()) {
		t.Error("the token is in the database")
	}
}

func TestABackupOverTheSocketIsWhole(t *testing.T) {
	o := startOwned(t, server.AccessOpen)
	if status, _, answer := o.send("POST", daemon.ControlBans, `{"target":"192.0.2.7"}`); status != 200 {
		t.Fatal(status, answer)
	}
	file := o.data + "/copy.db"
	contents, err := boltstore.SaveBackup(file, func(w io.Writer) error {
		_, _, answer := o.send("GET", daemon.ControlBackup, "")
		_, err := io.WriteString(w, answer)
		return err
	})
	if err != nil || contents.Bans != 1 {
		t.Errorf("%+v, %v", contents, err)
	}
}

func TestTheSocketIsNeverOpenToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // files have no such modes there
	}
	data, err := os.MkdirTemp("", "cp2p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if info, err := os.Stat(daemon.ControlSocket(data)); err == nil && runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("the socket has the mode %v", info.Mode().Perm())
				return
			}
		}
	}()
	o := options(t)
	o.Data = data
	for range 50 {
		if err := openTracker(t, o).Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
	if left, err := filepath.Glob(filepath.Join(data, "control.*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
