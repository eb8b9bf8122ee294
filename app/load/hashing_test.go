//go:build linux

package load

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkHashing shares a new file until it is announced, and compares with
// b3sum. The file is in the page cache.
func BenchmarkHashing(b *testing.B) {
	size := sized[int64](4*gibi, gibi)
	s := newStage(b)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 3)
	ours := func(to string) (time.Duration, error) {
		profile, err := s.profile(to, nil)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		sharer, err := s.sharer(path, profile)
		if err != nil {
			return 0, err
		}
		_, err = sharer.until("shared", nil)
		took := time.Since(began)
		return took, errors.Join(err, sharer.stop())
	}
	b3sum := func(string) (time.Duration, error) { return s.run("b3sum", path) }
	took := rounds(b, b.TempDir(), path, contender{oursName, ours, true}, contender{"b3sum", b3sum, true})
	report(b, took)
	b.ReportMetric(float64(size)/1e6/median(took[oursName]), "ours-MB/s")
	check(b, os.Remove(path))
}
