//go:build unix

// Package pgtest runs a PostgreSQL for tests: in a folder of its own, reached through a
// socket in it, as a user that is not root.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	startTime = time.Minute
	port      = "5432" // part of the name of the socket
)

// binaries returns the folder with PostgreSQL's programs: on Debian, that of the newest
// version.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1]), nil
	}
	initdb, err := exec.LookPath("initdb")
	return filepath.Dir(initdb), err
}

// Server is a PostgreSQL that runs.
type Server struct {
	folder, bin string
	credential  *syscall.Credential
	run         *exec.Cmd
	schemas     atomic.Int64
}

// Start starts a server, with settings such as "fsync=on", that ends with the test. Where PostgreSQL is not installed, the
// test is skipped; in CI that is a failure.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("PostgreSQL is not installed: .ci/setup test does that")
		}
		t.Skip("PostgreSQL is not installed")
	}
	s := empty(t, bin)
	create := s.command("initdb", "--pgdata", s.data(), "--auth", "trust", "--username", "tracker", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Run(t, settings...)
	t.Cleanup(func() { s.Kill() })
	return s
}

// empty returns a server with a folder, and nothing in it.
func empty(t testing.TB, bin string) *Server {
	t.Helper()
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	s := &Server{folder: folder, bin: bin}
	if os.Getuid() == 0 {
		if err := s.drop(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Standby starts another server that follows this one, and may take its place.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	other := empty(t, s.bin)
	other.Follow(t, s)
	t.Cleanup(func() { other.Kill() })
	return other
}

// Follow starts a server that was killed, or that is empty, as the standby of another one,
// with nothing of what it had.
func (s *Server) Follow(t testing.TB, primary *Server) {
	t.Helper()
	if err := os.RemoveAll(s.data()); err != nil {
		t.Fatal(err)
	}
	copying := s.command("pg_basebackup", "--host", primary.folder, "--port", port, "--username", "tracker", "--pgdata", s.data(),
		"--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast", "--no-sync")
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	s.Run(t)
}

// Promote makes a standby the primary.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	if out, err := s.command("pg_ctl", "promote", "--pgdata", s.data(), "--silent").CombinedOutput(); err != nil {
		t.Fatalf("pg_ctl promote: %v\n%s", err, out)
	}
}

// AddressOf returns the address of the database of whichever of some servers is the
// primary.
func AddressOf(servers ...*Server) string {
	var folders, ports []string
	for _, s := range servers {
		folders, ports = append(folders, s.folder), append(ports, port)
	}
	return "postgres://tracker@/postgres?host=" + url.QueryEscape(strings.Join(folders, ",")) + "&port=" + strings.Join(ports, ",")
}

// drop has the server run as the first user that is not root, to whom its folder goes.
func (s *Server) drop() error {
	who, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(who.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(who.Gid)
	if err != nil {
		return err
	}
	s.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.folder, uid, gid)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// command is one of PostgreSQL's programs, or another one, as the user of the server.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	if own := filepath.Join(s.bin, program); exists(own) {
		program = own
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = s.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	return cmd
}

// Run starts the server again after Kill.
func (s *Server) Run(t testing.TB, settings ...string) {
	t.Helper()
	args := []string{"-D", s.data(), "-k", s.folder, "-c", "listen_addresses=", "-p", port, "-c", "max_connections=200", "-c", "fsync=off",
		"-c", "dynamic_shared_memory_type=mmap"} // which leaves nothing outside of the folder
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.run = s.command("postgres", args...)
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.run.Stdout, s.run.Stderr = log, log
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for s.command("pg_isready", "--quiet", "--host", s.folder, "--port", port).Run() != nil {
		if ctx.Err() != nil {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("PostgreSQL does not start:\n%s", said)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Kill ends the server and all its processes at once, with kill -9, as a loss of power
// does but for what the system still writes. Without a server it does nothing.
func (s *Server) Kill() {
	if s.run == nil {
		return
	}
	s.run.Process.Signal(syscall.SIGSTOP) // so that it starts no others
	awaitStates("TZ", s.run.Process.Pid)
	processes := s.processes()
	for _, pid := range processes {
		syscall.Kill(pid, syscall.SIGKILL) // before it sees the server's end and says goodbye; it may have ended
	}
	// The next server does not start while one has the memory.
	awaitStates("Z", processes...)
	s.run.Process.Kill()
	s.run.Wait() // how it ended is known
	s.run = nil
	s.removeSharedMemory()
}

// processes returns those that the server has started. Where the system does not tell, they
// end by themselves without it.
func (s *Server) processes() (pids []int) {
	pid := s.run.Process.Pid
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for _, text := range strings.Fields(string(list)) {
		if pid, err := strconv.Atoi(text); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// awaitStates waits until the system says one of some letters of all processes, T if they are
// stopped and Z if they have ended, or nothing, because they are gone.
func awaitStates(wanted string, pids ...int) {
	is := func(pid int) bool {
		said, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(said), ") ")
		return rest == "" || strings.Contains(wanted, rest[:1])
	}
	for _, pid := range pids {
		for began := time.Now(); !is(pid) && time.Since(began) < startTime; {
			time.Sleep(time.Millisecond)
		}
	}
}

// Processor returns the processor time that the server and all its processes have taken, as
// Linux tells it.
func (s *Server) Processor(t testing.TB) time.Duration {
	t.Helper()
	const perSecond = 100 // on all architectures of Linux that Go knows
	var ticks int64
	for _, pid := range append(s.processes(), s.run.Process.Pid) {
		said, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended, and is counted with the server
		}
		_, rest, _ := strings.Cut(string(said), ") ")
		fields := strings.Fields(rest)
		times := fields[11:13] // of the process itself
		if pid == s.run.Process.Pid {
			times = fields[11:15] // and of those that have ended
		}
		for _, text := range times {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / perSecond
}

// removeSharedMemory removes the memory that a killed server leaves, by which the next one
// there would take it for alive.
func (s *Server) removeSharedMemory() {
	said, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return // the folder is gone
	}
	const line = 6 // key and number of the memory
	if lines := strings.Split(string(said), "\n"); len(lines) > line {
		if fields := strings.Fields(lines[line]); len(fields) == 2 {
			s.command("ipcrm", "-m", fields[1]).Run() // another one finds it, if this fails
		}
	}
}

// Schema returns the address of a new schema of the database.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.schemas.Add(1))
	s.SQL(t, "create schema "+name)
	return s.Address("search_path=" + name)
}

// Folder returns the folder of the server's socket.
func (s *Server) Folder() string { return s.folder }

// Address returns the address of the database, with settings for each connection.
func (s *Server) Address(settings ...string) string {
	query := "host=" + url.QueryEscape(s.folder) + "&port=" + port
	return "postgres://tracker@/postgres?" + strings.Join(append([]string{query}, settings...), "&")
}

// SQL runs a statement and returns what it prints.
func (s *Server) SQL(t testing.TB, statement string) string {
	t.Helper()
	out, err := s.command("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
		"--host", s.folder, "--port", port, "--username", "tracker", "--command", statement, "postgres").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", statement, err, out)
	}
	return strings.TrimSpace(string(out))
}
