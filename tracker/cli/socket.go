package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"syscall"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
	"centralizedp2p/tracker/daemon"
)

const (
	commandTime = 30 * time.Second // for any answer except a backup
	maxAnswer   = 64 << 20         // bytes; the longest list of bans is a third of that
)

// windowsRefused is WSAECONNREFUSED, which package syscall defines on Windows
// only.
const windowsRefused = syscall.Errno(10061)

// socket reaches the running tracker of a data folder.
type socket struct {
	data string
	http *http.Client
}

func newSocket(data string) *socket {
	path := daemon.ControlSocket(data)
	return &socket{data: data, http: &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, commandTime)
				defer cancel()
				return localsocket.Dial(ctx, path)
			},
			ResponseHeaderTimeout: commandTime,
			DisableKeepAlives:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call sends a command and reads its answer, both as JSON; either may be nil.
func (s *socket) call(ctx context.Context, method, route string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	response, err := s.send(ctx, method, route, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(answer); err != nil {
		return netproto.Errorf(netproto.CodeProtocol, "the answer to the command: %w", err)
	}
	return nil
}

// copy writes the answer to w.
func (s *socket) copy(ctx context.Context, route string, w io.Writer) error {
	response, err := s.send(ctx, http.MethodGet, route, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(w, response.Body)
	return err
}

// send sends a request and returns the response if it is a success.
func (s *socket) send(ctx context.Context, method, route string, body any) (*http.Response, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://tracker"+route, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, s.unanswered(ctx, err)
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	var problem netproto.Problem
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&problem)
	if media != netproto.MediaTypeProblem || err != nil || problem.Code == "" {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the answer to the command has the status %d", response.StatusCode)
	}
	return nil, &netproto.Error{Code: problem.Code, Detail: problem.Detail}
}

// unanswered explains why there is no answer.
func (s *socket) unanswered(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, windowsRefused):
		return netproto.Errorf(netproto.CodeUnreachable, "no tracker runs on the data folder %s; choose another one with --data", s.data)
	case errors.Is(err, fs.ErrPermission):
		return netproto.Errorf(netproto.CodeUnreachable, "the tracker of %s belongs to another user: run the command as that user", s.data)
	}
	return netproto.Errorf(netproto.CodeUnreachable, "the tracker of the data folder %s: %w", s.data, err)
}
