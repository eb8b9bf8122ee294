//go:build unix

package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
)

const balancer = "127.2.0.1" // where HAProxy's connections to nodes come from

func init() {
	parts["node"] = serveNode
	of := map[string]string{} // benchmarks run one after the other
	databaseOf = func(t testing.TB, folder string) string {
		if of[folder] == "" {
			of[folder] = pgtest.Start(t, "fsync=on").Address()
		}
		return of[folder]
	}
}

// serveNode is a node of a tracker: its folder, where it listens, its database, the
// interval of heartbeats, its role.
func serveNode(ctx context.Context, args []string) error {
	o := daemon.DefaultOptions()
	o.Data, o.Listen, o.Store = args[0], args[1], args[2]
	var err error
	if o.Heartbeat, err = time.ParseDuration(args[3]); err != nil {
		return err
	}
	o.Role, o.JSON, o.LANAnnounce, o.Limits, o.ProxyProtocol = args[4], true, false, admission.Limits{}, balancer
	return daemon.Run(ctx, o, nil, pgstore.Or(boltstore.Open), os.Stdout, os.Stderr)
}

// node is a tracker's process of a cluster.
type node struct {
	*process
	folder, at, database string
	beat                 time.Duration
	role                 server.Role
}

func (n *node) run(t testing.TB) {
	n.process = startServer(t, "node", n.folder, n.at, n.database, n.beat.String(), string(n.role))
}

// ready returns what /readyz says.
func (n *node) ready(t testing.TB) (status int, said string) {
	t.Helper()
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + n.at + netproto.RouteReady)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// runNodes starts a tracker of some nodes, each with the database at its address.
func runNodes(t testing.TB, beat time.Duration, databases ...string) (nodes []*node) {
	t.Helper()
	for _, database := range databases {
		nodes = append(nodes, newNode(t, nodes, database, beat, server.RoleBoth))
	}
	return nodes
}

// newNode starts a node of a tracker that has others already.
func newNode(t testing.TB, others []*node, database string, beat time.Duration, role server.Role) *node {
	t.Helper()
	n := &node{folder: t.TempDir(), at: porttest.Address(t), database: database, beat: beat, role: role}
	if len(others) > 0 { // all have the key of the first
		if key, err := os.ReadFile(filepath.Join(others[0].folder, "tracker.key")); err != nil {
			t.Fatal(err)
		} else if err := os.WriteFile(filepath.Join(n.folder, "tracker.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.run(t)
	return n
}

// cluster is a tracker of three nodes behind HAProxy, on a PostgreSQL with a standby. The
// last node reaches it over PgBouncer, the others by themselves.
type cluster struct {
	testing.TB
	primary, standby *pgtest.Server
	bouncer          *exec.Cmd
	bouncing         string // its settings
	nodes            []*node
	address          string        // of HAProxy
	beat             time.Duration // interval of heartbeats, in whole seconds
}

func startCluster(t testing.TB, beat time.Duration) *cluster {
	t.Helper()
	for _, program := range []string{"haproxy", "pgbouncer"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: .ci/setup cluster does that", program)
		}
	}
	c := &cluster{TB: t, primary: pgtest.Start(t), beat: beat}
	c.standby = c.primary.Standby(t)
	database := pgtest.AddressOf(c.primary, c.standby)
	c.nodes = runNodes(t, beat, database, database, c.startBouncer())
	c.startHAProxy(mostWires + 500)
	return c
}

// background runs a program of another package, as a user that is not root, until the test
// is over.
func (c *cluster) background(folder, program string, args ...string) *exec.Cmd {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), program, args...)
	cmd.Dir = folder
	if os.Getuid() == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			c.Fatal(err)
		}
		var uid, gid uint32
		if _, err := fmt.Sscan(nobody.Uid+" "+nobody.Gid, &uid, &gid); err != nil {
			c.Fatal(err)
		}
		if err := os.Chown(folder, int(uid), int(gid)); err != nil {
			c.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		c.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Kill()
		cmd.Wait()
		if c.Failed() {
			said, _ := os.ReadFile(log.Name())
			c.Logf("%s said:\n%.4000s", program, said)
		}
	})
	return cmd
}

// publicFolder returns a folder that other users reach.
func (c *cluster) publicFolder(name string) string {
	c.Helper()
	folder, err := os.MkdirTemp("", name)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func (c *cluster) write(file, text string) {
	c.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		c.Fatal(err)
	}
}

// startBouncer starts a PgBouncer that gives each transaction any connection, and returns
// the address of the database there.
func (c *cluster) startBouncer() string {
	c.Helper()
	folder := c.publicFolder("bouncer")
	c.bouncing = filepath.Join(folder, "ini")
	c.point(c.primary)
	c.write(filepath.Join(folder, "users"), `"tracker" ""`)
	c.bouncer = c.background(folder, "pgbouncer", "ini")
	c.until("PgBouncer listens", func() bool {
		_, err := os.Stat(filepath.Join(folder, ".s.PGSQL.6432"))
		return err == nil
	})
	return "postgres://tracker@/postgres?port=6432&host=" + folder
}

// point has PgBouncer use a server, as whoever promotes that does.
func (c *cluster) point(s *pgtest.Server) {
	c.Helper()
	c.write(c.bouncing, fmt.Sprintf(`[databases]
postgres = host=%s port=5432
[pgbouncer]
listen_addr =
unix_socket_dir = %s
listen_port = 6432
auth_type = trust
auth_file = users
pool_mode = transaction
server_login_retry = 1
`, s.Folder(), filepath.Dir(c.bouncing)))
	if c.bouncer != nil {
		c.bouncer.Process.Signal(syscall.SIGHUP)
	}
}

func (c *cluster) startHAProxy(connections int) {
	c.Helper()
	c.address = porttest.Address(c)
	text := fmt.Sprintf(`global
	maxconn %d
defaults
	mode tcp
	timeout connect 1s
	timeout client 2m
	timeout server 2m
	timeout check 1s
	retries 3
	option redispatch 1
listen tracker
	bind %s
	balance leastconn
	source %s
	option httpchk
	http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
	default-server inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions send-proxy-v2 check-send-proxy
`, connections, c.address, balancer)
	for i, n := range c.nodes {
		text += fmt.Sprintf("	server node%d %s check\n", i+1, n.at)
	}
	folder := c.publicFolder("haproxy")
	c.write(filepath.Join(folder, "haproxy.cfg"), text)
	c.background(folder, "haproxy", "-db", "-f", "haproxy.cfg")
	c.until("HAProxy passes on", func() bool {
		w, err := dial(c.Context(), c.address, source(9, 0), c.stranger())
		if err != nil {
			return false
		}
		defer w.Close()
		_, err = w.must(request(http.MethodGet, netproto.RouteTracker, nil))
		return err == nil
	})
}

func (c *cluster) stranger() *identity.Identity {
	c.Helper()
	id, err := newIdentity()
	if err != nil {
		c.Fatal(err)
	}
	return id
}

// until waits for a condition.
func (c *cluster) until(what string, met func() bool) {
	c.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("not within a minute: %s", what)
		}
	}
}
