//go:build unix

package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"centralizedp2p/netproto"
)

func TestALogIsNotWrittenToAPipeThatNobodyReads(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "log")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var standard strings.Builder
	log := &LogFile{Standard: &standard}
	if err := log.Reopen(pipe); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("it gives %v", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := log.Reopen(pipe); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	log.Close()
	read := make([]byte, 100)
	if n, err := reader.Read(read); string(read[:n]) != "a line\n" || standard.String() != "" {
		t.Errorf("the reader gets %q, %v", read[:n], err)
	}
}
