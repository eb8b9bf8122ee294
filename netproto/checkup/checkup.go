// Package checkup finds out what doctor says of any program: the disk of a folder, the
// files that are open, the memory in use, and the last errors.
package checkup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/version"
)

const (
	probeBytes = 32 << 20 // written to a disk
	probeBlock = 1 << 20
	probeTime  = 2 * time.Second // after which a slow disk has said enough

	littleSpace = 1 << 30  // bytes
	noSpace     = 64 << 20 // bytes
	slowDisk    = 10 << 20 // bytes a second
	filesLeft   = 10       // parts of a hundred
)

// New returns a checkup of this program without findings.
func New() netproto.Checkup {
	return netproto.Checkup{Program: version.Here().String(),
		System: fmt.Sprintf("%s, %s, %d processors", version.Here().System, runtime.Version(), runtime.NumCPU())}
}

// Disk finds out how much space a folder has and how fast it is written to. It writes a
// temporary file of at most 32 MiB there, for at most 2 seconds or until ctx ends. Of a
// folder that does not exist yet it looks at the nearest parent.
func Disk(ctx context.Context, folder string) netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicDisk, State: netproto.FindingGood}
	there := existing(folder)
	free, unknown := durable.FreeSpace(there)
	if there != folder {
		f.Say(netproto.Detail{Kind: netproto.DetailNoFolder})
	}
	if unknown != nil {
		free = -1
	}
	f.Say(netproto.Detail{Kind: netproto.DetailFree, Number: free})
	switch {
	case unknown != nil:
	case free < noSpace:
		f.State, f.Do = netproto.FindingBad, netproto.RemedyFreeSpace
		return f
	case free < littleSpace:
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyFreeSpace
	}
	wrote, took, err := writeProbe(ctx, there)
	if err != nil {
		f.State, f.Do = netproto.FindingBad, netproto.RemedyFolder
		f.Say(netproto.Detail{Kind: netproto.DetailUnwritable})
		return f
	}
	rate := float64(wrote) / max(took.Seconds(), 1e-6)
	f.Say(netproto.Detail{Kind: netproto.DetailWriteRate, Number: int64(rate)})
	if rate < slowDisk && f.State == netproto.FindingGood {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedySlowDisk
	}
	return f
}

// existing is a path, or its nearest parent that exists.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// writeProbe writes a temporary file and syncs it.
func writeProbe(ctx context.Context, folder string) (wrote int, took time.Duration, err error) {
	file, err := os.CreateTemp(folder, netproto.PartPrefix+"checkup-*")
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	block := make([]byte, probeBlock)
	for i := range block {
		block[i] = byte(i * i >> 3) // a disk that compresses should have some work
	}
	began := time.Now()
	for wrote < probeBytes && time.Since(began) < probeTime && ctx.Err() == nil {
		n, err := file.Write(block)
		if wrote += n; err != nil {
			return wrote, 0, err
		}
	}
	err = file.Sync()
	return wrote, time.Since(began), err
}

// Files finds out how many files and sockets are open, and how many may be.
func Files() netproto.Finding {
	f := netproto.Finding{Topic: netproto.TopicFiles, State: netproto.FindingGood}
	open, most := descriptors()
	f.Say(netproto.Detail{Kind: netproto.DetailOpenFiles, Number: int64(open), Most: int64(most)})
	if most > 0 && open > 0 && (most-open)*100 < most*filesLeft {
		f.State, f.Do = netproto.FindingWarning, netproto.RemedyMoreFiles
	}
	return f
}

// Memory finds out how much memory the program has in use.
func Memory() netproto.Finding {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f := netproto.Finding{Topic: netproto.TopicMemory, State: netproto.FindingGood}
	f.Say(netproto.Detail{Kind: netproto.DetailInUse, Number: int64(m.HeapAlloc)}, netproto.Detail{Kind: netproto.DetailFromSystem, Number: int64(m.Sys)},
		netproto.Detail{Kind: netproto.DetailTasks, Number: int64(runtime.NumGoroutine())})
	return f
}
