// Package localsocket is how processes of one user on one computer reach each other:
// over a channel in a folder that nobody else can open at any moment, however long its
// path is. It is a Unix socket or, on Windows, a named pipe.
package localsocket

import (
	"context"
	"errors"
	"net"
	"os"
)

// Listen makes a socket that only this user can open, in place of one that a killed
// process left. The caller makes sure that no other process listens there, and that the
// folder exists. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) { return listen(path) }

// Dial connects to the socket at path. The error is [os.ErrNotExist] if there is none,
// or, on Windows, if the process that made it was killed; [os.ErrPermission] if it
// belongs to another user.
func Dial(ctx context.Context, path string) (net.Conn, error) { return dial(ctx, path) }

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// listener removes its socket once when it is closed.
type listener struct {
	net.Listener
	close func() error
}

// Close implements net.Listener.
func (l *listener) Close() error { return l.close() }
