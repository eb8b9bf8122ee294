//go:build linux

package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto/porttest"
)

// BenchmarkDropped is from a file or folder that is dropped at one person to the verified
// one at another: hashed, announced, found and downloaded, beside Syncthing, which does the
// same: encrypted, verified, and durable, with the priority that ours has. Its two programs run
// already, ours start. rsync over ssh and croc encrypt and verify too, but wait for no disk.
func BenchmarkDropped(b *testing.B) {
	for _, dropped := range []struct {
		name        string
		files, size int
	}{
		{"file", 1, sized(2*gibi, gibi/2)},
		{"folder", sized(20_000, 2000), 4 << 10},
	} {
		b.Run(dropped.name, func(b *testing.B) {
			s := newStage(b)
			path := filepath.Join(s.dir, dropped.name)
			check(b, os.Mkdir(path, 0o700))
			content := randomFile(b, filepath.Join(s.dir, "content"), int64(dropped.files*dropped.size), 9)
			check(b, split(content, path, int64(dropped.size)))
			check(b, os.Remove(content))
			ours := contender{name: oursName, run: func(to string) (time.Duration, error) { return s.passOn(path, to) }}
			contenders := []contender{ours, s.syncthing(path, dropped.files), s.rsyncOverSSH(path)}
			if croc, ok := s.croc(path); ok {
				contenders = append(contenders, croc)
			}
			report(b, rounds(b, s.dir, path, contenders...))
		})
	}
}

// passOn shares a path with a new peer and downloads it with another one.
func (s *stage) passOn(path, to string) (time.Duration, error) {
	profiles := s.TempDir()
	began := time.Now()
	profile, err := s.profile(profiles, nil)
	if err != nil {
		return 0, err
	}
	sharer, err := s.sharer(path, profile)
	if err != nil {
		return 0, err
	}
	defer sharer.kill()
	shared, err := sharer.until("shared", nil)
	if err != nil {
		return 0, err
	}
	if profile, err = s.profile(profiles, nil); err != nil {
		return 0, err
	}
	_, err = s.fetch(shared.Link, to, profile, nil)
	return time.Since(began), errors.Join(err, sharer.stop())
}

// synced is a Syncthing that runs.
type synced struct {
	home, folder string
	id           string
	port, api    int
}

// syncthing has two of them share a folder. A round links a path into the folder of the
// first, has it look, and waits for the second.
func (s *stage) syncthing(path string, files int) contender {
	s.Helper()
	var two [2]synced
	for i := range two {
		home := s.TempDir()
		two[i] = synced{home: home, folder: filepath.Join(home, "folder"), port: porttest.Free(s), api: porttest.Free(s)}
		check(s, os.Mkdir(two[i].folder, 0o700))
		_, err := s.run("syncthing", "generate", "--no-default-folder", "--skip-port-probing", "--home="+home)
		check(s, err)
		id, err := s.command("syncthing", "--device-id", "--home="+home).Output()
		check(s, err)
		two[i].id = strings.TrimSpace(string(id))
	}
	for _, one := range two {
		check(s, one.configure(two[:]))
		s.serve(one.api, "syncthing", "serve", "--no-browser", "--no-upgrade", "--no-restart", "--home="+one.home)
	}
	expected := 0
	return contender{name: "syncthing", run: func(to string) (time.Duration, error) {
		name := fmt.Sprintf("round %d", expected/files)
		check(s, s.awaitConnection(two[0], two[1]))
		if _, err := s.run("cp", "-rl", path, filepath.Join(two[0].folder, name)); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := two[0].ask(http.MethodPost, "/rest/db/scan?folder=load", nil); err != nil {
			return 0, err
		}
		expected += files
		for {
			var state struct {
				GlobalFiles    int    `json:"globalFiles"`
				NeedTotalItems int    `json:"needTotalItems"`
				State          string `json:"state"`
				Error          string `json:"error"`
			}
			if err := two[1].ask(http.MethodGet, "/rest/db/status?folder=load", &state); err != nil || state.Error != "" {
				return 0, fmt.Errorf("syncthing: %s, %w", state.Error, err)
			}
			if state.GlobalFiles >= expected && state.NeedTotalItems == 0 && state.State == "idle" {
				break
			}
			if wait(s.ctx, 20*time.Millisecond); time.Since(began) > patience {
				return 0, fmt.Errorf("syncthing is not done: %+v", state)
			}
		}
		took := time.Since(began)
		return took, os.Rename(filepath.Join(two[1].folder, name), filepath.Join(to, filepath.Base(path)))
	}}
}

// awaitConnection waits until the two talk.
func (s *stage) awaitConnection(one, other synced) error {
	for began := time.Now(); ; wait(s.ctx, 50*time.Millisecond) {
		var said struct {
			Connections map[string]struct{ Connected bool }
		}
		if err := one.ask(http.MethodGet, "/rest/system/connections", &said); err != nil {
			return err
		}
		if said.Connections[other.id].Connected {
			return nil
		}
		if time.Since(began) > time.Minute {
			return errors.New("the two do not find each other")
		}
	}
}

const syncthingKey = "load"

// ask is a request of Syncthing's REST API.
func (y synced) ask(method, route string, answer any) error {
	req, err := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d%s", y.api, route), nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-API-Key", syncthingKey)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", route, resp.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// configure has Syncthing know nobody but these, and nothing but one folder.
func (y synced) configure(all []synced) error {
	var members, devices strings.Builder
	for _, one := range all {
		fmt.Fprintf(&members, `<device id="%s"/>`, one.id)
		fmt.Fprintf(&devices, `<device id="%s" name="%d" compression="never"><address>tcp://127.0.0.1:%d</address></device>`, one.id, one.port, one.port)
	}
	config := fmt.Sprintf(`<configuration version="36">
<folder id="load" path="%s" rescanIntervalS="0" fsWatcherEnabled="false" ignorePerms="true">%s<minDiskFree unit="%%">0</minDiskFree></folder>
%s
<gui enabled="true" tls="false"><address>127.0.0.1:%d</address><apikey>%s</apikey></gui>
<options><listenAddress>tcp://127.0.0.1:%d</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>
<reconnectionIntervalS>1</reconnectionIntervalS><startBrowser>false</startBrowser><autoUpgradeIntervalH>0</autoUpgradeIntervalH><crashReportingEnabled>false</crashReportingEnabled>
<setLowPriority>false</setLowPriority></options>
</configuration>
`, y.folder, members.String(), devices.String(), y.api, syncthingKey, y.port)
	if err := os.Mkdir(filepath.Join(y.folder, ".stfolder"), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.WriteFile(filepath.Join(y.home, "config.xml"), []byte(config), 0o600)
}
