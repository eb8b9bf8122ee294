//go:build unix

package peer_test

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"centralizedp2p/app/peer"
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
		id, err := bob.Download(peer.DownloadRequest{Hash: s.Hash, Name: "fetched", Size: -1, Dir: dir})
		check(b, err)
		d := bob.wait(b, id, peer.DownloadFinished)
		check(b, bob.Remove(id))
		check(b, os.Remove(d.Path))
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()/float64(b.N)*(1<<30)/size, "cpu-s/GiB")
}

// cpuTime is what this process has used so far, both ends of a transfer.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	check(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
