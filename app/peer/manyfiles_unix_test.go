//go:build unix

package peer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// filesEnv is the number of files of BenchmarkManyFiles.
const filesEnv = "CENTRALIZEDP2P_FILES"

// manyFiles makes a folder of small files, no two alike, a thousand to each folder
// in it.
func manyFiles(t testing.TB, dir string, count int) {
	t.Helper()
	content := make([]byte, 1024)
	for i := range count {
		sub := filepath.Join(dir, fmt.Sprintf("folder %03d", i/1000))
		if i%1000 == 0 {
			check(t, os.MkdirAll(sub, 0o755))
		}
		binary.LittleEndian.PutUint64(content, uint64(i))
		check(t, os.WriteFile(filepath.Join(sub, fmt.Sprintf("file %06d.bin", i)), content, 0o644))
	}
}

// deafTracker forgets everything it is told, so that its memory does not count.
type deafTracker struct{ *fakeTracker }

func (deafTracker) Announce(_ context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error) {
	return netproto.AnnounceResponse{Accepted: len(request.Resources)}, nil
}

// BenchmarkManyFiles shares a folder of many small files and announces them to a real
// tracker, then starts again with the folder unchanged. It also measures how much
// memory a shared file takes.
func BenchmarkManyFiles(b *testing.B) {
	count := 20_000
	if s := os.Getenv(filesEnv); s != "" {
		var err error
		count, err = strconv.Atoi(s)
		check(b, err)
	}
	tr := startTracker(b)
	p := unhurriedPeer(b, tr, nil)
	folder := filepath.Join(p.files, "many")
	manyFiles(b, folder, count)
	began, cpu := time.Now(), cpuTime(b)
	id, err := p.Shares.Add(folder, sharing.Options{Remember: true})
	check(b, err)
	reached := func(what string) {
		_, err := p.Shares.Wait(b.Context(), id)
		check(b, err)
		b.ReportMetric(time.Since(began).Seconds(), what+"-s")
		b.ReportMetric((cpuTime(b) - cpu).Seconds(), what+"-cpu-s")
	}
	reached("shared")
	often := time.NewTicker(500 * time.Millisecond) // as often as a tracker answers one peer
	defer often.Stop()
	for known := 0; known < count+1; {
		select {
		case <-often.C:
			if stats, err := p.Trackers.Main().Stats(b.Context()); err == nil {
				known = stats.Resources
			}
		case <-b.Context().Done():
			b.Fatalf("the tracker knows %d of %d contents", known, count+1)
		}
	}
	b.ReportMetric(time.Since(began).Seconds(), "all-announced-s")
	p.stop()
	began, cpu = time.Now(), cpuTime(b)
	p.start(b, tr)
	check(b, p.Shares.Load())
	reached("started-again")
	p.stop()

	p.start(b, nil)
	before := settledHeap()
	began, cpu = time.Now(), cpuTime(b)
	p.Trackers.Use(deafTracker{newFakeTracker()})
	check(b, p.Shares.Load())
	reached("weighed")
	b.ReportMetric(float64(settledHeap()-before)/float64(count), "heap-B/file")
	b.ReportMetric(float64(peakMemory(b))/(1<<20), "peak-MiB")
}

// settledHeap is how many bytes are still held after two collections: the first one leaves
// what pools keep, and what waits for its cleanup.
func settledHeap() int64 {
	runtime.GC()
	runtime.GC()
	return int64(heap())
}

// peakMemory returns the most memory that this process had resident so far, in bytes.
func peakMemory(t testing.TB) int64 {
	var u unix.Rusage
	check(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return u.Maxrss << 10
}
