package localsocket

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// meets checks that a socket at path is private, answers, and is gone in the end.
func meets(t *testing.T, path string) {
	t.Helper()
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode() != os.ModeSocket|0o600) {
		t.Errorf("%v, %v", info, err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		if conn, err := ln.Accept(); err == nil {
			accepted <- conn
		}
	}()
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	other := <-accepted
	if other == nil {
		t.Fatal("nothing was accepted")
	}
	heard := make([]byte, 3)
	if _, err := conn.Write([]byte("two")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(other, heard); err != nil || string(heard) != "two" {
		t.Errorf("%q, %v", heard, err)
	}
	other.Close()
	conn.Close()
	for range 2 {
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("in its folder are %v, %v", left, err)
	}
}

func TestASocketIsPrivateAndReplacesOneThatWasLeft(t *testing.T) {
	folder, err := os.MkdirTemp("", "cp2p") // a short one
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "a.sock")
	killed(t, path)
	if conn, err := Dial(t.Context(), path); err == nil {
		conn.Close()
		t.Error("somebody answers")
	}
	meets(t, path)
}

func TestASocketMayHaveALongPath(t *testing.T) {
	base := t.TempDir()
	for _, temporary := range []string{base, filepath.Join(base, strings.Repeat("x", 100))} { // the second one is too long itself
		if err := os.MkdirAll(temporary, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", temporary)
		t.Setenv("TMP", temporary) // on Windows
		long := filepath.Join(t.TempDir(), strings.Repeat("deep", 30), strings.Repeat("down", 30))
		if err := os.MkdirAll(long, 0o700); err != nil {
			t.Fatal(err)
		}
		meets(t, filepath.Join(long, "a.sock"))
		if left, err := filepath.Glob(filepath.Join(temporary, "cp2p-*")); err != nil || len(left) != 0 {
			t.Errorf("in the temporary folder are %v, %v", left, err)
		}
	}
}
