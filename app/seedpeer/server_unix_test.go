//go:build unix

package seedpeer

import (
	"bytes"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe shows that it was opened: opening one for reading blocks.
func TestAPathThatADatagramNamesIsNotEvenOpened(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	location := filepath.Join(dir, "file")
	content := file(t, location, 100)
	s := newShelf()
	offer(t, s, "", "file", location)
	server := serve(t, s)
	if got := ask(t, server, deadline, pipe, "/file"); !bytes.Equal(got, content) {
		t.Error("the listener hangs")
	}
}

func TestARegisteredFileThatBecameAPipeDoesNotHangTheListener(t *testing.T) {
	dir := t.TempDir()
	location, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	file(t, location, 100)
	content := file(t, other, 100)
	s := newShelf()
	offer(t, s, "", "file", location)
	offer(t, s, "", "other", other)
	server := serve(t, s)
	if err := syscall.Unlink(location); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(location, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, server, deadline, "/file", "/other"); !bytes.Equal(got, content) {
		t.Error("the listener hangs")
	}
}
