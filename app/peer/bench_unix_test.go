//go:build unix

package peer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"centralizedp2p/app/peer/queue"
)

// BenchmarkTransfer moves a file from one engine to another over loopback, both
// in this process, encrypted, verified and made durable.
func BenchmarkTransfer(b *testing.B) {
	const size = 256 << 20
	memory := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		memory = "/dev/shm" // the disk is not what is measured
	}
	dir, err := os.MkdirTemp(memory, "transfer-*")
	check(b, err)
	b.Cleanup(func() { os.RemoveAll(dir) })
	alice, f := startPeerAt(b, newFakeTracker()), newFakeTracker()
	bob := startPeerAt(b, f)
	alice.files, bob.files = dir, dir
	path, _ := alice.write(b, "shared", size)
	s := alice.share(b, path)
	f.with(func() { f.sources = append(f.sources, alice.source()) })
	b.SetBytes(size)
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: "fetched", Size: -1, Dir: dir})
		check(b, err)
		d := bob.wait(b, id, queue.StateFinished)
		check(b, bob.Downloads.Remove(id))
		check(b, os.Remove(d.Path))
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()/float64(b.N)*(1<<30)/size, "cpu-s/GiB")
}

// cpuTime is the processor time this process has used so far, for both ends of a transfer.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	check(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFolder moves a folder of 2,000 files of 4 KiB the same way.
func BenchmarkFolder(b *testing.B) {
	alice, f := startPeerAt(b, newFakeTracker()), newFakeTracker()
	bob := startPeerAt(b, f)
	for i := range 2000 {
		alice.write(b, fmt.Sprintf("src/%d/%d", i%20, i), 4096)
	}
	s := alice.share(b, filepath.Join(alice.files, "src"))
	f.with(func() { f.sources = append(f.sources, alice.source()) })
	b.SetBytes(s.Size)
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: "fetched", Size: -1, Folder: true, Dir: bob.files})
		check(b, err)
		d := bob.wait(b, id, queue.StateFinished)
		check(b, bob.Downloads.Remove(id))
		check(b, os.RemoveAll(d.Path))
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N)/2000, "cpu-µs/file")
}
