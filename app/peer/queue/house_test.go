package queue

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shares notes what becomes of finished downloads.
type shares struct {
	moved   map[string]string // from where to where
	stopped []string
}

func (s *shares) AddFetched(string, []library.File, []*piece.Manifest) error { return nil }
func (s *shares) StopPath(path string)                                       { s.stopped = append(s.stopped, path) }
func (s *shares) Moved(old, path string) error {
	s.moved[old] = path
	return nil
}

// house is a queue of downloads that were there at the start of the program. It
// has no network: nothing of it may run to fetch.
type house struct {
	*Queue
	library *library.Library
	shares  *shares
}

// open starts a program that remembers downloads, given in their order.
func open(t *testing.T, records ...library.Download) *house {
	t.Helper()
	l, err := library.Open(t.TempDir())
	check(t, err)
	for i := range records {
		records[i].Order = int64(1000 + i)
	}
	check(t, l.SaveDownloads(records...))
	h := &house{library: l, shares: &shares{moved: map[string]string{}}}
	h.Queue, err = New(context.WithoutCancel(t.Context()), Config{Library: l, Shares: h.shares, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
		Joined: func() bool { return false }, Notify: func() {}, Limit: 2})
	check(t, err)
	h.Queue.disk.space = func(string, int64) error { return nil }
	t.Cleanup(func() {
		h.Close()
		check(t, l.Close())
	})
	return h
}

// ids of the downloads in the list, which are single letters.
func (h *house) ids() string {
	var ids bytes.Buffer
	for _, d := range h.List() {
		ids.WriteString(d.ID)
	}
	return ids.String()
}

// record is a download with an id, whose hash is of that too.
func record(id string, state library.DownloadState, dir string) library.Download {
	return library.Download{ID: id, Hash: hashOf(id), Name: id + ".bin", Size: 4, Dir: dir, State: state, Added: time.Unix(1_700_000_000, 0)}
}

func hashOf(text string) netproto.ContentHash {
	m, err := piece.Hash(context.Background(), bytes.NewReader([]byte(text)), int64(len(text)), nil)
	if err != nil {
		panic(err)
	}
	return m.Hash
}

// finished is a download that was published in a folder, with these bytes.
func finished(t *testing.T, id, dir, text string) library.Download {
	t.Helper()
	r := record(id, library.DownloadFinished, dir)
	r.Hash, r.Size, r.Path = hashOf(text), int64(len(text)), filepath.Join(dir, r.Name)
	check(t, os.WriteFile(r.Path, []byte(text), 0o644))
	return r
}

func exist(t *testing.T, want bool, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s is there: %v", path, err == nil)
		}
	}
}

// settled waits until nothing runs.
func (h *house) settled(t *testing.T, id string) {
	t.Helper()
	for {
		ended := h.Ended(id)
		if ended == nil {
			return
		}
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("download %s still runs", id)
		}
	}
}
