//go:build !windows

package localsocket

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxPath is how long the path of a Unix socket may be everywhere, in bytes.
const maxPath = 100

// listen makes a socket with mode 0600.
func listen(path string) (net.Listener, error) {
	fresh := path + ".new" // it gets its mode before it gets its name
	if err := removed(fresh); err != nil {
		return nil, err
	}
	var ln *net.UnixListener
	err := shorten(fresh, func(short string) (err error) {
		ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false) // it knows its first name only
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, ln.Close(), removed(fresh))
	}
	return &listener{ln, sync.OnceValue(func() error { return errors.Join(ln.Close(), removed(path)) })}, nil
}

func dial(ctx context.Context, path string) (conn net.Conn, err error) {
	err = shorten(path, func(short string) (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "unix", short)
		return err
	})
	return conn, err
}

// shorten calls use with a path of a socket that is short enough for the system: while
// use runs, a long one is reached through a link in a temporary folder that only this
// user can enter. The socket itself is in its own folder.
func shorten(path string, use func(short string) error) error {
	if len(path) <= maxPath {
		return use(path)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	var failures []error
	for _, base := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp"} {
		if base == "" {
			continue
		}
		temporary, err := os.MkdirTemp(base, "cp2p-")
		if err != nil {
			failures = append(failures, err)
			continue
		}
		link := filepath.Join(temporary, "d")
		short := filepath.Join(link, filepath.Base(path))
		if len(short) > maxPath {
			failures = append(failures, os.Remove(temporary))
			continue
		}
		err = os.Symlink(folder, link)
		if err == nil {
			err = use(short)
		}
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return errors.Join(failures...)
}
