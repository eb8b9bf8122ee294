//go:build linux

package load

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkFolder downloads folders of many files, and compares with rsync,
// which neither encrypts nor waits for the disk.
func BenchmarkFolder(b *testing.B) {
	for _, folder := range []struct {
		name  string
		files int
		size  int64
	}{
		{"middle", sized(1000, 200), 256 << 10},
		{"small", sized(20_000, 2000), 4 << 10},
	} {
		b.Run(folder.name, func(b *testing.B) {
			s := newStage(b)
			path := filepath.Join(s.dir, folder.name)
			check(b, os.Mkdir(path, 0o700))
			content := randomFile(b, filepath.Join(s.dir, "content"), int64(folder.files)*folder.size, 2)
			check(b, split(content, path, folder.size))
			_, link := s.share(path, nil)
			took := rounds(b, b.TempDir(), path, s.ours(link, nil), s.rsync(s.dir, folder.name))
			report(b, took)
			b.ReportMetric(median(quotients(took[oursName], took["rsync"])), "rsync-times")
		})
	}
}

// split makes files of that size of the content of one, ten folders of them.
func split(content, dir string, size int64) error {
	all, err := os.ReadFile(content)
	if err != nil {
		return err
	}
	for i := int64(0); i < int64(len(all)); i += size {
		sub := filepath.Join(dir, fmt.Sprintf("part %d", i/size%10))
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("file %05d.jpg", i/size)), all[i:min(i+size, int64(len(all)))], 0o600); err != nil {
			return err
		}
	}
	return nil
}
