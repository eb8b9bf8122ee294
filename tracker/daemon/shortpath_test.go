package daemon_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"centralizedp2p/tracker/daemon"
)

func TestASocketWithALongPathIsReachedThroughAShortOne(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not every user may make links there")
	}
	temporary := t.TempDir()
	for _, tmp := range []string{temporary, filepath.Join(temporary, strings.Repeat("x", 100))} { // the second one is too long itself
		if err := os.MkdirAll(tmp, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", tmp)
		long := filepath.Join(t.TempDir(), strings.Repeat("deep", 30), strings.Repeat("down", 30))
		if err := os.MkdirAll(long, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(long, "a.sock")
		var ln net.Listener
		err := daemon.ShortPath(path, func(short string) (err error) {
			ln, err = net.Listen("unix", short)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeSocket {
			t.Errorf("%v, %v", info, err)
		}
		err = daemon.ShortPath(path, func(short string) error {
			conn, err := net.Dial("unix", short)
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		ln.Close()
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 1 {
			t.Errorf("in the temporary folder are %v, %v", left, err)
		}
	}
}
