package localsocket

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// killed leaves the file of a process that was killed.
func killed(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(pipePrefix+"DEAD"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pair returns both ends of a pipe that a listener made; the file at path leads to it.
func pair(t *testing.T, ln net.Listener, path string) (net.Conn, error) {
	t.Helper()
	t.Cleanup(func() { ln.Close() })
	go func() {
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			conn.Read(make([]byte, 1)) // until the other end closes
		}
	}()
	return Dial(t.Context(), path)
}

func TestAPipeLetsNobodyButItsUserIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pair(t, ln, path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	handle := windows.Handle(conn.(interface{ Fd() uintptr }).Fd())
	security, err := windows.GetSecurityInfo(handle, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	user, err := thisUser()
	if err != nil {
		t.Fatal(err)
	}
	text := security.String()
	_, list, _ := strings.Cut(text, "D:")
	if !strings.HasPrefix(text, "O:") || !strings.HasPrefix(list, "P(A;;") || strings.Count(list, "(") != 1 || !strings.HasSuffix(list, ";;;"+user+")") {
		t.Errorf("its security is %s, the user %s", text, user)
	}
}

func TestAPipeOfSomebodyElseIsNotUsed(t *testing.T) {
	path, name := filepath.Join(t.TempDir(), "a.sock"), pipePrefix+"OTHER"
	ln, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: "O:BAD:P(A;;GA;;;WD)"}) // of the administrators
	if errors.Is(err, windows.ERROR_INVALID_OWNER) {
		t.Skip("this user is no administrator")
	}
	if err != nil {
		t.Fatal(err)
	}
	occupyFirst(name)
	if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
		t.Fatal(err)
	}
	if conn, err := pair(t, ln, path); !errors.Is(err, os.ErrPermission) {
		t.Errorf("the error is %v", err)
		if err == nil {
			conn.Close()
		}
	}
}

func TestAFileThatNamesNoPipeOfOursIsNotFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	for _, text := range []string{"", `C:\a`, `\\.\pipe\other`, `\\server\pipe\centralizedp2p-X`, pipePrefix + `..\x`, pipePrefix + strings.Repeat("X", maxName)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name, err := pipeAt(path); err == nil {
			t.Errorf("%q leads to %q", text, name)
		}
	}
	killed(t, path)
	if _, err := Dial(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a process that was killed: %v", err)
	}
}
