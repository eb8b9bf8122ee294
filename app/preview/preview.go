// Package preview serves files to programs of the same computer while they are still
// being downloaded: a player gets the address of a file on a loopback port and reads
// from wherever it wants (Range). It knows neither downloads nor peers, only a [File].
//
// An address contains a secret of 128 bits, so other users and web pages cannot guess
// it. Requests with another Host are refused, because a web page can have its own name
// point to this computer, and so are those that a web page of another site makes. What
// is served runs no script.
package preview

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Bounds of a server.
const (
	maxServed  = 16               // files at once; the one that was read longest ago makes room
	maxReaders = 32               // requests at once
	idle       = 30 * time.Minute // a file that nobody reads for so long is no longer served; a paused player reads on within it
	firstByte  = time.Minute      // how long a request waits until its file can be read
)

// File is what a server serves.
type File struct {
	Name string // for the address
	MIME string // the media type; "" if it is unknown
	// Open returns a reader of the file. It may wait until ctx ends. What it returns is
	// closed after the request.
	Open func(ctx context.Context) (Reader, error)
}

// Reader reads a file that may not be complete.
type Reader interface {
	// Size returns the size of the whole file, in bytes.
	Size() int64
	// ReadAt reads at least one byte, unless the error is not nil. It waits until there
	// is one, or ctx ends.
	ReadAt(ctx context.Context, b []byte, offset int64) (int, error)
	io.Closer
}

// Server serves files on a loopback port. It listens while it serves something. Create
// one with [New].
type Server struct {
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex
	closed   bool
	listener net.Listener // nil while nothing is served
	http     *http.Server
	work     sync.WaitGroup
	files    map[string]*served // by secret
	readers  int
}

// served is a file with an address.
type served struct {
	File
	group  string
	path   string
	secret string
	ctx    context.Context // ends when the file is no longer served
	end    context.CancelFunc
	used   time.Time
	timer  *time.Timer // ends it when it was idle
}

// New returns a server that serves nothing yet.
func New(log *slog.Logger) *Server {
	return &Server{log: log, now: time.Now, files: map[string]*served{}}
}

// Serve returns the address at which a file is served until End is called with its
// group, or nobody has read it for half an hour. A file of a group that is served already
// keeps its address; path tells it from the others. After Close the error is
// [net.ErrClosed].
func (s *Server) Serve(group, path string, file File) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.listen(); err != nil {
		return "", err
	}
	for _, f := range s.files {
		if f.group == group && f.path == path {
			s.use(f)
			return s.address(f), nil
		}
	}
	if len(s.files) >= maxServed {
		s.endOldest()
	}
	f := &served{File: file, group: group, path: path, secret: rand.Text()}
	f.ctx, f.end = context.WithCancel(context.Background())
	f.timer = time.AfterFunc(idle, func() { s.endIdle(f) })
	s.files[f.secret] = f
	s.use(f)
	return s.address(f), nil
}

func (s *Server) address(f *served) string {
	return (&url.URL{Scheme: "http", Host: s.listener.Addr().String(), Path: "/" + f.secret + "/" + f.Name}).String()
}

// listen opens the port if it is not open. The caller holds the lock.
func (s *Server) listen() error {
	if s.closed {
		return net.ErrClosed
	}
	if s.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{secret}/{name}", s.serve)
	s.listener = l
	s.http = &http.Server{Handler: guarded(l.Addr().String(), mux), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	server := s.http
	s.work.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Warn("the port for previews", "error", err)
		}
	})
	return nil
}

// use notes that a file is read. The caller holds the lock.
func (s *Server) use(f *served) {
	f.used = s.now()
	f.timer.Reset(idle)
}

// End stops serving the files of a group. Requests for them break off.
func (s *Server) End(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.group == group {
			s.drop(f)
		}
	}
}

func (s *Server) endIdle(f *served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[f.secret] == f {
		s.drop(f)
	}
}

func (s *Server) endOldest() {
	var oldest *served
	for _, f := range s.files {
		if oldest == nil || f.used.Before(oldest.used) {
			oldest = f
		}
	}
	s.drop(oldest)
}

// drop stops serving a file, and closes the port after the last one. The caller holds
// the lock.
func (s *Server) drop(f *served) {
	delete(s.files, f.secret)
	f.timer.Stop()
	f.end()
	if len(s.files) == 0 {
		s.shut()
	}
}

// shut closes the port. The caller holds the lock.
func (s *Server) shut() {
	if s.http != nil {
		s.http.Close()
		s.listener, s.http = nil, nil
	}
}

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, f := range s.files {
		s.drop(f)
	}
	s.mu.Unlock()
	s.work.Wait()
}
