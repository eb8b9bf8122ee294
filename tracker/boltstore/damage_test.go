package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// damagePages overwrites every page of an open database except its two meta
// pages. bbolt maps the file, so it finds the damage at once.
func damagePages(t *testing.T, s *Store) {
	t.Helper()
	file, err := os.OpenFile(s.disk.db.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, s.disk.db.Info().PageSize)
	for i := range page {
		page[i] = 0xa5
	}
	for at := int64(2 * len(page)); at < info.Size(); at += int64(len(page)) {
		if _, err := file.WriteAt(page, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedPageFailsTheStoreAndNotTheProcess(t *testing.T) {
	s, err := open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	id := testPeer(1).ID()
	if _, err := s.Join(ctx, testPeer(1)); err != nil {
		t.Fatal(err)
	}
	var rs []netproto.Resource
	for i := range netproto.MaxAnnounce {
		rs = append(rs, testFile(fmt.Sprint("song ", i)))
	}
	if _, err := s.Announce(ctx, id, rs, false); err != nil {
		t.Fatal(err)
	}
	damagePages(t, s)

	results := make(chan error, 2)
	go func() {
		_, err := s.Announce(ctx, id, []netproto.Resource{testFile("one more")}, false)
		results <- err
	}()
	go func() { _, err := s.Join(ctx, testPeer(2)); results <- err }()
	for range 2 { // in one group or in two
		wantFailed(t, <-results)
	}
	wantFailed(t, s.Ready(ctx))
	wantFailed(t, s.Leave(ctx, id))
	_, err = s.Reap(ctx, 10)
	wantFailed(t, err)

	if page, err := s.Search(ctx, store.Query{Text: "song", MaxSize: -1, Sort: netproto.SortName, Limit: 10}); err != nil || len(page.Items) != 10 {
		t.Errorf("memory is damaged too: %d hits, %v", len(page.Items), err)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it cannot be closed")
	}
	if err := s.Ready(context.Background()); !errors.Is(err, memory.ErrClosed) {
		t.Error(err)
	}
}

// Windows cannot replace a file that is open, and no system opens one that is locked.
func TestADamagedDatabaseIsGivenBackWhenItIsClosed(t *testing.T) {
	for _, heads := range []bool{false, true} {
		file := filepath.Join(t.TempDir(), "tracker.db")
		s, err := open(file, store.Config{})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		damagePages(t, s)
		if heads { // then there is not even a transaction
			overwrite(t, file, make([]byte, 2*s.disk.db.Info().PageSize))
		}
		_, err = s.Join(t.Context(), testPeer(1))
		wantFailed(t, err)
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it cannot be closed")
		}
		wantNotOpen(t, file)
		if s, err := open(file, store.Config{}); err == nil {
			s.Close()
			t.Error("the damaged database is opened")
		}
		if _, err := Check(file); err == nil {
			t.Error("the damaged database is a backup")
		}
		wantNotOpen(t, file)
		overwrite(t, file, whole)
		if s, err = open(file, store.Config{}); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if err := os.Rename(file, file+".aside"); err != nil {
			t.Error(err)
		}
	}
}

// overwrite replaces the first bytes of a file, which keeps its locks.
func overwrite(t *testing.T, file string, raw []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(raw, 0); err != nil {
		t.Fatal(err)
	}
}

// wantNotOpen fails if this process has a descriptor of the file, where it can tell.
func wantNotOpen(t *testing.T, file string) {
	t.Helper()
	open, _ := filepath.Glob("/proc/self/fd/*") // the pattern is right
	for _, descriptor := range open {
		if name, err := os.Readlink(descriptor); err == nil && name == file {
			t.Errorf("%s is still open", file)
		}
	}
}

func wantFailed(t *testing.T, err error) {
	t.Helper()
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok || known.Code.Status() != 503 || known.Detail == "" || !errors.Is(err, errDamagedPage) {
		t.Errorf("%v, want a 503 that tells of the damage", err)
	}
}
