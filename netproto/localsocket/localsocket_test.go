package localsocket

import (
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
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
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
	if runtime.GOOS != "windows" {
		left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		left.SetUnlinkOnClose(false)
		left.Close()
	}
	meets(t, path)
}

func TestASocketMayHaveALongPath(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not every user may make links there")
	}
	base := t.TempDir()
	for _, temporary := range []string{base, filepath.Join(base, strings.Repeat("x", 100))} { // the second one is too long itself
		if err := os.MkdirAll(temporary, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", temporary)
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
