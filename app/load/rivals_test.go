//go:build linux

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"centralizedp2p/netproto/porttest"
)

// serve starts another program that serves until the test is over, and waits until it
// listens on the port.
func (s *stage) serve(port int, name string, args ...string) {
	s.Helper()
	c := s.command(name, args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	c.SysProcAttr.Setpgid = true
	check(s, s.do(c.Start))
	end := func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // with its children: Syncthing is one of itself
		c.Wait()                                      // says that it was killed
	}
	s.Cleanup(end)
	address := net.JoinHostPort(s.address(), strconv.Itoa(port))
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := s.do(func() error {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			end()
			s.Fatalf("%s does not answer: %v: %s", name, err, &said)
		}
		wait(s.ctx, 20*time.Millisecond)
	}
}

// wait pauses, no longer than ctx.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// iperf is the speed of one bare TCP connection to the host of the getter, as the time
// for size bytes.
func (s *stage) iperf(getter *stage, size int64) contender {
	s.Helper()
	bare := s.bare(getter)
	return contender{"iperf3", func(string) (time.Duration, error) {
		r, err := bare("--bytes", strconv.FormatInt(size, 10))
		return time.Duration(float64(size) * 8 / r.Rate * float64(time.Second)), err
	}, true}
}

// received is what came over bare TCP connections.
type received struct {
	Bytes float64 `json:"bytes"`
	Rate  float64 `json:"bits_per_second"`
}

// bare sends bytes from this host to that of the getter, over nothing but TCP, as the
// options of iperf3 say.
func (s *stage) bare(getter *stage) func(options ...string) (received, error) {
	s.Helper()
	port := porttest.Free(s)
	s.serve(port, "iperf3", "--server", "--port", strconv.Itoa(port), "--logfile", "/dev/null")
	return func(options ...string) (received, error) {
		var out bytes.Buffer
		c := s.command("iperf3", append([]string{"--client", s.address(), "--reverse", "--port", strconv.Itoa(port), "--json"}, options...)...)
		c.Stdout = &out
		err := getter.do(c.Start)
		if err == nil {
			err = c.Wait()
		}
		if err != nil {
			return received{}, fmt.Errorf("%w: %s", err, &out)
		}
		var said struct {
			End struct {
				Received received `json:"sum_received"`
			} `json:"end"`
		}
		err = json.Unmarshal(out.Bytes(), &said)
		return said.End.Received, err
	}
}

// nginx serves a folder over HTTP, each connection at most so many bytes a
// second, 0 = as fast as it can. It gives the address, whose host is another
// one each time: aria2 has limits by host.
func (s *stage) nginx(root string, rate int64) (url string) {
	s.Helper()
	return s.nginxWith("http", root, rate, "")
}

// nginxTLS serves a folder over TLS 1.3.
func (s *stage) nginxTLS(root string) (url string) {
	s.Helper()
	certificate, err := selfSigned()
	check(s, err)
	file := filepath.Join(s.TempDir(), "certificate.pem")
	check(s, writePEM(certificate, file))
	return s.nginxWith("https", root, 0, fmt.Sprintf("ssl_protocols TLSv1.3; ssl_certificate %[1]s; ssl_certificate_key %[1]s;", file))
}

func (s *stage) nginxWith(scheme, root string, rate int64, options string) (url string) {
	s.Helper()
	host := fmt.Sprintf("127.0.1.%d", s.peers.Add(1))
	port, dir := porttest.Free(s), s.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	secure := ""
	if scheme == "https" {
		secure = " ssl"
	}
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; limit_rate %[4]d; %[6]s
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen 127.0.0.1:%[2]d%[7]s; listen %[5]s:%[2]d%[7]s; root %[3]s; }
}
`, dir, port, root, rate, host, options, secure)
	check(s, os.WriteFile(conf, []byte(text), 0o600))
	s.serve(port, "nginx", "-c", conf, "-p", dir, "-e", "stderr")
	return fmt.Sprintf("%s://%s:%d/", scheme, host, port)
}

// curl downloads a file and, where durable, has it on the disk.
func (s *stage) curl(url, name string, durable bool) contender {
	return contender{name: "curl", run: func(to string) (time.Duration, error) {
		path := filepath.Join(to, name)
		took, err := s.run("curl", "--silent", "--fail", "--insecure", "--output", path, url+name)
		if err != nil || !durable {
			return took, err
		}
		synced, err := s.run("sync", path)
		return took + synced, err
	}}
}

// sameWork does with the usual tools what a download of ours does: encrypted on its way,
// then verified and, where durable, on the disk.
func (s *stage) sameWork(url, name string, durable bool) contender {
	download := s.curl(url, name, false)
	return contender{name: "samework", run: func(to string) (time.Duration, error) {
		took, err := download.run(to)
		for _, args := range [][]string{{"b3sum"}, {"sync"}} {
			if err != nil || args[0] == "sync" && !durable {
				break
			}
			var more time.Duration
			more, err = s.run(args[0], filepath.Join(to, name))
			took += more
		}
		return took, err
	}}
}

// rsync copies a file or folder from a daemon.
func (s *stage) rsync(root, name string) contender {
	s.Helper()
	port, dir := porttest.Free(s), s.TempDir()
	conf := filepath.Join(dir, "rsyncd.conf")
	text := fmt.Sprintf("use chroot = no\nlock file = %[1]s/lock\npid file = %[1]s/pid\nlog file = %[1]s/log\n[load]\npath = %[2]s\n", dir, root)
	if os.Geteuid() == 0 {
		text = "uid = 0\ngid = 0\n" + text
	}
	check(s, os.WriteFile(conf, []byte(text), 0o600))
	s.serve(port, "rsync", "--daemon", "--no-detach", "--address", "127.0.0.1", "--port", strconv.Itoa(port), "--config", conf)
	return contender{name: "rsync", run: func(to string) (time.Duration, error) {
		return s.run("rsync", "--recursive", "--whole-file", fmt.Sprintf("rsync://127.0.0.1:%d/load/%s", port, name), to)
	}}
}

// aria2Options make aria2c keep to what it is told.
var aria2Options = []string{"--no-conf", "--quiet", "--file-allocation=none", "--disable-ipv6=true", "--enable-dht=false", "--bt-enable-lpd=false", "--check-certificate=false"}

// aria2 downloads a file from web servers, with some connections to each.
func (s *stage) aria2(name string, connections int, urls ...string) contender {
	options := append([]string{"--split=" + strconv.Itoa(connections*len(urls)), "--max-connection-per-server=" + strconv.Itoa(connections), "--min-split-size=1M"}, aria2Options...)
	for i := range urls {
		urls[i] += name
	}
	return contender{name: "aria2", run: func(to string) (time.Duration, error) {
		return s.run("aria2c", append(append(options, "--dir="+to), urls...)...)
	}}
}
