package piece

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func BenchmarkHash(b *testing.B) {
	const size = 256 << 20
	content := make([]byte, size)
	for _, cores := range []int{1, runtime.NumCPU()} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			b.SetBytes(size)
			for b.Loop() {
				if _, err := Hash(b.Context(), bytes.NewReader(content), size, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWriter verifies and writes pieces in frames as they come from peers,
// and publishes the file with all fsyncs.
func BenchmarkWriter(b *testing.B) {
	content, m := contentOf(b, 64<<20)
	folders := map[string]string{"disk": os.TempDir()}
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		folders["memory"] = "/dev/shm"
	}
	for name, folder := range folders {
		b.Run(name, func(b *testing.B) {
			dir, err := os.MkdirTemp(folder, "bench-*")
			must(b, err)
			b.Cleanup(func() { must(b, os.RemoveAll(dir)) })
			root := openRoot(b, dir)
			b.SetBytes(m.Size)
			for b.Loop() {
				p := openPart(b, root, m)
				for i := range m.Pieces() {
					must(b, put(p.Writer(i, false), pieceBytes(content, m, i)))
				}
				must(b, root.Remove(publishAs(b, p, "f")))
			}
		})
	}
}

// BenchmarkNewBuffer reads a file in the page cache, which is larger than the
// caches of the processor, into a buffer that begins some bytes behind the start
// of a page of memory. lead is chosen by it.
func BenchmarkNewBuffer(b *testing.B) {
	const size = 256 << 20
	file, err := os.Create(filepath.Join(b.TempDir(), "f"))
	must(b, err)
	defer file.Close()
	_, err = file.Write(make([]byte, size))
	must(b, err)
	for _, behind := range []int{0, 8, 16, 32, 64, lead} {
		b.Run(fmt.Sprintf("behind=%d", behind), func(b *testing.B) {
			buf := make([]byte, readSize+behind)[behind:] // Go gives whole pages for this size
			b.SetBytes(size)
			for b.Loop() {
				for offset := int64(0); offset < size; offset += readSize {
					if _, err := file.ReadAt(buf, offset); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
