//go:build unix

package daemon_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// passedOn names the data folder of a tracker that this test program runs as a service
// with sockets of systemd.
const passedOn = "CP2P_TEST_PASSED_ON"

// serveSockets is what the test program does as a service: it opens its tracker twice,
// as one does whose settings changed.
func serveSockets(data string) error {
	o := daemon.DefaultOptions()
	o.Listen, o.Data = daemon.SystemdSockets, data
	for range 2 {
		tracker, err := daemon.Open(o, boltstore.Open, os.Stderr)
		if err != nil {
			return err
		}
		fmt.Println(strings.Join(tracker.Addresses(), " "))
		if err := tracker.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestSocketsOfSystemdAreTaken(t *testing.T) {
	if data := os.Getenv(passedOn); data != "" {
		if err := serveSockets(data); err != nil {
			t.Fatal(err)
		}
		return
	}
	var files []*os.File
	var want []string
	for range 2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		file, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files, want = append(files, file), append(want, ln.Addr().String())
	}
	run := func(sockets string, files []*os.File) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run '^TestSocketsOfSystemdAreTaken$'`, os.Args[0])
		cmd.Env = append(os.Environ(), passedOn+"="+t.TempDir(), "LISTEN_FDS="+sockets)
		cmd.ExtraFiles = files
		said, _ := cmd.CombinedOutput()
		return string(said)
	}
	if line := strings.Join(want, " ") + "\n"; !strings.Contains(run("2", files), line+line) {
		t.Errorf("it listens elsewhere than on %v", want)
	}
	if said := run("0", nil); !strings.Contains(said, "systemd has passed no sockets on") {
		t.Errorf("without sockets: %s", said)
	}
}
