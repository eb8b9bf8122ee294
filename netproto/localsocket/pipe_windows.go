package localsocket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"centralizedp2p/netproto/readfile"
)

// Windows has Unix sockets since 2018, but none of their modes, and their paths have at
// most 108 bytes. So the file at the path holds the name of a pipe that nobody can
// foresee. The pipe belongs to the user and lets nobody else in, and whoever connects
// makes sure of its owner: another user who can write into the folder cannot be taken
// for the one who listens.

const (
	pipePrefix = `\\.\pipe\centralizedp2p-`
	maxName    = 128      // bytes
	bufferSize = 64 << 10 // bytes that can be written before anybody reads
)

func listen(path string) (net.Listener, error) {
	user, err := thisUser()
	if err != nil {
		return nil, err
	}
	if err := removed(path); err != nil {
		return nil, err
	}
	name := pipePrefix + rand.Text()
	ln, err := winio.ListenPipe(name, &winio.PipeConfig{
		SecurityDescriptor: fmt.Sprintf("O:%[1]sD:P(A;;GA;;;%[1]s)", user),
		InputBufferSize:    bufferSize, OutputBufferSize: bufferSize,
	})
	if err != nil {
		return nil, err
	}
	occupyFirst(name)
	fresh := path + ".new" // nobody reads half of a name
	if err := errors.Join(os.WriteFile(fresh, []byte(name), 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, ln.Close(), removed(fresh))
	}
	return &listener{ln, sync.OnceValue(func() error { return errors.Join(ln.Close(), removed(path)) })}, nil
}

// occupyFirst connects to the handle with which go-winio holds the name of a pipe, on
// which nobody ever listens. Windows says that it is busy; Wine would connect the first
// client to it.
func occupyFirst(name string) {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return
	}
	if handle, err := windows.CreateFile(text, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0); err == nil {
		windows.CloseHandle(handle)
	}
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	name, err := pipeAt(path)
	if err != nil {
		return nil, err
	}
	conn, err := winio.DialPipeContext(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := checkOwner(conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("the pipe of %s: %w", path, err)
	}
	return conn, nil
}

// pipeAt returns the name of the pipe that the file at path tells.
func pipeAt(path string) (string, error) {
	file, err := readfile.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	name, err := io.ReadAll(io.LimitReader(file, maxName+1))
	if err != nil {
		return "", err
	}
	random, ours := strings.CutPrefix(string(name), pipePrefix)
	if !ours || len(name) > maxName || strings.ContainsAny(random, `\/`) {
		return "", fmt.Errorf("%s does not hold the name of a pipe", path)
	}
	return string(name), nil
}

// checkOwner makes sure that the process at the other end is one of this user.
func checkOwner(conn net.Conn) error {
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return errors.ErrUnsupported
	}
	security, err := windows.GetSecurityInfo(windows.Handle(pipe.Fd()), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := security.Owner()
	if err != nil {
		return err
	}
	user, err := thisUser()
	if err != nil {
		return err
	}
	if owner.String() != user {
		return fmt.Errorf("it belongs to another user: %w", os.ErrPermission)
	}
	return nil
}

// thisUser returns the security identifier of the user of this process.
func thisUser() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String(), nil
}
