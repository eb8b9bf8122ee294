package seedpeer

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

const deadline = time.Minute

// seedTracker answers as the seed's tracker does, byte for byte.
type seedTracker struct {
	URL string

	mu    sync.Mutex
	rows  map[string]netproto.SeedRegistration // by peer and hash, as the seed
	beats map[string]int
	down  bool
	cut   int           // heartbeats that came while it was down
	news  chan struct{} // closed and made anew after each request
}

func newSeedTracker(t *testing.T) *seedTracker {
	t.Helper()
	tracker := &seedTracker{rows: map[string]netproto.SeedRegistration{}, beats: map[string]int{}, news: make(chan struct{})}
	server := httptest.NewServer(tracker)
	t.Cleanup(server.Close)
	tracker.URL = server.URL
	return tracker
}

func (s *seedTracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { close(s.news); s.news = make(chan struct{}) }()
	w.Header().Set("Content-Type", "application/json")
	var fields map[string]any
	if len(body) > 0 && r.Header.Get("Content-Type") == "application/json; charset=utf-8" {
		json.Unmarshal(body, &fields)
	}
	switch key := r.Method + " " + r.URL.Path; {
	case s.down:
		if key == "POST /heartbeat" {
			s.cut++
		}
		panic(http.ErrAbortHandler) // cuts the connection
	case key == "GET /resource":
		io.WriteString(w, s.get(fields))
	case len(fields) == 0:
		w.WriteHeader(400)
		io.WriteString(w, `{"success": false, "data": "Request needs a body, but none encountered."}`)
	case key == "POST /heartbeat":
		s.beats[fmt.Sprint(fields["peer_id"])]++
		io.WriteString(w, `{"success": true, "data": "Ok"}`)
	case key == "POST /resource":
		var post netproto.SeedRegistration
		json.Unmarshal(body, &post)
		if ip, err := netip.ParseAddr(post.PeerIP); err != nil || !ip.Is4() {
			w.WriteHeader(422)
			io.WriteString(w, `{"success": false, "data": {"peer_ip": ["Not a valid IPv4 address."]}}`)
			return
		}
		s.rows[post.PeerID+post.ResourceHash] = post
		io.WriteString(w, envelope(string(body)))
	default:
		w.WriteHeader(405)
		io.WriteString(w, `{"message": "The method is not allowed for the requested URL."}`)
	}
}

func (s *seedTracker) get(fields map[string]any) string {
	name, one := fields["resource_name"].(string)
	var rows []string
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		r := s.rows[key]
		row := fmt.Sprintf(`{"peer_ip": %q, "peer_port": %d, "resource_path": %s, "resource_name": %s, "resource_hash": %q}`,
			r.PeerIP, r.PeerPort, dumps(r.ResourcePath), dumps(r.ResourceName), r.ResourceHash)
		if one && r.ResourceName == name {
			return envelope(row)
		}
		rows = append(rows, row)
	}
	if one {
		return envelope("{}")
	}
	return envelope("[" + strings.Join(rows, ", ") + "]")
}

// envelope carries JSON as a string, as the seed does.
func envelope(data string) string { return `{"success": true, "data": ` + dumps(data) + `}` }

func dumps(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// add lists a resource of some other peer.
func (s *seedTracker) add(r netproto.SeedResource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows["other"+r.ResourceName] = netproto.SeedRegistration{PeerID: "other", SeedResource: r}
}

// drop forgets every peer, as the seed does 7 s after the last heartbeat.
func (s *seedTracker) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.rows)
	clear(s.beats)
}

func (s *seedTracker) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *seedTracker) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := []string{}
	for r := range maps.Values(s.rows) {
		names = append(names, r.ResourceName)
	}
	slices.Sort(names)
	return names
}

func (s *seedTracker) beatingPeers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.beats)
}

func (s *seedTracker) missedBeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

// wait returns once cond holds after a request.
func (s *seedTracker) wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	over := time.After(deadline)
	for {
		s.mu.Lock()
		news := s.news
		s.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-news:
		case <-over:
			t.Fatalf("%s did not come to pass", what)
		}
	}
}

// seedPeer answers as the seed's peer does: with the first 10,240 bytes of
// whatever path the datagram names, under root. Where change is set, it makes
// the answer, and nil is silence.
type seedPeer struct {
	root   string
	change func(answer []byte) []byte
	conn   *net.UDPConn
	asked  chan datagramSeen
}

// datagramSeen is a request as a seed peer saw it.
type datagramSeen struct {
	Path string
	From netip.AddrPort
}

func newSeedPeer(t *testing.T, root string, change func([]byte) []byte) *seedPeer {
	t.Helper()
	p := &seedPeer{root: root, change: change, conn: listenUDP(t), asked: make(chan datagramSeen, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.serve()
	}()
	t.Cleanup(func() { p.conn.Close(); <-done })
	return p
}

func (p *seedPeer) serve() {
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := p.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		path := string(buffer[:n])
		p.asked <- datagramSeen{path, from}
		data, err := os.ReadFile(filepath.Join(p.root, path))
		if err != nil {
			continue
		}
		answer := data[:min(len(data), netproto.SeedMaxBytes)]
		if p.change != nil {
			if answer = p.change(answer); answer == nil {
				continue
			}
		}
		p.conn.WriteToUDPAddrPort(answer, from)
	}
}

func (p *seedPeer) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// resource is a file of the peer as its tracker lists it.
func (p *seedPeer) resource(path, name string, content []byte) netproto.SeedResource {
	return netproto.SeedResource{
		PeerIP: p.addr().Addr().String(), PeerPort: int(p.addr().Port()),
		ResourcePath: path, ResourceName: name, ResourceHash: md5Hex(content),
	}
}

func md5Hex(content []byte) string {
	sum := md5.Sum(content)
	return hex.EncodeToString(sum[:])
}

func listenUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// serve runs a Server of the shelf until the test is over.
func serve(t *testing.T, files Files) *Server {
	t.Helper()
	server, err := Listen("127.0.0.1:0", netproto.SeedLAN, files, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(deadline):
			t.Error("Serve does not end with its context")
		}
	})
	return server
}

// dial is a socket towards a server.
func dial(t *testing.T, server *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", server.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends datagrams and gives the first answer that comes; nil is silence for
// the time given. A server answers in order: the answer to the last datagram
// shows that none before it was answered.
func ask(t *testing.T, server *Server, patience time.Duration, datagrams ...string) []byte {
	t.Helper()
	conn := dial(t, server)
	for _, datagram := range datagrams {
		if _, err := conn.Write([]byte(datagram)); err != nil {
			t.Fatal(err)
		}
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	buffer := make([]byte, maxDatagram)
	n, err := conn.Read(buffer)
	if err != nil {
		return nil
	}
	return buffer[:n]
}

// file writes a file with recognisable content of a size.
func file(t *testing.T, path string, size int) []byte {
	t.Helper()
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i*7 + i>>8 + size)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return content
}

// offer puts a file on a shelf under a path and name.
func offer(t *testing.T, s *shelf, path, name, location string) {
	t.Helper()
	it, err := hashFile(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	s.put(key{path, name}, it)
}

// tree is every file under a folder with its content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		relative, relErr := filepath.Rel(dir, path)
		got[filepath.ToSlash(relative)] = string(content)
		return cmp.Or(err, relErr)
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return got
}
