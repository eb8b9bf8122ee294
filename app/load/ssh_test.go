//go:build linux

package load

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"centralizedp2p/netproto/porttest"
)

// rsyncOverSSH copies a file or folder through an sshd of its own.
func (s *stage) rsyncOverSSH(path string) contender {
	s.Helper()
	port, dir := porttest.Free(s), s.TempDir()
	key := filepath.Join(dir, "key") // of both sides: they trust only each other
	_, err := s.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	check(s, err)
	if os.Geteuid() == 0 {
		check(s, os.MkdirAll("/run/sshd", 0o755)) // its folder for the separation of privileges
	}
	conf := filepath.Join(dir, "sshd_config")
	check(s, os.WriteFile(conf, fmt.Appendf(nil, "ListenAddress 127.0.0.1\nPort %d\nHostKey %[2]s\nAuthorizedKeysFile %[2]s.pub\n"+
		"PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nMaxStartups 100\n", port, key), 0o600))
	sshd, err := exec.LookPath("sshd") // it wants to be started by its whole path
	if err != nil {
		sshd = "/usr/sbin/sshd"
	}
	s.serve(port, sshd, "-D", "-e", "-f", conf)
	shell := fmt.Sprintf("ssh -F none -p %d -i %s -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR", port, key)
	return contender{name: "ssh", run: func(to string) (time.Duration, error) {
		return s.run("rsync", "--recursive", "--whole-file", "--rsh="+shell, "127.0.0.1:"+path, to)
	}}
}

// croc sends a file or folder through a relay of its own on this computer; false if there is
// no croc.
func (s *stage) croc(path string) (contender, bool) {
	s.Helper()
	croc := os.Getenv("CP2P_LOAD_CROC")
	if croc == "" {
		return contender{}, false
	}
	port := porttest.Free(s)
	ports := []string{strconv.Itoa(port)}
	for range 4 { // over which it sends side by side
		ports = append(ports, strconv.Itoa(porttest.Free(s)))
	}
	s.serve(port, croc, "relay", "--host", "127.0.0.1", "--ports", strings.Join(ports, ","))
	relay, secret := fmt.Sprintf("127.0.0.1:%d", port), "1234-load-load-load"
	start := func(dir string, args ...string) (*exec.Cmd, error) {
		c := s.command(croc, append([]string{"--relay", relay, "--ignore-stdin", "--yes"}, args...)...)
		c.Env, c.Dir = append(os.Environ(), "CROC_SECRET="+secret, "HOME="+dir), dir
		return c, c.Start()
	}
	return contender{name: "croc", run: func(to string) (time.Duration, error) {
		began := time.Now()
		sender, err := start(s.TempDir(), "send", "--no-local", path)
		if err != nil {
			return 0, err
		}
		defer sender.Wait() // it ends with the receiver, which says how it went
		for {
			receiver, err := start(to)
			if err == nil {
				err = receiver.Wait()
			}
			if err == nil {
				return time.Since(began), nil
			}
			if time.Since(began) > time.Minute {
				sender.Process.Kill()
				return 0, err
			}
			wait(s.ctx, 50*time.Millisecond) // the sender is not at the relay yet
		}
	}}, true
}
