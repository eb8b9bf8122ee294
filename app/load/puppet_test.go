//go:build linux

package load

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// puppet is a tracker under the control of a test. Unless the test says otherwise it
// answers as a tracker does that knows one content.
type puppet struct {
	id      *identity.Identity
	address string

	// answer, if not nil, may answer a request instead; it reports whether it did.
	answer func(w http.ResponseWriter, r *http.Request) bool

	mu      sync.Mutex
	hash    netproto.ContentHash
	name    string
	size    int64
	folder  bool
	sources []netproto.Source

	calls atomic.Int64
	conns atomic.Int64

	// key, if not nil, gives the key that the n-th connection is shown.
	key func(n int64) *identity.Identity
}

// startPuppet starts a tracker that runs until the test is over. onConn, if not nil, gets
// each connection before TLS, and reports whether it dealt with it.
func startPuppet(t testing.TB, onConn func(net.Conn) bool) *puppet {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	return startPuppetOn(t, ln, onConn)
}

func startPuppetOn(t testing.TB, ln net.Listener, onConn func(net.Conn) bool) *puppet {
	t.Helper()
	p := &puppet{id: newIdentity(t), address: ln.Addr().String()}
	if onConn != nil {
		ln = &screened{ln, onConn}
	}
	server := &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		config := p.id.ServerTLS(identity.HTTP, false, nil)
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if n := p.conns.Add(1); p.key != nil {
				return p.key(n).ServerTLS(identity.HTTP, false, nil), nil
			}
			return nil, nil
		}
		server.Serve(tls.NewListener(ln, config))
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return p
}

// screened is a listener whose connections a test sees first.
type screened struct {
	net.Listener
	takes func(net.Conn) bool
}

func (s *screened) Accept() (net.Conn, error) {
	for {
		c, err := s.Listener.Accept()
		if err != nil || !s.takes(c) {
			return c, err
		}
	}
}

// link is one to its content.
func (p *puppet) link() string {
	l := netproto.Link{Tracker: p.address, Hash: p.hash, Name: p.name, Size: -1, Fingerprint: p.id.Fingerprint()}
	return l.String()
}

// trackerLink is one to the tracker itself.
func (p *puppet) trackerLink() string {
	l := netproto.Link{Tracker: p.address, Fingerprint: p.id.Fingerprint()}
	return l.String()
}

// knows has the tracker know a content and who has it.
func (p *puppet) knows(hash netproto.ContentHash, name string, size int64, folder bool, sources ...netproto.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hash, p.name, p.size, p.folder, p.sources = hash, name, size, folder, sources
}

func (p *puppet) hit() netproto.Hit {
	return netproto.Hit{Hash: p.hash, Name: p.name, Size: p.size, Folder: p.folder, Sources: len(p.sources), Added: time.Now()}
}

func (p *puppet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	if p.answer != nil && p.answer(w, r) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch path := r.URL.Path; {
	case path == netproto.RouteTracker:
		says(w, netproto.TrackerInfo{Name: "puppet", Fingerprint: p.id.Fingerprint(), Version: "1", HeartbeatSeconds: 30, LeaseSeconds: 90,
			Limits: netproto.Limits{Announce: netproto.MaxAnnounce, Page: netproto.MaxPage, ResourcesPerPeer: 1000}})
	case path == netproto.RouteSelf && r.Method == http.MethodPut:
		says(w, netproto.JoinResponse{ObservedAddress: "127.0.0.1:4000", Reachable: netproto.ReachableUnknown, HeartbeatSeconds: 30, LeaseSeconds: 90})
	case path == netproto.RouteSelf:
		w.WriteHeader(http.StatusNoContent)
	case path == netproto.RouteHeartbeat:
		says(w, netproto.HeartbeatResponse{Status: netproto.HeartbeatOK, Reachable: netproto.ReachableUnknown, Stats: &netproto.Stats{}})
	case path == netproto.RouteStats:
		says(w, netproto.Stats{})
	case path == netproto.RouteResources && r.Method == http.MethodGet:
		says(w, netproto.SearchResponse{Items: []netproto.Hit{p.hit()}})
	case path == netproto.RouteResources:
		var request netproto.AnnounceRequest
		json.NewDecoder(r.Body).Decode(&request) // a withdrawal has none of its fields
		says(w, netproto.AnnounceResponse{Accepted: len(request.Resources)})
	case strings.HasSuffix(path, "/peers"):
		says(w, netproto.SourcesResponse{Sources: p.sources})
	case strings.HasPrefix(path, netproto.RouteResources+"/"):
		says(w, netproto.ResourceResponse{Hit: p.hit(), Names: []string{p.name}})
	default:
		refuses(w, netproto.CodeNotFound)
	}
}

func says(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func refuses(w http.ResponseWriter, code netproto.Code) {
	w.Header().Set("Content-Type", netproto.MediaTypeProblem)
	w.WriteHeader(code.Status())
	json.NewEncoder(w).Encode(netproto.ProblemOf(&netproto.Error{Code: code}))
}

// target counts who connects to it and says nothing.
type target struct {
	net.Listener
	tb    testing.TB
	conns atomic.Int64
}

func startTarget(t testing.TB) *target {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	v := &target{Listener: ln, tb: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			v.conns.Add(1)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return v
}

// gate is a port behind which a peer is, for who comes after it was opened.
type gate struct {
	address string
	open    chan struct{}
	once    sync.Once
}

func (g *gate) Open() { g.once.Do(func() { close(g.open) }) }

func startGate(t testing.TB, behind string) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	g := &gate{address: ln.Addr().String(), open: make(chan struct{})}
	var all sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	closed := make(chan struct{})
	keep := func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, c)
	}
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			keep(c)
			all.Go(func() {
				defer c.Close()
				select {
				case <-g.open:
				case <-closed:
					return
				}
				peer, err := net.Dial("tcp", behind)
				if err != nil {
					return
				}
				keep(peer)
				defer peer.Close()
				all.Go(func() { io.Copy(peer, c); peer.Close() })
				io.Copy(c, peer)
			})
		}
	})
	t.Cleanup(func() {
		close(closed)
		ln.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return g
}

// sourceAt is how a tracker names a peer.
func sourceAt(id *identity.Identity, addresses ...string) netproto.Source {
	return netproto.Source{PeerID: id.PeerID(), Key: netproto.PublicKey(id.Key()), Addresses: addresses}
}

// identityOf is that of a profile, which has none before.
func identityOf(t testing.TB, profile string) *identity.Identity {
	t.Helper()
	id, err := identity.LoadOrCreate(filepath.Join(profile, "peer.key"))
	check(t, err)
	return id
}
