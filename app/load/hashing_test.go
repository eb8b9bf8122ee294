//go:build linux

package load

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"lukechampine.com/blake3"
)

// BenchmarkHashing shares new files until they are announced, and compares with the library
// itself, on all processors, and with b3sum. The files are in the page cache; a million of
// them are in memory, because most disks would take longer to make them than to share them.
func BenchmarkHashing(b *testing.B) {
	for _, content := range []struct {
		name   string
		files  int64
		size   int64
		memory bool
	}{
		{"large", 1, sized[int64](4*gibi, gibi), false},
		{"small", sized[int64](100_000, 20_000), 4 << 10, false},
		{"million", sized[int64](1_000_000, 50_000), 1 << 10, true},
	} {
		b.Run(content.name, func(b *testing.B) {
			s := newStage(b)
			dir, peak := s.dir, 0.0
			if content.memory {
				dir = memory(b)
			}
			path := filepath.Join(dir, "folder")
			check(b, os.Mkdir(path, 0o700))
			all := randomFile(b, filepath.Join(dir, "content"), content.files*content.size, 3)
			if content.files > 1 {
				check(b, split(all, path, content.size))
				check(b, os.Remove(all))
			} else {
				check(b, os.Rename(all, filepath.Join(path, sharedName)))
			}
			ours := func(to string) (time.Duration, error) {
				profile, err := s.profile(to, nil)
				if err != nil {
					return 0, err
				}
				took, mib, err := s.untilShared(path, profile)
				peak = max(peak, mib)
				return took, err
			}
			contenders := []contender{{oursName, ours, true}, {"library", func(string) (time.Duration, error) { return s.floorHash(path) }, true}}
			if content.files == 1 {
				b3sum := func(string) (time.Duration, error) { return s.run("b3sum", filepath.Join(path, sharedName)) }
				contenders = append(contenders, contender{"b3sum", b3sum, true})
			}
			took := rounds(b, b.TempDir(), path, contenders...)
			report(b, took)
			b.ReportMetric(float64(content.files*content.size)/1e6/median(took[oursName]), "ours-MB/s")
			b.ReportMetric(float64(content.files)/median(took[oursName]), "files/s")
			b.ReportMetric(peak*(1<<20)/float64(content.files), "peak-B/file")
		})
	}
}

// untilShared is how long a peer takes from its start until its tracker has a path, and the
// most memory that it had by then.
func (s *stage) untilShared(path, profile string) (took time.Duration, mib float64, err error) {
	began := time.Now()
	sharer, err := s.sharer(path, profile)
	if err != nil {
		return 0, 0, err
	}
	_, err = sharer.until("shared", nil)
	took = time.Since(began)
	mib, peakErr := peakMiB(sharer.Process.Pid)
	return took, mib, errors.Join(err, peakErr, sharer.stop())
}

// BenchmarkKnownFolder shares a folder of many files that were all hashed before, until its
// tracker has it.
func BenchmarkKnownFolder(b *testing.B) {
	const size = 64
	files := sized[int64](200_000, 20_000)
	s := newStage(b)
	path := filepath.Join(s.dir, "folder")
	check(b, os.Mkdir(path, 0o700))
	content := randomFile(b, filepath.Join(s.dir, "content"), files*size, 13)
	check(b, split(content, path, size))
	profile, err := s.profile(s.dir, nil)
	check(b, err)
	first, _, err := s.untilShared(path, profile)
	check(b, err)
	again := func(string) (time.Duration, error) {
		took, _, err := s.untilShared(path, profile)
		return took, err
	}
	report(b, rounds(b, b.TempDir(), path, contender{oursName, again, true}))
	b.ReportMetric(first.Seconds(), "unknown-s")
}

// floorHash is a program that does no more than to read and hash a folder, on all
// processors.
const floorHash = "floor-hash" // PATH

func (s *stage) floorHash(path string) (time.Duration, error) {
	began := time.Now()
	p, err := s.launch(floorHash, path)
	if err == nil {
		err = p.Wait()
	}
	return time.Since(began), err
}

func beFloorHash(path string) error {
	const part = 64 << 20 // of a large file, by one goroutine
	work := errgroup.Group{}
	work.SetLimit(runtime.GOMAXPROCS(0))
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		for offset := int64(0); offset < info.Size(); offset += part {
			work.Go(func() error { return hashRange(name, offset, min(part, info.Size()-offset)) })
		}
		return nil
	})
	return errors.Join(err, work.Wait())
}

func hashRange(name string, offset, length int64) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	in, hash := io.NewSectionReader(f, offset, length), blake3.New(32, nil)
	buffer := make([]byte, min(floorBuffer, length))
	_, err = io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{in}, buffer)
	hash.Sum(nil)
	return err
}
