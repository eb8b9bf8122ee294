package preview

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// guarded refuses requests that a web page may have made: those with another name of
// this computer than its address, and those from another site.
func guarded(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Host != host || site != "" && site != "none" && site != "same-origin" || r.Header.Get("Origin") != "" {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// enter counts a request for a file; nil if there is no such file, or no room for
// another request.
func (s *Server) enter(secret string) (f *served, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f = s.files[secret]
	switch {
	case f == nil:
		return nil, http.StatusNotFound
	case s.readers >= maxReaders:
		return nil, http.StatusServiceUnavailable
	}
	s.readers++
	s.use(f)
	return f, http.StatusOK
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers--
}

// read notes that a file is still read.
func (s *Server) read(f *served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[f.secret] == f {
		s.use(f)
	}
}

// serve answers a request for a file, or for ranges of it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	f, status := s.enter(r.PathValue("secret"))
	if f == nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	defer s.leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(f.ctx, cancel)()
	soon, late := context.WithTimeout(ctx, firstByte)
	reader, err := f.Open(soon)
	late()
	if err != nil {
		s.log.Info("a preview cannot begin", "error", err)
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	defer reader.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	if f.MIME != "" {
		w.Header().Set("Content-Type", f.MIME)
	}
	p := &playing{ctx: ctx, reader: reader, used: func() {
		s.read(f)
		// A player gets what is here before the rest is waited for. One that pauses reads
		// nothing for a while; one that is gone must not stay.
		connection := http.NewResponseController(w)
		_ = connection.SetWriteDeadline(time.Now().Add(idle))
		_ = connection.Flush() // the next write says it, too
	}}
	http.ServeContent(w, r, "", time.Time{}, p)
	if p.failed != nil && ctx.Err() == nil {
		s.log.Info("a preview broke off", "error", p.failed)
		panic(http.ErrAbortHandler) // what came must not look whole
	}
}

// playing is a reader at a place, as [http.ServeContent] wants it.
type playing struct {
	ctx    context.Context
	reader Reader
	at     int64
	used   func()
	failed error
}

// Seek moves the place.
func (p *playing) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.reader.Size()
	}
	if offset < 0 {
		return 0, errors.New("a place before the start")
	}
	p.at = offset
	return offset, nil
}

// Read waits for the bytes at the place.
func (p *playing) Read(b []byte) (int, error) {
	if p.at >= p.reader.Size() {
		return 0, io.EOF
	}
	p.used()
	n, err := p.reader.ReadAt(p.ctx, b, p.at)
	p.at += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		p.failed = err
	}
	return n, err
}
