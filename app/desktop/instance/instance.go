// Package instance allows one window for each profile: a second start hands
// what it was asked to open to the first, over a socket in the profile's
// folder, and ends.
//
// The socket has mode 0600, so only the person whose window it is can open it.
// A request is a line of JSON, {"open":["cp2p://…","/a/file"]}, answered with
// {"ok":true} once the window has it. The process that holds the profile's lock
// listens. It may replace the socket that a killed one left behind.
package instance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
)

const (
	socketName = "desktop.sock"
	maxRequest = 1 << 20 // bytes; enough for some thousand selected files
	// answerTime bounds one request on both sides.
	answerTime = 5 * time.Second
	// askEvery is how often to try a window that is still starting.
	askEvery = 50 * time.Millisecond
	// After maxFailures failed accepts in a row, for lack of file descriptors,
	// the service ends.
	maxFailures = 100
	failureRest = 50 * time.Millisecond
)

// request is what a second start asks the window to open. An empty one brings
// the window to the front.
type request struct {
	Open []string `json:"open"` // cp2p:// links and absolute paths
}

type answer struct {
	OK bool `json:"ok"`
}

// Socket returns where the window of a profile listens.
func Socket(profile string) string { return filepath.Join(profile, socketName) }

// Server is the window's side.
type Server struct {
	ln       net.Listener
	log      *slog.Logger
	requests chan []string
	ctx      context.Context
	stop     context.CancelFunc
	group    sync.WaitGroup
}

// Listen starts to take requests for a profile, which the caller has locked.
func Listen(profile string, log *slog.Logger) (*Server, error) {
	ln, err := localsocket.Listen(Socket(profile))
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeStore, "no second start can reach this window: %w", err)
	}
	s := &Server{ln: ln, log: log, requests: make(chan []string)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.group.Go(s.serve)
	return s, nil
}

// Requests delivers what second starts ask to open: cp2p:// links and absolute
// paths. Close closes it.
func (s *Server) Requests() <-chan []string { return s.requests }

// Close ends the service, removes the socket, and waits for both.
func (s *Server) Close() error {
	s.stop()
	err := s.ln.Close()
	s.group.Wait()
	close(s.requests)
	return err
}

func (s *Server) serve() {
	for failures := 0; s.ctx.Err() == nil; {
		conn, err := s.ln.Accept()
		if err == nil {
			failures = 0
			s.group.Go(func() { s.answer(conn) })
			continue
		}
		if failures++; s.ctx.Err() != nil || failures > maxFailures {
			return
		}
		s.log.Warn("a second start did not reach this window", "error", err)
		rest := time.NewTimer(failureRest)
		select {
		case <-s.ctx.Done():
		case <-rest.C:
		}
		rest.Stop()
	}
}

func (s *Server) answer(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(s.ctx, func() { conn.Close() })()
	conn.SetDeadline(time.Now().Add(answerTime))
	asked, err := readRequest(conn)
	if err != nil {
		s.log.Warn("a second start was not understood", "error", err)
		return
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case s.requests <- asked.Open:
		_ = json.NewEncoder(conn).Encode(answer{OK: true}) // the asker may be gone, but the window has the request
	case <-s.ctx.Done():
	case <-timer.C:
	}
}

// readRequest reads one line and checks what it asks for.
func readRequest(r io.Reader) (request, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxRequest+1)).ReadBytes('\n')
	if err != nil {
		return request{}, fmt.Errorf("a request of %d bytes that does not end: %w", len(line), err)
	}
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return request{}, err
	}
	for _, what := range asked.Open {
		if _, err := netproto.ParseLink(what); err != nil && !filepath.IsAbs(what) {
			return request{}, fmt.Errorf("%q is neither a link nor an absolute path", what)
		}
	}
	return asked, nil
}

// HandOver asks the window of a profile to open links and absolute paths, or to
// come to the front if there are none. It waits until ctx ends for a window
// that is still starting. It fails if no window listens: a command may be using
// the profile.
func HandOver(ctx context.Context, profile string, open []string) error {
	line, err := json.Marshal(request{Open: open})
	if err != nil {
		return err
	}
	if line = append(line, '\n'); len(line) > maxRequest {
		return netproto.Errorf(netproto.CodeTooLarge, "%d files and links at once", len(open))
	}
	for {
		err := handOver(ctx, Socket(profile), line)
		if err == nil || !errors.Is(err, errNobody) {
			return err
		}
		timer := time.NewTimer(askEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// errNobody means that no window listens, or not yet.
var errNobody = errors.New("no window listens")

func handOver(ctx context.Context, socket string, line []byte) error {
	conn, err := localsocket.Dial(ctx, socket)
	if err != nil {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerTime))
	if _, err := conn.Write(line); err != nil {
		return err
	}
	var a answer
	if err := json.NewDecoder(io.LimitReader(conn, maxRequest)).Decode(&a); err != nil {
		return fmt.Errorf("the window did not take it: %w", err)
	}
	if !a.OK {
		return errors.New("the window did not take it")
	}
	return nil
}
