package remote

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// many is an engine with a long list of downloads.
type many struct {
	watched
	mu   sync.Mutex
	list []face.Download
}

func (m *many) Downloads(context.Context) ([]face.Download, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.list), nil
}

func (m *many) Status(context.Context) (face.Status, error) {
	return face.Status{Tracker: "attic", Counts: face.Counts{Downloads: 10_000}}, nil
}

// slowLine passes bytes on to an address after a delay each way, and counts them.
type slowLine struct {
	net.Listener
	bytes atomic.Int64
	group sync.WaitGroup
}

func newSlowLine(t *testing.T, to string, delay time.Duration) *slowLine {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &slowLine{Listener: ln}
	l.group.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			l.group.Go(func() { l.pass(far, near, delay) })
			l.group.Go(func() { l.pass(near, far, delay) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		l.group.Wait()
	})
	return l
}

// pass passes on what comes from a connection, each piece once its time has come.
func (l *slowLine) pass(to, from net.Conn, delay time.Duration) {
	type piece struct {
		at   time.Time
		data []byte
	}
	pieces := make(chan piece, 4096)
	l.group.Go(func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.at)) // the delay is what the line is about
			if _, err := to.Write(p.data); err != nil {
				for range pieces {
				}
				return
			}
			l.bytes.Add(int64(len(p.data)))
		}
	})
	defer close(pieces)
	defer from.Close()
	for buffer := make([]byte, 64<<10); ; {
		n, err := from.Read(buffer)
		if n > 0 {
			pieces <- piece{time.Now().Add(delay), slices.Clone(buffer[:n])}
		}
		if err != nil {
			return
		}
	}
}

// A window on a slow line gets a long list once, and then nothing but that it is the
// same.
func TestTenThousandDownloadsOverASlowLine(t *testing.T) {
	const delay, rows, pulls = 50 * time.Millisecond, 10_000, 20
	engine := &many{watched: watched{told: make(chan struct{})}}
	for i := range rows {
		d := face.Download{ID: uuid.NewString(), Name: fmt.Sprintf("Season %d, episode %d of many.mkv", i/24, i%24), Size: int64(i) << 20,
			State: face.DownloadPaused, Path: fmt.Sprintf("/srv/downloads/%d.mkv", i), Added: time.Unix(int64(i), 0).UTC()}
		d.Hash = netproto.ContentHash(filled32(i))
		engine.list = append(engine.list, d)
	}
	c := newCitadel(t, engine)
	line := newSlowLine(t, c.far.Address(), delay)
	c.paired.Address = line.Addr().String()
	driving := c.drive(c.client)
	changed := driving.Watch(t.Context())

	began := time.Now()
	list, err := driving.Downloads(t.Context())
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(engine.list, list); diff != "" {
		t.Error("another list arrived")
	}
	first := line.bytes.Load()
	receive(t, changed)
	before := line.bytes.Load()
	for range pulls { // what a window asks when something has changed
		engine.told <- struct{}{}
		receive(t, changed)
		if _, err := driving.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, err := driving.Downloads(t.Context()); err != nil || len(again) != rows {
			t.Fatalf("%d rows, %v", len(again), err)
		}
	}
	each := (line.bytes.Load() - before) / pulls
	t.Logf("%d downloads over a line with %s each way: the first list takes %s and %d kB, a pull that changes nothing %d bytes", rows, delay, took.Round(time.Millisecond), first>>10, each)
	if each > 2_500 { // 10 kB/s, if a window pulls four times a second
		t.Errorf("a pull that changes nothing takes %d bytes", each)
	}

	list[7].State = face.DownloadFinished // what was returned belongs to the caller
	engine.mu.Lock()
	engine.list[3].State = face.DownloadFinished
	engine.mu.Unlock()
	again, err := driving.Downloads(t.Context())
	if err != nil || again[3].State != face.DownloadFinished || again[7].State != face.DownloadPaused {
		t.Errorf("a changed list arrives wrong, %v", err)
	}
}

// filled32 are pseudo-random bytes.
func filled32(seed int) (b [32]byte) {
	id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, seed))
	copy(b[:], id[:])
	more := uuid.NewSHA1(id, nil)
	copy(b[16:], more[:])
	return b
}
