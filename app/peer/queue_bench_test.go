package peer_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

const manyDownloads = 10_000

// crowdedPeer starts a peer that remembers many downloads, every tenth finished and
// every tenth failed, and has nobody to fetch from.
func crowdedPeer(b testing.TB) (*testPeer, []string) {
	b.Helper()
	p := &testPeer{profile: b.TempDir(), files: b.TempDir(), calm: true}
	l, err := library.Open(p.profile)
	check(b, err)
	list, ids := make([]library.Download, manyDownloads), make([]string, manyDownloads)
	for i := range list {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		d := library.Download{ID: ids[i], Name: fmt.Sprintf("film %d.mkv", i), Size: 1 << 30, Dir: p.files, State: library.DownloadActive, Added: time.Unix(int64(i), 0)}
		binary.BigEndian.PutUint64(d.Hash[:], uint64(i+1))
		switch i % 10 {
		case 0:
			d.State, d.Path = library.DownloadFinished, p.files+"/"+d.Name
		case 1:
			d.State, d.Code, d.Reason, d.Retry = library.DownloadFailed, netproto.CodeInternal, "it failed", time.Now().Add(time.Hour)
		}
		list[i] = d
	}
	check(b, l.SaveDownloads(list...))
	check(b, l.Close())
	began := time.Now()
	p.start(b, nil)
	b.Cleanup(func() { p.stop() })
	b.Logf("%d downloads are there after %s", manyDownloads, time.Since(began))
	return p, ids
}

// BenchmarkManyDownloads measures a queue of 10,000: what a face pulls four times a
// second, and what a person does.
func BenchmarkManyDownloads(b *testing.B) {
	p, ids := crowdedPeer(b)
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(p.Downloads.List()) != manyDownloads {
				b.Fatal("some are missing")
			}
		}
	})
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			p.Downloads.Counts()
		}
	})
	b.Run("details", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Downloads.Details(ids[manyDownloads/2])
			check(b, err)
		}
	})
	b.Run("here", func(b *testing.B) {
		for b.Loop() {
			p.Downloads.Here(netproto.ContentHash{9})
		}
	})
	b.Run("pause and resume one", func(b *testing.B) {
		for b.Loop() {
			check(b, p.Downloads.Pause(ids[5]))
			check(b, p.Downloads.Resume(ids[5]))
		}
	})
	b.Run("move all to the bottom", func(b *testing.B) {
		for b.Loop() {
			check(b, p.Downloads.Move(queue.Bottom, ids...))
		}
	})
	b.Run("move half of them up", func(b *testing.B) {
		for b.Loop() {
			check(b, p.Downloads.Move(queue.Up, ids[manyDownloads/2:]...))
		}
	})
	b.Run("pause and resume all", func(b *testing.B) {
		for b.Loop() {
			check(b, p.Downloads.Pause(ids...))
			check(b, p.Downloads.Resume(ids...))
		}
	})
}
