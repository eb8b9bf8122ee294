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
	case <-time.After(10 * time.Second):
		t.Fatal("it cannot be closed")
	}
	if err := s.Ready(context.Background()); !errors.Is(err, memory.ErrClosed) {
		t.Error(err)
	}
}

func wantFailed(t *testing.T, err error) {
	t.Helper()
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok || known.Code.Status() != 503 || known.Detail == "" || !errors.Is(err, errDamagedPage) {
		t.Errorf("%v, want a 503 that tells of the damage", err)
	}
}
