package node

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/app/peer"
	"centralizedp2p/app/seedpeer"
	"centralizedp2p/netproto"
)

// seedFiles are the files that seed clients may fetch here.
type seedFiles struct{ engine *peer.Engine }

func (s seedFiles) Lookup(path, name string) (seedpeer.File, bool) {
	file, state, ok := s.engine.SeedFile(path, name)
	sent := func(to netip.AddrPort, bytes int) { s.engine.CountSeed(path, to, bytes) }
	return seedpeer.File{Location: file, Size: state.Size, ModTime: time.Unix(0, state.Modified), Sent: sent}, ok
}

// listener is the part of the engine that seed clients have to do with.
type listener interface {
	// Port is the TCP port; seed clients are served on the UDP port of the same
	// number.
	Port() int
	// ServeSeedClients learns that UDP port; 0 is none.
	ServeSeedClients(port int)
}

// seedServer answers seed clients. It is a sideline of the program: its failures
// are logged and end nothing.
type seedServer struct {
	engine listener
	files  seedpeer.Files
	log    *slog.Logger
	loops  sync.WaitGroup

	// mu is never held over a disk or a wait for a loop.
	mu     sync.Mutex
	closed bool
	server *seedpeer.Server // nil if nothing is served
	stop   context.CancelFunc
	policy netproto.SeedPolicy // of the server
	port   int                 // of the engine, when the server was started
}

func newSeedServer(engine listener, files seedpeer.Files, log *slog.Logger) *seedServer {
	return &seedServer{engine: engine, files: files, log: log}
}

// serve answers seed clients by that policy from now on, on the port that the
// engine has now. The server before gives its port back at once, even if it
// waits for a disk.
func (s *seedServer) serve(policy netproto.SeedPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	port := s.engine.Port()
	if s.closed || s.server != nil && s.policy == policy && s.port == port {
		return
	}
	s.endLocked()
	server, err := seedpeer.Listen(peer.ListenAddress(port), policy, s.files, s.log)
	if err != nil {
		s.log.Warn("seed clients are not served", "error", err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	s.server, s.stop, s.policy, s.port = server, stop, policy, port
	s.engine.ServeSeedClients(server.Port())
	s.loops.Go(func() {
		if err := server.Serve(ctx); err != nil {
			s.log.Error("seed clients are no longer served", "error", err)
		}
	})
}

func (s *seedServer) endLocked() {
	if s.server == nil {
		return
	}
	s.stop()
	s.server.Close()
	s.engine.ServeSeedClients(0)
	s.server = nil
}

// close ends the answers and waits for the last one.
func (s *seedServer) close() {
	s.mu.Lock()
	s.closed = true
	s.endLocked()
	s.mu.Unlock()
	s.loops.Wait()
}
